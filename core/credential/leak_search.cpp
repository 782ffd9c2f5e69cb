#include "core/credential/leak_search.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/base/encoding.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define AUTHCTL_AVX2 __attribute__((target("avx2")))
#endif

namespace authctl::credential {
namespace {

constexpr std::size_t head = 3;  // so many characters of each anchor decide whether it is looked at
constexpr std::size_t buckets = 8;

std::atomic<LeakEngine> engine{LeakEngine::automatic};

constexpr std::pair<LeakSign, std::string_view> signs[] = {{LeakSign::jwt, "eyJ"},
                                                           {LeakSign::fernet, "gAAAA"},
                                                           {LeakSign::prefix, "authctl"},
                                                           {LeakSign::pem, "BEGIN"},
                                                           {LeakSign::jwk, "kty"}};
// `{` and a blank or a line end: headers that somebody wrote by hand.
constexpr std::string_view rare_jwt_signs[] = {"eyA", "ewo", "ew0", "ewk"};

LeakAnchor plain_anchor(LeakSign sign, std::string_view text) {
  LeakAnchor anchor{.sign = sign, .size = text.size()};
  std::copy(text.begin(), text.end(), anchor.characters.begin());
  return anchor;
}

// Those characters of the encoded text that the sign alone decides, when `byte` bytes of its first group come
// before it (RFC 4648 section 4).
LeakAnchor wrapped_anchor(LeakSign sign, std::string_view text, std::size_t byte) {
  const auto encoded = base::encode_base64(base::bytes_of(std::string(byte, '\0') + std::string(text)));
  const std::size_t first = (8 * byte + 5) / 6, end = 8 * (byte + text.size()) / 6;
  auto anchor = plain_anchor(sign, encoded.substr(first, end - first));
  anchor.wrapped = true;
  anchor.group = first;
  anchor.byte = byte;
  return anchor;
}

std::vector<LeakAnchor> make_anchors() {
  std::vector<LeakAnchor> anchors;
  for (const auto text : rare_jwt_signs) anchors.push_back(plain_anchor(LeakSign::jwt, text));
  for (const auto& [sign, text] : signs) {
    anchors.push_back(plain_anchor(sign, text));
    for (std::size_t byte = 0; byte < 3; ++byte) anchors.push_back(wrapped_anchor(sign, text, byte));
  }
  std::sort(anchors.begin(), anchors.end(), [](const auto& a, const auto& b) { return a.text() < b.text(); });
  return anchors;
}

// For each of the first characters and each half of it: the buckets in which some anchor has it there.
struct Tables {
  alignas(16) std::array<std::array<std::uint8_t, 16>, head> low{}, high{};
  std::array<std::vector<const LeakAnchor*>, buckets> bucket;
};

const Tables& tables() {
  static const Tables made = [] {
    Tables t;
    const auto all = leak_anchors();
    for (std::size_t i = 0; i < all.size(); ++i) {
      // Neighbours in order begin alike, which keeps a bucket's characters few.
      const std::size_t bucket = i * buckets / all.size();
      t.bucket[bucket].push_back(&all[i]);
      for (std::size_t k = 0; k < head; ++k) {
        const auto c = static_cast<std::uint8_t>(all[i].characters[k]);
        t.low[k][c & 15] |= static_cast<std::uint8_t>(1U << bucket);
        t.high[k][c >> 4] |= static_cast<std::uint8_t>(1U << bucket);
      }
    }
    return t;
  }();
  return made;
}

const LeakAnchor* anchor_at(std::string_view text, std::size_t at, unsigned in_buckets) {
  const auto& t = tables();
  const LeakAnchor* longest = nullptr;
  for (; in_buckets != 0; in_buckets &= in_buckets - 1) {
    for (const auto* anchor : t.bucket[static_cast<std::size_t>(__builtin_ctz(in_buckets))])
      if (text.substr(at, anchor->size) == anchor->text() &&
          (longest == nullptr || anchor->size > longest->size))
        longest = anchor;
  }
  return longest;
}

unsigned buckets_at(std::string_view text, std::size_t at) {
  const auto& t = tables();
  unsigned in = 0xff;
  for (std::size_t k = 0; k < head; ++k) {
    const auto c = static_cast<std::uint8_t>(text[at + k]);
    in &= t.low[k][c & 15] & t.high[k][c >> 4];
  }
  return in;
}

LeakHit find_plain(std::string_view text, std::size_t from) {
  for (; from + head <= text.size(); ++from) {
    const unsigned in = buckets_at(text, from);
    if (in == 0) continue;
    if (const auto* anchor = anchor_at(text, from, in)) return {from, anchor};
  }
  return {};
}

constexpr std::string_view specials{"\n\0\\%&=", 6};
constexpr std::size_t dash_step = 5, code_groups = 4;

bool dashes_at(std::string_view text, std::size_t at) {
  return at >= code_groups && text[at] == '-' && text[at + dash_step] == '-' &&
         text[at + 2 * dash_step] == '-';
}

#if defined(__x86_64__)

AUTHCTL_AVX2 inline __m256i load(const char* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

AUTHCTL_AVX2 inline __m256i rows(const std::array<std::uint8_t, 16>& table) {
  return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(table.data())));
}

struct alignas(32) Rows {
  __m256i low[head], high[head];
};

AUTHCTL_AVX2 inline __m256i buckets_of(const Rows& r, const char* at) {
  const __m256i nibble = _mm256_set1_epi8(15);
  __m256i in = _mm256_set1_epi8(-1);
  for (std::size_t k = 0; k < head; ++k) {
    const __m256i c = load(at + k);
    in = _mm256_and_si256(in, _mm256_shuffle_epi8(r.low[k], _mm256_and_si256(c, nibble)));
    in = _mm256_and_si256(in,
                          _mm256_shuffle_epi8(r.high[k], _mm256_and_si256(_mm256_srli_epi16(c, 4), nibble)));
  }
  return in;
}

AUTHCTL_AVX2 LeakHit find_avx2(std::string_view text, std::size_t from) {
  const auto& t = tables();
  Rows r;
  for (std::size_t k = 0; k < head; ++k) r.low[k] = rows(t.low[k]), r.high[k] = rows(t.high[k]);
  for (; from + 32 + head - 1 <= text.size(); from += 32) {
    const __m256i in = buckets_of(r, text.data() + from);
    auto hits = ~static_cast<unsigned>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(in, _mm256_setzero_si256())));
    if (hits == 0) continue;
    alignas(32) std::uint8_t each[32];
    _mm256_store_si256(reinterpret_cast<__m256i*>(each), in);
    for (; hits != 0; hits &= hits - 1) {
      const auto i = static_cast<std::size_t>(__builtin_ctz(hits));
      if (const auto* anchor = anchor_at(text, from + i, each[i])) return {from + i, anchor};
    }
  }
  return find_plain(text, from);
}

