#include "core/service/tokens.h"

#include "tests/service/key_world.h"

namespace authctl::service {
namespace {
using base::ErrorCode;
using test::code_of;
using test::KeyWorld;
using namespace std::chrono_literals;

base::json::object claims_of(const std::string& token) { return token::inspect_token(token).value().claims; }

std::string jti_of(const std::string& token) { return std::string(claims_of(token).at("jti").as_string()); }

// Signed by our key, but never seen by issued_token: issued elsewhere, or pruned.
std::string sign_elsewhere(KeyWorld& world, base::json::object more) {
  const auto now = base::to_unix_seconds(world.clock().now());
  base::json::object claims{{"iss", "https://issuer"}, {"aud", "api"}, {"sub", "somebody"},
                            {"type", "access"},        {"iat", now},   {"exp", now + 600},
                            {"jti", "elsewhere"}};
  for (const auto& member : more) claims[member.key()] = member.value();
  const auto key = store::KeyRepository(world.db()).active(store::KeyUse::jwt).value();
  return token::Signer(open_jwk(world.realm(), key)).sign("at+jwt", claims);
}

void assign(KeyWorld& world, const std::string& role, const std::string& resource,
            std::optional<base::Timestamp> until) {
  const auto now = world.clock().now();
  world.db().execute("INSERT INTO role (id, name, created_at, updated_at) VALUES ($1, $1, $2, $2)",
                     {role, now});
  world.db().execute(
      "INSERT INTO role_assignment (user_id, role_id, resource, expires_at, created_at) VALUES ($1, $2, $3, "
      "$4, $5)",
      {world.user_id, role, resource, until, now});
}

TEST_CASE("an access token has the claims of RFC 9068, its row and its entry in the log") {
  KeyWorld world(GENERATE(test::each_engine()));
  auto request = world.request(1h);
  request.scopes = {"read", "write"};
  request.claims = {{"tenant", "acme"}};
  const auto report = issue_token(world.realm(), world.cause(), request);
  std::string names;
  for (const auto& claim : claims_of(report.token)) names += std::string(claim.key()) + " ";
  CHECK(names == "iss sub aud exp iat nbf jti sid type client_id roles scope tenant ");
  const auto claims = claims_of(report.token);
  CHECK(claims.at("sub").as_string() == world.user_id);
  CHECK(claims.at("aud").as_string() == "api");
  CHECK(claims.at("scope").as_string() == "read write");
  CHECK(claims.at("exp").as_int64() == claims.at("iat").as_int64() + 3600);
  CHECK(token::inspect_token(report.token)->header.at("typ").as_string() == "at+jwt");
  const auto row = store::TokenRepository(world.db()).find(report.jti).value();
  CHECK(row.kid == world.first);
  CHECK(row.user_id == world.user_id);
  CHECK(row.expires_at == report.expires_at);
  CHECK(test::logged_actions(world.db()).back() == "token.issue");
  CHECK(world.verify(report.token) == "valid");
}

TEST_CASE("nothing of a token but the beginning of its jti is in the log") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto token = world.issue();
  revoke_token(world.realm(), world.cause(), token);
  const auto rows =
      world.db().query("SELECT coalesce(target_id, ''), coalesce(target_name, ''), detail FROM audit_entry");
  while (rows->next()) {
    for (int column = 0; column < 3; ++column) {
      CHECK(rows->text(column).find(jti_of(token)) == std::string_view::npos);
      CHECK(rows->text(column).find(token.substr(token.rfind('.') + 1)) == std::string_view::npos);
    }
  }
}

TEST_CASE("a token of one type is refused where another is asked for") {
  KeyWorld world(GENERATE(test::each_engine()));
  for (const auto* type : {"refresh", "id", "mfa_challenge"}) {
    auto request = world.request();
    request.type = type;
    const auto token = issue_token(world.realm(), world.cause(), request).token;
    CHECK(token::inspect_token(token)->header.at("typ").as_string() == std::string(type) + "+jwt");
    CHECK(world.verify(token) == "wrong_type");
  }
}

TEST_CASE("registered claims, twice the same claim and odd types are refused") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto refused = [&](auto change_it) {
    auto request = world.request();
    change_it(request);
    return code_of([&] { issue_token(world.realm(), world.cause(), request); });
  };
  for (const auto* name :
       {"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "sid", "type", "client_id", "roles", "scope"}) {
    CHECK(refused([&](TokenRequest& r) { r.claims = {{name, "x"}}; }) == ErrorCode::usage);
  }
  CHECK(refused([](TokenRequest& r) { r.claims = {{"a", "1"}, {"a", "2"}}; }) == ErrorCode::usage);
  CHECK(refused([](TokenRequest& r) { r.claims = {{"a", "\xff"}}; }) == ErrorCode::usage);
  CHECK(refused([](TokenRequest& r) { r.type = "At+JWT"; }) == ErrorCode::usage);
  CHECK(refused([](TokenRequest& r) { r.ttl = base::Duration{0}; }) == ErrorCode::usage);
  CHECK(refused([](TokenRequest& r) { r.ttl = base::Duration{253402300799}; }) == ErrorCode::usage);
  CHECK(refused([](TokenRequest& r) { r.user = "nobody"; }) == ErrorCode::not_found);
}

TEST_CASE("nothing is signed that our own verification would call malformed") {
  KeyWorld world(GENERATE(test::each_engine()));
  auto request = world.request();
  SECTION("a scope") { request.scopes = {"\xff"}; }
  SECTION("an audience") { request.audiences = {"\xff"}; }
  SECTION("a length") { request.claims = {{"a", std::string(20000, 'x')}}; }
  const auto before = test::dump(world.db());
  CHECK(code_of([&] { issue_token(world.realm(), world.cause(), request); }) == ErrorCode::usage);
  CHECK(test::dump(world.db()) == before);
}

TEST_CASE("the roles of a token are those held everywhere and still running") {
  KeyWorld world(GENERATE(test::each_engine()));
  assign(world, "writer", "", std::nullopt);
  assign(world, "admin", "", world.clock().now() + 1h);
  assign(world, "over", "", world.clock().now());
  assign(world, "one", "post/42", std::nullopt);
  CHECK(base::json::serialize(claims_of(world.issue()).at("roles")) == R"(["admin","writer"])");
  world.clock().advance(1h);
  CHECK(base::json::serialize(claims_of(world.issue()).at("roles")) == R"(["writer"])");
}

TEST_CASE("a disabled user gets no token, and those that are out stop verifying") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto token = world.issue();
  store::set_user_status(world.db(), world.user_id, store::UserStatus::disabled, world.clock().now());
  CHECK(world.verify(token) == "user_disabled");
  CHECK(code_of([&] { world.issue(); }) == ErrorCode::denied);
}

