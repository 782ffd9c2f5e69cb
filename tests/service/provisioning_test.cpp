#include "core/service/provisioning.h"

#include "core/service/access.h"
#include "core/service/accounts.h"
#include "core/service/clients.h"
#include "core/service/keyring_rotation.h"
#include "core/service/live_state.h"
#include "core/service/role_assignments.h"
#include "core/service/roles.h"
#include "core/store/manifest_repository.h"
#include "tests/service/provisioning_world.h"

using namespace authctl;
using namespace std::chrono_literals;
using base::ErrorCode;
using test::ManifestWorld;
using Ops = std::vector<std::string>;

namespace {

const std::string whole = R"(
roles:
  - {name: viewer, permissions: ["read:posts"]}
  - {name: editor, description: Edits, inherits: [viewer], permissions: ["edit:posts", {permission: "edit:*", resource: post/42}]}
users:
  - {name: ann, email: ann@example.com, roles: [editor, {role: viewer, for: 8h, resource: post/1}], password: {file: pw}}
  - {name: bob, status: disabled}
clients:
  - {name: shop, redirect_uris: ["https://shop.example.com/cb"], scopes: [openid]}
  - {name: Phone, public: true, status: disabled, redirect_uris: ["com.example.app:/cb"]}
keys: {jwt: {alg: EdDSA, rotate_every: 30d, grace: 24h}, fernet: {rotate_every: 90d}}
settings: {access_ttl: 10m, registration: true}
)";

}  // namespace

TEST_CASE("an apply makes the store as the manifest says, with an entry for each thing changed") {
  ManifestWorld world(GENERATE(test::each_engine()));
  const auto made = world.apply(whole);
  CHECK(made.ops == Ops{"add /roles/viewer", "add /roles/editor", "add /users/ann", "add /users/bob",
                        "add /clients/shop", "add /clients/Phone", "add /keys/jwt", "add /keys/fernet",
                        "add /settings/access_ttl", "add /settings/registration"});
  auto& realm = world.test.realm();
  const auto now = world.test.clock().now();
  CHECK(service::check_permission(realm.db(), {"ann", "edit:posts", ""}, now).decision.allowed);
  CHECK(service::check_permission(realm.db(), {"ann", "edit:all", "post/42"}, now).decision.allowed);
  CHECK(service::show_user(realm, "ann").password_scheme == "argon2id");
  CHECK(service::show_user(realm, "bob").status == store::UserStatus::disabled);
  CHECK(service::show_client(realm, "phone").status == store::ClientStatus::disabled);
  CHECK(service::key_policy(realm, store::KeyUse::jwt)->alg == "EdDSA");
  CHECK(store::stored_settings(realm.db()) ==
        std::map<std::string, std::string>{{"access_ttl", "10m"}, {"registration", "on"}});
  REQUIRE(made.outcome.secrets.size() == 1);
  CHECK(made.outcome.secrets.front().name == "shop");
  // A value that an older version took and no manifest may say is not there.
  CHECK(service::load_things(realm, service::ThingKind::setting, now).size() == 2);
  store::put_stored_setting(realm.db(), "access_ttl", "0s", now);
  CHECK(service::load_things(realm, service::ThingKind::setting, now).size() == 1);
  store::put_stored_setting(realm.db(), "access_ttl", "10m", now);
  CHECK(world.delivered == 1);
  CHECK(test::logged_actions(realm.db()) == Ops{"role.create", "role.create", "role.grant", "role.update",
                                                "role.grant", "role.grant", "user.create", "role.assign",
                                                "role.assign", "user.create", "client.create",
                                                "client.create", "client.disable", "key.policy", "key.policy",
                                                "config.update", "config.update", "manifest.apply"});
}

