#include "core/credential/password_policy.h"

#include <algorithm>
#include <sstream>

#include "core/base/json.h"
#include "tests/support/catch.h"
#include "tests/support/vectors.h"

using namespace authctl;
using base::Secret;
using credential::PasswordFault;
using credential::PasswordOwner;

namespace {

const credential::PasswordRules rules;
const PasswordOwner with_factor{"", "", "authctl", true};

bool accepted(std::string_view password, const PasswordOwner& owner = {}) {
  return credential::judge_password(Secret(password), owner, rules).empty();
}

bool objects(PasswordFault fault, std::string_view password, const PasswordOwner& owner = {}) {
  const auto objections = credential::judge_password(Secret(password), owner, rules);
  for (const auto& objection : objections) {
    // No message repeats the password, unless it is a word of the message by chance.
    const bool by_chance = password == "password" || password == "passwords";
    if (!by_chance) CHECK(objection.message.find(password) == std::string::npos);
  }
  return std::any_of(objections.begin(), objections.end(), [&](const auto& o) { return o.fault == fault; });
}

std::string member(const base::json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  return found ? std::string(found->as_string()) : std::string();
}

}  // namespace

TEST_CASE("the password policy agrees with every case of the vectors") {
  const auto cases = tests::read_json_file(tests::made_vector("password-policy/cases.json"));
  for (const auto& value : cases.as_array()) {
    const auto& entry = value.as_object();
    PasswordOwner owner;
    if (const auto* context = entry.if_contains("context")) {
      owner.name = member(context->as_object(), "username");
      owner.email = member(context->as_object(), "email");
    }
    const auto password = member(entry, "password"), expect = member(entry, "expect");
    INFO(member(entry, "name"));
    if (expect == "accept")
      CHECK(accepted(password, owner));
    else if (expect == "accept-with-mfa-refuse-single-factor") {
      CHECK_FALSE(accepted(password, owner));
      CHECK(accepted(password, with_factor));
    } else
      CHECK_FALSE(accepted(password, owner));  // "documented" and longer than 1,024 bytes: refused here
  }
}

TEST_CASE("every common password that is long enough is refused as common, in capitals too, and doubled") {
  const auto folder = tests::published_vectors("common-passwords");
  if (!folder) return;
  std::istringstream lines(tests::read_text(*folder + "/common-passwords.txt"));
  int single = 0, factor = 0, doubled = 0;
  for (std::string line; std::getline(lines, line);) {
    std::string upper = line;
    std::transform(line.begin(), line.end(), upper.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    INFO(line);
    if (line.size() >= 15) {
      REQUIRE(objects(PasswordFault::common, line));
      ++single;
    }
    if (line.size() >= 8) {
      REQUIRE(objects(PasswordFault::common, line, with_factor));
      REQUIRE(objects(PasswordFault::common, upper, with_factor));
      ++factor;
      if (++doubled % 8 == 0) REQUIRE(objects(PasswordFault::common, line + upper));
    }
  }
  CHECK(single >= 20);
  CHECK(factor >= 3000);
}

TEST_CASE("what is not on the list of common passwords is not found there") {
  for (const std::string_view word :
       {"", "\n", "violinquartz", "password\n", "passwor", "passwordz0", "~~~~~~~~~~", "\xff\xff"})
    CHECK_FALSE(credential::is_common_password(word));
  CHECK(credential::is_common_password("password"));
}

TEST_CASE("each fault of a password is named") {
  CHECK(objects(PasswordFault::too_short, "quartz violin"));
  CHECK(objects(PasswordFault::too_long, std::string(1025, 'x')));
  CHECK(objects(PasswordFault::not_text, "violin quartz \xff marble"));
  CHECK(objects(PasswordFault::unprintable, std::string_view("violin\0quartz marble", 20)));
  CHECK(objects(PasswordFault::unprintable, "violin\u200bquartz marble"));
  CHECK(objects(PasswordFault::common, "Password!Password!"));
  CHECK(objects(PasswordFault::about_owner, "ann.miller.1987!", {"ann.miller", "", "authctl", false}));
  CHECK(objects(PasswordFault::about_owner, "rellim.nna.1987!", {"ann.miller", "", "authctl", false}));
  CHECK(objects(PasswordFault::about_owner, "postoffice-2026",
                {"", "postoffice@example.com", "authctl", false}));
  CHECK(objects(PasswordFault::repetitive, "ababababababababab"));
  CHECK(objects(PasswordFault::sequence, "qwertyuiopasdfgh"));
  CHECK(objects(PasswordFault::sequence, "zyxwvutsrqponmlk"));
  CHECK(objects(PasswordFault::guessable, "kmzqkmzqkmzqkmzqkmzq"));
  const credential::PasswordRules strict{8, 15, true, {}};
  const auto lacking =
      credential::judge_password(Secret(std::string_view("violin quartz marble")), {}, strict);
  REQUIRE(lacking.size() == 1);
  CHECK(credential::word_of(lacking.front().fault) == "classes");
}

TEST_CASE("a name inside a long passphrase is no objection") {
  CHECK(accepted("seven violins for ann in october", {"ann", "", "authctl", false}));
}

TEST_CASE("a password is counted in code points of its normal form") {
  // Fourteen letters, one of them typed as two code points.
  CHECK(objects(PasswordFault::too_short, "violin-quartze\u0301"));
  CHECK(
      accepted("\u30d0\u30a4\u30aa\u30ea\u30f3\u3068\u6c34\u6676\u3068\u5927\u7406\u77f3\u306e\u8a69\u4eba"));
}

TEST_CASE("an operator's words make no password, and stand in the way of none") {
  credential::PasswordRules own;
  own.words = {"Contoso", "WidgetMaker", "ab"};
  const auto refused = [&](std::string_view password) {
    const auto objections = credential::judge_password(Secret(password), {}, own);
    return std::ranges::any_of(objections,
                               [](const auto& o) { return o.fault == PasswordFault::about_owner; });
  };
  CHECK(refused("contoso-CONTOSO-2026"));
  CHECK(refused("widgetmaker.contoso!"));
  CHECK(refused("osotnoc osotnoc 1987"));
  CHECK_FALSE(refused("seven violins for contoso in october"));
  CHECK_FALSE(refused("abababababababababab"));  // too short a word to look for
  CHECK(accepted("contoso-CONTOSO-2026"));
}
