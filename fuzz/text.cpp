// Small texts of the command line: times, durations, permissions, resources, assertions; and what a terminal
// is shown.
#include "core/base/text.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/service/access_assertions.h"
#include "core/service/access_pattern.h"
#include "fuzz/claim.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authctl;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto time = base::parse_timestamp(text)) {
    const auto again = base::parse_timestamp(base::to_rfc3339(*time));
    fuzz::claim(again && *time - *again < std::chrono::seconds(1), "a time changes when it is printed");
  }
  if (const auto span = base::parse_duration(text)) {
    fuzz::claim(base::parse_duration(base::to_text(*span)) == span, "a duration changes when it is printed");
  }
  const auto shown = base::printable(text);
  fuzz::claim(base::is_utf8(shown), "what a terminal is shown is no UTF-8");
  for (const char c : shown)
    fuzz::claim(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "a control character is shown");
  service::Permission::parse(text);
  service::Resource::parse(text);
  try {
    service::parse_assertions(text);
  } catch (const base::Error&) {
    return 0;
  }
  return 0;
}
