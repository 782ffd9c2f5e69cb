// People who sign in, for tests of the one door: Ann with a password, and the steps of a sign-in in one call.
#pragma once
#include "core/credential/username.h"
#include "core/service/accounts.h"
#include "core/service/backup_codes.h"
#include "core/service/refusals.h"
#include "core/service/sign_in.h"
#include "core/service/totp_enrolment.h"
#include "tests/support/realms.h"

namespace authctl::test {

inline const crypto::Argon2Cost cheap{64, 1, 1};  // what is hashed here guards nothing
inline constexpr std::string_view right = "violin quartz marble otter", wrong = "violin quartz marble adder";
inline constexpr std::string_view home = "203.0.113.7", elsewhere = "198.51.100.9";

class SignInWorld : public TestRealm {
 public:
  explicit SignInWorld(store::Engine engine) : TestRealm(engine) { policy.cost = cheap; }
  service::SignInPolicy policy;

  std::string add(const std::string& name, const std::string& email = "", std::string_view password = right) {
    service::UserDraft draft;
    draft.name = name;
    draft.email = email;
    if (!password.empty()) draft.password = base::Secret(password);
    return service::create_user(realm(), cause(), std::move(draft), {{}, cheap}).id;
  }

  // A stranger at this address; empty: the terminal.
  static service::Cause from(std::string_view address) { return {"", std::string(address), "", "", false}; }

  service::SignIn sign_in(const std::string& name, std::string_view password, std::string_view address = home,
                          service::Purpose purpose = service::Purpose::sign_in) {
    return sign_in(realm(), name, password, address, purpose);
  }
  service::SignIn sign_in(service::Realm& at, const std::string& name, std::string_view password,
                          std::string_view address, service::Purpose purpose = service::Purpose::sign_in) {
    const auto who = from(address);
    const auto ticket = service::begin_sign_in(at, who, policy, {name, "login", purpose});
    const auto verified = service::verify_ticket(ticket, base::Secret(password), random());
    return service::finish_sign_in(at, who, policy, ticket, verified);
  }

  service::CodeCheck code(const std::string& user, std::string_view typed, std::string_view address = home,
                          std::optional<service::Factor> factor = std::nullopt) {
    return code(realm(), user, typed, address, factor);
  }
  service::CodeCheck code(service::Realm& at, const std::string& user, std::string_view typed,
                          std::string_view address = home,
                          std::optional<service::Factor> factor = std::nullopt) {
    const base::Secret secret(typed);
    return service::verify_second_factor(at, from(address), policy, {user, secret, "login", factor});
  }

  // Enrolled and confirmed; gives what makes its codes. The clock moves on to the next step.
  credential::TotpEnrolment add_totp(const std::string& user) {
    auto offer = service::enroll_totp(realm(), cause(), {user, "authctl", {}});
    const base::Secret first(credential::totp_code(offer.enrolment.secret, {}, clock().now()));
    REQUIRE(service::confirm_totp(realm(), cause(), policy, user, first).accepted());
    clock().advance(std::chrono::seconds(30));
    return std::move(offer.enrolment);
  }
  std::string code_of(const credential::TotpEnrolment& enrolment) {
    return credential::totp_code(enrolment.secret, enrolment.settings, clock().now());
  }

  service::UserView view(const std::string& name) { return service::show_user(realm(), name); }
};

// "allowed", or why it was refused.
template <class Outcome>
std::string verdict(const Outcome& outcome) {
  return outcome.refusal ? std::string(service::word_of(*outcome.refusal)) : "allowed";
}

}  // namespace authctl::test
