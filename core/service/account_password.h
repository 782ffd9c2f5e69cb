// A user's password: judged by the policy, hashed, set. Hashing is slow on purpose, so it is done before the
// change that keeps its result, not in it. Invariant: a password that was set here ends every token that its
// user had before.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "core/base/secret.h"
#include "core/credential/password_policy.h"
#include "core/crypto/password.h"
#include "core/service/change.h"
#include "core/service/user_json.h"

namespace authctl::service {

struct PasswordPolicy {
  credential::PasswordRules rules;
  crypto::Argon2Cost cost;
};

struct HashedPassword {
  std::string hash, scheme;
};

// Error invalid with every objection of the policy.
HashedPassword hash_new_password(const base::Secret& password, const credential::PasswordOwner& owner,
                                 const PasswordPolicy& policy, base::Random& random);

// The same for one that its user chooses: it is not the one that has to be changed.
HashedPassword hash_chosen_password(const base::Secret& password, const store::UserRow& user,
                                    const credential::PasswordOwner& owner, const PasswordPolicy& policy,
                                    base::Random& random);

// 100 random bits or more in groups that are easy to type: as long, and of the classes, as the rules ask for.
base::Secret generate_password(base::Random& random, const credential::PasswordRules& rules);

struct PasswordRequest {
  std::string user;                      // name, e-mail or id
  std::optional<base::Secret> password;  // the new one
  bool generate = false;                 // or made here
  bool must_change = false;              // at the next sign-in; alone, the password stays as it is
};

struct PasswordOutcome {
  UserView user;
  std::optional<base::Secret> generated;  // not on a dry run
};

// For a change with more in it.
void put_password(Change& change, const store::UserRow& user, const HashedPassword& password,
                  bool must_change, bool generated);
// Is handed what was generated before the change is committed: what it throws leaves the password as it was.
using DeliverPassword = std::function<void(const base::Secret&)>;
// Error usage where there is nothing to do.
PasswordOutcome set_password(Realm& realm, const Cause& cause, const PasswordRequest& request,
                             const PasswordPolicy& policy, const DeliverPassword& deliver = {});

// Within a change, the user's own: by a reset, or with the current password.
void set_password(Change& change, const store::UserRow& user, const HashedPassword& password);

}  // namespace authctl::service
