#include "core/service/import_factors.h"

#include <thread>

#include "core/service/import_record.h"
#include "core/service/user_import.h"
#include "tests/service/sign_in_world.h"

using namespace authctl;
using namespace std::chrono_literals;
using service::Factor;
using test::SignInWorld;
using test::verdict;

namespace {

constexpr const char* secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
// SHA-256 of "4f8a-c21e" and SHA-512 of "SECOND".
constexpr const char* first = "9fc60f8cb518d2a429b057e7f6fce0bf1662260c3c1ec5de2bd5965e17c06b2a";
constexpr const char* second =
    "sha512:9f6b8ecd4892a67e8a66159f200a01f05a47431e72af441936f788c5709937edf230e77de6c8e2c664846cc1db8f247a"
    "cca10ad922a558c6e6ff627ad80cee7d";

class TextSource final : public base::ByteSource {
 public:
  explicit TextSource(std::string text) : text_(std::move(text)) {}
  std::size_t read(std::span<char> out) override {
    const auto count = text_.copy(out.data(), out.size(), at_);
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

struct ImportWorld : SignInWorld {
  explicit ImportWorld(store::Engine engine) : SignInWorld(engine) {
    policy.lockout = {1'000'000, 0s, 0s};
    third = crypto::hash_password(base::Secret("third-code"), test::cheap, random());
  }
  service::ImportReport import(const std::string& text) {
    service::ImportRequest request;
    request.open = [&] { return std::make_unique<TextSource>(text); };
    return service::import_users(realm(), cause(), request);
  }
  service::ImportReport import_ann(const std::string& totp = secret, const std::string& rest = "") {
    return import(R"({"name":"ann","password_hash":")" +
                  crypto::hash_password(base::Secret(test::right), test::cheap, random()) +
                  R"(","totp_secret":")" + totp + R"(","backup_codes":[")" + first + R"(",")" + second +
                  R"(",")" + third + "\"]" + rest + "}\n");
  }
  std::string third;  // a password hash of "third-code"
};

std::optional<service::ImportProblem> problem_of(const std::string& record) {
  service::ImportRecordReader reader(service::ImportFormat::json_lines);
  service::ImportedUser user;
  std::optional<service::ImportProblem> problem;
  reader.read(record, user, problem);
  return problem;
}

}  // namespace

TEST_CASE("the TOTP secret of an imported user verifies, and its sign-in asks for it") {
  ImportWorld world(GENERATE(test::each_engine()));
  const auto report = world.import_ann();
  CHECK(report.imported == 1);
  CHECK(report.with_totp == 1);
  CHECK(report.backup_codes == 3);
  CHECK(world.sign_in("ann", test::right).mfa_required);
  const auto code = credential::totp_code(credential::parse_totp_secret(secret), {}, world.clock().now());
  CHECK(verdict(world.code("ann", code)) == "allowed");
  CHECK(verdict(world.code("ann", code)) == "used_code");
  CHECK(service::totp_status(world.realm(), "ann").confirmed);
  const auto shown = service::show_user(world.realm(), "ann");
  CHECK(shown.totp);
  CHECK(shown.backup_codes_left == 3);
}

TEST_CASE("an otpauth URI carries digits, period and algorithm; columns do so for a bare secret") {
  ImportWorld world(GENERATE(test::each_engine()));
  const bool as_uri = GENERATE(true, false);
  if (as_uri)
    world.import_ann(std::string("otpauth://totp/Shop:ann?secret=") + secret +
                     "&issuer=Shop&algorithm=SHA256&digits=8&period=60");
  else
    world.import_ann(secret, R"(,"totp_digits":8,"totp_period":60,"totp_algorithm":"sha256")");
  const credential::TotpSettings settings{crypto::MacHash::sha256, 8, 60s};
  const auto code =
      credential::totp_code(credential::parse_totp_secret(secret), settings, world.clock().now());
  CHECK(verdict(world.code("ann", code)) == "allowed");
  CHECK(service::totp_status(world.realm(), "ann").issuer ==
        (as_uri ? std::optional<std::string>("Shop") : std::nullopt));
}

TEST_CASE("each backup code of an imported user works once, digested or hashed") {
  ImportWorld world(GENERATE(test::each_engine()));
  world.import_ann();
  CHECK(verdict(world.code("ann", "4f8a-c21f")) == "wrong_code");
  const auto used = world.code("ann", " 4F8A-C21E");
  CHECK(verdict(used) == "allowed");
  CHECK(used.factor == Factor::backup_code);
  CHECK(used.backup_codes_left == 2);
  CHECK(verdict(world.code("ann", "4f8a-c21e")) == "used_code");
  CHECK(verdict(world.code("ann", "sec ond")) == "allowed");
  CHECK(verdict(world.code("ann", "Third-Code")) == "wrong_code");
  CHECK(verdict(world.code("ann", "third-code")) == "allowed");
  CHECK(verdict(world.code("ann", "third-code")) == "used_code");
  CHECK(world.code("ann", "123456").factor == Factor::totp);
  CHECK(service::backup_code_status(world.realm(), "ann").left == 0);
}

TEST_CASE("of an imported backup code used many times at once one use is right") {
  ImportWorld world(GENERATE(test::each_engine()));
  world.import_ann();
  const auto other = world.another();
  for (const std::string typed : {"4f8a-c21e", "third-code"}) {
    std::atomic<int> right{0};
    std::vector<std::thread> users;
    for (int i = 0; i < 8; ++i)
      users.emplace_back([&, i] {
        if (world.code(i % 2 ? *other : world.realm(), "ann", typed).accepted()) ++right;
      });
    for (auto& user : users) user.join();
    CHECK(right == 1);
  }
}

TEST_CASE("a locked account's imported code is refused however right it is") {
  ImportWorld world(store::Engine::sqlite);
  world.import_ann();
  world.policy.lockout = {1, 60s, 60s};
  CHECK(verdict(world.code("ann", "wrong")) == "wrong_code");
  CHECK(verdict(world.code("ann", "third-code")) == "locked");
  CHECK(service::backup_code_status(world.realm(), "ann").left == 3);
}

TEST_CASE("new backup codes of ours end the imported ones") {
  ImportWorld world(store::Engine::sqlite);
  world.import_ann();
  const auto made = service::generate_backup_codes(world.realm(), world.cause(), "ann", 2);
  CHECK(made.ended == 3);
  CHECK(verdict(world.code("ann", "third-code", test::home, Factor::backup_code)) == "wrong_code");
  CHECK(verdict(world.code("ann", made.codes.front().reveal_text())) == "allowed");
}

TEST_CASE("no TOTP secret of an import stands in the store in the clear") {
  ImportWorld world(store::Engine::sqlite);
  world.import_ann();
  const auto everything = test::dump(world.db());
  const auto bytes = credential::parse_totp_secret(secret);
  CHECK(everything.find(secret) == std::string::npos);
  CHECK(everything.find(std::string(bytes.reveal_text())) == std::string::npos);
  CHECK(everything.find(base::encode_hex(bytes.reveal())) == std::string::npos);
  CHECK(everything.find(first) == std::string::npos);
}

TEST_CASE(
    "factors that no sign-in could verify keep a file out, weak ones do not, and no message shows any") {
  const struct {
    std::string members;
    service::ImportFault fault;
  } cases[] = {
      {R"("totp":"not base32!")", service::ImportFault::invalid},
      {R"("totp":"JBSWY3DP")", service::ImportFault::invalid},
      {R"("totp":"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP","totp_digits":5)", service::ImportFault::invalid},
      {R"("totp":"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP","totp_period":"1m")", service::ImportFault::invalid},
      {R"("totp":"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP","totp_algorithm":"MD5")", service::ImportFault::invalid},
      {R"("totp":["JBSWY3DPEHPK3PXP"])", service::ImportFault::invalid},
      {R"("totp":"otpauth://hotp/a?secret=JBSWY3DPEHPK3PXP")", service::ImportFault::invalid},
      {R"("backup_codes":["12345678"])", service::ImportFault::unknown},
      {R"("backup_codes":[7])", service::ImportFault::invalid},
      {R"("backup_codes":"$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHQ$MDEyMzQ1Njc4OTAxMjM0NQ")",
       service::ImportFault::unknown},
      {R"("backup_codes":")" + std::string(first) + ";" + std::string(first) + "\"",
       service::ImportFault::unknown},
      {R"("totp":"JBSWY3DPEHPK3PXP")", service::ImportFault::weak},
  };
  for (const auto& one : cases) {
    INFO(one.members);
    const auto problem = problem_of(R"({"name":"ann",)" + one.members + "}");
    REQUIRE(problem);
    CHECK(problem->fault == one.fault);
    for (const char* shown : {"JBSWY3DP", "not base32", "12345678", "9fc60f8c"})
      CHECK(problem->message.find(shown) == std::string::npos);
  }
  CHECK_FALSE(problem_of(R"({"name":"ann","totp":null,"backup_codes":[]})"));
}

TEST_CASE("more backup codes than could be tried are refused") {
  std::string digests, hashes;
  for (int i = 0; i < 101; ++i) {
    auto digest = std::string(first);
    digest.replace(0, 3, std::to_string(100 + i));
    digests += digest + " ";
    hashes += "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0j" + std::to_string(1000 + i) + " ";
  }
  const auto taken = [](const std::string& texts, std::size_t of_each, std::size_t count) {
    return service::read_imported_codes(texts.substr(0, of_each * count)).count;
  };
  CHECK(taken(digests, 65, 100) == 100);
  CHECK_THROWS_AS(taken(digests, 65, 101), base::Error);
  CHECK(taken(hashes, 61, 20) == 20);
  CHECK_THROWS_AS(taken(hashes, 61, 21), base::Error);
}
