#include "core/service/keyring_exchange.h"

#include <set>

#include "tests/service/key_world.h"

namespace authctl::service {
namespace {
using base::ErrorCode;
using store::KeyState;
using store::KeyUse;
using test::code_of;
using test::KeyWorld;

std::string exported(KeyWorld& world, const ExportRequest& request) {
  return std::string(export_keys(world.realm(), world.cause(), request).text.reveal_text());
}

std::vector<KeyAndTokens> import_text(KeyWorld& world, std::string_view text, KeyUse use = KeyUse::jwt) {
  return import_keys(world.realm(), world.cause(), base::Secret(text), use);
}

TEST_CASE("the published key set has public halves only, of every key that verifies") {
  KeyWorld world(GENERATE(test::each_engine()));
  world.generate("EdDSA");
  world.generate("RS256");
  world.generate("HS256");
  world.generate("", KeyUse::fernet);
  world.rotate();
  const auto dead = world.active();
  world.rotate(Rotation::emergency);
  const auto set = base::parse_json(exported(world, {}));
  REQUIRE(set);
  std::set<std::string> kids;
  for (const auto& key : set->at("keys").as_array()) {
    const auto& object = key.as_object();
    for (const char* member : {"d", "p", "q", "dp", "dq", "qi", "k", "oth"})
      CHECK_FALSE(object.contains(member));
    CHECK(object.at("kty").as_string() != "oct");
    CHECK(kids.insert(std::string(object.at("kid").as_string())).second);
  }
  CHECK(kids.contains(world.first));
  CHECK(kids.contains(world.active()));
  CHECK_FALSE(kids.contains(dead));
}

TEST_CASE("a private half leaves only with an entry in the log, a public one without") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto entries = [&] { return test::logged_actions(world.db()); };
  const auto before = entries().size();
  CHECK(exported(world, {world.first, KeyFormat::pem, false}).starts_with("-----BEGIN PUBLIC KEY-----"));
  CHECK(entries().size() == before);
  CHECK(exported(world, {world.first, KeyFormat::pem, true}).starts_with("-----BEGIN PRIVATE KEY-----"));
  CHECK(entries().back() == "key.export");
  world.failing().fail_at(4);
  CHECK(code_of([&] { exported(world, {world.first, KeyFormat::pem, true}); }) == ErrorCode::unavailable);
  world.failing().fail_at(0);
}

TEST_CASE("a key that was exported privately comes back as the same key, pending, under its own kid") {
  const auto format = GENERATE(KeyFormat::jwk, KeyFormat::jwks, KeyFormat::pem);
  KeyWorld from, to(store::Engine::sqlite, 2);
  const auto alg = GENERATE("ES256", "EdDSA", "RS256");
  const auto key = from.generate(alg).row;
  const auto list = import_text(to, exported(from, {key.kid, format, true}));
  REQUIRE(list.size() == 1);
  CHECK(list[0].row.kid == key.kid);
  CHECK(list[0].row.alg == key.alg);
  CHECK(list[0].row.state == KeyState::pending);
  CHECK(list[0].row.public_jwk == key.public_jwk);
  CHECK(open_jwk(to.realm(), list[0].row).is_private());
  CHECK(code_of([&] { import_text(to, exported(from, {key.kid, format, true})); }) == ErrorCode::conflict);
}

TEST_CASE("an imported key keeps the kid it came with") {
  KeyWorld theirs, world(GENERATE(test::each_engine()), 2);
  auto jwk = base::parse_json(exported(theirs, {theirs.first, KeyFormat::jwk, false})).value();
  jwk.as_object()["kid"] = "theirs-2024";
  CHECK(import_text(world, base::json::serialize(jwk))[0].row.kid == "theirs-2024");
}

TEST_CASE("one key is never here under two kids, not even after it was revoked") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto alg = GENERATE("ES256", "HS256");
  const auto key = world.generate(alg).row;
  auto jwk = base::parse_json(exported(world, {key.kid, KeyFormat::jwk, true})).value();
  jwk.as_object()["kid"] = "again";
  const auto text = base::json::serialize(jwk);
  if (GENERATE(false, true)) revoke_key(world.realm(), world.cause(), key.kid);
  const auto before = test::dump(world.db());
  CHECK(code_of([&] { import_text(world, text); }) == ErrorCode::conflict);
  CHECK(test::dump(world.db()) == before);
  KeyWorld other(store::Engine::sqlite, 2);
  CHECK(code_of([&] {
          import_text(other, R"({"keys":[)" + text + "," + base::json::serialize([&] {
                               jwk.as_object()["kid"] = "once more";
                               return jwk;
                             }()) +
                                 "]}");
        }) == ErrorCode::conflict);
}

