#include <algorithm>
#include <array>
#include <deque>
#include <memory>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/service/access_pattern.h"
#include "core/service/accounts.h"
#include "core/store/role_repository.h"

namespace authctl::service {
namespace {

constexpr std::int64_t page = 256;

store::UserFilter filter_of(Realm& realm, const UserQuery& query) {
  store::UserFilter filter;
  if (!query.role.empty())
    filter.role = {store::get_role(realm.db(), parse_role_name(query.role)).id, realm.now()};
  if (!query.status.empty()) {
    filter.status = store::user_status_from(query.status);
    if (!filter.status)
      throw base::Error{base::ErrorCode::invalid, "there is no status " + base::quote(query.status),
                        "active or disabled"};
  }
  if (!query.scheme.empty()) filter.scheme = crypto::word_of(crypto::password_scheme_from(query.scheme));
  if (query.inactive_for) filter.inactive_since = realm.now() - *query.inactive_for;
  filter.without_mfa = query.without_mfa;
  if (!query.match.empty()) filter.match = base::fold_ascii(query.match);
  return filter;
}

// What is being listed: the filter, and the users of the page that are still to come.
struct Listing {
  store::UserFilter filter;
  std::string after;
  std::int64_t left;
  std::deque<UserView> ready;
  bool ended = false;
};

}  // namespace

std::function<std::optional<UserView>()> list_users(Realm& realm, const UserQuery& query) {
  if (query.limit && *query.limit < 1)
    throw base::Error{base::ErrorCode::invalid, "a list has at least one entry", "--limit 1 or more"};
  auto listing = std::make_shared<Listing>(Listing{
      filter_of(realm, query), base::fold_ascii(query.after), query.limit.value_or(INT64_MAX), {}, false});
  return [&realm, listing]() -> std::optional<UserView> {
    if (listing->ready.empty() && !listing->ended) {
      const auto asked = std::min(page, listing->left);
      auto users = store::list_users(realm.db(), listing->filter, listing->after, asked);
      listing->left -= static_cast<std::int64_t>(users.size());
      listing->ended = static_cast<std::int64_t>(users.size()) < asked || listing->left == 0;
      if (!users.empty()) listing->after = users.back().name;
      for (auto& view : view_users(realm, std::move(users))) listing->ready.push_back(std::move(view));
    }
    if (listing->ready.empty()) return std::nullopt;
    auto next = std::move(listing->ready.front());
    listing->ready.pop_front();
    return next;
  };
}

}  // namespace authctl::service
