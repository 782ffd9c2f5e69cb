// A user's TOTP: enrolled (a secret is made, and waits), confirmed by its first code, looked at, taken away.
//
//   none ──enroll──▶ pending ──confirm──▶ confirmed ──enroll──▶ confirmed, and a new one pending
//                                             │                     │ confirm: the new one takes its place
//                                             └──────disable────────┴──▶ none
//
// Invariants: a secret stands in the store sealed and is shown once; until a code of it was right nothing
// asks for it. A factor that comes or goes ends the tokens its user had before (ASVS 5.0 section 7.4.3).
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "core/credential/totp.h"
#include "core/service/second_factor.h"
#include "core/store/factor_repository.h"

namespace authctl::service {

struct TotpRequest {
  std::string user;    // name, e-mail or id
  std::string issuer;  // what the phone shows beside the name
  credential::TotpSettings settings;
};

struct TotpOffer {
  std::string user_id, user_name;
  credential::TotpEnrolment enrolment;  // with the secret; on a dry run it is empty
  bool replaces = false;                // a confirmed one counts until this one is confirmed
};

// A pending one of the same user ends. `deliver` is called before it does, with the offer as it will be
// given; where it throws nothing was enrolled. Not on a dry run.
using DeliverOffer = std::function<void(const TotpOffer&)>;
TotpOffer enroll_totp(Realm& realm, const Cause& cause, const TotpRequest& request,
                      const DeliverOffer& deliver = {});

struct TotpStatus {
  std::string user_name;
  bool enrolled = false, confirmed = false, pending = false;
  std::optional<credential::TotpSettings> settings;  // of the confirmed one, else of the pending one
  std::optional<std::string> issuer;
  std::optional<base::Timestamp> created_at, confirmed_at;
  std::optional<base::Timestamp> last_used_at;  // the begin of the step of the last code
};
TotpStatus totp_status(Realm& realm, const std::string& user);

struct TotpConfirmation : CodeCheck {
  TotpStatus status;  // afterwards, where it was right
};
// Counted like every code. `refusal` where it is not right; Error precondition where none is pending.
TotpConfirmation confirm_totp(Realm& realm, const Cause& cause, const SignInPolicy& policy,
                              const std::string& user, const base::Secret& code);

// Error not_found where there is none, pending or confirmed.
TotpStatus disable_totp(Realm& realm, const Cause& cause, const std::string& user);

// The secret of a row.
base::Secret open_totp(Realm& realm, const store::TotpRow& row);
// A row with its secret sealed: for an enrolment, and for one that is carried over from elsewhere.
store::TotpRow seal_totp(Realm& realm, const std::string& user_id, const credential::TotpEnrolment& enrolment,
                         store::EnrolmentState state, base::Timestamp now);

}  // namespace authctl::service
