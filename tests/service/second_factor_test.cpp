#include "core/service/second_factor.h"

#include <thread>

#include "tests/service/sign_in_world.h"
#include "tests/support/vectors.h"

using namespace authctl;
using namespace std::chrono_literals;
using service::Factor;
using test::elsewhere;
using test::home;
using test::right;
using test::SignInWorld;
using test::verdict;
using test::wrong;

namespace {

// A confirmed enrolment of this secret, as an import carries it over.
void carry_totp(SignInWorld& world, const std::string& user_id, const credential::TotpEnrolment& enrolment) {
  service::change(world.realm(), world.cause(), [&](service::Change& c) {
    store::put_totp(c.db(), service::seal_totp(world.realm(), user_id, enrolment,
                                               store::EnrolmentState::confirmed, c.now()));
  });
}

// The same code, many times at once from two processes: how many were right.
template <class Check>
int successes(SignInWorld& world, service::Realm& other, int each, Check check) {
  std::atomic<int> right_ones{0};
  std::vector<std::thread> users;
  for (int i = 0; i < 2 * each; ++i)
    users.emplace_back([&, i] {
      if (check(i % 2 ? other : world.realm()).accepted()) ++right_ones;
    });
  for (auto& user : users) user.join();
  return right_ones;
}

std::string other_code(const std::string& code) {
  auto changed = code;
  changed.back() = code.back() == '0' ? '1' : '0';
  return changed;
}

}  // namespace

TEST_CASE("one-time codes are accepted and refused as the scenarios have it") {
  const auto engine = GENERATE(test::each_engine());
  const auto scenarios = tests::read_json_file(tests::made_vector("otp/verify-scenarios.json"));
  SignInWorld world(engine);
  world.policy.lockout = {1'000'000, 0s, 0s};
  int played = 0;
  for (const auto& value : scenarios.as_array()) {
    const auto& scenario = value.as_object();
    INFO(scenario.at("name").as_string());
    const auto user = world.add("user" + std::to_string(played++), "", "");
    credential::TotpEnrolment enrolment;
    enrolment.secret =
        credential::parse_totp_secret(std::string_view(scenario.at("secret_base32").as_string()));
    enrolment.settings = {credential::totp_algorithm_from(std::string_view(scenario.at("alg").as_string())),
                          static_cast<int>(scenario.at("digits").as_int64()),
                          base::Duration(scenario.at("period").as_int64())};
    carry_totp(world, user, enrolment);
    auto process = world.another();
    for (const auto& item : scenario.at("steps").as_array()) {
      const auto& step = item.as_object();
      if (step.contains("restart")) {
        process = world.another();
        continue;
      }
      world.clock().set(base::from_unix_seconds(step.at("at").as_int64()));
      const auto check = world.code(*process, user, std::string_view(step.at("code").as_string()));
      const std::string_view expect(step.at("expect").as_string());
      if (expect != "accept-or-reject") CHECK(check.accepted() == (expect == "accept"));
    }
  }
  CHECK(played > 20);
}

TEST_CASE("a code of the step before last does not work, one of the step before does") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.add("ann");
  const auto enrolment = world.add_totp("ann");
  world.clock().advance(1min);
  const auto old = world.code_of(enrolment);
  world.clock().advance(60s);
  CHECK(verdict(world.code("ann", old)) == "wrong_code");
  world.clock().advance(-30s);
  CHECK(verdict(world.code("ann", old)) == "allowed");
  CHECK(verdict(world.code("ann", old)) == "used_code");
}

TEST_CASE("an enrolment counts for nothing until its first code, and that code is used up by it") {
  SignInWorld world(GENERATE(test::each_engine()));
  const auto ann = world.add("ann");
  const auto offer = service::enroll_totp(world.realm(), world.cause(), {"ann", "Example", {}});
  CHECK(offer.enrolment.secret.size() == 20);
  CHECK_FALSE(service::has_second_factor(world.db(), ann));
  CHECK_FALSE(world.view("ann").totp);
  CHECK_FALSE(world.sign_in("ann", right).mfa_required);
  const auto code = world.code_of(offer.enrolment);
  CHECK(verdict(world.code("ann", code)) == "no_second_factor");
  const base::Secret bad(other_code(code)), good(code);
  const auto confirm = [&](const base::Secret& typed) {
    return verdict(service::confirm_totp(world.realm(), world.cause(), world.policy, "ann", typed));
  };
  CHECK(confirm(bad) == "wrong_code");
  CHECK(world.view("ann").failed_attempts == 1);
  CHECK(confirm(good) == "allowed");
  CHECK(world.view("ann").totp);
  CHECK(world.view("ann").failed_attempts == 0);
  CHECK(verdict(world.code("ann", code)) == "used_code");
  CHECK(world.sign_in("ann", right).mfa_required);
  CHECK_THROWS_AS(confirm(good), base::Error);  // nothing waits any more
}

