#include "core/credential/leak_search.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#define AUTHCTL_AVX2 __attribute__((target("avx2")))
#endif

namespace authctl::credential {
namespace {

constexpr std::size_t head = 3;  // so many characters of each anchor decide whether it is looked at
constexpr std::size_t buckets = 8;

std::atomic<LeakEngine> engine{LeakEngine::automatic};

// In order. `{` and a blank or a line end begin headers that somebody wrote by hand.
constexpr LeakAnchor anchors[] = {
    {LeakSign::pem, "BEGIN"}, {LeakSign::prefix, "authctl"}, {LeakSign::jwt, "ew0"},
    {LeakSign::jwt, "ewk"},   {LeakSign::jwt, "ewo"},        {LeakSign::jwt, "eyA"},
    {LeakSign::jwt, "eyJ"},   {LeakSign::fernet, "gAAAA"},   {LeakSign::jwk, "kty"}};

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
        const auto c = static_cast<std::uint8_t>(all[i].text[k]);
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
  for (; in_buckets != 0; in_buckets &= in_buckets - 1) {
    for (const auto* anchor : t.bucket[static_cast<std::size_t>(__builtin_ctz(in_buckets))])
      if (text.substr(at, anchor->text.size()) == anchor->text) return anchor;
  }
  return nullptr;
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

// Of the characters of a group: which the first, the second and the third may be where the group says text,
// and which any may be. The three bytes begin with bit 5 of the first, bit 3 of the second and bit 1 of the
// third.
constexpr std::size_t places = 4;
constexpr std::uint8_t high_bits[places] = {32, 8, 2, 0};

// A character is in the set of a place where the row of its low half has the bit of its high half.
struct GroupTables {
  alignas(16) std::array<std::array<std::uint8_t, 16>, places> low{};
  alignas(16) std::array<std::uint8_t, 16> high{};
  std::array<std::uint8_t, 256> in{};  // the places of each character, as bits
};

constexpr GroupTables make_group_tables() {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  GroupTables t;
  for (unsigned half = 0; half < 8; ++half) t.high[half] = static_cast<std::uint8_t>(1U << half);
  const auto add = [&t](char c, std::size_t value) {
    const auto byte = static_cast<std::uint8_t>(c);
    for (std::size_t k = 0; k < places; ++k) {
      if ((value & high_bits[k]) != 0) continue;
      t.low[k][byte & 15] |= t.high[byte >> 4];
      t.in[byte] |= static_cast<std::uint8_t>(1U << k);
    }
  };
  for (std::size_t value = 0; value < digits.size(); ++value) add(digits[value], value);
  add('+', 62);
  add('/', 63);
  return t;
}
constexpr auto group_tables = make_group_tables();

bool fits(char c, std::size_t place) {
  return (group_tables.in[static_cast<std::uint8_t>(c)] >> place & 1) != 0;
}

// From behind, so that most places are passed at their first look.
std::size_t find_wrapped_plain(std::string_view text, std::size_t from, std::size_t to) {
  constexpr std::size_t size = shortest_wrapped * base64_group;
  while (from < to && from + size <= text.size()) {
    std::size_t group = shortest_wrapped;
    while (group > 0 && is_text_group(text, from + (group - 1) * base64_group)) --group;
    if (group == 0) return from;
    ++from;
  }
  return text.npos;
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

struct alignas(32) GroupRows {
  __m256i low[places], high;
};

// For each place of a group: at which of the 32 characters one stands that may be there.
AUTHCTL_AVX2 inline void place_bits(const GroupRows& r, const char* at,
                                    std::array<std::uint64_t, places>& bits) {
  const __m256i nibble = _mm256_set1_epi8(15);
  const __m256i c = load(at);
  const __m256i low = _mm256_and_si256(c, nibble);
  const __m256i high = _mm256_shuffle_epi8(r.high, _mm256_and_si256(_mm256_srli_epi16(c, 4), nibble));
  for (std::size_t k = 0; k < places; ++k) {
    const __m256i in = _mm256_and_si256(_mm256_shuffle_epi8(r.low[k], low), high);
    const auto out =
        static_cast<unsigned>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(in, _mm256_setzero_si256())));
    bits[k] = bits[k] >> 32 | static_cast<std::uint64_t>(~out) << 32;
  }
}

AUTHCTL_AVX2 std::size_t find_wrapped_avx2(std::string_view text, std::size_t from, std::size_t to) {
  static_assert(shortest_wrapped == 5 && shortest_wrapped * base64_group + 32 <= 64);
  GroupRows r;
  for (std::size_t k = 0; k < places; ++k) r.low[k] = rows(group_tables.low[k]);
  r.high = rows(group_tables.high);
  std::array<std::uint64_t, places> bits{};
  if (from + 64 <= text.size()) place_bits(r, text.data() + from, bits);
  for (; from < to && from + 64 <= text.size(); from += 32) {
    place_bits(r, text.data() + from + 32, bits);
    const auto groups = bits[0] & bits[1] >> 1 & bits[2] >> 2 & bits[3] >> 3;
    auto hits = groups & groups >> base64_group;
    hits = hits & hits >> (2 * base64_group) & groups >> (4 * base64_group);
    if (const auto here = static_cast<std::uint32_t>(hits); here != 0) {
      const auto at = from + static_cast<std::size_t>(__builtin_ctz(here));
      return at < to ? at : text.npos;
    }
  }
  return find_wrapped_plain(text, from, to);
}

bool has_avx2() {
  static const bool has = __builtin_cpu_supports("avx2");
  return has && engine.load(std::memory_order_relaxed) == LeakEngine::automatic;
}

#endif

}  // namespace

void use_leak_engine(LeakEngine chosen) { engine.store(chosen, std::memory_order_relaxed); }

std::span<const LeakAnchor> leak_anchors() { return anchors; }

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

std::size_t find_wrapped(std::string_view text, std::size_t from, std::size_t to) {
#if defined(__x86_64__)
  if (has_avx2()) return find_wrapped_avx2(text, from, to);
#endif
  return find_wrapped_plain(text, from, to);
}

bool is_group(std::string_view text, std::size_t at) {
  return at + base64_group <= text.size() && std::ranges::all_of(text.substr(at, base64_group), is_base64);
}

bool is_text_group(std::string_view text, std::size_t at) {
  return at + base64_group <= text.size() && fits(text[at], 0) && fits(text[at + 1], 1) &&
         fits(text[at + 2], 2) && fits(text[at + 3], 3);
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
