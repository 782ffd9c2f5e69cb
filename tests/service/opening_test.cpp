#include "core/service/opening.h"

#include <sys/stat.h>

#include <fstream>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/service/access.h"
#include "core/service/initialisation.h"
#include "tests/support/realms.h"

using namespace authctl;
using base::ErrorCode;

namespace {

ErrorCode code_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const base::Error& e) {
    return e.code();
  }
  FAIL("nothing was refused");
  return ErrorCode::internal;
}

// A place for a store and its master key, with nothing in it yet.
struct Site {
  explicit Site(store::Engine engine = store::Engine::sqlite) : place(engine) {}
  test::Place place;
  base::FixedClock clock{test::new_year};
  test::SeededRandom random;
  service::MasterKeySource key{place.folder().file("keys/master.key"), ""};
  service::Cause cause{"os:tester", "", "", "", false};

  service::InitReport init() { return service::initialise({place.url(), key, ""}, cause, clock, random); }
  service::Realm open() { return service::open_realm({place.url(), key}, clock, random); }
};

void write(const std::string& path, const std::string& text, mode_t mode = 0600) {
  std::ofstream(path) << text;
  REQUIRE(::chmod(path.c_str(), mode) == 0);
}

}  // namespace

TEST_CASE("init makes a store, a key and a log, and a second one changes nothing") {
  Site site(GENERATE(test::each_engine()));
  const auto first = site.init();
  CHECK(first.created);
  CHECK(first.master_key_made);
  CHECK(base::mode_of(site.key.file) == 0600);
  auto realm = site.open();
  const std::string before = test::dump(realm.db());
  const auto second = site.init();
  CHECK_FALSE(second.created);
  CHECK_FALSE(second.master_key_made);
  CHECK(test::dump(realm.db()) == before);
  CHECK(test::logged_actions(realm.db()).front() == "store.init");
}

TEST_CASE("init makes the first keys and, where asked for, somebody who may do everything") {
  Site site(GENERATE(test::each_engine()));
  const service::InitRequest request{site.place.url(), site.key, "Ann"};
  const auto report = service::initialise(request, site.cause, site.clock, site.random);
  CHECK(report.admin == "ann");
  CHECK(report.keys.size() == 2);
  auto realm = site.open();
  CHECK(service::check_permission(realm.db(), {"ann", "anything:at:all", ""}, realm.now()).decision.allowed);
  const auto again = service::initialise(request, site.cause, site.clock, site.random);
  CHECK_FALSE(again.created);
  CHECK(again.keys == report.keys);
}

TEST_CASE("init with an impossible name makes nothing") {
  Site site(GENERATE(test::each_engine()));
  CHECK(code_of([&] {
          service::initialise({site.place.url(), site.key, "a b"}, site.cause, site.clock, site.random);
        }) == ErrorCode::invalid);
  CHECK_FALSE(store::store_exists(site.place.url()));
  CHECK(base::mode_of(site.key.file) == -1);
}

TEST_CASE("a dry run of init makes nothing") {
  Site site(GENERATE(test::each_engine()));
  site.cause.dry_run = true;
  CHECK(site.init().created);
  CHECK_FALSE(store::store_exists(site.place.url()));
  CHECK(base::mode_of(site.key.file) == -1);
}

TEST_CASE("without a store the key is not looked at") {
  Site site(GENERATE(test::each_engine()));
  write(site.place.folder().file("open.key"), "whatever", 0644);
  site.key = {site.place.folder().file("open.key"), ""};
  try {
    site.open();
    FAIL("opened");
  } catch (const base::Error& error) {
    CHECK(error.code() == ErrorCode::unavailable);
    CHECK(error.hint() == "authctl init");
  }
}

TEST_CASE("a store whose master key is gone is not given another one") {
  Site site(GENERATE(test::each_engine()));
  site.init();
  std::filesystem::remove(site.key.file);
  CHECK(code_of([&] { site.open(); }) == ErrorCode::unavailable);
  CHECK(code_of([&] { site.init(); }) == ErrorCode::unavailable);
  CHECK(base::mode_of(site.key.file) == -1);
}