TEST_CASE("a secret that nobody could be handed was not enrolled") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.add("ann");
  const auto lost = [](const service::TotpOffer& offer) {
    CHECK(offer.enrolment.secret.size() == 20);
    throw base::Error{base::ErrorCode::io, "the disk is full"};
  };
  const service::TotpRequest request{"ann", "authctl", {}};
  CHECK_THROWS_AS(service::enroll_totp(world.realm(), world.cause(), request, lost), base::Error);
  CHECK_FALSE(service::totp_status(world.realm(), "ann").enrolled);
  bool handed = false;
  const auto hand = [&](const service::TotpOffer&) { handed = true; };
  service::enroll_totp(world.realm(), world.dry_run(), request, hand);
  CHECK_FALSE(handed);
  const auto offer = service::enroll_totp(world.realm(), world.cause(), request, hand);
  CHECK(handed);
  // Nor does it take the place of one that waits.
  CHECK_THROWS_AS(service::enroll_totp(world.realm(), world.cause(), request, lost), base::Error);
  const base::Secret first(world.code_of(offer.enrolment));
  CHECK(service::confirm_totp(world.realm(), world.cause(), world.policy, "ann", first).accepted());
}

TEST_CASE("while a new secret waits the old one counts, then the new one alone") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.add("ann");
  const auto old = world.add_totp("ann");
  const auto offer = service::enroll_totp(world.realm(), world.cause(), {"ann", "authctl", {}});
  CHECK(offer.replaces);
  CHECK(verdict(world.code("ann", world.code_of(old))) == "allowed");
  const base::Secret first(world.code_of(offer.enrolment));
  CHECK(service::confirm_totp(world.realm(), world.cause(), world.policy, "ann", first).accepted());
  world.clock().advance(30s);
  CHECK(verdict(world.code("ann", world.code_of(old))) == "wrong_code");
  CHECK(verdict(world.code("ann", world.code_of(offer.enrolment))) == "allowed");
}

TEST_CASE("a secret stands in the store sealed, and opens nowhere else") {
  SignInWorld world(GENERATE(test::each_engine()));
  const auto ann = world.add("ann"), bob = world.add("bob");
  const auto enrolment = world.add_totp("ann");
  const auto row = store::find_totp(world.db(), ann, store::EnrolmentState::confirmed).value();
  const auto plain = enrolment.secret.reveal();
  CHECK(std::search(row.sealed.begin(), row.sealed.end(), plain.begin(), plain.end()) == row.sealed.end());
  CHECK(service::open_totp(world.realm(), row) == enrolment.secret);
  auto moved = row;
  moved.id = bob;
  CHECK_THROWS_AS(service::open_totp(world.realm(), moved), base::Error);
}

TEST_CASE("a right password buys no new guesses at the second factor") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.add("ann");
  const auto enrolment = world.add_totp("ann");
  const auto bad = other_code(world.code_of(enrolment));
  for (int i = 0; i < 3; ++i) {
    CHECK(verdict(world.sign_in("ann", right)) == "allowed");
    CHECK(verdict(world.code("ann", bad)) == "wrong_code");
  }
  CHECK(world.view("ann").failed_attempts == 3);
  CHECK(verdict(world.code("ann", world.code_of(enrolment))) == "locked");
  CHECK(verdict(world.sign_in("ann", right)) == "locked");
  CHECK_FALSE(world.view("ann").last_login_at);
  world.clock().advance(1500ms);
  const auto sign_in = world.sign_in("ann", right);
  CHECK(verdict(sign_in) == "allowed");
  CHECK(sign_in.mfa_required);
  CHECK(world.view("ann").failed_attempts == 3);
  CHECK(verdict(world.code("ann", world.code_of(enrolment))) == "allowed");
  CHECK(world.view("ann").failed_attempts == 0);
  CHECK(world.view("ann").last_login_at == world.clock().now());
}

