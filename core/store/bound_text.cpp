#include "core/store/bound_text.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/text.h"

namespace authctl::store {

void check_bound_text(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) {
    throw base::Error(base::ErrorCode::invalid, "text holds a NUL character: " + base::quote(text),
                      "leave it out");
  }
  if (!base::is_utf8(text)) {
    throw base::Error(base::ErrorCode::invalid, "text is not UTF-8: " + base::quote(text),
                      "save it as UTF-8");
  }
}

std::string checked_name(std::string_view name) {
  const bool fine = !name.empty() && std::all_of(name.begin(), name.end(),
                                                 [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  if (!fine) throw base::Error(base::ErrorCode::internal, "a savepoint has an impossible name");
  return '"' + std::string(name) + '"';  // quoted: `inner` is a word of SQL
}

}  // namespace authctl::store