TEST_CASE("a second apply writes nothing at all, whatever the clock says") {
  ManifestWorld world(GENERATE(test::each_engine()));
  world.apply(whole);
  const auto before = test::dump(world.test.db());
  world.test.clock().advance(1h);
  CHECK(world.apply(whole).ops == Ops{});
  world.test.clock().advance(24h);  // the eight hours are over, and do not begin again
  CHECK(world.apply(whole).ops == Ops{});
  CHECK(test::dump(world.test.db()) == before);
}

TEST_CASE("an address moves from one user to another, and two change places") {
  ManifestWorld world(GENERATE(test::each_engine()));
  const auto given = [&](const std::string& users) {
    world.apply("users: [" + users + "]\n");
    std::vector<std::string> emails;
    for (const char* name : {"ann", "bob"})
      emails.push_back(service::show_user(world.test.realm(), name).email.value_or(""));
    return emails;
  };
  using Emails = std::vector<std::string>;
  CHECK(given("{name: ann, email: a@example.org}, {name: bob, email: b@example.org}") ==
        Emails{"a@example.org", "b@example.org"});
  CHECK(given("{name: ann, email: b@example.org}, {name: bob, email: a@example.org}") ==
        Emails{"b@example.org", "a@example.org"});
  CHECK(given("{name: ann, email: A@example.org}, {name: bob, email: c@example.org}") ==
        Emails{"A@example.org", "c@example.org"});
  CHECK(given("{name: ann, email: d@example.org}, {name: bob, email: c@example.org}, {name: eve, email: "
              "a@example.org}") == Emails{"d@example.org", "c@example.org"});
  // Another spelling of the same address is one change.
  const auto entries = test::logged_actions(world.test.db()).size();
  CHECK(given("{name: ann, email: D@Example.org}, {name: bob, email: c@example.org}, {name: eve, email: "
              "a@example.org}") == Emails{"D@Example.org", "c@example.org"});
  const auto actions = test::logged_actions(world.test.db());
  CHECK(std::count(actions.begin() + static_cast<std::ptrdiff_t>(entries), actions.end(), "user.update") ==
        1);
}

TEST_CASE("who has the name of another that the manifest still names is neither taken for it nor pruned") {
  ManifestWorld world(GENERATE(test::each_engine()));
  world.apply("users: [{name: ann}, {name: cat}]\n");
  service::update_user(world.test.realm(), world.test.cause(), {"ann", {}, "zed"});
  service::update_user(world.test.realm(), world.test.cause(), {"cat", {}, "ann"});
  const auto before = test::dump(world.test.db());
  for (const bool prune : {false, true})
    CHECK(world.refusal("users: [{name: ann}]\n", {prune, prune}) == ErrorCode::conflict);
  CHECK(test::dump(world.test.db()) == before);
  // With both in the manifest each gets its own name back.
  world.apply("users: [{name: ann}, {name: cat}]\n");
  CHECK(service::show_user(world.test.realm(), "cat").name == "cat");
}

TEST_CASE("a dry run shows what an apply would do, and writes nothing") {
  ManifestWorld world(GENERATE(test::each_engine()));
  const auto before = test::dump(world.test.db());
  const auto dry = world.apply(whole, {}, world.test.dry_run());
  CHECK(dry.ops.size() == 10);
  CHECK(dry.outcome.secrets.empty());
  CHECK(world.delivered == 0);
  CHECK(test::dump(world.test.db()) == before);
}

TEST_CASE("what was changed by hand shows as drift and is set right; what the manifest changed does not") {
  ManifestWorld world(GENERATE(test::each_engine()));
  world.apply(whole);
  auto& realm = world.test.realm();
  const auto cause = world.test.cause();
  service::grant_permissions(realm, cause, {"editor", {"delete:all"}, "", false});
  service::revoke_permissions(realm, cause, {"editor", {"edit:posts"}, "", false});
  service::update_role(realm, cause, {"editor", "Other", {}, {}, false});
  service::update_user(realm, cause, {"ann", {}, "anna"});
  service::delete_user(realm, cause, "bob", false);
  auto changed = whole;
  changed.replace(changed.find("read:posts"), 10, "read:pages");
  const Ops expected{"add /roles/viewer/permissions/read:pages",
                     "remove /roles/viewer/permissions/read:posts",
                     "replace /roles/editor/description (drift)",
                     "add /roles/editor/permissions/edit:posts (drift)",
                     "remove /roles/editor/permissions/delete:all (drift)",
                     "replace /users/ann/name (drift)",
                     "add /users/bob (drift)"};
  CHECK(world.plan(changed) == expected);
  CHECK(world.apply(changed).ops == expected);
  CHECK(world.plan(changed) == Ops{});
  CHECK(service::show_user(realm, "ann").email == "ann@example.com");
}

