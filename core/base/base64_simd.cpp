#include "core/base/base64_simd.h"

#include <atomic>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#define AUTHCTL_AVX2 __attribute__((target("avx2")))
#endif

namespace authctl::base {
namespace {

std::atomic<Base64Engine> engine{Base64Engine::automatic};

#if defined(__x86_64__)

// Twelve bytes of each half become sixteen six-bit values, one to a byte: the bytes of a group are laid out
// as (1 0 2 1), and two multiplications shift each value to the bottom of its own byte.
AUTHCTL_AVX2 inline __m256i spread_groups(__m256i bytes) {
  const __m256i layout =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10));
  const __m256i laid = _mm256_shuffle_epi8(bytes, layout);
  const __m256i first_and_third = _mm256_mulhi_epu16(_mm256_and_si256(laid, _mm256_set1_epi32(0x0fc0fc00)),
                                                     _mm256_set1_epi32(0x04000040));
  const __m256i second_and_fourth = _mm256_mullo_epi16(_mm256_and_si256(laid, _mm256_set1_epi32(0x003f03f0)),
                                                       _mm256_set1_epi32(0x01000010));
  return _mm256_or_si256(first_and_third, second_and_fourth);
}

// Six-bit values to characters: each range of the alphabet has one distance, found by a row of a small table.
// Rows: 0 is a-z, 1..10 the digits, 11 `-`, 12 `_`, 13 A-Z.
AUTHCTL_AVX2 inline __m256i to_characters(__m256i values) {
  const __m256i distances = _mm256_broadcastsi128_si256(
      _mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                    '0' - 52, '0' - 52, '-' - 62, '_' - 63, 'A', 0, 0));
  const __m256i above_letters = _mm256_subs_epu8(values, _mm256_set1_epi8(51));
  const __m256i upper_case =
      _mm256_and_si256(_mm256_cmpgt_epi8(_mm256_set1_epi8(26), values), _mm256_set1_epi8(13));
  const __m256i rows = _mm256_or_si256(above_letters, upper_case);
  return _mm256_add_epi8(values, _mm256_shuffle_epi8(distances, rows));
}

AUTHCTL_AVX2 inline __m256i load_halves(const std::uint8_t* bytes) {
  const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 12));
  return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

AUTHCTL_AVX2 inline void encode_step(const std::uint8_t* bytes, char* out) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), to_characters(spread_groups(load_halves(bytes))));
}

AUTHCTL_AVX2 std::size_t encode_avx2(std::span<const std::uint8_t> bytes, char* out) {
  std::size_t taken = 0;
  // A step uses 24 bytes and reads 28.
  for (; bytes.size() - taken >= 28; taken += 24, out += 32) encode_step(bytes.data() + taken, out);
  // What is left, through a buffer that can be read and written past its end. At most 27 bytes, so twice at
  // most.
  while (bytes.size() - taken >= 3) {
    std::uint8_t rest[32] = {};
    char text[32];
    const std::size_t left = bytes.size() - taken;
    const std::size_t count = left >= 24 ? 24 : left / 3 * 3;
    std::memcpy(rest, bytes.data() + taken, count);
    encode_step(rest, text);
    std::memcpy(out, text, count / 3 * 4);
    taken += count;
    out += count / 3 * 4;
  }
  return taken;
}

// Characters to six-bit values. The high half of a character names its class, a bit; the row of the low half
// has the bits of the classes in which it is no character of the alphabet. No bit in common: good.
//   0x01 half 2, good with d (-)          0x02 half 3, good with 0-9 (digits)     0x04 halves 4 and 6, good
//   with 1-f 0x08 half 5, good with 0-a and f (_)  0x10 half 7, good with 0-a              0x20 any other
//   half, never good
AUTHCTL_AVX2 inline bool to_values(__m256i text, __m256i& values) {
  const __m256i low_classes = _mm256_broadcastsi128_si256(_mm_setr_epi8(
      0x25, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x23, 0x3b, 0x3b, 0x3a, 0x3b, 0x33));
  const __m256i high_classes = _mm256_broadcastsi128_si256(_mm_setr_epi8(
      0x20, 0x20, 0x01, 0x02, 0x04, 0x08, 0x04, 0x10, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20));
  const __m256i distances = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, 0, 62 - '-', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0));
  const __m256i nibble = _mm256_set1_epi8(0x0f);
  const __m256i high = _mm256_and_si256(_mm256_srli_epi32(text, 4), nibble);
  const __m256i low = _mm256_and_si256(text, nibble);
  const __m256i underscore = _mm256_cmpeq_epi8(text, _mm256_set1_epi8('_'));
  const __m256i clash =
      _mm256_and_si256(_mm256_shuffle_epi8(low_classes, low), _mm256_shuffle_epi8(high_classes, high));
  if (!_mm256_testz_si256(clash, clash)) return false;
  // `_` is 0x5f: the row of A-Z would give 30, and it is 63.
  const __m256i extra = _mm256_and_si256(underscore, _mm256_set1_epi8(63 - ('_' - 'A')));
  values = _mm256_add_epi8(_mm256_add_epi8(text, _mm256_shuffle_epi8(distances, high)), extra);
  return true;
}

