// Signing of access tokens beside the change that settles them.
//
//   in the change   ActiveSigner::get ──► SigningKey
//                   settle_token ──► SettledToken: claims and row, no signature
//   afterwards      SettledToken::sign(), on the thread of whoever hands it out
//
// Invariants: no token is signed before its row in issued_token and its entry are on disk; changes, which
// wait for each other, do not wait for signatures. A key that is revoked in between has made a token that is
// refused like every other of its.
#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "core/base/secret.h"
#include "core/service/change.h"
#include "core/token/jwt.h"

namespace authctl::service {

// An opened key that any number of threads sign with at once.
class SigningKey {
 public:
  explicit SigningKey(token::Signer signer) : pattern_(std::move(signer)) {}
  std::string sign(std::string_view typ, const base::json::object& claims);

 private:
  token::Signer take();
  std::mutex mutex_;
  token::Signer pattern_;            // only cloned
  std::vector<token::Signer> idle_;  // as many as ever signed at once
};

// The active key, opened once for as long as it stays active. It belongs to one realm and is used inside its
// changes only, which never run side by side.
class ActiveSigner {
 public:
  // Error precondition where no key is active.
  std::shared_ptr<SigningKey> get(Change& change);
  const std::string& kid() const { return kid_; }

 private:
  std::string kid_;
  base::Bytes sealed_;  // the key as it stands in the store
  std::shared_ptr<SigningKey> key_;
};

// A token of which everything is settled but the signature.
struct SettledToken {
  std::shared_ptr<SigningKey> key;
  std::string jti, kid, type;
  base::json::object claims;
  base::Timestamp expires_at;
  base::Secret sign() const;
};

// The media type in the header of a token of this type: at+jwt, refresh+jwt, ….
std::string typ_of(std::string_view type);

}  // namespace authctl::service
