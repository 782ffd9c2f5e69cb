#include "core/service/user_import.h"

#include <set>

#include "core/base/error.h"
#include "core/service/accounts.h"
#include "core/service/import_record.h"
#include "core/store/user_import.h"
#include "tests/support/realms.h"
#include "tests/support/vectors.h"

using namespace authctl;
using service::ImportFault;
using service::ImportReport;
using namespace std::chrono_literals;

namespace {

const service::PasswordPolicy policy{{}, {64, 1, 1}};
constexpr const char* bcrypt_hash = "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW";

class TextSource final : public base::ByteSource {
 public:
  explicit TextSource(const std::string& text) : text_(text) {}
  std::size_t read(std::span<char> out) override {
    const auto count = text_.copy(out.data(), out.size(), at_);
    at_ += count;
    return count;
  }

 private:
  const std::string& text_;
  std::size_t at_ = 0;
};

service::ImportRequest request_for(const std::string& text, unsigned jobs = 1) {
  service::ImportRequest request;
  request.name = "users.csv";
  request.open = [&text] { return std::make_unique<TextSource>(text); };
  request.jobs = jobs;
  return request;
}

ImportReport import(test::TestRealm& test, const std::string& text, unsigned jobs = 1) {
  return service::import_users(test.realm(), test.cause(), request_for(text, jobs));
}

std::vector<std::string> listed(service::Realm& realm, const service::UserQuery& query = {}) {
  std::vector<std::string> names;
  const auto next = service::list_users(realm, query);
  while (const auto user = next()) names.push_back(user->name);
  return names;
}

std::int64_t rows(test::TestRealm& test, const std::string& table) {
  return test::number(test.db(), "SELECT COUNT(*) FROM " + table);
}

void create(test::TestRealm& test, const std::string& name, const std::string& email = "") {
  service::UserDraft draft;
  draft.name = name;
  draft.email = email;
  service::create_user(test.realm(), test.cause(), std::move(draft), policy);
}

base::ErrorCode refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const base::Error& error) {
    return error.code();
  }
  FAIL("it was not refused");
  return base::ErrorCode::internal;
}

