// Records of a stream that is re-encrypted: every byte belongs to exactly one record, and the token stands
// inside its own.
#include "core/base/error.h"
#include "core/token/token_record.h"
#include "fuzz/claim.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authctl;
  if (size == 0) return 0;
  const auto form = static_cast<token::RecordForm>(data[0] % 3);
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  token::RecordLayout layout{form, "token", 0, 1};
  token::RecordSplitter splitter(form);
  std::size_t from = 0;
  while (const auto end = splitter.next_end(text, from)) {
    fuzz::claim(*end > from && *end <= text.size(), "a record ends where it does not");
    const auto record = text.substr(from, *end - from);
    const auto place = token::find_token(record, layout);
    if (place.kind == token::TokenPlace::Kind::token) {
      fuzz::claim(place.begin + place.size <= record.size(), "a token stands outside its record");
    }
    from = *end;
  }
  try {
    token::read_csv_header(text, layout);
    fuzz::claim(layout.column < layout.columns, "a column that is not there");
  } catch (const base::Error&) {
    return 0;
  }
  return 0;
}
