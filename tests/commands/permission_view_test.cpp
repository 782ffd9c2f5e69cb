#include "commands/permission_view.h"

#include <sstream>

#include "core/base/text.h"
#include "tests/support/catch.h"

namespace authctl::commands {
namespace {

service::Explanation explanation(std::vector<service::Reason> because) {
  const bool allowed = !because.empty();
  return {{"id",
           "ann",
           true,
           {service::Permission("read:posts"), service::Resource("post/42")},
           {allowed, std::move(because)}},
          {}};
}

TEST_CASE("an explanation is drawn as a tree whose ways share their branches") {
  const auto end = base::from_unix_seconds(1767225600);
  CHECK(explanation_tree(explanation({{"editor", {"writer", "viewer"}, "read:*", "post/*", {}},
                                      {"editor", {"viewer"}, "read:*", "post/*", {}},
                                      {"editor", {"viewer"}, "read:posts", {}, {}},
                                      {"guest", {}, "*", {}, end}})) ==
        "ann may read:posts on post/42\n"
        "├─ role editor\n"
        "│  ├─ inherits writer\n"
        "│  │  └─ inherits viewer\n"
        "│  │     └─ grant read:* on post/*\n"
        "│  └─ inherits viewer\n"
        "│     ├─ grant read:* on post/*\n"
        "│     └─ grant read:posts\n"
        "└─ role guest\n"
        "   └─ grant * until 2026-01-01T00:00:00Z\n");
}

TEST_CASE("no line of a tree is wider than a terminal however deep and long it gets") {
  service::Reason reason{std::string(64, 'r'), {}, std::string(128, 'p'), "k/" + std::string(200, 'x'), {}};
  for (int i = 0; i < 60; ++i) reason.via.push_back(std::string(60, 'v') + std::to_string(i));
  std::istringstream lines(explanation_tree(explanation({reason})));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) CHECK(base::display_width(line) <= 80);
  CHECK(count == 63);
}

TEST_CASE("a denial says what would allow it, with commands whole") {
  auto denied = explanation({});
  CHECK(explanation_tree(denied) ==
        "ann may not read:posts on post/42\n"
        "no role is granted it; to allow it, grant it to a role and assign that\n");
  denied.active = false;
  denied.remedies = {{"user.enable", {}, "authctl user enable ann"},
                     {"role.assign", "viewer", "authctl role assign ann viewer --on post/42"}};
  CHECK(explanation_tree(denied) ==
        "ann may not read:posts on post/42\n"
        "ann is disabled\n"
        "to be enabled first: authctl user enable ann\n"
        "one of these would allow it:\n"
        "  authctl role assign ann viewer --on post/42\n");
  CHECK(check_line(denied) == "denied: ann may not read:posts on post/42 (ann is disabled)");
}

TEST_CASE("a check is one clear line") {
  CHECK(check_line(explanation({{"editor", {"writer", "viewer"}, "read:*", "post/*", {}}})) ==
        "allowed: ann may read:posts on post/42 (role editor via writer, viewer, grant read:* on post/*)");
}

}  // namespace
}  // namespace authctl::commands
