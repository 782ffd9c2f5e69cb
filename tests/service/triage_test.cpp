#include "core/service/triage.h"

#include <random>
#include <set>

#include "core/base/json.h"
#include "core/service/backup_codes.h"
#include "core/service/clients.h"
#include "core/service/one_time_secret.h"
#include "core/service/password_reset.h"
#include "core/service/sign_in_completion.h"
#include "core/store/one_time_repository.h"
#include "core/token/fernet.h"
#include "tests/service/session_world.h"

namespace authctl::service {
namespace {
using namespace std::chrono_literals;
using credential::LeakForm;
using test::text;

class Bytes final : public base::ByteSource {
 public:
  explicit Bytes(std::string_view bytes) : left_(bytes) {}
  std::size_t read(std::span<char> out) override {
    const auto count = left_.copy(out.data(), out.size());
    left_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view left_;
};

class LeakWorld : public test::SessionWorld {
 public:
  explicit LeakWorld(store::Engine engine) : SessionWorld(engine) {
    fernet_kid = generate("", store::KeyUse::fernet).row.kid;
  }
  std::string fernet_kid;

  TriageReport look(std::string_view dump) {
    Bytes source(dump);
    return triage(realm(), source, {.idle = rules.idle});
  }
  // "works", "works not: WORD" or "unknown: WORD" of the only secret in the dump.
  std::string verdict(std::string_view dump) {
    const auto report = look(dump);
    if (report.findings.size() != 1) return std::to_string(report.findings.size()) + " found";
    const auto& finding = report.findings[0];
    return !finding.works   ? "unknown: " + finding.reason
           : *finding.works ? "works"
                            : "works not: " + finding.reason;
  }
  TriageReport end(std::string_view dump) {
    auto report = look(dump);
    revoke_leaks(realm(), cause(), report);
    return report;
  }
  std::string encrypted(std::string_view payload = "payload") {
    auto keys = fernet_keys(realm());
    std::string token;
    base::Bytes iv(token::fernet_iv_size);
    random().fill(iv);
    keys.ring.encrypt(base::bytes_of(payload),
                      static_cast<std::uint64_t>(base::to_unix_seconds(clock().now())), iv, token);
    return token;
  }
  struct Client {
    std::string id, secret;
  };
  Client client(const std::string& name) {
    auto outcome = create_client(
        realm(), cause(), {name, {.grants = {"client_credentials"}, .redirect_uris = {}, .scopes = {}}},
        [](const base::Secret&) {});
    return {outcome.client.id, text(*outcome.secret)};
  }
  std::string reset() {
    return text(change(realm(), cause(), [&](Change& c) {
      return issue_reset(c, store::get_user(c.db(), "ann"), "forgotten");
    }));
  }
  std::string challenge() {
    const auto secret = make_one_time_secret(challenge_prefix, random());
    change(realm(), cause(), [&](Change& c) {
      store::OneTimeRepository(c.db()).insert_challenge(
          *hash_one_time_secret(secret.reveal_text()),
          {user_id, Door::cookie, false, c.now(), c.now() + challenge_lifetime});
    });
    return text(secret);
  }
};

}  // namespace

TEST_CASE("a leaked token works exactly as long as it would be accepted, whoever it is for") {
  LeakWorld world(GENERATE(test::each_engine()));
  const auto token = world.issue();
  CHECK(world.verdict(token) == "works");
  const auto report = world.look("GET / Bearer " + token + "\n" + token + "\n" + token + token + "\n");
  REQUIRE(report.findings.size() == 1);
  const auto& finding = report.findings[0];
  CHECK(finding.user == "ann");
  CHECK(finding.kid == world.first);
  CHECK(finding.issued_at == world.clock().now());
  CHECK(finding.expires_at == world.clock().now() + 15min);
  CHECK(finding.count == 4);
  REQUIRE(finding.places.size() == 3);
  CHECK(finding.places[0].offset == 13);
  CHECK(finding.places[1].line == 2);
  CHECK(finding.places[0].form == LeakForm::plain);
  const auto json = base::json::serialize(leak_json(finding)) + draw_triage(report);
  CHECK(json.find(token.substr(0, 40)) == std::string::npos);
  CHECK(json.find(token.substr(token.size() - 40)) == std::string::npos);

  auto wrong = token;
  wrong[wrong.size() - 3] = wrong[wrong.size() - 3] == 'A' ? 'B' : 'A';
  CHECK(world.verdict(wrong) == "works not: bad_signature");
  LeakWorld elsewhere(store::Engine::sqlite);
  elsewhere.generate();
  elsewhere.rotate();
  CHECK(world.verdict(elsewhere.issue()) == "works not: unknown_key");
  auto request = world.request();
  request.type = "refresh";
  request.audiences = {"somebody else"};
  const auto other = issue_token(world.realm(), world.cause(), request).token;
  CHECK(world.verdict(other) == "works");
  world.clock().advance(15min);
  CHECK(world.verdict(token) == "works not: expired");
  const auto revoked = world.issue();
  revoke_token(world.realm(), world.cause(), revoked);
  CHECK(world.verdict(revoked) == "works not: revoked");
  const auto under_old = world.issue();
  world.rotate(Rotation::emergency);
  CHECK(world.verdict(under_old) == "works not: revoked_key");
}

TEST_CASE("a flood of what does not work, or of ciphertext, hides nothing that can be ended") {
  LeakWorld world(store::Engine::sqlite);
  std::string dump;
  for (int i = 0; i < 8; ++i) {
    dump += "authctl_rt_" + std::string(42, 'x') + std::to_string(i) + "\n";
    dump += world.encrypted(std::to_string(i)) + "\n";
  }
  for (int i = 0; i < 6; ++i) dump += world.issue() + "\n";
  TriageRequest request;
  request.most_of_each = 5;
  const auto look = [&] {
    Bytes source(dump);
    return triage(world.realm(), source, request);
  };
  auto report = look();
  CHECK(report.findings.size() == 15);
  CHECK(report.untold == 3);
  CHECK(report.untold_living == 4);
  CHECK(report.notices.size() == 2);
  CHECK(draw_triage(report).ends_with("22 found, 14 still work\n"));
  const auto living_tokens = [](const TriageReport& seen) {
    return std::ranges::count_if(seen.findings,
                                 [](const auto& f) { return f.kind == LeakKind::jwt && f.lives(); });
  };
  CHECK(living_tokens(report) == 5);
  revoke_leaks(world.realm(), world.cause(), report);
  report = look();
  CHECK(living_tokens(report) == 1);
  revoke_leaks(world.realm(), world.cause(), report);
  CHECK(living_tokens(look()) == 0);
}

TEST_CASE("each kind of leaked secret is judged by the store") {
  LeakWorld world(GENERATE(test::each_engine()));
  auto session = world.sign_in();
  CHECK(world.verdict(text(session.refresh)) == "works");
  const auto spent = text(session.refresh);
  const auto next = text(world.refresh(session.refresh).tokens->refresh);
  CHECK(world.verdict(spent) == "works not: used");
  CHECK(world.verdict(next) == "works");
  CHECK(world.verdict("authctl_rt_" + std::string(43, 'A')) == "works not: unknown");

  const auto shop = world.client("shop");
  CHECK(world.verdict(shop.secret) == "works");
  CHECK(world.look(shop.secret).findings[0].client == "shop");
  disable_client(world.realm(), world.cause(), shop.id);
  CHECK(world.verdict(shop.secret) == "works not: client_disabled");
  auto altered = shop.secret;
  altered.back() = altered.back() == '0' ? '1' : '0';
  CHECK(world.verdict(altered) == "0 found");

  const auto reset = world.reset(), challenge = world.challenge();
  CHECK(world.verdict(reset) == "works");
  CHECK(world.verdict(challenge) == "works");
  CHECK(world.look(reset).findings[0].user == "ann");

  const auto secret = world.encrypted();
  CHECK(world.verdict(secret) == "works");
  CHECK(world.look(secret).findings[0].kid == world.fernet_kid);
  CHECK(world.verdict(secret.substr(0, secret.find('=')) + "\nx") == "works");
  token::FernetRing other;
  other.add(token::make_fernet_key(world.random()), "other");
  std::string foreign;
  other.encrypt(base::bytes_of("x"), 1767225600, base::Bytes(16), foreign);
  CHECK(world.verdict(foreign) == "works not: unknown_key");
  world.rotate(Rotation::emergency, {}, store::KeyUse::fernet);
  CHECK(world.verdict(secret) == "works not: revoked_key");

  world.clock().advance(31min);
  CHECK(world.verdict(reset) == "works not: expired");
  CHECK(world.verdict(challenge) == "works not: expired");
  CHECK(world.verdict(next) == "works not: idle");
}

TEST_CASE("leaked keys are told by what they are, in whatever form") {
  LeakWorld world(GENERATE(test::each_engine()));
  const auto exported = [&](const std::string& kid, KeyFormat format) {
    return text(export_keys(world.realm(), world.cause(), {kid, format, true}).text);
  };
  const auto hmac = world.generate("HS256").row.kid, rsa = world.generate("RS256").row.kid;
  for (const auto& kid : {world.first, hmac, rsa}) {
    const auto jwk = exported(kid, KeyFormat::jwk);
    INFO(kid);
    CHECK(world.verdict(jwk) == "works");
    CHECK(world.verdict("[" + jwk + "," + jwk + "]") == "works");
    CHECK(world.verdict(base::json::serialize(base::json::string(jwk))) == "works");
    CHECK(world.verdict("x" + base::encode_base64(base::bytes_of("see: " + jwk))) == "works");
    CHECK(world.look(jwk).findings[0].kid == kid);
    if (kid == hmac) continue;
    const auto pem = exported(kid, KeyFormat::pem);
    CHECK(world.verdict("key:\n" + pem + "end") == "works");
    CHECK(world.verdict(base::json::serialize(base::json::string(pem))) == "works");
    CHECK(world.verdict(base::encode_base64(base::bytes_of("  " + pem))) == "works");
    auto flat = pem;
    std::replace(flat.begin(), flat.end(), '\n', ' ');
    CHECK(world.verdict(flat) == "works");
  }
  const auto key = exported(world.fernet_kid, KeyFormat::fernet);
  CHECK(world.verdict("FERNET_KEY=" + key) == "works");
  CHECK(world.verdict("FERNET_KEY=" + std::string(43, 'A') + "=") == "0 found");
  CHECK(world.verdict("  key: " + base::encode_base64(base::bytes_of(key + "\n"))) == "works");
  const auto jwk = exported(world.first, KeyFormat::jwk);
  world.rotate(Rotation::emergency);
  CHECK(world.verdict(jwk) == "works not: revoked_key");
  CHECK(world.verdict(
            "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----") ==
        "unknown: unreadable");
}

TEST_CASE("what still works is ended once, by those who own it, with entries") {
  LeakWorld world(GENERATE(test::each_engine()));
  const auto access = world.issue(), bystander = world.issue();
  auto session = world.sign_in();
  const auto shop = world.client("shop");
  const auto reset = world.reset(), challenge = world.challenge(), secret = world.encrypted();
  const auto dump =
      access + "\n" + text(session.refresh) + "\n" + shop.secret + "\n" + reset + "\n" + challenge + "\n";
  REQUIRE(world.look(dump).living() == 5);

  const auto before = test::dump(world.db());
  auto dry = world.look(dump);
  revoke_leaks(world.realm(), world.dry_run(), dry);
  CHECK(dry.living() == 0);
  CHECK(test::dump(world.db()) == before);

  const auto report = world.end(dump + secret);
  CHECK(report.living() == 1);  // only its key ends it
  CHECK(report.findings[2].hint == "authctl client rotate-secret " + shop.id);
  CHECK(report.findings[5].hint == "authctl key rotate --use fernet --emergency");
  CHECK(world.verify(access) == "revoked");
  CHECK(world.verify(bystander) == "valid");
  CHECK(world.verify_access(session) == "revoked");
  CHECK(world.try_refresh(session.refresh) == "ended");
  CHECK_FALSE(authenticate_client(world.db(), shop.id, shop.secret, world.clock().now()));
  CHECK(world.look(dump).living() == 0);
  CHECK(world.log_is_intact());

  const auto entries = test::logged_actions(world.db()).size();
  CHECK(world.end(dump).living() == 0);
  CHECK(test::logged_actions(world.db()).size() == entries);
}

TEST_CASE("a leaked backup code is known by its user, ended, and told from words like it") {
  LeakWorld world(GENERATE(test::each_engine()));
  CHECK(world.verdict("some-time-this-week") == "0 found");
  world.add_user("bob");
  generate_backup_codes(world.realm(), world.cause(), "bob", 3);
  const auto codes = generate_backup_codes(world.realm(), world.cause(), "ann", 10).codes;
  std::string sheet;
  for (const auto& code : codes) sheet += text(code) + "\n";
  auto report = world.look("my codes:\n" + sheet + "some-time-this-week\nx" + text(codes[0]));
  CHECK(report.findings.size() == 10);
  CHECK(report.living() == 10);
  CHECK(report.findings[3].user == "ann");
  auto upper = text(codes[4]);
  for (auto& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  CHECK(world.verdict("(" + upper + ")") == "works");
  CHECK(world.look(base::encode_base64(base::bytes_of(sheet))).living() == 10);
  CHECK(world.verdict(base::encode_base64(base::bytes_of("some-time-this-week\n"))) == "0 found");
  world.end(text(codes[0]) + " " + text(codes[1]));
  CHECK(world.look(sheet).living() == 8);
  CHECK(world.verdict(text(codes[0])) == "works not: used");
  CHECK(backup_code_status(world.realm(), "ann").left == 8);
  CHECK(world.log_is_intact());
}

TEST_CASE("a store that fails while leaks are ended leaves them as they were") {
  LeakWorld world(GENERATE(test::each_engine()));
  auto session = world.sign_in();
  const auto shop = world.client("shop");
  const auto dump = world.issue() + "\n" + text(session.refresh) + "\n" + shop.secret + "\n" + world.reset();
  const auto report = world.look(dump);
  test::fail_at_every_call(world, [&] {
    auto copy = report;
    revoke_leaks(world.realm(), world.cause(), copy);
  });
  CHECK(world.look(dump).living() == 0);
}

}  // namespace authctl::service
