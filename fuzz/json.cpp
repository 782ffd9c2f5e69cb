// JSON from outside. What is read is written and read again to the same value, and has a canonical form that
// stays.
#include "core/base/json.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/text.h"
#include "fuzz/claim.h"

namespace {

using authctl::base::json::value;

// Equal, but that Boost.JSON may be off by the last bits where a number has a fraction or is beyond 64 bits.
bool same(const value& a, const value& b) {
  if (a.is_double() && b.is_double())
    return std::abs(a.get_double() - b.get_double()) <= 1e-14 * std::abs(a.get_double());
  if (a.is_array() && b.is_array()) {
    return std::equal(a.get_array().begin(), a.get_array().end(), b.get_array().begin(), b.get_array().end(),
                      same);
  }
  if (!a.is_object() || !b.is_object()) return a == b;
  const auto& other = b.get_object();
  return a.get_object().size() == other.size() &&
         std::all_of(a.get_object().begin(), a.get_object().end(), [&](const auto& member) {
           const auto* found = other.if_contains(member.key());
           return found && same(member.value(), *found);
         });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authctl;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = base::parse_json(text);
  if (!value) return 0;
  fuzz::claim(base::is_utf8(text), "read what is no UTF-8");
  const auto again = base::parse_json(base::json::serialize(*value), {.max_bytes = std::size_t{1} << 30});
  fuzz::claim(again && same(*value, *again), "changed by being written");
  try {
    const auto canonical = base::canonical_json(*value);
    const auto reread = base::parse_json(canonical, {.max_bytes = std::size_t{1} << 30});
    fuzz::claim(reread && base::canonical_json(*reread) == canonical, "the canonical form does not stay");
  } catch (const base::Error& error) {
    fuzz::claim(error.code() == base::ErrorCode::internal, "another error than that of a fraction");
  }
  unsigned char pool[4096];
  base::json::monotonic_resource arena(pool, sizeof pool);
  const auto in_arena = base::parse_json(text, {}, &arena);
  fuzz::claim(in_arena && same(*value, *in_arena), "read differently in an arena");
  return 0;
}
