#include "core/service/backup_codes.h"

#include <algorithm>
#include <thread>

#include "core/base/error.h"
#include "core/base/text.h"
#include "tests/service/key_world.h"
#include "tests/service/sign_in_world.h"
#include "tests/support/vectors.h"

using namespace authctl;
using test::SignInWorld;
using test::verdict;

namespace {

// Plays the steps of the vectors' scenarios: C1 is the first code of the set, OLD1 that of the set before.
struct BackupCodePlay {
  SignInWorld& world;
  service::Realm& other;
  std::vector<std::string> codes = make(), old = {};
  int checks = 0;

  std::vector<std::string> make() {
    if (!store::find_user(world.db(), "ann")) world.add("ann");
    std::vector<std::string> made;
    for (const auto& code : service::generate_backup_codes(world.realm(), world.cause(), "ann", 10).codes)
      made.emplace_back(code.reveal_text());
    return made;
  }

  std::string code(std::string_view word) const {
    if (word == "OLD1") return old.at(0);
    auto text = codes.at(0);
    if (word.starts_with("lower(")) return base::fold_ascii(text);
    REQUIRE(word == "C1");
    std::ranges::transform(text, text.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : c; });
    return text;
  }

  void expect(std::string_view typed, std::string_view answer) {
    const bool accepted = world.code("ann", typed).accepted();
    CHECK(accepted == (answer == "accept"));
    CHECK((answer == "accept" || answer == "reject"));
    ++checks;
  }

  // Of uses at once, in two processes.
  int successes(int each, const std::string& typed) {
    std::atomic<int> accepted{0};
    std::vector<std::thread> users;
    for (int i = 0; i < 2 * each; ++i)
      users.emplace_back([&, i] {
        if (world.code(i % 2 ? other : world.realm(), "ann", typed).accepted()) ++accepted;
      });
    for (auto& user : users) user.join();
    return accepted;
  }

  void step(const base::json::array& parts) {
    const std::string_view verb(parts[0].as_string());
    if (verb == "use") {
      expect(code(parts[1].as_string()), parts[2].as_string());
    } else if (verb == "use-all") {
      for (const auto& one : codes) expect(one, parts[1].as_string());
    } else if (verb == "regenerate") {
      old = std::exchange(codes, make());
    } else if (verb == "parallel") {
      REQUIRE(parts[3].as_string() == "exactly-one-accept");
      const auto typed = code(parts[2].as_string());
      const auto each = static_cast<int>(parts[1].as_int64() / 2);
      CHECK(successes(each, typed) == 1);
      ++checks;
    } else if (verb == "use-wrong") {
      for (int i = 0; i < parts[1].as_int64(); ++i) world.code("ann", "aaaa-bbbb-cccc-dddd");
    } else {
      REQUIRE(verb == "assert");
      CHECK(verdict(world.code("ann", codes[0])) == "locked");
      ++checks;
    }
  }
};

}  // namespace

TEST_CASE("backup codes are used, raced, made anew and guessed at as the scenarios have it") {
  const auto engine = GENERATE(test::each_engine());
  const auto scenarios = tests::read_json_file(tests::made_vector("otp/backup-code-scenarios.json"));
  for (const auto& value : scenarios.as_array()) {
    const auto& scenario = value.as_object();
    INFO(scenario.at("name").as_string());
    SignInWorld world(engine);
    const auto other = world.another();
    BackupCodePlay play{world, *other};
    for (const auto& step : scenario.at("steps").as_array()) play.step(step.as_array());
    CHECK(play.checks > 0);
  }
  CHECK(scenarios.as_array().size() >= 7);
}

TEST_CASE("a set of backup codes that nobody could be handed leaves the one before") {
  SignInWorld world(store::Engine::sqlite);
  world.add("ann");
  const auto before = service::generate_backup_codes(world.realm(), world.cause(), "ann", 2);
  const auto lost = [](const service::BackupCodes& codes) {
    CHECK(codes.codes.size() == 3);
    throw base::Error{base::ErrorCode::io, "the disk is full"};
  };
  CHECK(test::code_of([&] {
          service::generate_backup_codes(world.realm(), world.cause(), "ann", 3, lost);
        }) == base::ErrorCode::io);
  CHECK(service::backup_code_status(world.realm(), "ann").left == 2);
  CHECK(verdict(world.code("ann", before.codes[0].reveal_text())) == "allowed");
  bool handed = false;
  service::generate_backup_codes(world.realm(), world.dry_run(), "ann", 3,
                                 [&](const service::BackupCodes&) { handed = true; });
  CHECK_FALSE(handed);
}
