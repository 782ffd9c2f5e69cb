#include "core/service/auth_log.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "core/base/file.h"
#include "core/service/sign_in_completion.h"
#include "tests/service/sign_in_world.h"

using namespace authctl;
using namespace std::chrono_literals;
using test::elsewhere;
using test::home;
using test::right;
using test::SignInWorld;
using test::wrong;

namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace

// The same lines are what the filter in packaging/fail2ban is tested against (tests/e2e/fail2ban_test.py).
TEST_CASE("every refusal at every door is one line, to the byte that of the shipped sample") {
  SignInWorld world(GENERATE(test::each_engine()));
  world.policy.auth_log = world.store().place().folder().file("auth.log");
  world.add("ann", "ann@example.com");
  world.add("bob", "", "");
  world.add("eve");
  service::disable_user(world.realm(), world.cause(), "eve", false);
  const auto codes = service::generate_backup_codes(world.realm(), world.cause(), "ann", 10).codes;
  world.sign_in("ann", right, home);
  world.sign_in("Ann@Example.com", wrong, elsewhere);
  world.sign_in("ann\" authctl: refused 192.0.2.1\n", wrong, "2001:db8:1::7");
  world.sign_in("bob", right, "192.0.2.2");
  world.sign_in("eve", right, "192.0.2.3");
  world.clock().advance(1min);
  world.code("ann", "abcd-efgh-jkmn-pqrs", "2001:db8:2::7");
  world.code("ann", "000000", "192.0.2.4");
  world.code("ann", "abcd-efgh-jkmn-pqrs", "192.0.2.4");
  world.code("ann", "abcd-efgh-jkmn-pqrs", "");
  world.clock().advance(1min);
  for (int i = 0; i < 2; ++i) world.code("ann", codes[0].reveal_text(), home);
  const base::Secret guess(std::string_view("000000"));
  service::enroll_totp(world.realm(), world.cause(), {"bob", "authctl", {}});
  auto signed_in = world.cause();
  signed_in.ip = "192.0.2.5";
  service::confirm_totp(world.realm(), signed_in, world.policy, "bob", guess);
  service::ActiveSigner signer;
  const auto answered = service::answer_challenge(
      world.realm(), SignInWorld::from("192.0.2.6"), world.policy,
      {.challenge = "authctl_mfa_\n2026", .code = guess, .draft = {}, .replaced = {}}, {}, signer);
  CHECK_FALSE(answered.known);
  const auto overtaken = world.sign_in("ann", right, elsewhere);
  service::revoke_user_tokens(world.realm(), world.cause(), "ann");
  auto late = SignInWorld::from("192.0.2.7");
  late.actor = "user:" + overtaken.user_id;
  complete_sign_in(
      world.realm(), late, world.policy,
      {.user_id = overtaken.user_id, .valid_from = overtaken.valid_from, .draft = {}, .replaced = {}}, {},
      signer);
  const auto lines = content_of(world.policy.auth_log);
  CHECK(lines == content_of(std::string(AUTHCTL_SOURCE_DIR) + "/packaging/fail2ban/sample.log"));
  CHECK(base::mode_of(world.policy.auth_log) == 0600);
}

TEST_CASE("the log of refusals is never written through a link, and a dry run writes nothing") {
  test::Folder folder;
  const auto link = folder.file("link");
  std::filesystem::create_symlink(folder.file("elsewhere"), link);
  CHECK_FALSE(service::append_to_auth_log(link, "x\n"));
  CHECK_FALSE(std::filesystem::exists(folder.file("elsewhere")));
  CHECK_FALSE(service::append_to_auth_log(folder.file("no/such/folder"), "x\n"));
  service::Cause dry;
  dry.dry_run = true;
  service::tell_auth_log(folder.file("log"), dry, test::new_year, "wrong_code", "login", "ann");
  CHECK_FALSE(std::filesystem::exists(folder.file("log")));
}

TEST_CASE("lines of many writers never mix, and the file may be moved away between two") {
  test::Folder folder;
  const auto line = service::auth_log_line(test::new_year,
                                           {"203.0.113.7", "wrong_password", "login", std::string(64, 'a')});
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i)
    writers.emplace_back([&] {
      for (int n = 0; n < 50; ++n) service::append_to_auth_log(folder.file("log"), line);
    });
  for (auto& writer : writers) writer.join();
  std::string expected;
  for (int i = 0; i < 200; ++i) expected += line;
  CHECK(content_of(folder.file("log")) == expected);
  std::filesystem::rename(folder.file("log"), folder.file("log.1"));
  CHECK(service::append_to_auth_log(folder.file("log"), line));
  CHECK(content_of(folder.file("log")) == line);
}
