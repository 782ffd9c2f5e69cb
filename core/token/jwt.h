// JSON Web Tokens (RFC 7519) in JWS compact form (RFC 7515), verified as RFC 8725 asks, and made.
// Invariant: a verdict is a function of (token, keys, expectations, now) alone. The key is chosen by `kid`,
// byte for byte; the algorithm is the key's, and the header must say the same. Nothing in a token names a
// key, a file or a URL.
//
// `reason` is the first that fits, in the order of the enum. The whole token is read before anything is
// judged: a token that is not one strict text is `malformed`, whoever signed it. crit, b64 and zip of any
// kind are malformed. A header `alg` that is not the key's own is `unsupported_algorithm`.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/token/jwk.h"

namespace authctl::token {

enum class Reason {
  malformed,
  unsupported_algorithm,
  unknown_key,
  revoked_key,
  bad_signature,
  wrong_type,
  wrong_issuer,
  wrong_audience,
  missing_claim,
  not_yet_valid,
  expired,
  revoked,
  user_disabled
};
inline constexpr int reason_count = static_cast<int>(Reason::user_disabled) + 1;
std::string_view word_of(Reason reason);

enum class KeyState { pending, active, retiring, revoked };
std::string_view word_of(KeyState state);
std::optional<KeyState> key_state_named(std::string_view word);

// The keys that a verifier trusts. Built once, then shared by any number of threads.
class KeySet {
 public:
  struct Entry {
    Jwk key;
    KeyState state = KeyState::active;
    std::optional<base::Timestamp> verifies_until;  // from then on it counts as revoked
  };
  // Error invalid where the kid is already there.
  void add(Jwk key, KeyState state = KeyState::active, std::optional<base::Timestamp> verifies_until = {});
  const std::vector<Entry>& entries() const { return entries_; }
  // Its place in entries(), nothing where there is none.
  std::optional<std::size_t> find(std::string_view kid) const;

 private:
  std::vector<Entry> entries_;
  std::vector<std::size_t> by_kid_;  // sorted
};

// A claim that must be there; with a value, a string that equals it or a number or truth value written like
// it.
struct RequiredClaim {
  std::string name;
  std::optional<std::string> value;
};

struct Expectations {
  std::optional<std::string> issuer;                  // nothing: any
  std::optional<std::vector<std::string>> audiences;  // any one of them; nothing: any
  std::string type;                                   // the claim `type`; empty: any
  std::string typ;  // header `typ`, a media type, `application/` optional; empty: any
  std::vector<crypto::Algorithm> algorithms{crypto::all_algorithms.begin(), crypto::all_algorithms.end()};
  std::vector<RequiredClaim> required;  // beside `exp`, which always is
  base::Duration leeway{0};
  std::size_t max_bytes = 16384;
  // Off: a token without a kid, or a key without one, is judged with the only key of the set.
  bool kid_required = true;
};

// Views into the Verifier that gave it: good until its next verify().
struct Verdict {
  std::optional<Reason> reason;                // nothing: it is valid
  std::string_view alg, kid;                   // of the header, where there is a readable one
  std::string_view type;                       // the claim, where the signature is right
  const base::json::object* header = nullptr;  // where the token is not malformed
  const base::json::object* claims = nullptr;  // where the signature is right: never show others as facts

  bool ok() const { return !reason; }
  // The two reasons that only the caller can know, asked last: pass what it found.
  void refuse(Reason why) {
    if (!reason) reason = why;
  }
};

// Verifies token after token against one set of keys. One object a thread; nothing is allocated for a token
// but in the object's own arena.
class Verifier {
 public:
  Verifier(std::shared_ptr<const KeySet> keys, Expectations expectations);
  Verifier(Verifier&&) noexcept;
  Verifier& operator=(Verifier&&) noexcept;
  ~Verifier();
  Verdict verify(std::string_view token, base::Timestamp now);
  const Expectations& expectations() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// {valid reason alg kid type claims}: what `token verify` prints.
base::json::object verdict_json(const Verdict& verdict);

// Header and claims without any check of the signature; nothing where the token is malformed (as verify()
// judges it, but for the claims' types).
struct Inspection {
  base::json::object header, claims;
};
std::optional<Inspection> inspect_token(std::string_view token, std::size_t max_bytes = 16384);

// Makes tokens with one key. One object a thread.
class Signer {
 public:
  explicit Signer(const Jwk& key);  // Error invalid for a public key
  // Compact form with the header {"alg","typ","kid"}; no typ where it is empty.
  std::string sign(std::string_view typ, const base::json::object& claims);
  Signer clone() const { return Signer(kid_, signer_.clone()); }  // for another thread

 private:
  Signer(std::string kid, crypto::Signer signer) : kid_(std::move(kid)), signer_(std::move(signer)) {}
  std::string kid_;
  std::string typ_, header_;  // the last header made, encoded
  std::string payload_;       // this and the next keep their room from token to token
  base::Bytes signature_;
  crypto::Signer signer_;
};

}  // namespace authctl::token