TEST_CASE("failures of passwords, one-time codes and backup codes count together") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.add("ann", "ann@example.com");
  const auto enrolment = world.add_totp("ann");
  service::generate_backup_codes(world.realm(), world.cause(), "ann", 10);
  world.sign_in("ANN@example.com", wrong, elsewhere);
  world.code("ann", other_code(world.code_of(enrolment)), "192.0.2.1");
  world.code("ann", "abcd-efgh-jkmn-pqrs", "");  // at the terminal
  CHECK(world.view("ann").failed_attempts == 3);
  CHECK(verdict(world.sign_in("ann", right, "192.0.2.2")) == "locked");
  CHECK(verdict(world.code("ann", world.code_of(enrolment), "192.0.2.2")) == "locked");
}

TEST_CASE("a backup code works once, however it is typed, and a new set ends the old one") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.add("ann");
  world.add("bob");
  const auto first = service::generate_backup_codes(world.realm(), world.cause(), "ann", 10);
  REQUIRE(first.codes.size() == 10);
  CHECK(world.view("ann").backup_codes_left == 10);
  std::string typed(first.codes[0].reveal_text());
  for (char& c : typed) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c == '-' ? ' ' : c);
  CHECK(verdict(world.code("bob", typed)) == "no_second_factor");
  const auto used = world.code("ann", typed);
  CHECK(verdict(used) == "allowed");
  CHECK(used.factor == Factor::backup_code);
  CHECK(used.backup_codes_left == 9);
  CHECK(verdict(world.code("ann", first.codes[0].reveal_text())) == "used_code");
  const auto second = service::generate_backup_codes(world.realm(), world.cause(), "ann", 5);
  CHECK(second.ended == 9);
  CHECK(verdict(world.code("ann", first.codes[1].reveal_text())) == "wrong_code");
  for (const auto& code : second.codes) {
    world.clock().advance(1h);
    CHECK(verdict(world.code("ann", code.reveal_text())) == "allowed");
  }
  CHECK(verdict(world.code("ann", second.codes[0].reveal_text())) == "used_code");
  CHECK(service::backup_code_status(world.realm(), "ann").left == 0);
  CHECK(service::backup_code_status(world.realm(), "ann").used == 5);
}

TEST_CASE("wrong backup codes lead to a lock") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.add("ann");
  service::generate_backup_codes(world.realm(), world.cause(), "ann", 10);
  std::string last;
  for (int i = 0; i < 20; ++i) last = verdict(world.code("ann", "abcd-efgh-jkmn-pqrs"));
  CHECK(last == "locked");
  CHECK(world.view("ann").failed_attempts == 3);
}

TEST_CASE("a one-time code that is used many times at once in two processes works once") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.policy.lockout = {1'000'000, 0s, 0s};
  world.add("ann");
  const auto enrolment = world.add_totp("ann");
  const auto other = world.another();
  const auto code = world.code_of(enrolment);
  CHECK(successes(world, *other, 50, [&](service::Realm& at) { return world.code(at, "ann", code); }) == 1);
}

TEST_CASE("a backup code that is used many times at once in two processes works once") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.policy.lockout = {1'000'000, 0s, 0s};
  world.add("ann");
  const auto codes = service::generate_backup_codes(world.realm(), world.cause(), "ann", 10);
  const auto other = world.another();
  const auto code = codes.codes[3].reveal_text();
  CHECK(successes(world, *other, 50, [&](service::Realm& at) { return world.code(at, "ann", code); }) == 1);
  CHECK(service::backup_code_status(world.realm(), "ann").left == 9);
}

TEST_CASE("no clock that is set back brings a used code to life") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.add("ann");
  const auto enrolment = world.add_totp("ann");
  const auto codes = service::generate_backup_codes(world.realm(), world.cause(), "ann", 3);
  const auto code = world.code_of(enrolment);
  CHECK(verdict(world.code("ann", code)) == "allowed");
  CHECK(verdict(world.code("ann", codes.codes[0].reveal_text())) == "allowed");
  const auto then = world.clock().now();
  for (const auto jump : {-24h, -1h, 1h, 24h * 3650}) {
    world.clock().set(then + jump);
    CHECK(verdict(world.code("ann", codes.codes[0].reveal_text())) == "used_code");
    world.clock().set(then);
    CHECK(verdict(world.code("ann", code)) == "used_code");
    service::clear_lockout(world.realm(), world.cause(), world.policy.lockout, "ann");
    service::clear_lockout(world.realm(), world.cause(), world.policy.lockout, std::string(home));
  }
}

