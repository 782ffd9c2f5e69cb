#include "core/store/store_url.h"

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/base/url.h"

namespace authctl::store {
StoreUrl parse_store_url(std::string_view url) {
  if (url.starts_with("postgresql://") || url.starts_with("postgres://"))
    return {Engine::postgresql, std::string(url)};
  if (url.starts_with("sqlite:") && url.size() > 7) {
    const auto path = url.substr(7);
    if (path.find('\0') == std::string_view::npos) return {Engine::sqlite, std::string(path)};
  }
  if (url.empty())  // of the default, where nothing says whose it is
    throw base::Error(base::ErrorCode::usage, "no store is named, and neither HOME nor XDG_DATA_HOME is set",
                      "--store sqlite:PATH, or AUTHCTL_STORE");
  throw base::Error(base::ErrorCode::usage, "not a store: " + base::quote(printable_url(url)),
                    "sqlite:PATH or postgresql://USER@HOST/DATABASE");
}

std::string printable_url(std::string_view url) { return base::printable(base::without_password(url)); }

}  // namespace authctl::store
