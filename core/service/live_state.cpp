#include "core/service/live_state.h"

#include <algorithm>
#include <unordered_set>

#include "core/base/config.h"
#include "core/base/text.h"
#include "core/service/keyring_rotation.h"
#include "core/store/assignment_repository.h"
#include "core/store/client_repository.h"
#include "core/store/manifest_repository.h"
#include "core/store/role_repository.h"
#include "core/store/user_repository.h"

namespace authctl::service {
namespace {

constexpr std::int64_t a_page = 1000;

FieldValue text_value(std::optional<std::string> text) { return {std::move(text), {}}; }

FieldValue set_of(const std::vector<std::string>& names) {
  FieldValue value;
  for (const auto& name : names) value.elements.push_back({name});
  std::ranges::sort(value.elements);
  return value;
}

LiveThing thing_of(const store::RoleView& role) {
  LiveThing thing{ThingKind::role, role.id, role.name, {}, false};
  thing.fields[0] = text_value(role.description);
  thing.fields[1] = set_of(role.inherits);
  thing.fields[2] = FieldValue{};
  for (const auto& grant : role.permissions)
    thing.fields[2]->elements.push_back({grant.permission, grant.resource});
  std::ranges::sort(thing.fields[2]->elements);
  return thing;
}

LiveThing thing_of(const store::ClientRow& client) {
  LiveThing thing{ThingKind::client, client.id, client.name, {}, false};
  thing.fields = {set_of(client.grants), set_of(client.redirect_uris), set_of(client.scopes),
                  text_value(client.is_public ? "true" : "false"),
                  text_value(std::string(store::word_of(client.status)))};
  return thing;
}

LiveThing thing_of(const store::UserRow& user) {
  LiveThing thing{ThingKind::user, user.id, user.name, {}, user.password_scheme.has_value()};
  thing.fields[0] = text_value(user.email);
  thing.fields[1] = text_value(std::string(store::word_of(user.status)));
  thing.fields[2] = FieldValue{};
  return thing;
}

void add_assignments(Realm& realm, LiveThings& users, base::Timestamp now) {
  std::vector<std::string> ids;
  std::unordered_map<std::string_view, LiveThing*> by_id;
  ids.reserve(users.size());
  for (auto& [name, user] : users) {
    ids.push_back(user.id);
    by_id.emplace(user.id, &user);
  }
  std::ranges::sort(ids);
  store::for_each_assignment(realm.db(), ids, now, [&](const store::HeldRole& held) {
    by_id.at(held.user_id)
        ->fields[2]
        ->elements.push_back({held.role_name, held.resource, {}, held.expires_at});
  });
  for (auto& [name, user] : users) std::ranges::sort(user.fields[2]->elements);
}

LiveThings load_roles(Realm& realm, base::Timestamp now) {
  LiveThings roles;
  std::string after;
  for (;;) {
    const auto page = store::list_roles(realm.db(), after, a_page, now);
    for (const auto& role : page) roles.emplace(role.name, thing_of(role));
    if (page.size() < static_cast<std::size_t>(a_page)) return roles;
    after = page.back().name;
  }
}

LiveThings load_clients(Realm& realm) {
  LiveThings clients;
  std::string after;
  for (;;) {
    const auto page = store::list_clients(realm.db(), after, a_page);
    for (const auto& client : page) clients.emplace(base::fold_ascii(client.name), thing_of(client));
    if (page.size() < static_cast<std::size_t>(a_page)) return clients;
    after = base::fold_ascii(page.back().name);
  }
}

LiveThings load_policies(Realm& realm) {
  LiveThings policies;
  for (const auto use : {store::KeyUse::jwt, store::KeyUse::fernet}) {
    const auto policy = key_policy(realm, use);
    if (!policy) continue;
    const std::string name(store::word_of(use));
    LiveThing thing{ThingKind::key, name, name, {}, false};
    thing.fields[0] = text_value(policy->alg.empty() ? std::nullopt : std::optional(policy->alg));
    thing.fields[1] =
        text_value(policy->rotate_every.count() == 0 ? std::nullopt
                                                     : std::optional(base::to_text(policy->rotate_every)));
    thing.fields[2] = text_value(policy->grace ? std::optional(base::to_text(*policy->grace)) : std::nullopt);
    policies.emplace(name, std::move(thing));
  }
  return policies;
}

LiveThings load_settings(Realm& realm) {
  LiveThings settings;
  for (const auto& [name, value] : store::stored_settings(realm.db())) {
    // What no manifest may say is not there: an older version took lifetimes of 0, which hold nowhere now.
    const auto specs = base::setting_specs();
    const auto spec = std::ranges::find(specs, name, &base::SettingSpec::name);
    if (spec != specs.end() && base::complaint_about(*spec, value)) continue;
    LiveThing thing{ThingKind::setting, name, name, {}, false};
    thing.fields[0] = text_value(value);
    settings.emplace(name, std::move(thing));
  }
  return settings;
}

}  // namespace

LiveThings load_all_users(Realm& realm, base::Timestamp now) {
  LiveThings users;
  std::string after;
  for (;;) {
    const auto page = store::list_users(realm.db(), {}, after, a_page);
    for (const auto& user : page) users.emplace(user.name, thing_of(user));
    if (page.size() < static_cast<std::size_t>(a_page)) break;
    after = page.back().name;
  }
  add_assignments(realm, users, now);
  return users;
}

LiveThings load_users(Realm& realm, const std::vector<std::string>& names, base::Timestamp now) {
  LiveThings users;
  const auto all = static_cast<std::size_t>(store::count_users(realm.db()));
  if (names.size() * 20 >= all) {
    const std::unordered_set<std::string_view> wanted(names.begin(), names.end());
    users = load_all_users(realm, now);
    std::erase_if(users, [&](const auto& entry) { return !wanted.contains(entry.first); });
    return users;
  }
  for (const auto& name : names)
    if (const auto user = store::find_user(realm.db(), name); user && user->name == name)
      users.emplace(user->name, thing_of(*user));
  add_assignments(realm, users, now);
  return users;
}

LiveThings load_things(Realm& realm, ThingKind kind, base::Timestamp now) {
  switch (kind) {
    case ThingKind::role:
      return load_roles(realm, now);
    case ThingKind::user:
      return load_all_users(realm, now);
    case ThingKind::client:
      return load_clients(realm);
    case ThingKind::key:
      return load_policies(realm);
    case ThingKind::setting:
      break;
  }
  return load_settings(realm);
}

std::optional<LiveThing> load_by_id(Realm& realm, ThingKind kind, const std::string& id,
                                    base::Timestamp now) {
  if (kind == ThingKind::user) {
    const auto user = store::find_user_by_id(realm.db(), id);
    if (!user) return std::nullopt;
    LiveThings one;
    one.emplace(user->name, thing_of(*user));
    add_assignments(realm, one, now);
    return std::move(one.begin()->second);
  }
  for (auto& [name, thing] : load_things(realm, kind, now))
    if (thing.id == id) return thing;
  return std::nullopt;
}

std::size_t count_things(Realm& realm, ThingKind kind, base::Timestamp now) {
  if (kind == ThingKind::user) return static_cast<std::size_t>(store::count_users(realm.db()));
  return load_things(realm, kind, now).size();
}

}  // namespace authctl::service