TEST_CASE(
    "what the manifest no longer says of a thing is as if it had never said it; what it never said stays") {
  ManifestWorld world(GENERATE(test::each_engine()));
  world.apply("roles: [{name: a, description: One, permissions: [x]}]\nusers: [{name: ann}]\n");
  auto& realm = world.test.realm();
  service::update_user(realm, world.test.cause(), {"ann", "ann@example.com", {}});
  CHECK(world.apply("roles: [{name: a, permissions: [x]}]\nusers: [{name: ann}]\n").ops ==
        Ops{"replace /roles/a/description"});
  CHECK(service::show_user(realm, "ann").email == "ann@example.com");
}

TEST_CASE("a prune deletes what an apply made and the manifest no longer names, and nothing else") {
  ManifestWorld world(GENERATE(test::each_engine()));
  auto& realm = world.test.realm();
  const auto cause = world.test.cause();
  service::create_role(realm, cause, {"by-hand", "", {}});
  service::create_role(realm, cause, {"named", "", {}});
  world.apply(
      "roles: [{name: named}, {name: old, inherits: [older]}, {name: older}]\nusers: [{name: ann, roles: "
      "[old]}]\n");
  const auto left = world.apply("roles: []\n");
  CHECK(left.ops == Ops{});
  CHECK(left.outcome.plan.notices ==
        Ops{"2 roles that an earlier apply made are not in the manifest: --prune deletes them"});
  CHECK(world.plan("users: []\n", {true, false}) ==
        Ops{"remove /users/ann"});                                            // roles: not there, not pruned
  CHECK(world.refusal("roles: []\n", {true, false}) == ErrorCode::conflict);  // ann holds one of them
  CHECK(world.apply("roles: []\nusers: []\n", {true, false}).ops ==
        Ops{"remove /roles/old", "remove /roles/older", "remove /users/ann"});
  CHECK(service::show_role(realm, "by-hand").name == "by-hand");
  CHECK(service::show_role(realm, "named").name == "named");  // it was there before
  CHECK(service::adopt_thing(realm, cause, service::ThingKind::role, "Named").is_new);
  CHECK_FALSE(service::adopt_thing(realm, cause, service::ThingKind::role, "named").is_new);
  CHECK(world.apply("roles: []\n", {true, false}).ops == Ops{"remove /roles/named"});
  // Whatever else takes a client takes its id too.
  const auto shop = service::create_client(realm, cause, {"shop", {}}, [](const base::Secret&) {}).client.id;
  CHECK(service::adopt_thing(realm, cause, service::ThingKind::client, shop).name == "shop");
  CHECK(service::show_role(realm, "by-hand").name == "by-hand");
}