// The low half of each of the six is its own, so one row of a table tells which character to compare with.
AUTHCTL_AVX2 std::size_t copy_avx2(std::string_view text, char* out) {
  const __m256i wanted =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 0, 0, 0, 0, '%', '&', 0, 0, 0, '\n', 0, '\\', '=', 0, 0));
  std::size_t done = 0;
  for (; done + 32 <= text.size(); done += 32) {
    const __m256i c = load(text.data() + done);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + done), c);
    const auto hits =
        static_cast<unsigned>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(wanted, c), c)));
    if (hits != 0) return done + static_cast<std::size_t>(__builtin_ctz(hits));
  }
  for (; done < text.size() && specials.find(text[done]) == specials.npos; ++done) out[done] = text[done];
  return done;
}

AUTHCTL_AVX2 std::size_t dashes_avx2(std::string_view text, std::size_t from) {
  const __m256i dash = _mm256_set1_epi8('-');
  for (; from + 32 + 2 * dash_step <= text.size(); from += 32) {
    const char* at = text.data() + from;
    __m256i all = _mm256_cmpeq_epi8(load(at), dash);
    all = _mm256_and_si256(all, _mm256_cmpeq_epi8(load(at + dash_step), dash));
    all = _mm256_and_si256(all, _mm256_cmpeq_epi8(load(at + 2 * dash_step), dash));
    const auto hits = static_cast<unsigned>(_mm256_movemask_epi8(all));
    if (hits != 0) return from + static_cast<std::size_t>(__builtin_ctz(hits));
  }
  return from;
}

bool has_avx2() {
  static const bool has = __builtin_cpu_supports("avx2");
  return has && engine.load(std::memory_order_relaxed) == LeakEngine::automatic;
}

#endif

}  // namespace

void use_leak_engine(LeakEngine chosen) { engine.store(chosen, std::memory_order_relaxed); }

std::span<const LeakAnchor> leak_anchors() {
  static const auto anchors = make_anchors();
  return anchors;
}

bool is_base64url(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool is_base64(char c) { return is_base64url(c) || c == '+' || c == '/'; }

std::size_t run_end(std::string_view text, std::size_t at, std::size_t most, bool (*fits)(char)) {
  const std::size_t last = at + std::min(text.size() - std::min(text.size(), at), most);
  while (at < last && fits(text[at])) ++at;
  return at;
}

LeakHit find_leak_anchor(std::string_view text, std::size_t from) {
#if defined(__x86_64__)
  if (has_avx2()) return find_avx2(text, from);
#endif
  return find_plain(text, from);
}

std::size_t copy_to_special(std::string_view text, char* out) {
#if defined(__x86_64__)
  if (has_avx2()) return copy_avx2(text, out);
#endif
  const auto end = std::min(text.find_first_of(specials), text.size());
  std::memcpy(out, text.data(), end);
  return end;
}

std::size_t find_dashes(std::string_view text, std::size_t from) {
  from = std::max(from, code_groups);
#if defined(__x86_64__)
  if (has_avx2()) from = dashes_avx2(text, from);
#endif
  for (; from + 2 * dash_step + code_groups < text.size(); ++from)
    if (dashes_at(text, from)) return from;
  return text.npos;
}

}  // namespace authctl::credential
