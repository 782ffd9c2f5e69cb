// Where a store is: `sqlite:PATH`, `postgresql://…` or `postgres://…`.
// Invariant: a password in a URL never reaches a message.
#pragma once
#include <string>
#include <string_view>

#include "core/store/database.h"

namespace authctl::store {

struct StoreUrl {
  Engine engine;
  std::string target;  // a path, or the whole URL as libpq takes it
};

// Error usage for anything else.
StoreUrl parse_store_url(std::string_view url);

}  // namespace authctl::store
