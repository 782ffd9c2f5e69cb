// JSON from outside. What is read is written and read again to the same value, and has a canonical form that
// stays.
#include "core/base/json.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "fuzz/claim.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authctl;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = base::parse_json(text);
  if (!value) return 0;
  fuzz::claim(base::is_utf8(text), "read what is no UTF-8");
  const auto again = base::parse_json(base::json::serialize(*value), {.max_bytes = std::size_t{1} << 30});
  fuzz::claim(again && *again == *value, "changed by being written");
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
  fuzz::claim(in_arena && *in_arena == *value, "read differently in an arena");
  return 0;
}
