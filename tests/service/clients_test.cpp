#include "core/service/clients.h"

#include "core/base/error.h"
#include "core/credential/client_secret.h"
#include "core/store/token_repository.h"
#include "tests/support/realms.h"

using namespace authctl;
using namespace std::chrono_literals;
using Names = std::vector<std::string>;
using service::ClientDraft;

namespace {

const auto nowhere = [](const base::Secret&) {};

service::ClientOutcome create(test::TestRealm& test, const std::string& name,
                              service::ClientTerms terms = {}) {
  return service::create_client(test.realm(), test.cause(), {name, std::move(terms)}, nowhere);
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

std::int64_t live(test::TestRealm& test, std::string_view client) {
  return test::number(
      test.db(), "SELECT count(*) FROM issued_token WHERE client_id = $1 AND revoked_at IS NULL", {client});
}

void issue(test::TestRealm& test, const std::string& jti, const std::string& client) {
  const auto now = test.clock().now();
  store::TokenRepository(test.db()).insert({jti, "kid", {}, "access", {}, client, now, now + 15min, {}});
}

}  // namespace

TEST_CASE("a client has its members, and its secret is kept as a hash alone") {
  test::TestRealm test(GENERATE(test::each_engine()));
  const auto made = create(test, "Shop", {{}, {"https://shop.example.com/cb"}, {"openid"}, false});
  REQUIRE(made.secret);
  const std::string secret(made.secret->reveal_text());
  CHECK(base::json::serialize(service::client_json(made.client)) ==
        "{\"id\":\"" + made.client.id +
            "\",\"name\":\"Shop\",\"grants\":[\"authorization_code\"],\"redirect_uris\":[\"https://"
            "shop.example.com/"
            "cb\"],\"scopes\":[\"openid\"],\"public\":false,\"status\":\"active\",\"secrets\":[{"
            "\"created_at\":\"2026-01-01T00:00:00Z\",\"expires_at\":null}],\"created_at\":\"2026-01-01T00:00:"
            "00Z\","
            "\"updated_at\":\"2026-01-01T00:00:00Z\"}");
  CHECK(made.client.id.at(14) == '4');
  CHECK(test::dump(test.db()).find(secret) == std::string::npos);
  CHECK(test::logged_actions(test.db()) == Names{"client.create"});
  const auto client = service::authenticate_client(test.db(), made.client.id, secret, test.clock().now());
  REQUIRE(client);
  CHECK(client->name == "Shop");
  CHECK_FALSE(service::authenticate_client(test.db(), "shop", secret, test.clock().now()));
  CHECK(service::show_client(test.realm(), "SHOP").id == made.client.id);
}

TEST_CASE("a client without a grant gets the one that fits") {
  test::TestRealm test;
  CHECK(create(test, "a").client.grants == Names{"client_credentials"});
  CHECK(create(test, "b", {{}, {"https://b.example/"}, {}, false}).client.grants ==
        Names{"authorization_code"});
  const auto open = create(test, "c", {{}, {}, {}, true});
  CHECK(open.client.grants == Names{"authorization_code"});
  CHECK_FALSE(open.secret);
  CHECK(open.notices.size() == 1);
  CHECK(create(test, "d", {{"refresh_token", "authorization_code", "refresh_token"}, {}, {}, false})
            .client.grants == Names{"authorization_code", "refresh_token"});
}

TEST_CASE("a client that is badly described is refused, and nothing is written") {
  test::TestRealm test(GENERATE(test::each_engine()));
  create(test, "taken");
  const auto before = test::dump(test.db());
  for (const std::string& name :
       {std::string(), std::string(" x"), std::string("x "), std::string("a\nb"), std::string("a\0b", 3),
        std::string("\xff"), std::string(65, 'x'), std::string("\u202etxt"),
        std::string("7d0d53ea-2d3b-4b5e-8f7e-0d0c3b8f2a11")})
    CHECK(refusal([&] { create(test, name); }) == base::ErrorCode::invalid);
  CHECK(refusal([&] { create(test, "TAKEN"); }) == base::ErrorCode::conflict);
  CHECK(refusal([&] { create(test, "x", {{"password"}, {}, {}, false}); }) == base::ErrorCode::invalid);
  CHECK(refusal([&] {
          create(test, "x", {{"client_credentials"}, {}, {}, true});
        }) == base::ErrorCode::invalid);
  CHECK(refusal([&] {
          create(test, "x", {{}, {"javascript:alert(1)"}, {}, false});
        }) == base::ErrorCode::invalid);
  CHECK(refusal([&] { create(test, "x", {{}, {}, {"a b"}, false}); }) == base::ErrorCode::invalid);
  CHECK(test::dump(test.db()) == before);
}

TEST_CASE("of two secrets both work while the grace lasts, a third never does") {
  test::TestRealm test(GENERATE(test::each_engine()));
  const auto made = create(test, "svc");
  const auto& id = made.client.id;
  const auto rotate = [&](base::Duration grace) {
    auto outcome = service::rotate_client_secret(test.realm(), test.cause(), "svc", grace, nowhere);
    return std::string(outcome.secret.value().reveal_text());
  };
  const auto works = [&](const std::string& secret) {
    return service::authenticate_client(test.db(), id, secret, test.clock().now()).has_value();
  };
  const std::string first(made.secret->reveal_text());
  const auto second = rotate(1h);
  CHECK((works(first) && works(second)));
  CHECK(service::show_client(test.realm(), id).secrets.size() == 2);
  test.clock().advance(30min);
  const auto third = rotate(1h);
  CHECK_FALSE(works(first));
  CHECK((works(second) && works(third)));
  test.clock().advance(1h);
  CHECK_FALSE(works(second));
  const auto standing = service::standing_of_secret(test.db(), second, test.clock().now());
  REQUIRE(standing);
  CHECK((standing->client.id == id && !standing->works));
  const auto fourth = rotate(0s);
  CHECK_FALSE(works(third));
  CHECK(works(fourth));
  CHECK(test::number(test.db(), "SELECT count(*) FROM client_secret") == 1);
  CHECK_FALSE(service::standing_of_secret(test.db(), third, test.clock().now()));
  create(test, "open", {{}, {}, {}, true});
  CHECK(refusal([&] { service::rotate_client_secret(test.realm(), test.cause(), "open", 0s, nowhere); }) ==
        base::ErrorCode::precondition);
  CHECK(refusal([&] {
          service::rotate_client_secret(test.realm(), test.cause(), "svc", base::Duration::max(), nowhere);
        }) == base::ErrorCode::invalid);
}

TEST_CASE("a secret that cannot be delivered is not made") {
  test::TestRealm test(GENERATE(test::each_engine()));
  const auto before = test::dump(test.db());
  CHECK(refusal([&] {
          service::create_client(test.realm(), test.cause(), {"svc", {}}, [](const base::Secret&) {
            throw base::Error(base::ErrorCode::io, "no such folder");
          });
        }) == base::ErrorCode::io);
  CHECK(test::dump(test.db()) == before);
  bool delivered = false;
  const auto dry = service::create_client(test.realm(), test.dry_run(), {"svc", {}},
                                          [&](const base::Secret&) { delivered = true; });
  CHECK((!dry.secret && !delivered));
  CHECK(test::dump(test.db()) == before);
}

TEST_CASE("an update adds and takes away in one event; what is so already is no change") {
  test::TestRealm test(GENERATE(test::each_engine()));
  create(test, "shop", {{}, {"https://a.example/cb"}, {"openid", "email"}, false});
  create(test, "other");
  service::ClientUpdate update;
  update.client = "shop";
  update.rename = "store";
  update.redirect_uris = {"https://b.example/cb"};
  update.no_redirect_uris = {"https://a.example/cb"};
  update.no_scopes = {"email"};
  update.grants = {"refresh_token"};
  const auto after = service::update_client(test.realm(), test.cause(), update).client;
  CHECK(after.name == "store");
  CHECK(after.redirect_uris == Names{"https://b.example/cb"});
  CHECK(after.scopes == Names{"openid"});
  CHECK(after.grants == Names{"authorization_code", "refresh_token"});
  CHECK(test::logged_actions(test.db()).back() == "client.update");
  const auto count = test::logged_actions(test.db()).size();
  service::ClientUpdate same{"store", {}, {"refresh_token"}, {}, {}, {}, {"openid"}, {}};
  CHECK(service::update_client(test.realm(), test.cause(), same).notices.size() == 1);
  CHECK(test::logged_actions(test.db()).size() == count);
  const auto refused = [&](service::ClientUpdate request) {
    return refusal([&] { service::update_client(test.realm(), test.cause(), request); });
  };
  CHECK(refused({"store", {}, {}, {}, {}, {}, {}, {}}) == base::ErrorCode::usage);
  CHECK(refused({"ghost", "x", {}, {}, {}, {}, {}, {}}) == base::ErrorCode::not_found);
  CHECK(refused({"store", {}, {}, {}, {}, {}, {}, {"email"}}) == base::ErrorCode::not_found);
  CHECK(refused({"store", "other", {}, {}, {}, {}, {}, {}}) == base::ErrorCode::conflict);
  CHECK(refused({"store", {}, {}, {"authorization_code", "refresh_token"}, {}, {}, {}, {}}) ==
        base::ErrorCode::invalid);
}

TEST_CASE("a client that is disabled or deleted loses its tokens and its secret at once") {
  test::TestRealm test(GENERATE(test::each_engine()));
  const auto made = create(test, "svc");
  const auto& id = made.client.id;
  const std::string secret(made.secret->reveal_text());
  issue(test, "one", id);
  service::disable_client(test.realm(), test.cause(), "svc");
  CHECK(live(test, id) == 0);
  CHECK_FALSE(service::authenticate_client(test.db(), id, secret, test.clock().now()));
  CHECK(service::disable_client(test.realm(), test.cause(), "svc").notices.size() == 1);
  service::enable_client(test.realm(), test.cause(), "svc");
  CHECK(live(test, id) == 0);
  CHECK(service::authenticate_client(test.db(), id, secret, test.clock().now()));
  issue(test, "two", id);
  CHECK(service::delete_client(test.realm(), test.cause(), "svc").id == id);
  CHECK(live(test, id) == 0);
  CHECK_FALSE(service::standing_of_secret(test.db(), secret, test.clock().now()));
  CHECK(refusal([&] { service::show_client(test.realm(), id); }) == base::ErrorCode::not_found);
  CHECK(test::logged_actions(test.db()) ==
        Names{"client.create", "client.disable", "client.enable", "client.delete"});
}

TEST_CASE("clients come in the order of their names, over the pages of the store") {
  test::TestRealm test(GENERATE(test::each_engine()));
  Names expected;
  for (int i = 0; i < 300; ++i) {
    const auto number = std::to_string(1000 + i);
    create(test, (i % 2 ? "C" : "c") + number);
    expected.push_back((i % 2 ? "C" : "c") + number);
  }
  Names listed;
  const auto next = service::list_clients(test.realm());
  while (const auto client = next()) listed.push_back(client->name);
  CHECK(listed == expected);
}

TEST_CASE("a client change that fails at any step changes nothing") {
  test::TestRealm test(GENERATE(test::each_engine()));
  create(test, "svc");
  test::fail_at_every_call(
      test, [&] { service::rotate_client_secret(test.realm(), test.cause(), "svc", 1h, nowhere); });
  test::fail_at_every_call(test, [&] { create(test, "more"); });
  test::fail_at_every_call(test, [&] { service::delete_client(test.realm(), test.cause(), "svc"); });
}
