// What a secret from a dump is worth: whose it is, since when, and whether it still works here, each asked of
// the same code that takes it when it is presented. Invariants: "works" is said of nothing that would be
// refused for a reason of its own (whom it is presented to is left open: any issuer, audience and type); what
// an unverified token says of itself is not repeated; the store is only read.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/credential/leak_scan.h"
#include "core/crypto/digest.h"
#include "core/service/fernet_ring.h"
#include "core/service/leaked_codes.h"
#include "core/service/token_check.h"
#include "core/store/key_repository.h"

namespace authctl::service {

using credential::Leak;
using credential::LeakKind;
using credential::LeakPlace;

struct LeakFinding {
  LeakFinding(LeakKind which, std::string_view text);

  LeakKind kind;
  std::optional<bool> works;  // nothing: it cannot be told
  bool to_come = false;       // it does not work yet, and will
  std::string reason;         // a word; empty: it works
  crypto::Digest digest;      // of the text: what the store knows most of them by
  std::string name;           // what it may be called by in public: the first 8 of a jti, a session, a kid
  std::optional<std::string> user, client, kid;  // names, and the key
  std::optional<base::Timestamp> issued_at, expires_at;
  std::uint64_t count = 1;
  std::vector<LeakPlace> places;  // the first few
  bool revoked = false;           // by the run that found it
  std::string hint;               // what to type; empty: nothing

  // What revocation needs.
  std::optional<TokenSubject> token;
  std::string user_id, client_id, session_id;
  base::Bytes mac;  // of a backup code

  void refuse(std::string_view why);
  bool lives() const { return works == true || to_come; }
};

class LeakJudge {
 public:
  // `idle`: how long a session may be unused.
  LeakJudge(Realm& realm, base::Duration idle);
  ~LeakJudge();

  struct Judgement {
    std::size_t length;  // of the secret, in characters of the leak's text
    std::size_t taken;   // in which no other one begins
    LeakFinding finding;
  };
  // Nothing where it is no secret. `known` is asked with the digest of what would be looked at, so that
  // nothing is verified twice; where it says so, the judgement has only lengths and digest.
  using Known = std::function<bool(const crypto::Digest&)>;
  std::optional<Judgement> judge(const Leak& leak, const Known& known);
  // How many texts look like a backup code and were not compared with all there are.
  std::uint64_t codes_left_out() const { return codes_.left_out(); }

 private:
  std::optional<Judgement> judge_token(const Leak& leak, const Known& known);
  std::optional<Judgement> judge_fernet(const Leak& leak, const Known& known);
  std::optional<Judgement> judge_fernet_key(const Leak& leak);
  std::optional<Judgement> judge_key(const Leak& leak);
  void judge_client_secret(const Leak& leak, LeakFinding& finding);
  void judge_refresh(const Leak& leak, LeakFinding& finding);
  void judge_one_time(LeakFinding& finding);
  bool judge_code(const Leak& leak, LeakFinding& finding);
  void judge_thumbprint(const std::string& thumbprint, LeakFinding& finding);
  void fill_token(const token::Verdict& verdict, LeakFinding& finding);
  std::vector<std::size_t> token_lengths(std::string_view text, std::span<const std::size_t> ends) const;
  std::optional<std::string> user_named(const std::string& id);
  // Fills in whose it is; false where they cannot sign in any more.
  bool belongs_to(const std::string& user_id, LeakFinding& finding);
  const std::map<std::string, store::KeyRow, std::less<>>& keys();

  Realm& realm_;
  base::Duration idle_;
  base::Timestamp now_;
  std::shared_ptr<const token::KeySet> trusted_;
  token::Verifier verifier_;
  FernetKeys fernet_;
  LeakedCodes codes_;
  base::Bytes buffer_;
  // Fernet tokens that noise follows at once are found by trying; a dump may not make us try forever.
  std::size_t tries_left_ = 1'000'000;
  std::optional<std::map<std::string, store::KeyRow, std::less<>>> keys_;  // by thumbprint
};

std::string_view word_of(LeakKind kind);
std::string_view word_of(credential::LeakForm form);

}  // namespace authctl::service