TEST_CASE("a revoked token is refused from that moment on, and was valid before it") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto token = world.issue();
  const auto other = world.issue();
  world.clock().advance(1min);
  SECTION("by itself") { CHECK(revoke_token(world.realm(), world.cause(), token).revoked == 1); }
  SECTION("by its jti") { CHECK(revoke_jti(world.realm(), world.cause(), jti_of(token)).revoked == 1); }
  CHECK(world.verify(token) == "revoked");
  CHECK(world.verify_at(token, world.clock().now() - 1s) == "valid");
  CHECK(world.verify(other) == "valid");
  CHECK(show_key(world.realm(), world.first).live.count == 1);
  CHECK(revoke_token(world.realm(), world.cause(), token).revoked == 0);  // again: nothing changed
}

TEST_CASE("only a token that a key of ours signed can be revoked") {
  KeyWorld world(GENERATE(test::each_engine()));
  auto forged = world.issue();
  forged[forged.size() - 3] = forged[forged.size() - 3] == 'A' ? 'B' : 'A';
  const auto before = test::dump(world.db());
  CHECK(code_of([&] { revoke_token(world.realm(), world.cause(), forged); }) == ErrorCode::unverified);
  CHECK(code_of([&] { revoke_token(world.realm(), world.cause(), "x"); }) == ErrorCode::unverified);
  CHECK(code_of([&] { revoke_jti(world.realm(), world.cause(), "nope"); }) == ErrorCode::not_found);
  CHECK(test::dump(world.db()) == before);
}

TEST_CASE("all tokens of a user end at once, later ones do not") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto one = world.issue();
  const auto two = world.issue();
  CHECK(revoke_user_tokens(world.realm(), world.cause(), "ann").revoked == 2);
  CHECK(world.verify(one) == "revoked");
  CHECK(world.verify(two) == "revoked");
  world.clock().advance(1ms);  // the same second
  CHECK(world.verify(world.issue()) == "valid");
}

TEST_CASE("what a key signed in a span of time ends, to the second and both ends included") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto start = world.clock().now();
  const auto before = world.issue();
  world.clock().advance(10s);
  const auto first = world.issue();
  world.clock().advance(10s + 700ms);
  const auto last = world.issue();
  world.clock().advance(10s);
  const auto after = world.issue();
  CHECK(revoke_key_tokens(world.realm(), world.cause(), world.first, start + 10s, start + 20s).revoked == 2);
  CHECK(world.verify(before) == "valid");
  CHECK(world.verify(first) == "revoked");
  CHECK(world.verify(last) == "revoked");
  CHECK(world.verify(after) == "valid");
  CHECK(revoke_key_tokens(world.realm(), world.cause(), world.first, {}, {}).revoked == 2);
  CHECK(world.verify(after) == "revoked");
  world.clock().advance(1ms);
  CHECK(world.verify(world.issue()) == "valid");
  CHECK(code_of([&] { revoke_key_tokens(world.realm(), world.cause(), world.first, start + 1s, start); }) ==
        ErrorCode::usage);
}

