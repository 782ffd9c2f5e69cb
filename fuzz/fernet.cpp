// Any text as a token, as a key and as a record of each form; and any bytes as a payload that must come back.
#include <cstdlib>

#include "core/base/error.h"
#include "core/token/fernet.h"
#include "core/token/token_record.h"

using namespace authctl;

namespace {
void check_records(std::string_view text) {
  for (const auto form : {token::RecordForm::lines, token::RecordForm::json_lines, token::RecordForm::csv}) {
    token::RecordLayout layout{form, "t", 0, 2};
    const auto place = find_token(text, layout);
    if (place.begin + place.size > text.size()) std::abort();
    token::RecordSplitter splitter(form);
    for (std::size_t at = 0;;) {
      const auto end = splitter.next_end(text, at);
      if (!end) break;
      if (*end <= at || *end > text.size()) std::abort();
      at = *end;
    }
  }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static token::FernetRing ring = [] {
    token::FernetRing made;
    made.add(base::Secret(base::Bytes(32, 1)), "a");
    made.add(base::Secret(base::Bytes(32, 2)), "b");
    return made;
  }();
  const base::ByteView bytes(data, size);
  const auto text = base::text_of(bytes);
  base::Bytes buffer;
  const token::FernetLimits limits{base::from_unix_seconds(1'000'000'000), base::Duration(60)};
  if (ring.open(text, limits, buffer).ok()) std::abort();  // nobody guesses a MAC
  (void)token::read_fernet_header(text);
  try {
    (void)token::parse_fernet_key(text);
  } catch (const base::Error&) {
  }
  check_records(text);
  std::string made;
  ring.encrypt(bytes, 1'000'000'000, base::Bytes(16, 3), made);
  const auto verdict = ring.open(made, limits, buffer);
  if (!verdict.ok() || base::text_of(verdict.payload) != text) std::abort();
  return 0;
}
