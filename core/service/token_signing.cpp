#include "core/service/token_signing.h"

#include "core/service/keyring.h"
#include "core/store/key_repository.h"

namespace authctl::service {

token::Signer SigningKey::take() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return pattern_.clone();
  auto signer = std::move(idle_.back());
  idle_.pop_back();
  return signer;
}

std::string SigningKey::sign(std::string_view typ, const base::json::object& claims) {
  auto signer = take();
  auto token = signer.sign(typ, claims);
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(signer));
  return token;
}

std::shared_ptr<SigningKey> ActiveSigner::get(Change& change) {
  const auto row = store::KeyRepository(change.db()).active(store::KeyUse::jwt);
  if (!row) {
    throw base::Error(base::ErrorCode::precondition, "there is no active jwt key",
                      "authctl key generate --use jwt");
  }
  if (!key_ || row->kid != kid_ || row->sealed != sealed_) {  // another key may come under the same id
    key_ = std::make_shared<SigningKey>(token::Signer(open_jwk(change.realm(), *row)));
    kid_ = row->kid;
    sealed_ = row->sealed;
  }
  return key_;
}

base::Secret SettledToken::sign() const { return base::Secret::consume(key->sign(typ_of(type), claims)); }

std::string typ_of(std::string_view type) {
  if (type == "access") return "at+jwt";
  return std::string(type) + "+jwt";
}

}  // namespace authctl::service
