// What must not happen to roles and grants: half a change, a write on a dry run, a name that is not one.
#include "core/base/text.h"
#include "tests/service/access_world.h"
#include "tests/support/vectors.h"

namespace authctl::service {
namespace {

using base::ErrorCode;
using test::AccessWorld;
using test::error_of;
using Texts = std::vector<std::string>;

// ann is an editor, editor inherits viewer.
struct Small : AccessWorld {
  explicit Small(store::Engine engine) : AccessWorld(engine) {
    add_user("ann");
    create("viewer", {"read:posts"});
    create("editor", {"write:posts"}, {"viewer"});
    assign("ann", {"editor"});
  }
};

using Act = std::function<void(Realm&, const Cause&)>;
const std::vector<std::pair<std::string, Act>>& acts() {
  static const std::vector<std::pair<std::string, Act>> all{
      {"create",
       [](Realm& r, const Cause& c) {
         create_role(r, c, {"chief", "leads", {"editor", "viewer"}});
       }},
      {"update",
       [](Realm& r, const Cause& c) {
         update_role(r, c, {"editor", "writes", {}, {"viewer"}});
       }},
      {"grant",
       [](Realm& r, const Cause& c) {
         grant_permissions(r, c, {"viewer", {"a:b", "a:c"}, "post/1"});
       }},
      {"revoke",
       [](Realm& r, const Cause& c) {
         revoke_permissions(r, c, {"viewer", {"read:posts"}, ""});
       }},
      {"assign",
       [](Realm& r, const Cause& c) {
         assign_roles(r, c, {"ann", {"viewer", "editor"}, "8h", ""});
       }},
      {"unassign",
       [](Realm& r, const Cause& c) {
         unassign_roles(r, c, {"ann", {"editor"}, "", ""});
       }},
      {"delete", [](Realm& r, const Cause& c) { delete_role(r, c, "viewer", true); }},
      {"delete in use", [](Realm& r, const Cause& c) { delete_role(r, c, "editor", true); }}};
  return all;
}

TEST_CASE("a change of roles that fails at any call to the store leaves nothing half done") {
  for (const auto& [name, act] : acts()) {
    CAPTURE(name);
    Small world(store::Engine::sqlite);
    test::fail_at_every_call(world, [&, &run = act] { run(world.realm(), world.cause()); });
  }
}

TEST_CASE("a dry run of any change of roles leaves every row as it was") {
  for (const auto& [name, act] : acts()) {
    CAPTURE(name);
    Small world(GENERATE(test::each_engine()));
    const auto before = test::dump(world.db());
    act(world.realm(), world.dry_run());
    CHECK(test::dump(world.db()) == before);
    act(world.realm(), world.cause());
    CHECK(test::dump(world.db()) != before);
  }
}

TEST_CASE("a naughty string is a role, a permission or a resource exactly as it stands, or it is refused") {
  const auto folder = tests::published_vectors("naughty-strings");
  if (!folder) return;
  AccessWorld world;
  world.create("target");
  const auto strings = tests::read_json_file(*folder + "/blns.json");
  int refused = 0;
  for (const auto& value : strings.as_array()) {
    const std::string text(value.as_string());
    CAPTURE(text);
    const auto made = error_of([&] {
      create_role(world.realm(), world.cause(), {text, text.substr(0, 9), {}});
    });
    if (!made)
      CHECK(show_role(world.realm(), text).name == base::fold_ascii(text));
    else
      CHECK((*made == ErrorCode::invalid || *made == ErrorCode::conflict));
    const auto granted = error_of([&] { world.grant("target", {text}); });
    CHECK((!granted || *granted == ErrorCode::invalid));
    const auto limited = error_of([&] { world.grant("target", {"a:b"}, text); });
    CHECK((!limited || *limited == ErrorCode::invalid));
    refused += granted.has_value();
  }
  for (const auto& grant : show_role(world.realm(), "target").permissions) {
    CHECK(Permission::parse(grant.permission));
    CHECK((grant.resource.empty() || Resource::parse(grant.resource)));
  }
  CHECK(refused > 300);
}

TEST_CASE("a description is any text of UTF-8 that is not too long") {
  AccessWorld world(GENERATE(test::each_engine()));
  create_role(world.realm(), world.cause(),
              {"a", "d\xc3\xa9j\xc3\xa0 \x1b[31mvu\n'; DROP TABLE role; --", {}});
  CHECK(show_role(world.realm(), "a").description == "d\xc3\xa9j\xc3\xa0 \x1b[31mvu\n'; DROP TABLE role; --");
  update_role(world.realm(), world.cause(), {"a", "", {}, {}});
  CHECK_FALSE(show_role(world.realm(), "a").description);
  for (const auto& bad : {std::string("\xff"), std::string("a\0b", 3), std::string(1001, 'x')})
    CHECK(error_of([&] { create_role(world.realm(), world.cause(), {"b", bad, {}}); }) == ErrorCode::invalid);
}

}  // namespace
}  // namespace authctl::service
