// Whom an access token speaks for: its signature, its claims, and what the store knows of it and its user.
// Invariant: a caller is given only for a token that `token verify` calls valid; whatever cannot be judged is
// an Error or a question to the store, never a caller.
//
//   on the spot:  seen before? ──► epochs unmoved, not revoked ──► known
//                      │ no
//                      ▼
//                 signature and claims ──► revoked? user known here? ──► known, refused, or ask the store
//   on a worker:  the store's own answer, which the I/O thread then keeps
#pragma once
#include <string_view>
#include <vector>

#include "core/crypto/keyed_hash.h"
#include "core/server/caller.h"
#include "core/server/workers.h"

namespace authctl::server {

// By the store.
Recognition recognize(std::string_view token, Work& work);

// `resource`: empty: none. Error invalid for what is no permission or no resource.
bool is_allowed(const service::Standing& standing, std::string_view permission, std::string_view resource,
                base::Timestamp now);

// By what this process knows; one for each I/O thread.
class Recognizer {
 public:
  Recognizer(const Knowledge& knowledge, Metrics& metrics, base::Random& random);

  enum class Answer { known, refused, ask_store };
  // `tick`: about now. `found` is filled in where it is known.
  Answer recognize(std::string_view token, const Config& config, base::Timestamp now,
                   std::chrono::steady_clock::time_point tick, Recognition& found);
  // As is_allowed() for the standing that was found; what was asked a moment ago is not worked out again.
  bool allows(const Recognition& found, std::string_view permission, std::string_view resource,
              base::Timestamp now);
  // Keeps what the store answered for this token.
  void keep(std::string_view token, const Config& config, Recognition recognition);

 private:
  struct Seen : Recognition {
    crypto::KeyedHash::Digest digest{};
    std::uint64_t config = 0;
  };
  // Of one standing, which it keeps alive: another one, also of the same user, is another pointer.
  struct Decided {
    crypto::KeyedHash::Digest digest{};
    std::shared_ptr<const service::Standing> standing;
    base::Timestamp until{};
    bool allowed = false;
  };
  Seen* find(const crypto::KeyedHash::Digest& digest);
  Seen& place_for(const crypto::KeyedHash::Digest& digest);
  Answer judge(std::string_view token, const Config& config, base::Timestamp now,
               std::chrono::steady_clock::time_point tick, Recognition& found);
  Answer judge_subject(const token::Verdict& verdict, base::Timestamp now, Recognition& found);
  bool may_ask_about_key(std::chrono::steady_clock::time_point tick);
  token::Verifier& verifier(const Config& config);

  const Knowledge& knowledge_;
  crypto::KeyedHash hash_;
  std::vector<Seen> seen_;
  std::vector<Decided> decided_;
  std::string question_;  // kept for its room
  std::shared_ptr<const KeySnapshot> keys_;
  std::uint64_t key_epoch_ = 0, config_ = 0;
  std::optional<token::Verifier> verifier_;
  std::chrono::steady_clock::time_point asked_about_key_{};
  unsigned questions_ = 0;
  Metrics& metrics_;
};

}  // namespace authctl::server