TEST_CASE(
    "two that were renamed crosswise, and a row of them, are known by what they were and get their names "
    "back") {
  ManifestWorld world(GENERATE(test::each_engine()));
  auto& realm = world.test.realm();
  const std::string manifest =
      "roles: [{name: boss}]\nusers: [{name: ann, roles: [boss]}, {name: bob, roles: []}, {name: cid, roles: "
      "[]}]\nclients: [{name: shop, grants: [client_credentials]}, {name: till, grants: "
      "[client_credentials]}]\n";
  world.apply(manifest);
  const auto ids = [&] {
    std::vector<std::string> all;
    for (const char* name : {"ann", "bob", "cid"}) all.push_back(service::show_user(realm, name).id);
    for (const char* name : {"shop", "till"}) all.push_back(service::show_client(realm, name).id);
    return all;
  };
  const auto before = ids();
  const auto rename = [&](const std::string& from, const std::string& to) {
    service::update_user(realm, world.test.cause(), {from, {}, to});
  };
  SECTION("two users and two clients") {
    rename("ann", "x"), rename("bob", "ann"), rename("x", "bob");
    const auto client = [&](const std::string& from, const std::string& to) {
      service::ClientUpdate update;
      update.client = from, update.rename = to;
      service::update_client(realm, world.test.cause(), update);
    };
    client("shop", "x"), client("till", "shop"), client("x", "till");
    CHECK(world.apply(manifest).ops ==
          Ops{"replace /users/ann/name (drift)", "replace /users/bob/name (drift)",
              "replace /clients/shop/name (drift)", "replace /clients/till/name (drift)"});
  }
  SECTION("a circle of three") {
    rename("ann", "x"), rename("cid", "ann"), rename("bob", "cid"), rename("x", "bob");
    CHECK(world.apply(manifest).ops.size() == 3);
  }
  SECTION("a row that ends outside the manifest") {
    rename("cid", "zoe"), rename("bob", "cid"), rename("ann", "bob");
    CHECK(world.apply(manifest).ops.size() == 3);
  }
  CHECK(ids() == before);
  CHECK(world.apply(manifest).ops == Ops{});
}

TEST_CASE("a thing that nobody's apply knew keeps the name that it took from one that was renamed") {
  ManifestWorld world(GENERATE(test::each_engine()));
  auto& realm = world.test.realm();
  world.apply("users: [{name: ann}]\n");
  const auto cause = world.test.cause();
  service::update_user(realm, cause, {"ann", {}, "zoe"});
  service::UserDraft draft;
  draft.name = "ann";
  const auto stranger = service::create_user(realm, cause, std::move(draft), {}).id;
  CHECK(world.apply("users: [{name: ann}]\n").ops == Ops{});
  CHECK(service::show_user(realm, "ann").id == stranger);
  CHECK(service::show_user(realm, "zoe").name == "zoe");
  // And a new entry takes the thing of its name, whatever that was called before.
  CHECK(world.apply("users: [{name: ann}, {name: zoe}]\n").ops == Ops{});
}

TEST_CASE("another thing of a name that an apply made once is not its own, and is never pruned") {
  ManifestWorld world(GENERATE(test::each_engine()));
  auto& realm = world.test.realm();
  world.apply("roles: [{name: a}]\n");
  service::delete_role(realm, world.test.cause(), "a", false);
  service::create_role(realm, world.test.cause(), {"a", "", {}});
  CHECK(world.apply("roles: []\n", {true, false}).ops == Ops{});
}

TEST_CASE("more than ten things and a fifth of a kind go only with force") {
  ManifestWorld world(store::Engine::sqlite);
  std::string body = "roles:\n";
  for (int i = 0; i < 11; ++i) body += "  - name: r" + std::to_string(i) + "\n";
  world.apply(body);
  CHECK(world.refusal("roles: []\n", {true, false}) == ErrorCode::precondition);
  CHECK(world.message == "--prune would delete 11 roles of 11, more than a fifth");
  CHECK(world.plan("roles: [{name: r0}]\n", {true, false}).size() == 10);
  CHECK(world.apply("roles: []\n", {true, true}).ops.size() == 11);
}

