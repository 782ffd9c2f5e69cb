#include "core/server/knowledge.h"

#include <catch2/catch.hpp>

#include "core/server/address_count.h"

namespace authctl::server {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const service::Standing> standing_of(const std::string& id) {
  auto made = std::make_shared<service::Standing>();
  made->user_id = id;
  return made;
}

TEST_CASE("how a user stands is forgotten with every change that concerns the user") {
  Knowledge knowledge;
  const auto epoch = knowledge.user_epoch("ann");
  knowledge.keep(standing_of("ann"), epoch);
  CHECK(knowledge.standing("ann"));
  SECTION("of the user alone") {
    knowledge.keep(standing_of("bob"), knowledge.user_epoch("bob"));
    knowledge.forget_user("ann");
    CHECK(knowledge.standing("bob"));
  }
  SECTION("of everybody") { knowledge.forget_all_users(); }
  CHECK_FALSE(knowledge.standing("ann"));
  CHECK(knowledge.user_epoch("ann") != epoch);
}

TEST_CASE("what was read before a change is not kept after it") {
  Knowledge knowledge;
  const auto before = knowledge.user_epoch("ann");
  knowledge.forget_user("ann");  // committed while the store was read
  knowledge.keep(standing_of("ann"), before);
  CHECK_FALSE(knowledge.standing("ann"));
}

TEST_CASE("a revoked token is known until it would have expired") {
  Knowledge knowledge;
  const base::Timestamp now = base::from_unix_seconds(1'000'000);
  const std::vector<store::DeadToken> dead{{"a", now + 10s}, {"b", now + 20s}};
  knowledge.add_revoked(dead);
  CHECK(knowledge.is_revoked("a"));
  knowledge.drop_expired(now + 10s);
  CHECK_FALSE(knowledge.is_revoked("a"));
  CHECK(knowledge.is_revoked("b"));
}

TEST_CASE("what is known is believed for two seconds after the last look") {
  Knowledge knowledge;
  const auto then = std::chrono::steady_clock::now();
  CHECK_FALSE(knowledge.is_fresh(then));
  knowledge.has_looked(then, knowledge.set_backs());
  CHECK(knowledge.is_fresh(then + 2s));
  CHECK_FALSE(knowledge.is_fresh(then + 2001ms));
  const auto before = knowledge.set_backs();
  knowledge.clock_went_back();
  CHECK_FALSE(knowledge.is_fresh(then));
  knowledge.has_looked(then, before);  // a look that was under way
  CHECK_FALSE(knowledge.is_fresh(then));
  knowledge.has_looked(then, knowledge.set_backs());
  CHECK(knowledge.is_fresh(then));
}

TEST_CASE("the users that are kept are bounded") {
  Knowledge knowledge;
  std::size_t kept = 0;
  for (int i = 0; i < 6000; ++i)
    knowledge.keep(standing_of(std::to_string(i)), knowledge.user_epoch(std::to_string(i)));
  for (int i = 0; i < 6000; ++i) kept += knowledge.standing(std::to_string(i)) ? 1 : 0;
  CHECK(kept == 4096);
}

TEST_CASE("an address has so many connections, an IPv6 network together, loopback as many as it likes") {
  AddressCount count;
  count.set_most(2);
  CHECK(count.enter("198.51.100.7"));
  CHECK(count.enter("198.51.100.7"));
  CHECK_FALSE(count.enter("198.51.100.7"));
  CHECK_FALSE(count.enter("::ffff:198.51.100.7"));
  CHECK(count.enter("198.51.100.8"));
  count.leave("198.51.100.7");
  CHECK(count.enter("198.51.100.7"));
  CHECK(count.enter("2001:db8:1:2::1"));
  CHECK(count.enter("2001:db8:1:2:ffff::2"));
  CHECK_FALSE(count.enter("2001:db8:1:2::3"));
  CHECK(count.enter("2001:db8:1:3::1"));
  for (int i = 0; i < 10; ++i) CHECK(count.enter("127.0.0.1"));
}

}  // namespace
}  // namespace authctl::server
