// What an access review asks of a whole store: accounts, roles and assignments that somebody should look at.
// Invariant: an import that is still under way is not seen; a list names a few and counts all.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/store/database.h"

namespace authctl::store {

struct Found {
  std::int64_t count = 0;
  std::vector<std::string> names;  // of the first few, in order
};

Found active_users(Database& db);
Found users_without_factor(Database& db);  // active ones
// Not signed in (nor made) after `since`; active ones.
Found users_unseen(Database& db, base::Timestamp since);
Found users_with_other_scheme(Database& db, std::string_view scheme);
Found roles_without_holder(Database& db, base::Timestamp now);  // and nobody inherits from them
Found ended_assignments(Database& db, base::Timestamp now);     // "ROLE of USER[ on RESOURCE]"
// Active users who reach one of these permissions, both without a resource; of them those without a factor.
Found holders_of(Database& db, std::span<const std::string> permissions, base::Timestamp now,
                 bool without_factor);

// Every live assignment of an active user.
struct Holding {
  std::string user, role;  // names
};
std::vector<Holding> live_holdings(Database& db, base::Timestamp now);

}  // namespace authctl::store