std::string many_users(int count) {
  std::string text = "name,email,password_hash\n";
  for (int i = 0; i < count; ++i) {
    const auto name = "user" + std::to_string((i * 7919) % count);
    text += name + "," + name + "@Example.com," + bcrypt_hash + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("an import carries names, addresses, status and hashes as they are, with one entry in the log") {
  test::TestRealm test(GENERATE(test::each_engine()));
  const std::string text =
      "name,email,password_hash,status,must_change\n"
      "Ann,Ann@Example.com," +
      std::string(bcrypt_hash) +
      ",,true\n"
      "\"o'brien\",,,disabled,\n";
  const auto report = import(test, text);
  CHECK(report.imported == 2);
  CHECK(report.without_password == 1);
  CHECK(report.schemes.at("bcrypt").users == 1);
  const auto ann = service::show_user(test.realm(), "ANN@example.com");
  CHECK(ann.name == "ann");
  CHECK(ann.email == "Ann@Example.com");
  CHECK(ann.password_scheme == "bcrypt");
  CHECK(ann.password_hash == bcrypt_hash);
  CHECK(ann.password_must_change);
  const auto brien = service::show_user(test.realm(), "o'brien");
  CHECK(brien.status == store::UserStatus::disabled);
  CHECK_FALSE(brien.password_scheme);
  CHECK(test::logged_actions(test.db()) == std::vector<std::string>{"user.import"});
  CHECK(rows(test, "user_import") == 0);
  service::UserQuery bcrypt;
  bcrypt.scheme = "bcrypt";
  CHECK(listed(test.realm(), bcrypt) == std::vector<std::string>{"ann"});
}

TEST_CASE("JSON lines are read as CSV is, with a manifest's spelling of a hash") {
  test::TestRealm test;
  const std::string text = "\n{\"username\":\"ann\",\"password\":{\"hash\":\"" + std::string(bcrypt_hash) +
                           "\"},\"disabled\":true,\"shoe_size\":44}\r\n";
  const auto report = import(test, text, 2);
  CHECK(report.imported == 1);
  CHECK(report.ignored == std::vector<std::string>{"shoe_size"});
  CHECK(service::show_user(test.realm(), "ann").status == store::UserStatus::disabled);
}

TEST_CASE("a file with one bad record imports nobody, and the report names every such line") {
  test::TestRealm test(GENERATE(test::each_engine()));
  create(test, "taken", "taken@example.com");
  const auto before = test::dump(test.db());
  const std::string text =
      "name,email,password_hash\n"
      "good,,\n"
      "TAKEN,,\n"
      "other,Taken@example.com,\n"
      "twice,,\n"
      "x,twice@example.com,\n"
      "Twice,,\n"
      "twice@example.com,,\n"
      "md5,,5f4dcc3b5aa765d61d8327deb882cf99\n"
      "bomb,,$argon2id$v=19$m=4294967295\n"
      "bad name,,\n"
      "short\n"
      "q\"uote,,\n";
  const auto report = import(test, text, GENERATE(1U, 3U));
  CHECK(report.imported == 0);
  const auto lines = [&](ImportFault fault) {
    std::vector<std::uint64_t> found;
    for (const auto& finding : report.of(fault).first) found.push_back(finding.line);
    return found;
  };
  CHECK(lines(ImportFault::clashing) == std::vector<std::uint64_t>{3, 4, 7, 8});
  CHECK(lines(ImportFault::unknown) == std::vector<std::uint64_t>{9, 10});
  CHECK(lines(ImportFault::invalid) == std::vector<std::uint64_t>{11, 12, 13});
  CHECK(report.of(ImportFault::clashing).first[2].name == "twice");
  CHECK(report.refused() == 9);
  CHECK(test::dump(test.db()) == before);
}

TEST_CASE("a dry run of an import writes nothing") {
  test::TestRealm test(GENERATE(test::each_engine()));
  const std::string text = "name\nann\n";
  const auto before = test::dump(test.db());
  const auto report = service::import_users(test.realm(), test.dry_run(), request_for(text));
  CHECK(report.users == 1);
  CHECK(report.imported == 0);
  CHECK(test::dump(test.db()) == before);
}

TEST_CASE(
    "names that differ by case, width, blanks or control characters make no second account in an import") {
  for (const std::string name : {"ann ", " ann", "a\tnn", "ann\xe2\x80\x8b", "\xef\xbc\xa1nn", "an\xc3\xb1",
                                 "\x01nn", "", "-ann", "ann\x7f"}) {
    service::ImportRecordReader reader(service::ImportFormat::csv, service::read_import_header("name,email"));
    service::ImportedUser user;
    std::optional<service::ImportProblem> problem;
    INFO(name);
    CHECK(reader.read("\"" + name + "\",x@example.com", user, problem) ==
          service::ImportRecordReader::Result::refused);
    REQUIRE(problem);
    CHECK(problem->fault == ImportFault::invalid);
  }
}

TEST_CASE("users of an import that fails at any call are seen by nobody, and the next run has them all") {
  test::TestRealm test(GENERATE(test::each_engine()));
  create(test, "before");
  const auto text = many_users(150);
  int failures = 0;
  for (std::int64_t n = 1;; ++n) {
    REQUIRE(n < 500);
    test.failing().fail_at(n);
    try {
      import(test, text);
      break;
    } catch (const base::Error& error) {
      CHECK(error.code() == base::ErrorCode::unavailable);
    }
    ++failures;
    test.failing().fail_at(0);
    CHECK(listed(test.realm()) == std::vector<std::string>{"before"});
    CHECK(store::count_users(test.db()) == 1);
    CHECK_FALSE(store::find_user(test.db(), "user1"));
    CHECK_FALSE(store::find_user(test.db(), "user1@example.com"));
    CHECK(test::logged_actions(test.db()).size() == 1);
    test.clock().advance(2min);  // what this process left counts as dead
  }
  test.failing().fail_at(0);
  CHECK(failures > 10);
  CHECK(store::count_users(test.db()) == 151);
  CHECK(rows(test, "user_account") == 151);
  CHECK(rows(test, "user_identifier") == 301);
  CHECK(rows(test, "user_import") == 0);
}

TEST_CASE("an unfinished import keeps a name from nobody once it is dead") {
  test::TestRealm test(GENERATE(test::each_engine()));
  const std::string prefix = "019b74c5-0000-7abc";
  store::insert_import(test.db(), {prefix, "elsewhere", test.clock().now(), false});
  const auto id = store::imported_user_id(prefix, 1, 0), other = store::imported_user_id(prefix, 2, 0);
  const store::StagedAccount accounts[] = {{id, "ann", "Ann@example.com", "", ""},
                                           {other, "early", "", "", ""}};
  const store::StagedIdentifier identifiers[] = {{"ann", id, "name"}, {"ann@example.com", id, "email"}};
  REQUIRE(store::insert_staged(test.db(), accounts, test.clock().now()));
  REQUIRE(store::insert_staged(test.db(), identifiers));
  CHECK(refusal([&] { create(test, "ann"); }) == base::ErrorCode::conflict);
  CHECK(refusal([&] { import(test, "name\nzoe\n"); }) == base::ErrorCode::conflict);
  test.clock().advance(2min);
  create(test, "early");
  create(test, "bob", "ANN@example.com");
  CHECK(store::find_user(test.db(), "ann@example.com")->name == "bob");
  CHECK_FALSE(store::publish_import(test.db(), prefix));
  CHECK(import(test, "name\nann\n").imported == 1);
  CHECK(rows(test, "user_import") == 0);
  CHECK(rows(test, "user_account") == 3);
}

TEST_CASE("an import whose place was taken publishes nothing") {
  test::TestRealm test(GENERATE(test::each_engine()));
  const auto text = many_users(100);
  auto request = request_for(text);
  const auto other = test.another();
  bool taken = false;
  request.progress = [&](std::string_view what, std::uint64_t, std::uint64_t) {
    if (what != "importing" || taken) return;
    taken = true;
  };
  request.interrupted = [&] {
    if (taken) store::abandon_import(test.db(), store::list_imports(test.db()).at(0).id_prefix);
    return false;
  };
  CHECK(refusal([&] { service::import_users(test.realm(), test.cause(), request); }) ==
        base::ErrorCode::conflict);
  CHECK(listed(test.realm()).empty());
  CHECK(rows(test, "user_account") == 0);
}

TEST_CASE("an import that is interrupted while it stages leaves nothing") {
  test::TestRealm test(GENERATE(test::each_engine()));
  const auto text = many_users(100);
  auto request = request_for(text);
  bool stop = false;
  request.progress = [&](std::string_view what, std::uint64_t, std::uint64_t) { stop = what == "importing"; };
  request.interrupted = [&] { return stop; };
  const auto before = test::dump(test.db());
  CHECK(refusal([&] { service::import_users(test.realm(), test.cause(), request); }) ==
        base::ErrorCode::interrupted);
  CHECK(test::dump(test.db()) == before);
}

TEST_CASE("a file that changes while it is read is imported in neither of its forms") {
  test::TestRealm test;
  const std::string first = "name\nann\n", second = "name\nbob\n";
  int opened = 0;
  service::ImportRequest request;
  request.format = service::ImportFormat::csv;
  request.open = [&] { return std::make_unique<TextSource>(++opened == 1 ? first : second); };
  CHECK(refusal([&] { service::import_users(test.realm(), test.cause(), request); }) ==
        base::ErrorCode::invalid);
  CHECK(rows(test, "user_account") == 0);
}

TEST_CASE("every hash of the vectors that a sign-in could verify is imported, every other one is reported") {
  const auto cases = tests::read_json_file(tests::made_vector("password-hashes/cases.json"));
  std::set<std::string> schemes;
  for (const auto& value : cases.as_array()) {
    const auto& entry = value.as_object();
    const std::string expect(entry.at("expect").as_string());
    const base::json::object record{{"name", "ann"}, {"password_hash", entry.at("hash")}};
    service::ImportRecordReader reader(service::ImportFormat::json_lines);
    service::ImportedUser user;
    std::optional<service::ImportProblem> problem;
    INFO(entry.at("category").as_string() << "/" << entry.at("name").as_string());
    const auto result = reader.read(base::json::serialize(record), user, problem);
    const bool taken = result == service::ImportRecordReader::Result::user && !user.hash.empty();
    if (taken) schemes.insert(std::string(crypto::word_of(user.scheme)));
    if (expect == "match" || expect == "no-match") CHECK(taken);
    if (expect == "error" || expect == "error-fast")
      CHECK((!taken || entry.at("name").as_string() == "sha512-crypt"));
  }
  CHECK(schemes.size() >= 8);
}