TEST_CASE("an apply that would leave nobody with admin:all is refused, and nothing of it is done") {
  ManifestWorld world(GENERATE(test::each_engine()));
  const std::string admins = "roles: [{name: admin, permissions: ['admin:all']}]\n";
  world.apply(admins + "users: [{name: ann, roles: [admin]}, {name: bob}]\n");
  const auto before = test::dump(world.test.db());
  CHECK(world.refusal(admins + "users: [{name: ann, roles: []}, {name: carl}]\n") == ErrorCode::precondition);
  CHECK(world.refusal(admins + "users: [{name: ann, status: disabled}]\n") == ErrorCode::precondition);
  CHECK(world.refusal(admins + "users: [{name: ann, roles: [{role: admin, for: 8h}]}]\n") ==
        ErrorCode::precondition);
  CHECK(world.refusal(admins + "users: [{name: bob}]\n", {true, false}) == ErrorCode::precondition);
  CHECK(test::dump(world.test.db()) == before);
  // Handed over within one manifest, it is fine.
  CHECK(world.apply(admins + "users: [{name: ann, roles: []}, {name: bob, roles: [admin]}]\n").ops ==
        Ops{"remove /users/ann/roles/admin", "add /users/bob/roles/admin"});
}

TEST_CASE("a role that is nowhere and a circle are refused before anything is done") {
  ManifestWorld world(store::Engine::sqlite);
  CHECK(world.refusal("roles: [{name: editor}]\nusers: [{name: ann, roles: [editr]}]\n") ==
        ErrorCode::invalid);
  CHECK(world.message == "line 3, user \"ann\": there is no role \"editr\"");
  CHECK(world.refusal("roles: [{name: a, inherits: [b]}, {name: b, inherits: [a]}]\n") ==
        ErrorCode::precondition);
  CHECK(world.message == "line 2: inheritance would go round in a circle: a -> b -> a");
  world.apply("roles: [{name: a, inherits: [b]}, {name: b}]\n");
  CHECK(world.apply("roles: [{name: a}, {name: b, inherits: [a]}]\n").ops.size() == 2);  // turned round
}

TEST_CASE("a password is set at the beginning and where its reference changes; people's own passwords stay") {
  ManifestWorld world(GENERATE(test::each_engine()));
  auto& realm = world.test.realm();
  world.apply("users: [{name: ann, password: {file: one}}, {name: bob, password: {generate: true}}]\n");
  const auto hash_of = [&](const char* name) { return store::get_user(realm.db(), name).password_hash; };
  service::set_password(realm, world.test.cause(),
                        {"ann", base::Secret("another long password of hers"), false, false},
                        {{}, {8, 1, 1}});
  const auto own = hash_of("ann");
  CHECK(world.apply("users: [{name: ann, password: {file: one}}, {name: bob, password: {generate: true}}]\n")
            .ops == Ops{});
  CHECK(hash_of("ann") == own);
  const auto anew = world.apply("users: [{name: ann, password: {generate: true}}]\n");
  CHECK(anew.ops == Ops{"replace /users/ann/password"});
  CHECK(anew.outcome.secrets.size() == 1);
  CHECK(hash_of("ann") != own);
}

TEST_CASE("an export applied to an empty store makes the same, ids apart") {
  const auto engine = GENERATE(test::each_engine());
  ManifestWorld world(engine), other(engine);
  world.apply(whole);
  const auto yaml = service::manifest_yaml(service::export_manifest(world.test.realm(), {}));
  other.apply(yaml.substr(yaml.find('\n') + 1));
  CHECK(service::manifest_yaml(service::export_manifest(other.test.realm(), {})) == yaml);
  CHECK(store::get_user(other.test.db(), "ann").password_hash ==
        store::get_user(world.test.db(), "ann").password_hash);
  // And applied where it came from it changes nothing.
  CHECK(world.apply(yaml.substr(yaml.find('\n') + 1)).ops == Ops{});
  CHECK(service::manifest_yaml(service::export_manifest(world.test.realm(), {false})).find("$argon2") ==
        std::string::npos);
}