TEST_CASE("a used code that comes again leaves its trace") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.add("ann");
  const auto codes = service::generate_backup_codes(world.realm(), world.cause(), "ann", 3);
  world.code("ann", codes.codes[0].reveal_text());
  world.code("ann", codes.codes[0].reveal_text());
  CHECK(test::number(world.db(),
                     "SELECT COUNT(*) FROM audit_entry WHERE action = 'auth.mfa' AND outcome = 'denied' AND "
                     "detail = $1",
                     {R"({"door":"login","factor":"backup_code","refusal":"used_code"})"}) == 1);
}

TEST_CASE("a factor that comes or goes ends earlier tokens; what is deleted takes its factors along") {
  SignInWorld world(GENERATE(test::each_engine()));
  const auto ann = world.add("ann");
  world.clock().advance(1min);
  world.add_totp("ann");
  const auto confirmed = store::get_user(world.db(), "ann").tokens_valid_from;
  CHECK(confirmed >= world.clock().now() - 30s);
  service::generate_backup_codes(world.realm(), world.cause(), "ann", 3);
  service::disable_totp(world.realm(), world.cause(), "ann");
  CHECK(store::get_user(world.db(), "ann").tokens_valid_from >= world.clock().now());
  CHECK_THROWS_AS(service::disable_totp(world.realm(), world.cause(), "ann"), base::Error);
  CHECK_FALSE(world.sign_in("ann", right).mfa_required);
  world.add_totp("ann");
  service::delete_user(world.realm(), world.cause(), "ann", false);
  for (const auto* table : {"totp_enrolment", "backup_code"})
    CHECK(test::number(world.db(), "SELECT COUNT(*) FROM " + std::string(table)) == 0);
}

TEST_CASE("codes of a disabled user are refused and none is used up") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.add("ann");
  const auto codes = service::generate_backup_codes(world.realm(), world.cause(), "ann", 3);
  service::disable_user(world.realm(), world.cause(), "ann", false);
  CHECK(verdict(world.code("ann", codes.codes[0].reveal_text())) == "disabled");
  CHECK(service::backup_code_status(world.realm(), "ann").left == 3);
}

TEST_CASE("users without a second factor are listed, an enrolment that waits is none") {
  SignInWorld world(GENERATE(test::each_engine()));
  for (const auto* name : {"ann", "bob", "eve"}) world.add(name);
  world.add_totp("bob");
  service::enroll_totp(world.realm(), world.cause(), {"eve", "authctl", {}});
  service::UserQuery query;
  query.without_mfa = true;
  std::vector<std::string> names;
  const auto next = service::list_users(world.realm(), query);
  while (const auto user = next()) names.push_back(user->name);
  CHECK(names == std::vector<std::string>{"ann", "eve"});
}

TEST_CASE("a password is judged by whether a second factor was confirmed") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.add("ann");
  service::PasswordRequest request;
  request.user = "ann";
  const auto set = [&] {
    request.password = base::Secret(std::string_view("Kp7#vQz2m"));  // nine characters
    service::set_password(world.realm(), world.cause(), request, {{}, test::cheap});
  };
  CHECK_THROWS_AS(set(), base::Error);
  service::enroll_totp(world.realm(), world.cause(), {"ann", "authctl", {}});
  CHECK_THROWS_AS(set(), base::Error);
  world.add_totp("ann");
  set();
}

TEST_CASE("a store that fails while a code is verified accepts nothing and uses nothing up") {
  SignInWorld world(store::Engine::sqlite);
  world.add("ann");
  const auto codes = service::generate_backup_codes(world.realm(), world.cause(), "ann", 3);
  service::CodeCheck check;
  test::fail_at_every_call(world, [&] { check = world.code("ann", codes.codes[0].reveal_text()); });
  CHECK(check.accepted());
  test::fail_at_every_call(world, [&] { check = world.code("ann", codes.codes[0].reveal_text()); });
  CHECK(verdict(check) == "used_code");
}