TEST_CASE("a public key that was imported verifies and can never sign") {
  KeyWorld theirs, ours(GENERATE(test::each_engine()), 2);
  const auto token = theirs.issue();
  CHECK(ours.verify(token) == "unknown_key");
  const auto key = import_text(ours, exported(theirs, {theirs.first, KeyFormat::jwk, false}))[0].row;
  CHECK(key.state == KeyState::retiring);
  CHECK_FALSE(key.retires_at);
  CHECK(ours.verify(token) == "valid");
  CHECK(code_of([&] { promote_key(ours.realm(), ours.cause(), key.kid, ours.timing, true); }) ==
        ErrorCode::precondition);
  CHECK(code_of([&] { exported(ours, {key.kid, KeyFormat::jwk, true}); }) == ErrorCode::invalid);
}

TEST_CASE("what is weak, damaged or of an unknown kind is not imported") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto before = test::dump(world.db());
  for (const std::string& text : std::vector<std::string>{
           "", "x", "{}", R"({"keys":[]})", R"({"kty":"oct","k":"c2hvcnQ","alg":"HS256"})",
           R"({"kty":"EC","crv":"P-384","x":"AA","y":"AA"})",
           "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}) {
    CAPTURE(text);
    CHECK(code_of([&] { import_text(world, text); }) == ErrorCode::invalid);
  }
  CHECK(code_of([&] { import_text(world, "not a key\n", KeyUse::fernet); }) == ErrorCode::invalid);
  CHECK(test::dump(world.db()) == before);
}

TEST_CASE("Fernet keys go out a line each with the active one first, and come in again") {
  KeyWorld from(GENERATE(test::each_engine())), to(store::Engine::sqlite, 2);
  from.generate("", KeyUse::fernet);
  const auto active = from.rotate(Rotation::plain, {}, KeyUse::fernet).key.row;
  const auto result = export_keys(from.realm(), from.cause(), {"", KeyFormat::fernet, true});
  REQUIRE(result.kids.size() == 2);
  CHECK(result.kids[0] == active.kid);
  const auto list = import_text(to, result.text.reveal_text(), KeyUse::fernet);
  REQUIRE(list.size() == 2);
  CHECK(list[0].row.kid == active.kid);
  CHECK(open_fernet_key(to.realm(), list[0].row) == open_fernet_key(from.realm(), active));
}

TEST_CASE("A19: a Fernet key that came from elsewhere has data under it and is deleted by force only") {
  KeyWorld from, to(GENERATE(test::each_engine()), 2);
  const auto kid = from.generate("", KeyUse::fernet).row.kid;
  const auto text = export_keys(from.realm(), from.cause(), {kid, KeyFormat::fernet, true}).text;
  to.generate("", KeyUse::fernet);
  const auto made_here = to.generate("", KeyUse::fernet).row.kid;
  REQUIRE(import_text(to, text.reveal_text(), KeyUse::fernet).at(0).row.state == KeyState::pending);
  CHECK(code_of([&] { delete_key(to.realm(), to.cause(), kid, false); }) == ErrorCode::precondition);
  CHECK_NOTHROW(delete_key(to.realm(), to.cause(), kid, true));
  CHECK_NOTHROW(delete_key(to.realm(), to.cause(), made_here, false));
}

TEST_CASE("a format that cannot hold the key says which one can") {
  KeyWorld world;
  const auto secret = world.generate("HS256").row.kid;
  const auto fernet = world.generate("", KeyUse::fernet).row.kid;
  const auto refused = [&](const std::string& kid, KeyFormat format, bool private_half) {
    return code_of([&] { exported(world, {kid, format, private_half}); });
  };
  CHECK(refused(secret, KeyFormat::jwk, false) == ErrorCode::usage);
  CHECK(refused(secret, KeyFormat::pem, true) == ErrorCode::usage);
  CHECK_FALSE(refused(secret, KeyFormat::jwk, true));
  CHECK(refused(fernet, KeyFormat::jwk, true) == ErrorCode::usage);
  CHECK(refused(fernet, KeyFormat::fernet, false) == ErrorCode::usage);
  CHECK(refused(world.first, KeyFormat::fernet, true) == ErrorCode::usage);
  CHECK(refused("nope", KeyFormat::jwk, false) == ErrorCode::not_found);
}

TEST_CASE(
    "a store that fails at any statement of an import or a private export leaves everything as it was") {
  KeyWorld from, world(GENERATE(test::each_engine()), 2);
  const auto text = exported(from, {from.first, KeyFormat::jwk, true});
  SECTION("import") {
    test::fail_at_every_call(world, [&] { import_text(world, text); });
  }
  SECTION("export") {
    test::fail_at_every_call(world, [&] { exported(world, {world.first, KeyFormat::jwk, true}); });
  }
}

}  // namespace
}  // namespace authctl::service