TEST_CASE("a role given for a time at any part of a second is exported with it, so nothing is to change") {
  ManifestWorld world(GENERATE(test::each_engine()));
  world.test.clock().advance(345ms);
  world.apply(whole);
  service::assign_roles(world.test.realm(), world.test.cause(), {"bob", {"viewer"}, "100d", "", false});
  const auto end = world.test.clock().now() + std::chrono::days(100);
  const auto held = store::assignments_of_user(world.test.db(), store::get_user(world.test.db(), "bob").id);
  REQUIRE(held.size() == 1);
  CHECK(*held[0].expires_at == end);
  const auto yaml = service::manifest_yaml(service::export_manifest(world.test.realm(), {}));
  CHECK(world.plan(yaml.substr(yaml.find('\n') + 1)) == Ops{});
  const std::string fine =
      "users: [{name: bob, roles: [{role: viewer, until: \"2030-01-01T00:00:00.5Z\"}]}]\n";
  CHECK_FALSE(world.apply(fine).ops.empty());
  CHECK(world.plan(fine) == Ops{});
  const auto again = service::manifest_yaml(service::export_manifest(world.test.realm(), {}));
  CHECK(world.plan(again.substr(again.find('\n') + 1)) == Ops{});
}

TEST_CASE("whatever texts a store holds, its export says the same in YAML and in JSON") {
  ManifestWorld world(store::Engine::sqlite);
  auto& realm = world.test.realm();
  const auto cause = world.test.cause();
  int count = 0;
  for (const std::string name : {"no", "true", "null", "y", "1", "010", "1e3", "0x1f", "2026-01-01"})
    service::create_role(realm, cause, {name, "", {}});
  for (const std::string text : {"a: b",       "- a",          "# a",    " a ",    "'",       "\"",
                                 "\\",         "{a}",          "[a",     "!a",     "&a",      "*a",
                                 "%a",         "@a",           "`a",     "|",      ">",       "?",
                                 "no",         "Null",         "~",      "True",   "<<",      "=",
                                 ".inf",       "line\nline\n", "\t",     "\r",     "\x1b[2J", "\x7f",
                                 "\u0085",     "\u2028",       "\ufeff", "\u202e", "\u00e9",  "e\u0301",
                                 "\U0001f600", "\U0010ffff"})
    service::create_role(realm, cause, {"r" + std::to_string(count++), text, {}});
  for (const std::string name : {"no", "True", "~", "- a", "a: b", "a #b", "'", "{}", "\u65e5\u672c", "1.5"})
    service::create_client(realm, cause, {name, {}}, [](const base::Secret&) {});
  for (const std::string name : {"o'brien", "+a", "1", "null", "on", "-x"}) {
    service::UserDraft draft;
    draft.name = name;
    if (name == "-x" || name == "+a") draft.name = "u" + name;
    draft.email = "'" + draft.name + "'@example.com";
    service::create_user(realm, cause, std::move(draft), {{}, {8, 1, 1}});
  }
  const auto manifest = service::export_manifest(realm, {});
  const auto yaml = service::manifest_yaml(manifest);
  for (const auto& text : {yaml, base::json::serialize(service::manifest_json(manifest))}) {
    ManifestWorld other(store::Engine::sqlite);
    const auto again = service::parse_manifest(text);
    CHECK(service::make_plan(realm, again, {}).changes_nothing());
    auto planned = service::make_plan(other.test.realm(), again, {});
    const service::ApplyRequest request{&again, "", {}, {{}, {8, 1, 1}}, {}, [](const auto&) {}};
    service::apply_manifest(other.test.realm(), cause, request, std::move(planned));
    CHECK(service::manifest_yaml(service::export_manifest(other.test.realm(), {})) == yaml);
  }
}

TEST_CASE("what an apply remembers tells nothing of what it set") {
  ManifestWorld world(store::Engine::sqlite);
  world.apply(whole);
  for (const auto kind : service::all_thing_kinds)
    for (const auto& row : store::manifest_rows(world.test.db(), service::word_of(kind)))
      for (const char* word : {"ann", "example", "edit", "Edits", "shop", "EdDSA"}) {
        INFO(row.applied);
        CHECK(row.applied.find(word) == std::string::npos);
      }
}