// Four six-bit values to three bytes, each half's twelve bytes at its front.
AUTHCTL_AVX2 inline __m256i pack_values(__m256i values) {
  const __m256i pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
  const __m256i groups = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
  const __m256i order =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
  return _mm256_shuffle_epi8(groups, order);
}

// Writes 24 bytes and 4 of nothing after them.
AUTHCTL_AVX2 inline bool decode_step(const char* text, std::uint8_t* out) {
  __m256i values;
  if (!to_values(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(text)), values)) return false;
  const __m256i bytes = pack_values(values);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm256_castsi256_si128(bytes));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 12), _mm256_extracti128_si256(bytes, 1));
  return true;
}

// The same for the last characters of a text: writes 24 bytes and nothing after them.
AUTHCTL_AVX2 inline bool decode_last_step(const char* text, std::uint8_t* out) {
  __m256i values;
  if (!to_values(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(text)), values)) return false;
  const __m256i bytes = pack_values(values);
  const __m128i high = _mm256_extracti128_si256(bytes, 1);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm256_castsi256_si128(bytes));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(out + 12), high);
  const int last = _mm_extract_epi32(high, 2);
  std::memcpy(out + 20, &last, sizeof last);
  return true;
}

// Fewer groups than a step holds, through buffers that can be read and written past their ends.
AUTHCTL_AVX2 std::size_t decode_short(std::string_view text, std::uint8_t* out) {
  char rest[32];
  std::uint8_t bytes[32];
  const std::size_t count = text.size() / 4 * 4;
  std::memset(rest, 'A', sizeof rest);
  std::memcpy(rest, text.data(), count);
  if (!decode_step(rest, bytes)) return 0;
  std::memcpy(out, bytes, count / 4 * 3);
  return count;
}

AUTHCTL_AVX2 std::size_t decode_avx2(std::string_view text, std::uint8_t* out) {
  const std::size_t whole = text.size() / 4 * 4;
  if (whole < 32) return whole == 0 ? 0 : decode_short(text, out);
  std::size_t taken = 0;
  // A step writes 28 bytes; forty characters stand for thirty.
  for (; whole - taken >= 40; taken += 32, out += 24) {
    if (!decode_step(text.data() + taken, out)) return taken;
  }
  for (; whole - taken >= 32; taken += 32, out += 24) {
    if (!decode_last_step(text.data() + taken, out)) return taken;
  }
  if (taken == whole) return taken;
  // What is left lies in the last 32 characters; those before it are decoded a second time, to the same.
  const std::size_t again = 32 - (whole - taken);
  return decode_last_step(text.data() + taken - again, out - again / 4 * 3) ? whole : taken;
}

bool processor_has_avx2() {
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
}
#endif

}  // namespace

void use_base64_engine(Base64Engine chosen) { engine = chosen; }

bool base64_has_vectors() {
#if defined(__x86_64__)
  return processor_has_avx2() && engine.load(std::memory_order_relaxed) == Base64Engine::automatic;
#else
  return false;
#endif
}

std::size_t encode_base64url_groups([[maybe_unused]] std::span<const std::uint8_t> bytes,
                                    [[maybe_unused]] char* out) {
#if defined(__x86_64__)
  if (base64_has_vectors()) return encode_avx2(bytes, out);
#endif
  return 0;
}

std::size_t decode_base64url_groups([[maybe_unused]] std::string_view text,
                                    [[maybe_unused]] std::uint8_t* out) {
#if defined(__x86_64__)
  if (base64_has_vectors()) return decode_avx2(text, out);
#endif
  return 0;
}

}  // namespace authctl::base
