#include "core/audit/withheld.h"

#include <algorithm>
#include <array>

namespace authctl::audit {
namespace {

using base::json::value;

constexpr std::string_view token_column = "audit_entry/detail";
constexpr std::array<std::string_view, 5> sealed_members{"email", "email_before", "permission", "permissions",
                                                         "description"};

// `always`: the member is one of ours; else only what has the look of an address is withheld.
value withheld_value(const value& from, bool always, const store::FieldSealer& fields) {
  if (const auto* text = from.if_string()) {
    if (text->empty() || (!always && text->find('@') == text->npos)) return from;
    return value(fields.token(token_column, std::string_view(*text)));
  }
  if (const auto* items = from.if_array()) {
    base::json::array all;
    for (const auto& item : *items) all.push_back(withheld_value(item, always, fields));
    return all;
  }
  if (const auto* members = from.if_object()) return withheld(*members, fields);
  return from;
}

}  // namespace

base::json::object withheld(const base::json::object& detail, const store::FieldSealer& fields) {
  base::json::object all;
  for (const auto& member : detail) {
    const bool sealed =
        std::ranges::find(sealed_members, std::string_view(member.key())) != sealed_members.end();
    all[member.key()] = withheld_value(member.value(), sealed, fields);
  }
  return all;
}

}  // namespace authctl::audit