TEST_CASE("a token that was issued elsewhere with our key is valid until it is cut off") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto token = sign_elsewhere(world, {});
  CHECK(world.verify(token) == "valid");
  SECTION("by itself, once") {
    CHECK(revoke_token(world.realm(), world.cause(), token).revoked == 1);
    const auto entries = test::logged_actions(world.db());
    CHECK(revoke_token(world.realm(), world.cause(), token).revoked == 0);
    CHECK(test::logged_actions(world.db()) == entries);
  }
  SECTION("by its key and time") { revoke_key_tokens(world.realm(), world.cause(), world.first, {}, {}); }
  CHECK(world.verify(token) == "revoked");
}

TEST_CASE("a token that was issued elsewhere for one of our users ends with hers") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto token = sign_elsewhere(world, {{"sub", world.user_id}});
  CHECK(world.verify(token) == "valid");
  world.clock().advance(1s);
  revoke_user_tokens(world.realm(), world.cause(), "ann");
  CHECK(world.verify(token) == "revoked");
}

TEST_CASE("ids that no store could hold are just unknown") {
  KeyWorld world(GENERATE(test::each_engine()));
  CHECK(world.verify(sign_elsewhere(
            world, {{"jti", std::string("a\0b", 3)}, {"sub", std::string("c\0d", 3)}})) == "valid");
  CHECK(world.verify(sign_elsewhere(world, {{"jti", std::string(4000, 'j')}, {"sub", "' OR 1=1 --"}})) ==
        "valid");
}

TEST_CASE("the tokens of a deleted user are refused") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto token = world.issue();
  world.clock().advance(1s);
  store::delete_user(world.db(), world.user_id, world.clock().now());
  CHECK(world.verify(token) != "valid");
}

TEST_CASE("a clock that is set back revives no revoked token") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto token = world.issue(24h);
  world.clock().advance(2h);
  revoke_token(world.realm(), world.cause(), token);
  rotate_key(world.realm(), world.cause(), world.rotation(Rotation::emergency));
  world.clock().advance(-1h);
  CHECK(world.verify(token) == "revoked_key");
}

TEST_CASE("a dry run issues and revokes nothing and shows no token") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto token = world.issue();
  const auto before = test::dump(world.db());
  const auto cause = world.dry_run();
  CHECK(issue_token(world.realm(), cause, world.request()).token == "(not generated)");
  CHECK(revoke_token(world.realm(), cause, token).revoked == 1);
  CHECK(revoke_user_tokens(world.realm(), cause, "ann").revoked == 1);
  CHECK(revoke_key_tokens(world.realm(), cause, world.first, {}, {}).revoked == 1);
  CHECK(test::dump(world.db()) == before);
}

TEST_CASE("a store that fails at any statement of any change to tokens leaves everything as it was") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto token = world.issue();
  const auto elsewhere = sign_elsewhere(world, {});
  auto& realm = world.realm();
  SECTION("issue") {
    test::fail_at_every_call(world, [&] { world.issue(); });
  }
  SECTION("revoke") {
    test::fail_at_every_call(world, [&] { revoke_token(realm, world.cause(), token); });
  }
  SECTION("revoke unknown") {
    test::fail_at_every_call(world, [&] { revoke_token(realm, world.cause(), elsewhere); });
  }
  SECTION("revoke of a user") {
    test::fail_at_every_call(world, [&] { revoke_user_tokens(realm, world.cause(), "ann"); });
  }
  SECTION("revoke of a key") {
    test::fail_at_every_call(world, [&] { revoke_key_tokens(realm, world.cause(), world.first, {}, {}); });
  }
}

TEST_CASE("a store that fails while it is asked about a token gives no verdict") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto token = world.issue();
  world.failing().fail_at(3);
  CHECK(code_of([&] { world.verify(token); }) == ErrorCode::unavailable);
  world.failing().fail_at(0);
}

TEST_CASE("rows of tokens that ended a month ago go, others stay") {
  KeyWorld world(GENERATE(test::each_engine()));
  const auto rows = [&] { return test::number(world.db(), "SELECT count(*) FROM issued_token"); };
  world.issue(1h);
  world.clock().advance(24h * 29);
  world.issue(1h);
  world.clock().advance(48h);
  // Not before the log has gone on for a while: a clock that is ahead for a moment makes nothing forgotten.
  for (int i = 0; i < 65; ++i) world.issue(1h);
  CHECK(rows() == 67);
  world.issue(1h);
  CHECK(rows() == 67);
  world.clock().advance(24h * 3650);
  world.issue(1h);
  CHECK(rows() == 68);
}

}  // namespace
}  // namespace authctl::service
