#include "core/service/roles.h"

#include "core/service/last_admin.h"
#include "tests/service/access_world.h"

namespace authctl::service {
namespace {

using base::ErrorCode;
using test::AccessWorld;
using test::error_of;
using Texts = std::vector<std::string>;

// The actions after the first `known` entries, oldest first.
Texts actions_after(AccessWorld& world, std::int64_t known) {
  auto actions = test::logged_actions(world.db());
  actions.erase(actions.begin(), actions.begin() + known);
  return actions;
}

TEST_CASE("a role is shown with what it inherits, what it is granted and how many hold it") {
  AccessWorld world(GENERATE(test::each_engine()));
  world.add_user("ann");
  world.create("viewer", {"read:posts"});
  create_role(world.realm(), world.cause(), {"Editor", "writes", {"viewer"}});
  world.grant("editor", {"write:posts", "delete:*"}, "post/42");
  world.assign("ann", {"editor"});
  world.assign("ann", {"editor"}, "", "post/1");
  CHECK(
      base::json::serialize(role_json(show_role(world.realm(), "EDITOR"))) ==
      R"({"name":"editor","description":"writes","inherits":["viewer"],"permissions":[)"
      R"({"permission":"delete:*","resource":"post/42"},{"permission":"write:posts","resource":"post/42"}],)"
      R"("members":1,"created_at":")" +
          base::to_rfc3339(world.realm().now()) + "\"}");
}

TEST_CASE("each thing changed about roles is one entry of the log") {
  AccessWorld world(GENERATE(test::each_engine()));
  world.add_user("ann");
  const auto before = world.entries();
  world.create("viewer");
  world.create("editor", {"read:posts", "write:posts"}, {"viewer"});
  world.assign("ann", {"editor", "viewer"}, "8h");
  world.unassign("ann", {"viewer"});
  world.revoke("editor", {"write:posts"});
  update_role(world.realm(), world.cause(), {"editor", "writes", {}, {"viewer"}});
  delete_role(world.realm(), world.cause(), "editor", true);
  CHECK(actions_after(world, before) == Texts{"role.create", "role.create", "role.grant", "role.grant",
                                              "role.assign", "role.assign", "role.unassign", "role.revoke",
                                              "role.update", "role.unassign", "role.delete"});
}

TEST_CASE("what is there already is no change, leaves no entry and is said") {
  AccessWorld world(GENERATE(test::each_engine()));
  world.add_user("ann");
  world.create("viewer", {"read:posts"});
  world.create("editor", {}, {"viewer"});
  world.assign("ann", {"viewer"});
  const auto before = world.entries();
  CHECK(world.grant("viewer", {"read:posts"}).notices.size() == 1);
  CHECK(world.assign("ann", {"viewer"}).notices.size() == 1);
  CHECK(update_role(world.realm(), world.cause(), {"editor", {}, {"viewer"}, {}}).notices.size() == 1);
  CHECK(world.entries() == before);
  CHECK(world.grant("viewer", {"read:posts", "read:pages"}).notices.size() == 1);
  CHECK(world.entries() == before + 1);
}

TEST_CASE("what is to be taken away must be there, and then all of it or nothing goes") {
  AccessWorld world(GENERATE(test::each_engine()));
  world.add_user("ann");
  world.create("viewer", {"read:posts"});
  world.create("editor");
  world.assign("ann", {"viewer"});
  const auto before = world.entries();
  CHECK(error_of([&] { world.revoke("viewer", {"read:posts", "read:pages"}); }) == ErrorCode::not_found);
  CHECK(error_of([&] { world.revoke("viewer", {"read:posts"}, "post/42"); }) == ErrorCode::not_found);
  CHECK(error_of([&] { world.unassign("ann", {"viewer", "editor"}); }) == ErrorCode::not_found);
  CHECK(error_of([&] {
          update_role(world.realm(), world.cause(), {"editor", {}, {}, {"viewer"}});
        }) == ErrorCode::not_found);
  CHECK(world.entries() == before);
  CHECK(world.allowed("ann", "read:posts"));
}

TEST_CASE("a role, user or parent that does not exist is not found, and a near name is offered") {
  AccessWorld world(GENERATE(test::each_engine()));
  world.create("editor");
  CHECK(error_of([&] { world.assign("nobody", {"editor"}); }) == ErrorCode::not_found);
  CHECK(error_of([&] { world.create("a", {}, {"gone"}); }) == ErrorCode::not_found);
  CHECK(error_of([&] { show_role(world.realm(), "a"); }) == ErrorCode::not_found);
  try {
    world.grant("editro", {"read:posts"});
    FAIL("granted");
  } catch (const base::Error& error) {
    CHECK(error.code() == ErrorCode::not_found);
    CHECK(error.hint() == "did you mean \"editor\"?");
  }
}

TEST_CASE("a second role of the same name is a conflict however its name is spelled") {
  AccessWorld world(GENERATE(test::each_engine()));
  world.create("root");
  for (const char* name : {"root", "Root", "ROOT"})
    CHECK(error_of([&] { world.create(name); }) == ErrorCode::conflict);
  for (const char* name : {" root", "root ",
                           "r\xd0\xbe"
                           "ot"})
    CHECK(error_of([&] { world.create(name); }) == ErrorCode::invalid);
}

TEST_CASE("inheritance that would go round is refused and the circle is named") {
  AccessWorld world(GENERATE(test::each_engine()));
  world.create("a");
  world.create("b", {}, {"a"});
  world.create("c", {}, {"b"});
  CHECK(error_of([&] {
          update_role(world.realm(), world.cause(), {"a", {}, {"a"}, {}});
        }) == ErrorCode::precondition);
  try {
    update_role(world.realm(), world.cause(), {"a", {}, {"c"}, {}});
    FAIL("accepted");
  } catch (const base::Error& error) {
    CHECK(error.code() == ErrorCode::precondition);
    CHECK(error.message() == "inheritance would go round in a circle: a -> c -> b -> a");
  }
  CHECK(show_role(world.realm(), "a").inherits.empty());
}

TEST_CASE("a role in use is deleted only by force, and its permissions are gone at once") {
  AccessWorld world(GENERATE(test::each_engine()));
  world.add_user("ann");
  world.create("base", {"read:posts"});
  world.create("editor", {"write:posts"}, {"base"});
  world.assign("ann", {"editor"});
  CHECK(error_of([&] { delete_role(world.realm(), world.cause(), "editor", false); }) == ErrorCode::conflict);
  CHECK(error_of([&] { delete_role(world.realm(), world.cause(), "base", false); }) == ErrorCode::conflict);
  CHECK(world.allowed("ann", "write:posts"));
  const auto before = world.entries();
  delete_role(world.realm(), world.cause(), "base", true);
  CHECK(actions_after(world, before) == Texts{"role.update", "role.delete"});
  CHECK_FALSE(world.allowed("ann", "read:posts"));
  delete_role(world.realm(), world.cause(), "editor", true);
  CHECK_FALSE(world.allowed("ann", "write:posts"));
}

TEST_CASE("a role whose assignments have all ended is not in use") {
  AccessWorld world(GENERATE(test::each_engine()));
  world.add_user("ann");
  world.create("editor");
  world.assign("ann", {"editor"}, "60s");
  world.clock().advance(std::chrono::seconds(60));
  delete_role(world.realm(), world.cause(), "editor", false);
}

TEST_CASE("a role that is made again under an old name does not bring old assignments back") {
  AccessWorld world(GENERATE(test::each_engine()));
  world.add_user("ann");
  world.create("editor", {"write:posts"});
  world.assign("ann", {"editor"});
  delete_role(world.realm(), world.cause(), "editor", true);
  world.create("editor", {"write:posts"});
  CHECK_FALSE(world.allowed("ann", "write:posts"));
}

TEST_CASE("a user who is made again under an old name inherits no grants") {
  AccessWorld world(GENERATE(test::each_engine()));
  const auto id = world.add_user("ann");
  world.create("editor", {"write:posts"});
  world.assign("ann", {"editor"});
  store::delete_user(world.db(), id, world.realm().now());
  CHECK(error_of([&] { world.allowed("ann", "write:posts"); }) == ErrorCode::not_found);
  world.add_user("ann");
  CHECK_FALSE(world.allowed("ann", "write:posts"));
}

TEST_CASE("a time-bound assignment is there until its second and may be given a new end") {
  AccessWorld world(GENERATE(test::each_engine()));
  world.add_user("ann");
  world.create("editor", {"write:posts"});
  world.assign("ann", {"editor"}, "90s");
  world.clock().advance(std::chrono::milliseconds(89'999));
  CHECK(world.allowed("ann", "write:posts"));
  CHECK(show_role(world.realm(), "editor").members == 1);
  world.clock().advance(std::chrono::milliseconds(1));
  CHECK_FALSE(world.allowed("ann", "write:posts"));
  CHECK(show_role(world.realm(), "editor").members == 0);
  world.unassign("ann", {"editor"});  // what has ended is cleared away, once
  CHECK(error_of([&] { world.unassign("ann", {"editor"}); }) == ErrorCode::not_found);
  CHECK(world.assign("ann", {"editor"}).assignments.size() == 1);
  CHECK(world.allowed("ann", "write:posts"));
  for (const char* bad : {"0", "0s", "-1s", "8x", " 8h", "9999999999d", "200000d"})
    CHECK(error_of([&] { world.assign("ann", {"editor"}, bad); }) == ErrorCode::invalid);
}

TEST_CASE("a dry run gives the same answer and writes nothing") {
  AccessWorld world(GENERATE(test::each_engine()));
  world.add_user("ann");
  world.create("editor", {"write:posts"});
  auto cause = world.cause();
  cause.dry_run = true;
  const auto before = world.entries();
  CHECK(create_role(world.realm(), cause, {"viewer", "", {"editor"}}).inherits == Texts{"editor"});
  CHECK(grant_permissions(world.realm(), cause, {"editor", {"a:b"}, ""}).role.permissions.size() == 2);
  CHECK(assign_roles(world.realm(), cause, {"ann", {"editor"}, "", ""}).assignments.size() == 1);
  delete_role(world.realm(), cause, "editor", false);
  CHECK(world.entries() == before);
  CHECK_FALSE(store::find_role(world.db(), "viewer"));
  CHECK(show_role(world.realm(), "editor").permissions.size() == 1);
  CHECK_FALSE(world.allowed("ann", "write:posts"));
}

TEST_CASE("roles are listed in the order of their bytes, over the edge of a page") {
  AccessWorld world(GENERATE(test::each_engine()));
  world.db().begin();
  for (int i = 0; i < 251; ++i)
    store::insert_role(world.db(), {"id" + std::to_string(i), "r" + std::to_string(1000 + i), {}, {}, {}});
  for (const char* name : {"a-b", "a.b", "a@b", "ab", "a_b"})
    store::insert_role(world.db(), {name, name, {}, {}, {}});
  world.db().commit();
  const auto next = list_roles(world.realm());
  Texts names;
  while (auto role = next()) names.push_back(role->name);
  CHECK(names.size() == 256);
  CHECK(std::ranges::is_sorted(names));
}

}  // namespace
}  // namespace authctl::service
