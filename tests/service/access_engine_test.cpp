#include "core/service/access_engine.h"

#include <fstream>
#include <map>
#include <random>
#include <set>

#include "core/base/json.h"
#include "tests/support/catch.h"

namespace authctl::service {
namespace {

const auto now = base::from_unix_seconds(1767225600);

Question ask(const std::string& permission, const std::string& resource = "") {
  return {Permission(permission), parse_resource_option(resource)};
}

// editor inherits viewer; ann is an editor.
RoleGraph blog() {
  return {
      {{"editor", {1}, {{"write:posts", ""}}}, {"viewer", {}, {{"read:posts", ""}, {"read:*", "post/*"}}}}};
}
const Subject ann{true, {{0, "", {}}}};

TEST_CASE("a decision names the role, the way, the grant, the resource and the end of it") {
  auto bound = ann;
  bound.assignments[0] = {0, "*/42", now + base::Duration(1)};
  const auto decision = decide(bound, blog(), ask("read:posts", "post/42"), now);
  REQUIRE(decision.allowed);
  CHECK(decision.because ==
        std::vector<Reason>{{"editor", {"viewer"}, "read:posts", "*/42", now + base::Duration(1)},
                            {"editor", {"viewer"}, "read:*", "post/42", now + base::Duration(1)}});
}

TEST_CASE("an inherited permission is allowed and an inheriting role's own is not") {
  CHECK(decide(ann, blog(), ask("read:posts"), now).allowed);
  CHECK_FALSE(decide({true, {{1, "", {}}}}, blog(), ask("write:posts"), now).allowed);
}

TEST_CASE("a disabled user is denied whatever it holds") {
  auto disabled = ann;
  disabled.active = false;
  CHECK_FALSE(decide(disabled, blog(), ask("read:posts"), now).allowed);
  CHECK_FALSE(explain(disabled, blog(), ask("read:posts"), now).allowed);
}

TEST_CASE("a time-bound assignment ends at its second, not later") {
  const Subject bound{true, {{0, "", now + base::Duration(60)}}};
  const auto question = ask("write:posts");
  CHECK(decide(bound, blog(), question, now + base::Duration(59)).allowed);
  CHECK(decide(bound, blog(), question, now + std::chrono::milliseconds(59'999)).allowed);
  CHECK_FALSE(decide(bound, blog(), question, now + base::Duration(60)).allowed);
}

TEST_CASE("an assignment on a resource limits every grant below it") {
  const Subject bound{true, {{0, "post/42", {}}}};
  CHECK(decide(bound, blog(), ask("write:posts", "post/42"), now).allowed);
  CHECK_FALSE(decide(bound, blog(), ask("write:posts", "post/43"), now).allowed);
  CHECK_FALSE(decide(bound, blog(), ask("write:posts"), now).allowed);
}

TEST_CASE("explain finds every way through a diamond and decide the shortest") {
  const RoleGraph diamond{{{"a", {1, 2}, {}}, {"b", {3}, {}}, {"c", {3, 1}, {}}, {"d", {}, {{"p:q", ""}}}}};
  CHECK(decide(ann, diamond, ask("p:q"), now).because ==
        std::vector<Reason>{{"a", {"b", "d"}, "p:q", {}, {}}});
  CHECK(explain(ann, diamond, ask("p:q"), now).because.size() == 3);
  CHECK(explain(ann, diamond, ask("p:q"), now, 2).because.size() == 2);
}

TEST_CASE("a circle is named from the role that would close it") {
  const RoleGraph chain{{{"a", {1}, {}}, {"b", {2}, {}}, {"c", {}, {}}}};
  CHECK(circle_through(chain, 2, 0) == std::vector<std::size_t>{2, 0, 1, 2});
  CHECK(circle_through(chain, 0, 2).empty());
  CHECK(circle_through(chain, 1, 1) == std::vector<std::size_t>{1, 1});
}

TEST_CASE("the vectors of rbac are decided as they say") {
  std::ifstream file(std::string(AUTHCTL_TEST_VECTORS) + "/rbac/cases.json");
  REQUIRE(file);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto cases = base::parse_json(text);
  REQUIRE(cases);
  int decided = 0;
  for (const auto& value : cases->is_array() ? cases->as_array() : cases->at("cases").as_array()) {
    const auto& one = value.as_object();
    if (one.at("category") == "lifecycle") continue;  // roles_test
    CAPTURE(std::string(one.at("name").as_string()));
    RoleGraph graph;
    std::map<std::string, std::size_t> place;
    for (const auto& [name, grants] : one.at("roles").as_object()) {
      place[name] = graph.roles.size();
      graph.roles.push_back({name, {}, {}});
      for (const auto& grant : grants.as_array())
        graph.roles.back().grants.push_back({std::string(grant.as_string()), ""});
    }
    for (const auto& [name, parents] : one.at("inherits").as_object())
      for (const auto& parent : parents.as_array()) {
        const auto found = place.find(std::string(parent.as_string()));
        graph.roles[place.at(name)].parents.push_back(found == place.end() ? graph.roles.size()
                                                                           : found->second);
      }
    const auto& check = one.at("check").as_object();
    Subject subject;
    if (const auto* roles = one.at("assignments").as_object().if_contains(check.at("user").as_string()))
      for (const auto& role : roles->as_array())
        subject.assignments.push_back({place.at(std::string(role.as_string())), "", {}});
    const auto permission = Permission::parse(check.at("permission").as_string());
    const bool allowed = permission && decide(subject, graph, {*permission, {}}, now).allowed;
    CHECK(allowed == (one.at("expect") != "deny"));
    ++decided;
  }
  CHECK(decided == 19);
}

// The rules again, as plainly as they can be said: for comparison on random worlds.
bool naive_covers(std::vector<std::string> pattern, std::vector<std::string> asked) {
  if (pattern.size() > asked.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == "*" && i + 1 == pattern.size()) return true;
    if (pattern[i] != "*" && pattern[i] != asked[i]) return false;
  }
  return pattern.size() == asked.size();
}

std::vector<std::string> naive_split(const std::string& text, char separator) {
  std::vector<std::string> parts{""};
  for (const char c : text) c == separator ? parts.emplace_back() : parts.back() += c, void();
  return parts;
}

bool naive_resource(const std::string& pattern, const std::string& asked) {
  return pattern.empty() ||
         (!asked.empty() && naive_covers(naive_split(pattern, '/'), naive_split(asked, '/')));
}

bool naive_allowed(const Subject& subject, const RoleGraph& graph, const std::string& permission,
                   const std::string& resource) {
  if (!subject.active) return false;
  for (const auto& assignment : subject.assignments) {
    if (assignment.expires_at && *assignment.expires_at <= now) continue;
    if (!naive_resource(assignment.resource, resource)) continue;
    std::set<std::size_t> reached{assignment.role};
    for (std::size_t before = 0; before != reached.size();) {
      before = reached.size();
      for (const auto role : std::set(reached))
        reached.insert(graph.roles[role].parents.begin(), graph.roles[role].parents.end());
    }
    for (const auto role : reached)
      for (const auto& grant : graph.roles[role].grants)
        if (naive_resource(grant.resource, resource) &&
            (grant.permission == "admin:all" ||
             naive_covers(naive_split(grant.permission, ':'), naive_split(permission, ':'))))
          return true;
  }
  return false;
}

TEST_CASE("the engine agrees with a naive evaluator on random worlds") {
  std::mt19937 random(20260101);
  const auto below = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  const std::vector<std::string> patterns{"a",     "a:b", "a:*", "*:b",      "a:b:c",
                                          "a:*:c", "*:c", "b:*", "admin:all"};
  const std::vector<std::string> resources{"", "", "p/1", "p/*", "*/1", "q/1", "p/1/x", "*/*"};
  const std::vector<std::string> permissions{"a", "b", "a:b", "a:c", "a:b:c", "b:c", "admin:all"};
  const std::vector<std::string> asked{"", "p/1", "p/2", "q/1", "p/1/x"};
  int allowed = 0, rounds = 0;
  for (int world = 0; world < 400; ++world) {
    RoleGraph graph;
    const auto count = 1 + below(8);
    for (std::size_t role = 0; role < count; ++role) {
      graph.roles.push_back({"r" + std::to_string(role), {}, {}});
      for (std::size_t parent = 0; parent < role; ++parent)
        if (below(4) == 0) graph.roles[role].parents.push_back(parent);
      for (auto n = below(3); n > 0; --n)
        graph.roles[role].grants.push_back(
            {patterns[below(patterns.size())], resources[below(resources.size())]});
    }
    Subject subject{below(10) != 0, {}};
    for (auto n = below(4); n > 0; --n) {
      std::optional<base::Timestamp> end;
      if (below(3) == 0) end = now + std::chrono::milliseconds(std::int64_t(below(3)) - 1);
      subject.assignments.push_back({below(count), resources[below(resources.size())], end});
    }
    for (const auto& permission : permissions)
      for (const auto& resource : asked) {
        const bool expected = naive_allowed(subject, graph, permission, resource);
        const auto question = ask(permission, resource);
        const auto decision = decide(subject, graph, question, now);
        const auto explained = explain(subject, graph, question, now);
        CHECK(decision.allowed == expected);
        CHECK(explained.allowed == expected);
        CHECK(explained.because.size() >= decision.because.size());
        allowed += expected;
        ++rounds;
      }
  }
  CHECK(allowed > rounds / 20);  // the worlds are not all empty
}

}  // namespace
}  // namespace authctl::service
