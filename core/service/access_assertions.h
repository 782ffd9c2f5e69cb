// What must hold about permissions, written down for CI: one assertion a line, or the same as JSON.
//
//   # words apart by blanks; a # begins a comment
//   allow ann write:posts
//   deny  bob write:posts on post/42
//
//   [{"expect": "allow", "user": "ann", "permission": "write:posts", "resource": null}]
//
// Invariant: a file that cannot be understood to its last line holds for nobody (Error invalid, with the
// line). A user who does not exist makes an assertion fail, a denial too: a name that is misspelt must not
// look safe.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/service/access.h"

namespace authctl::service {

struct Assertion {
  std::size_t line = 0;  // from 1; of JSON the place in the array
  bool expect_allowed = false;
  AccessRequest request;
};
std::vector<Assertion> parse_assertions(std::string_view text);

struct AssertionResult {
  Assertion assertion;
  bool holds = false;
  std::string answer;  // allow, deny, or why there is none
};
std::vector<AssertionResult> run_assertions(store::Database& db, const std::vector<Assertion>& assertions,
                                            base::Timestamp now);

// line holds expect answer user permission resource
base::json::object assertion_json(const AssertionResult& result);

}  // namespace authctl::service
