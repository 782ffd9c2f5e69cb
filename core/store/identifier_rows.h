// Every row that holds an identifier, one page after the other, brought to the spelling in which it is
// written now: from the clear, or from under a data key that is being replaced. Invariant: a row is replaced
// only by the same text; a step is to be run inside a transaction, and all of it counts or nothing.
#pragma once
#include <cstdint>
#include <string>

#include "core/store/field_sealer.h"

namespace authctl::store {

struct IdentifierCounts {
  std::int64_t users = 0, roles = 0, grants = 0;
};
// What stands in the clear: users with an identifier, roles with a description, grants.
IdentifierCounts count_clear_rows(Database& db);

class IdentifierRows {
 public:
  // A database that seals identifiers.
  explicit IdentifierRows(Database& db) : db_(db) {}
  // False: there is nothing left.
  bool step();
  std::int64_t total() const;  // users and roles
  std::int64_t seen() const { return seen_; }
  // How many were changed.
  std::int64_t users() const { return users_; }
  std::int64_t roles() const { return roles_; }
  std::int64_t grants() const { return grants_; }

 private:
  bool step_users();
  bool step_roles();
  void take_grants(const std::string& role_id);
  // Of a sealed or clear text: whether it is not as it would be written now.
  bool is_stale(const Rows& row, int clear, int sealed, const crypto::Place& place) const;

  Database& db_;
  bool users_done_ = false;
  std::string last_;
  std::int64_t seen_ = 0, users_ = 0, roles_ = 0, grants_ = 0;
};

}  // namespace authctl::store
