#include "core/store/access_lookup.h"

#include <algorithm>

#include "core/base/text.h"
#include "core/store/field_sealer.h"
#include "core/store/user_import.h"
#include "core/store/value_list.h"

namespace authctl::store {
namespace {

constexpr std::size_t texts_a_statement = 500;  // both engines limit how many values a statement has

// Permissions as they stand in the column, and back. On a store without sealed identifiers they are what
// they are.
class Spelled {
 public:
  Spelled(const Database& db, std::span<const std::string> texts) : texts_(texts) {
    if (!db.fields()) return;
    for (const auto& text : texts)
      for (auto& token : spellings(db, permission_column, text)) {
        texts_by_token_.emplace(token, text);
        tokens_.push_back(std::move(token));
      }
  }
  std::span<const std::string> written() const { return tokens_.empty() ? texts_ : tokens_; }
  std::string text_of(std::string_view written) const {
    const auto found = texts_by_token_.find(written);
    return found == texts_by_token_.end() ? std::string(written) : found->second;
  }

 private:
  std::span<const std::string> texts_;
  std::vector<std::string> tokens_;
  std::map<std::string, std::string, std::less<>> texts_by_token_;
};

template <class Read>
void for_each_part(std::span<const std::string> texts, Read read) {
  for (std::size_t at = 0; at < texts.size(); at += texts_a_statement)
    read(texts.subspan(at, std::min(texts_a_statement, texts.size() - at)));
}

}  // namespace

std::optional<AccessUser> find_access_user(Database& db, std::string_view name_email_or_id) {
  if (!base::is_utf8(name_email_or_id) || name_email_or_id.find('\0') != std::string_view::npos)
    return std::nullopt;
  const auto folded = base::fold_ascii(name_email_or_id);
  for (const auto& value : spellings(db, identifier_column, folded)) {
    const auto rows = db.query(
        "SELECT u.id, u.name, u.status FROM user_account u WHERE u.id = COALESCE("
        "(SELECT id FROM user_account WHERE id = $1), (SELECT user_id FROM user_identifier WHERE value = "
        "$2)) "
        "AND " +
            std::string(is_published),
        {folded, value});
    if (rows->next()) return AccessUser{rows->string(0), rows->string(1), rows->text(2) == "active"};
  }
  return std::nullopt;
}

std::vector<GrantedTo> roles_granted(Database& db, std::span<const std::string> permissions,
                                     std::size_t most) {
  std::vector<GrantedTo> found;
  std::vector<Value> values{static_cast<std::int64_t>(most)};
  std::string sql = "SELECT permission, role_id FROM role_grant WHERE ";
  const Spelled spelled(db, permissions);
  sql += is_one_of("permission", spelled.written(), values);
  sql.append(" LIMIT $1");
  const auto rows = db.query(sql, std::span<const Value>(values));
  while (rows->next()) found.push_back({spelled.text_of(rows->text(0)), rows->string(1)});
  return found;
}

std::vector<RoleLine> role_lines_of_user(Database& db, std::string_view user_id,
                                         std::span<const std::string> resources, base::Timestamp now) {
  std::vector<Value> values{user_id, now};
  std::string sql =
      "WITH RECURSIVE held (role_id, child_id, resource, expires_at) AS ("
      "SELECT role_id, '', resource, expires_at FROM role_assignment"
      " WHERE user_id = $1 AND (expires_at IS NULL OR expires_at > $2)";
  if (!resources.empty()) sql += is_one_of(" AND resource", resources, values);
  // UNION keeps each line once, so that a diamond is walked once (and a circle, if there were one, ends).
  sql.append(
      " UNION SELECT i.parent_id, i.role_id, '', NULL FROM held h"
      " JOIN role_inheritance i ON i.role_id = h.role_id) "
      "SELECT role_id, child_id, resource, expires_at FROM held");
  const auto rows = db.query(sql, std::span<const Value>(values));
  std::vector<RoleLine> lines;
  while (rows->next())
    lines.push_back({rows->string(0), rows->string(1), rows->string(2), rows->optional_time(3)});
  return lines;
}

std::vector<RoleGrant> grants_among(Database& db, std::span<const std::string> role_ids,
                                    std::span<const std::string> permissions,
                                    std::span<const std::string> resources) {
  std::vector<RoleGrant> grants;
  const Spelled spelled(db, permissions);
  for_each_part(role_ids, [&](std::span<const std::string> part) {
    std::vector<Value> values;
    std::string sql = "SELECT role_id, permission, resource, sealed_permission FROM role_grant WHERE ";
    sql += is_one_of("role_id", part, values);
    if (!permissions.empty()) sql += is_one_of(" AND permission", spelled.written(), values);
    if (!resources.empty()) sql += is_one_of(" AND resource", resources, values);
    const auto rows = db.query(sql, std::span<const Value>(values));
    while (rows->next())
      grants.push_back(
          {rows->string(0), read_permission(db, *rows, 1, 3, rows->text(0), rows->text(2)), rows->string(2)});
  });
  std::ranges::sort(grants);
  return grants;
}

std::map<std::string, std::string> role_names(Database& db, std::span<const std::string> role_ids) {
  std::map<std::string, std::string> names;
  for_each_part(role_ids, [&](std::span<const std::string> part) {
    std::vector<Value> values;
    std::string sql = "SELECT id, name FROM role WHERE ";
    sql += is_one_of("id", part, values);
    const auto rows = db.query(sql, std::span<const Value>(values));
    while (rows->next()) names.emplace(rows->string(0), rows->string(1));
  });
  return names;
}

}  // namespace authctl::store
