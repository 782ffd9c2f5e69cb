// Sign-ins of accounts whose hash came from another system.
#include "tests/service/sign_in_world.h"

using namespace authctl;
using test::right;
using test::SignInWorld;
using test::verdict;
using test::wrong;

namespace {

constexpr crypto::Argon2Cost real{19456, 2, 1};  // slower than the foreign hash below

// Counts the salts that were drawn: one for each hash that was computed beside the verification.
class CountingRandom final : public base::Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    ++drawn;
    std::ranges::fill(out, std::uint8_t{7});
  }
  int drawn = 0;
};

// "violin quartz marble otter" with one round of PBKDF2, as Werkzeug spells it.
constexpr std::string_view quick =
    "pbkdf2:sha256:1$salt$0000000000000000000000000000000000000000000000000000000000000000";
constexpr std::string_view bcrypt = "$2b$04$AJSKHiEheHgDD.UeJZA.ZuGoV0UYJwDJXQKgR0lqmw76WvH2ycDdW";

int salts_for(std::string_view hash, std::string_view password,
              std::optional<service::Refusal> refused = {}) {
  CountingRandom random;
  service::SignInTicket ticket;
  ticket.hash = hash;
  ticket.cost = real;
  ticket.refused = refused;
  CHECK_FALSE(service::verify_ticket(ticket, base::Secret(password), random).matches);
  return random.drawn;
}

}  // namespace

TEST_CASE("a wrong password for a quick hash of another system costs as much as for one of ours") {
  CountingRandom random;
  const auto ours = crypto::hash_password(base::Secret(right), real, random);
  CHECK(salts_for(ours, wrong) == 0);
  CHECK(salts_for(quick, wrong) >= 1);
  CHECK(salts_for(bcrypt, wrong) >= 1);
  // bcrypt does no work at all for more than 72 bytes.
  CHECK(salts_for(bcrypt, std::string(73, 'k')) >= 1);
  CHECK(salts_for(quick, wrong, service::Refusal::locked) >= 1);
  // One of an older cost is no other case.
  CHECK(salts_for(crypto::hash_password(base::Secret(right), test::cheap, random), wrong) >= 1);
}

TEST_CASE("what is hashed for nobody is not hashed for an imported account either") {
  CHECK(salts_for(quick, "") == 0);
  CHECK(salts_for(quick, std::string(1025, 'k')) == 0);
}
