// `incident triage`: reads a dump, says what secrets of this store it gives away, and ends those that still
// work. Invariants: the dump is read once, a block at a time, and nothing of it is kept but digests; a secret
// is reported once, however often it stands there; what is ended is ended by the services that own it, with
// their entries. Run again it finds nothing to end.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "core/base/byte_source.h"
#include "core/base/json.h"
#include "core/service/change.h"
#include "core/service/leak_judge.h"

namespace authctl::service {

struct TriageRequest {
  base::Duration idle{0};  // AUTHCTL_SESSION_IDLE
  // That many are listed of what works, of ciphertexts that open, and of what does not work: neither a flood
  // of forged tokens nor a table full of ciphertext hides what can be ended.
  std::size_t most_of_each = 100'000;
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = nullptr;
  std::function<bool()> interrupted = nullptr;
};

struct TriageReport {
  std::uint64_t bytes = 0;
  std::vector<LeakFinding> findings;            // those that live first, then in the order of their places
  std::uint64_t untold = 0, untold_living = 0;  // findings beyond what is listed
  std::vector<std::string> notices;

  std::size_t living() const;
};

// Error interrupted.
TriageReport triage(Realm& realm, base::ByteSource& source, const TriageRequest& request);

// Ends what lives and can be ended by itself: tokens, sessions, client secrets, resets, challenges, codes.
// Keys and what is under them are left to whoever rotates them.
void revoke_leaks(Realm& realm, const Cause& cause, TriageReport& report);

// kind works reason name fingerprint user client kid issued_at expires_at count places[{offset line form}]
// revoked hint
base::json::object leak_json(const LeakFinding& finding);
std::string draw_triage(const TriageReport& report);

}  // namespace authctl::service
