#include "core/service/access.h"

#include <random>
#include <set>

#include "core/service/access_assertions.h"
#include "tests/service/access_world.h"

namespace authctl::service {
namespace {

using base::ErrorCode;
using test::AccessWorld;
using test::error_of;
using Texts = std::vector<std::string>;

struct Blog : AccessWorld {
  explicit Blog(store::Engine engine) : AccessWorld(engine) {
    for (const char* user : {"ann", "bob", "eve"}) add_user(user);
    create("viewer", {"read:posts"});
    create("editor", {"write:posts"}, {"viewer"});
    grant("editor", {"edit:*"}, "post/*");
    assign("ann", {"editor"});
    assign("bob", {"viewer"}, "8h");
    assign("bob", {"editor"}, "", "post/42");
  }
  Explanation explain(const std::string& user, const std::string& permission, const std::string& on = "") {
    return explain_permission(db(), {user, permission, on}, realm().now());
  }
  Texts who(const std::string& permission, const std::string& on = "") {
    const auto next = who_may(db(), {Permission(permission), parse_resource_option(on)}, realm().now());
    Texts names;
    while (auto holder = next()) names.push_back(holder->user_name);
    std::ranges::sort(names);
    return names;
  }
  Texts list(const std::string& user = "") {
    const auto next = list_permissions(db(), user, realm().now());
    Texts lines;
    while (auto entry = next()) {
      lines.push_back(entry->permission + " on " + entry->resource + " by");
      for (const auto& role : entry->roles) lines.back() += " " + role;
    }
    return lines;
  }
};

TEST_CASE("a check names the user, the question and the reason") {
  Blog world(GENERATE(test::each_engine()));
  const auto access = check_permission(world.db(), {"ANN", "edit:posts", "post/42"}, world.realm().now());
  CHECK(base::json::serialize(access_json(access)) ==
        R"({"allowed":true,"user":"ann","permission":"edit:posts","resource":"post/42","because":[)"
        R"({"role":"editor","via":[],"grant":"edit:*","resource":"post/*","expires_at":null}]})");
  const auto denied = check_permission(world.db(), {"eve", "edit:posts", ""}, world.realm().now());
  CHECK(base::json::serialize(access_json(denied)) ==
        R"({"allowed":false,"user":"eve","permission":"edit:posts","resource":null,"because":[]})");
}

TEST_CASE("resources of assignment and grant intersect and neither answers a question without") {
  Blog world(GENERATE(test::each_engine()));
  CHECK(world.allowed("bob", "edit:posts", "post/42"));
  CHECK_FALSE(world.allowed("bob", "edit:posts", "post/43"));
  CHECK(world.allowed("bob", "write:posts", "post/42"));
  CHECK_FALSE(world.allowed("bob", "write:posts"));
  CHECK_FALSE(world.allowed("ann", "edit:posts"));
  CHECK(world.allowed("ann", "write:posts", "page/1"));
}

TEST_CASE("a user who does not exist is not found and a question that is none is invalid") {
  Blog world(GENERATE(test::each_engine()));
  CHECK(error_of([&] { world.allowed("ghost", "read:posts"); }) == ErrorCode::not_found);
  for (const char* bad : {"", "read:posts ", "read%3Aposts", "Read:posts"})
    CHECK(error_of([&] { world.allowed("ann", bad); }) == ErrorCode::invalid);
  CHECK(error_of([&] { world.allowed("ann", "read:posts", "post"); }) == ErrorCode::invalid);
  CHECK_FALSE(world.allowed("ann", "read:*"));  // asks for all of it
}

TEST_CASE("a disabled user is denied at once and enabling is what would help") {
  Blog world(GENERATE(test::each_engine()));
  world.set_active("ann", false);
  CHECK_FALSE(world.allowed("ann", "write:posts"));
  CHECK(world.who("write:posts").empty());
  CHECK(world.list("ann").empty());
  const auto explanation = world.explain("ann", "write:posts");
  REQUIRE(explanation.remedies.size() == 1);
  CHECK(explanation.remedies[0].command == "authctl user enable ann");
}

TEST_CASE("each remedy of an explanation does what it says") {
  Blog world(GENERATE(test::each_engine()));
  const std::string on = GENERATE("", "post/7");
  const auto explanation = world.explain("bob", "write:posts", on);
  CHECK_FALSE(explanation.decision.allowed);
  const std::string suffix = on.empty() ? "" : " --on " + on;
  REQUIRE(explanation.remedies.size() == 2);
  CHECK(explanation.remedies[0].command == "authctl role assign bob editor" + suffix);
  CHECK(explanation.remedies[1].command == "authctl role grant viewer write:posts" + suffix);
  if (GENERATE(true, false))
    world.assign("bob", {"editor"}, "", on);
  else
    world.grant("viewer", {"write:posts"}, on);
  CHECK(world.allowed("bob", "write:posts", on));
  CHECK(world.explain("bob", "write:posts", on).remedies.empty());
}

TEST_CASE("the narrowest role is named first, and admin:all last") {
  Blog world(GENERATE(test::each_engine()));
  world.create("admin", {"admin:all"});
  world.create("browser", {"*:posts"});
  world.create("all", {"*"});
  world.create("writer", {"write:posts", "a:b", "c:d"});
  Texts named;
  for (const auto& remedy : world.explain("bob", "write:posts").remedies)
    if (remedy.action == "role.assign") named.push_back(remedy.role.value());
  CHECK(named == Texts{"editor", "writer", "browser", "all", "admin"});
}

TEST_CASE("everybody who may is found with the reason, over the edges of pages and roles") {
  Blog world(GENERATE(test::each_engine()));
  CHECK(world.who("read:posts") == Texts{"ann", "bob"});
  CHECK(world.who("write:posts") == Texts{"ann"});
  CHECK(world.who("edit:posts", "post/42") == Texts{"ann", "bob"});
  CHECK(world.who("edit:posts", "post/43") == Texts{"ann"});
  CHECK(world.who("delete:posts").empty());
  world.create("root", {"admin:all"});
  world.assign("eve", {"root"});
  CHECK(world.who("delete:posts") == Texts{"eve"});
  CHECK(world.who("a:b:c:d:e:f:g") == Texts{"eve"});  // too many patterns to look up one by one
  world.clock().advance(std::chrono::hours(8));
  CHECK(world.who("read:posts") == Texts{"ann", "eve"});
}

TEST_CASE("a permission that a hundred roles hold is found through the one that the user has") {
  Blog world(GENERATE(test::each_engine()));
  for (int i = 0; i < 100; ++i) world.create("common" + std::to_string(i), {"use:desk"});
  world.create("heir", {}, {"common57"});
  world.assign("bob", {"heir"});
  const auto answer = check_permission(world.db(), {"bob", "use:desk", ""}, world.realm().now());
  REQUIRE(answer.decision.because.size() == 1);
  CHECK(answer.decision.because[0].role == "heir");
  CHECK(answer.decision.because[0].via == Texts{"common57"});
  CHECK_FALSE(world.allowed("ann", "use:desk"));
}

TEST_CASE("what a holder holds is told in the order of the roles' names") {
  Blog world(GENERATE(test::each_engine()));
  const Texts roles{"a1", "b2", "c3", "d4", "e5", "f6", "g7", "h8"};
  for (const auto* role : {"f6", "b2", "h8", "d4", "a1", "g7", "c3", "e5"}) {
    world.create(role, {"use:desk"});
    world.assign("eve", {role});
  }
  const auto holder = who_may(world.db(), {Permission("use:desk"), {}}, world.realm().now())();
  REQUIRE(holder);
  Texts told;
  for (const auto& reason : holder->because) told.push_back(reason.role);
  CHECK(told == roles);
}

TEST_CASE("the list of a user merges what he holds twice, and the list of all names the holding roles") {
  Blog world(GENERATE(test::each_engine()));
  CHECK(world.list("bob") == Texts{"edit:* on post/42 by editor", "read:posts on  by viewer",
                                   "read:posts on post/42 by editor", "write:posts on post/42 by editor"});
  world.grant("viewer", {"write:posts"});
  CHECK(world.list() ==
        Texts{"edit:* on post/* by editor", "read:posts on  by viewer", "write:posts on  by editor viewer"});
}

TEST_CASE("checks are entries of the log as the setting says") {
  Blog world(GENERATE(test::each_engine()));
  const auto yes = check_permission(world.db(), {"ann", "read:posts", ""}, world.realm().now());
  const auto no = check_permission(world.db(), {"eve", "read:posts", ""}, world.realm().now());
  const auto count = [&](const std::string& which) {
    const auto before = world.entries();
    record_check(world.realm(), world.cause(), yes, which);
    record_check(world.realm(), world.cause(), no, which);
    return world.entries() - before;
  };
  CHECK(count("off") == 0);
  CHECK(count("denied") == 1);
  CHECK(count("all") == 2);
  CHECK(test::number(world.db(),
                     "SELECT count(*) FROM audit_entry WHERE action = 'permission.check' AND "
                     "outcome = 'denied'") == 2);
}

TEST_CASE("assertions hold or fail one by one, and a misspelt user never holds") {
  Blog world(GENERATE(test::each_engine()));
  const auto results = run_assertions(world.db(),
                                      parse_assertions("# who writes\n"
                                                       "allow ann write:posts\n\n"
                                                       "  deny\tbob write:posts # only on one\r\n"
                                                       "allow bob write:posts on post/42\n"
                                                       "deny eev read:posts\n"
                                                       "allow eve read:posts"),
                                      world.realm().now());
  std::string told;
  for (const auto& result : results)
    told += std::to_string(result.assertion.line) + (result.holds ? "+" : "-") + result.answer + " ";
  CHECK(told == "2+allow 4+deny 5+allow 6-user \"eev\" does not exist 7-deny ");
}

TEST_CASE("assertions read alike from JSON and a file that is not understood holds for nobody") {
  const auto parsed =
      parse_assertions(R"( [{"expect":"deny","user":"ann","permission":"a:b","resource":"post/1"}])");
  REQUIRE(parsed.size() == 1);
  CHECK_FALSE(parsed[0].expect_allowed);
  CHECK(parsed[0].request.resource == "post/1");
  for (const char* bad :
       {"", "# nothing\n", "allow ann\n", "permit ann a:b", "allow ann a:b on", "allow ann a:b at post/1",
        "allow ann a:b on post", "allow ann a::b", "allow ann a:b on post/1 more", "[]", "[1]", "[{}]",
        "[{\"expect\":\"allow\"}]", R"([{"expect":"deny","user":"ann","permission":"a:b","on":"post/1"}])",
        R"([{"expect":"deny","user":1,"permission":"a:b"}])", "[", "\xff"}) {
    CAPTURE(std::string(bad));
    CHECK(error_of([&] { parse_assertions(bad); }) == ErrorCode::invalid);
  }
}

// The whole store as the pure engine sees it.
struct Snapshot {
  explicit Snapshot(store::Database& db) {
    std::map<std::string, std::size_t> place;
    for (const auto roles = db.query("SELECT id, name FROM role"); roles->next();) {
      place[roles->string(0)] = graph.roles.size();
      graph.roles.push_back({roles->string(1), {}, {}});
    }
    for (const auto lines = db.query("SELECT role_id, parent_id FROM role_inheritance"); lines->next();)
      graph.roles[place[lines->string(0)]].parents.push_back(place[lines->string(1)]);
    for (const auto grants = db.query("SELECT role_id, permission, resource FROM role_grant");
         grants->next();)
      graph.roles[place[grants->string(0)]].grants.push_back({grants->string(1), grants->string(2)});
    for (const auto held = db.query("SELECT user_id, role_id, resource, expires_at FROM role_assignment");
         held->next();)
      subjects[held->string(0)].assignments.push_back(
          {place[held->string(1)], held->string(2), held->optional_time(3)});
  }
  RoleGraph graph;
  std::map<std::string, Subject> subjects;
};

std::multiset<std::string> texts_of(const std::vector<Reason>& because) {
  std::multiset<std::string> texts;
  for (const auto& reason : because) texts.insert(base::json::serialize(reason_json(reason)));
  return texts;
}

TEST_CASE("lookups in the store decide as the engine does over all of it") {
  AccessWorld world(GENERATE(test::each_engine()));
  std::mt19937 random(42);
  const auto pick = [&](const Texts& from) {
    return from[std::uniform_int_distribution<std::size_t>(0, from.size() - 1)(random)];
  };
  const Texts permissions{"a",   "a:b", "a:*", "*:b",       "a:b:c",       "a:*:c",
                          "b:*", "*",   "a.b", "admin:all", "a:b:c:d:e:f", "a:*:c:*"};
  const Texts resources{"", "", "", "p/1", "p/*", "*/1", "q/1", "*/*", "p/1/x", "p/*/x"};
  const Texts users{"u1", "u2", "u3", "u4"};
  for (const auto& user : users) world.add_user(user);
  Texts roles;
  for (int i = 0; i < 9; ++i) {
    Texts parents;
    if (i > 0)
      for (int n = 0; n < 2; ++n)
        if (const auto parent = pick(roles);
            random() % 2 && std::ranges::find(parents, parent) == parents.end())
          parents.push_back(parent);
    world.create("r" + std::to_string(i), {}, parents);
    roles.push_back("r" + std::to_string(i));
    for (int n = 0; n < 2; ++n) world.grant(roles.back(), {pick(permissions)}, pick(resources));
  }
  for (int i = 0; i < 8; ++i)
    world.assign(pick(users), {pick(roles)}, pick({"", "60s", "120s"}), pick(resources));
  world.clock().advance(std::chrono::seconds(60));
  const auto now = world.realm().now();
  const Snapshot snapshot(world.db());
  int allowed = 0;
  for (const std::string permission :
       {"a", "a:b", "a.b", "b:x:y", "a:b:c", "a:*", "admin:all", "a:b:c:d:e:f"})
    for (const std::string resource : {"", "p/1", "p/1/x", "q/1", "p/*", "p/1/x/y/z/v/w"}) {
      CAPTURE(permission, resource);
      const Question question{Permission(permission), parse_resource_option(resource)};
      std::set<std::string> expected_holders, holders;
      for (const auto& user : users) {
        const auto id = store::get_user(world.db(), user).id;
        const auto found = snapshot.subjects.find(id);
        const auto subject = found == snapshot.subjects.end() ? Subject{} : found->second;
        const auto expected = decide(subject, snapshot.graph, question, now);
        const auto answer = check_permission(world.db(), {user, permission, resource}, now).decision;
        CHECK(answer.allowed == expected.allowed);
        CHECK(answer.because.size() == expected.because.size());
        CHECK(texts_of(explain_permission(world.db(), {user, permission, resource}, now).decision.because) ==
              texts_of(explain(subject, snapshot.graph, question, now).because));
        if (expected.allowed) expected_holders.insert(user);
        allowed += expected.allowed;
      }
      const auto next = who_may(world.db(), question, now);
      while (auto holder = next()) holders.insert(holder->user_name);
      CHECK(holders == expected_holders);
    }
  CHECK(allowed > 10);
}

}  // namespace
}  // namespace authctl::service
