#include "core/service/last_admin.h"

#include "core/service/accounts.h"
#include "tests/service/access_world.h"

namespace authctl::service {
namespace {

using base::ErrorCode;
using test::AccessWorld;
using test::error_of;

// ann holds admin:all by a role that inherits it.
struct Administered : AccessWorld {
  explicit Administered(store::Engine engine, const std::string& permission = "admin:all")
      : AccessWorld(engine) {
    ann = add_user("ann");
    add_user("bob");
    create("powers", {permission});
    create("admin", {}, {"powers"});
    assign("ann", {"admin"});
  }
  std::string ann;
};

TEST_CASE("the last way to admin:all is not taken away without force") {
  Administered world(GENERATE(test::each_engine()));
  auto& realm = world.realm();
  const auto cause = world.cause();
  const auto before = world.entries();
  CHECK(error_of([&] { world.unassign("ann", {"admin"}); }) == ErrorCode::precondition);
  CHECK(error_of([&] { world.revoke("powers", {"admin:all"}); }) == ErrorCode::precondition);
  CHECK(error_of([&] {
          update_role(realm, cause, {"admin", {}, {}, {"powers"}});
        }) == ErrorCode::precondition);
  CHECK(world.entries() == before);
  CHECK(world.allowed("ann", "admin:all"));
  world.unassign("ann", {"admin"}, true);
  CHECK_FALSE(has_admin(world.db(), realm.now()));
}

TEST_CASE("a last star makes a holder of admin:all and a resource does not") {
  Administered world(store::Engine::sqlite, "*");
  CHECK(has_admin(world.db(), world.realm().now()));
  CHECK(error_of([&] { world.unassign("ann", {"admin"}); }) == ErrorCode::precondition);
  world.assign("bob", {"admin"}, "", "post/42");
  CHECK(error_of([&] { world.unassign("ann", {"admin"}); }) == ErrorCode::precondition);
  world.assign("bob", {"admin"});
  world.unassign("ann", {"admin"});
  CHECK(has_admin(world.db(), world.realm().now()));
}

TEST_CASE("the last holder of admin:all is given no end without force") {
  Administered world(GENERATE(test::each_engine()));
  auto& realm = world.realm();
  const auto before = world.entries();
  const AssignRequest ending{"ann", {"admin"}, "8h", "", false};
  CHECK(error_of([&] { assign_roles(realm, world.cause(), ending); }) == ErrorCode::precondition);
  CHECK(world.entries() == before);
  world.assign("bob", {"admin"}, "7h");  // gone before ann's end
  CHECK(error_of([&] { assign_roles(realm, world.cause(), ending); }) == ErrorCode::precondition);
  world.assign("bob", {"admin"}, "9h");  // and here for an hour more: nobody would be left for good
  CHECK(error_of([&] { assign_roles(realm, world.cause(), ending); }) == ErrorCode::precondition);
  world.assign("bob", {"admin"});
  assign_roles(realm, world.cause(), ending);
  CHECK(error_of([&] { world.assign("bob", {"admin"}, "7h"); }) == ErrorCode::precondition);
  assign_roles(realm, world.cause(), {"bob", {"admin"}, "1h", "", true});
  // Where everybody's ends, somebody must be there at each.
  world.assign("bob", {"admin"}, "9h");
  CHECK(error_of([&] { world.assign("bob", {"admin"}, "8h"); }) == ErrorCode::precondition);
  world.assign("bob", {"admin"}, "7h");
}

TEST_CASE("whose patterns only look like admin:all is nobody who could stand in for the last holder") {
  Administered world(GENERATE(test::each_engine()));
  world.create("weak", {GENERATE("admin:*", "*:all", "*:*")});
  world.assign("bob", {"weak"});
  CHECK_FALSE(world.allowed("bob", "anything"));
  CHECK(error_of([&] { world.unassign("ann", {"admin"}); }) == ErrorCode::precondition);
}

TEST_CASE("whose role ends, and whoever is disabled, cannot stand in for the last holder") {
  Administered world(GENERATE(test::each_engine()));
  auto& realm = world.realm();
  world.assign("bob", {"admin"}, "60s");
  CHECK(error_of([&] { world.unassign("ann", {"admin"}); }) == ErrorCode::precondition);
  CHECK(error_of([&] { disable_user(realm, world.cause(), "ann", false); }) == ErrorCode::precondition);
  CHECK(error_of([&] { delete_user(realm, world.cause(), "ann", false); }) == ErrorCode::precondition);
  world.assign("bob", {"admin"});
  world.set_active("bob", false);
  CHECK(error_of([&] { world.unassign("ann", {"admin"}); }) == ErrorCode::precondition);
  world.set_active("bob", true);
  world.unassign("ann", {"admin"});
}

TEST_CASE("where nobody holds admin:all nothing is refused") {
  AccessWorld world(GENERATE(test::each_engine()));
  world.add_user("ann");
  world.create("admin", {"admin:all"});
  world.create("viewer", {"read:posts"});
  world.assign("ann", {"viewer"});
  world.unassign("ann", {"viewer"});
  world.revoke("admin", {"admin:all"});
  CHECK_FALSE(has_admin(world.db(), world.realm().now()));
}

}  // namespace
}  // namespace authctl::service