TEST_CASE("another store's master key opens nothing and changes nothing") {
  Site site(GENERATE(test::each_engine()));
  site.init();
  const std::string before = test::dump(*store::open_database(site.place.url(), store::OpenMode::existing));
  base::SystemRandom random;
  base::write_private_file(site.key.file, crypto::format_master_key(crypto::make_sealing_key(random)),
                           base::IfExists::replace);
  CHECK(code_of([&] { site.open(); }) == ErrorCode::unverified);
  CHECK(code_of([&] { site.init(); }) == ErrorCode::unverified);
  CHECK(test::dump(*store::open_database(site.place.url(), store::OpenMode::existing)) == before);
}

TEST_CASE("an init that ended after any of its steps is completed by the next") {
  Site site(GENERATE(test::each_engine()));
  const auto key = service::read_or_make_master_key(site.key, site.random);
  SECTION("only the master key is there") {}
  SECTION("the store has its schema") { store::open_database(site.place.url(), store::OpenMode::create); }
  SECTION("the store has its schema and a reader comes by") {
    store::open_database(site.place.url(), store::OpenMode::create);
    CHECK(code_of([&] { site.open(); }) == ErrorCode::unavailable);
  }
  CHECK(site.init().created);
  CHECK_FALSE(site.init().created);
  site.open();
}

TEST_CASE("a master key file must be a private file with a key in it") {
  test::Folder folder;
  base::SystemRandom random;
  const auto key = crypto::make_sealing_key(random);
  const std::string text = crypto::format_master_key(key);
  const std::string path = folder.file("key");
  const auto read = [&] { return service::read_master_key({path, ""}); };

  CHECK(code_of(read) == ErrorCode::unavailable);
  for (const std::string& content : {text, text + "\n", text + "\r\n"}) {
    write(path, content);
    CHECK(read() == key);
  }
  for (const std::string& content :
       {std::string(), text + "\n\n", " " + text, text.substr(1), std::string(5000, 'a')}) {
    write(path, content);
    CHECK(code_of(read) == ErrorCode::unavailable);
  }
  for (const mode_t mode : {0640u, 0604u, 0644u, 0620u}) {
    write(path, text, mode);
    CHECK(code_of(read) == ErrorCode::unavailable);
  }
  CHECK(code_of([&] { service::read_master_key({folder.path().string(), ""}); }) == ErrorCode::unavailable);
}

TEST_CASE("a master key may come from a program, and a program that fails is not replaced by the file") {
  Site site;
  site.init();
  const auto with = [&](const std::string& command) {
    return service::MasterKeySource{site.key.file, command};
  };
  const auto key = service::read_master_key(site.key);
  CHECK(service::read_master_key(with("cat '" + site.key.file + "'")) == key);
  for (const char* command :
       {"false", "true", "/no/such/program", "cat /dev/zero", "cat 'unclosed", "  ", "kill -9 0x"}) {
    INFO(command);
    const auto code = code_of([&] { service::read_master_key(with(command)); });
    CHECK((code == ErrorCode::unavailable || code == ErrorCode::invalid));
  }
}

TEST_CASE("a command line is split at blanks, quotes group, and nothing is expanded") {
  using Words = std::vector<std::string>;
  CHECK(service::split_command("vault  kv get") == Words{"vault", "kv", "get"});
  CHECK(service::split_command("a 'b c' \"d \\\" e\" f\\ g ''") == Words{"a", "b c", "d \" e", "f g", ""});
  CHECK(service::split_command("echo $HOME `id` ; ls > x") ==
        Words{"echo", "$HOME", "`id`", ";", "ls", ">", "x"});
  CHECK(code_of([] { service::split_command("a 'b"); }) == ErrorCode::invalid);
}