TEST_CASE("a plan that is another one by the time it is carried out is refused") {
  ManifestWorld world(GENERATE(test::each_engine()));
  const auto manifest = service::parse_manifest("version: 1\nroles: [{name: a}]\n");
  auto planned = service::make_plan(world.test.realm(), manifest, {});
  service::create_role(world.test.realm(), world.test.cause(), {"a", "", {}});
  const service::ApplyRequest request{&manifest, "digest", {}, {{}, {8, 1, 1}}, {}, {}};
  const auto before = test::dump(world.test.db());
  CHECK_THROWS_AS(
      service::apply_manifest(world.test.realm(), world.test.cause(), request, std::move(planned)),
      base::Error);
  CHECK(test::dump(world.test.db()) == before);
}

TEST_CASE("an apply that finds its work done by another has nothing to do, and writes nothing") {
  ManifestWorld world(GENERATE(test::each_engine()));
  const std::string body = "roles: [{name: a}]\nusers: [{name: ann, password: {generate: true}}]\n";
  const auto manifest = service::parse_manifest("version: 1\n" + body);
  auto planned = service::make_plan(world.test.realm(), manifest, {});
  world.apply(body);
  const auto before = test::dump(world.test.db());
  const service::ApplyRequest request{&manifest, "digest", {}, {{}, {8, 1, 1}}, {}, {}};
  const auto outcome =
      service::apply_manifest(world.test.realm(), world.test.cause(), request, std::move(planned));
  CHECK(outcome.plan.changes_nothing());
  CHECK(outcome.secrets.empty());
  CHECK(test::dump(world.test.db()) == before);
}

TEST_CASE("what others did meanwhile is no matter where the plan is still the same") {
  ManifestWorld world(GENERATE(test::each_engine()));
  const auto manifest =
      service::parse_manifest("version: 1\nroles: [{name: a}]\nusers: [{name: ann, roles: [a]}]\n");
  auto planned = service::make_plan(world.test.realm(), manifest, {});
  service::create_role(world.test.realm(), world.test.cause(), {"other", "", {}});
  const service::ApplyRequest request{&manifest, "digest", {}, {{}, {8, 1, 1}}, {}, {}};
  const auto outcome =
      service::apply_manifest(world.test.realm(), world.test.cause(), request, std::move(planned));
  CHECK(outcome.plan.count(service::PlanAction::create) == 2);
  CHECK(service::show_user(world.test.realm(), "ann").roles == Ops{"a"});
}

TEST_CASE("of many new users the one whose name or e-mail is taken is said, and none is made") {
  ManifestWorld world(GENERATE(test::each_engine()));
  service::UserDraft zoe;
  zoe.name = "zoe";
  zoe.email = "n70@example.com";
  service::create_user(world.test.realm(), world.test.cause(), std::move(zoe), {{}, {8, 1, 1}});
  std::string body = "users:\n";
  for (int i = 0; i < 80; ++i)
    body += "  - {name: n" + std::to_string(i) + ", email: n" + std::to_string(i) + "@example.com}\n";
  const auto before = test::dump(world.test.db());
  CHECK(world.refusal(body) == ErrorCode::conflict);
  CHECK(world.message == "line 73, user \"n70\": e-mail \"n70@example.com\" is taken");
  CHECK(test::dump(world.test.db()) == before);
}

TEST_CASE("an apply that fails at any of its calls to the store leaves it as it was") {
  ManifestWorld world(store::Engine::sqlite);
  world.apply("roles: [{name: old}, {name: a, permissions: [x]}]\n");
  test::fail_at_every_call(world.test, [&] {
    world.apply(
        "roles: [{name: a, permissions: [y], inherits: [b]}, {name: b}]\nusers: [{name: ann, roles: [a]}]\n",
        {true, false});
  });
  CHECK(world.plan("roles: [{name: a, permissions: [y], inherits: [b]}, {name: b}]\n", {true, false}) ==
        Ops{});
}
