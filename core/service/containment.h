// `incident contain`: what is done at once when something got out. Locked, revoked, rotated, in an order in
// which the store is safer after each step than before it:
//
//   user    the account, its sessions, refresh families, tokens, challenges and resets, all in one change
//           ──► what is left of its second factor: backup codes, the one-time code of this moment
//   key     jwt: a successor signs and the key is revoked, in one change, with what hangs on it
//           fernet: the same; the old key is kept sealed, and only `fernet rotate --from` reads what is under
//           it
//   store   jwt keys (forged tokens too are refused from here on) ──► every token and session is cut off ──►
//           accounts, but those of holders of admin:all ──► clients ──► sessions one by one ──► codes ──►
//           Fernet keys
//
// Invariants: a step is one change, or many small ones where it is long, and its row changes along with its
// work; so a run that was killed is gone on with by the next one, and a step that is done does no harm when
// it is done again. Nothing here takes away what recovery needs: at the command line the authority is the
// store and its master key, not an account, and the last holder of admin:all is locked only by force.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/service/keyring_rotation.h"
#include "core/store/incident_repository.h"

namespace authctl::service {

enum class ContainScope { user, key, store };
std::string_view word_of(ContainScope scope);

enum class StepKind {
  lock_account,
  end_codes,
  rotate_key,
  revoke_key,
  cut_off,
  lock_accounts,
  lock_clients,
  end_sessions,
};
std::string_view word_of(StepKind kind);
std::optional<StepKind> step_kind_from(std::string_view word);

// How many of what: accounts, sessions, tokens, …
using Counts = std::map<std::string, std::int64_t, std::less<>>;
std::string text_of(const Counts& counts);  // "2 sessions, 1 token"; "nothing" where there is none
base::json::object counts_json(const Counts& counts);
Counts counts_from(std::string_view json);

struct ContainStep {
  StepKind kind = StepKind::lock_account;
  std::string target, name;  // the id of what it is done to, and what a person calls it; empty: everything
  Counts ends;               // not done yet: what hangs on it now; done: what it ended
  std::vector<std::string> notes;
  std::optional<base::Timestamp> done_at;
  std::optional<std::int64_t> first_seq, last_seq;  // its entries in the log
};

struct ContainRequest {
  std::string user, kid;  // one of them, or neither: the whole store
  bool force = false;     // also the last holder of admin:all
  KeyTiming timing;
};

struct Containment {
  std::string id;  // empty: not begun
  ContainScope scope = ContainScope::store;
  std::string subject, name;
  bool resumed = false;  // a run that died is gone on with
  bool over = false;     // it was contained before, and nothing has come to be since
  std::optional<base::Timestamp> began_at, finished_at;
  std::vector<ContainStep> steps;
  std::vector<std::string> notices;
  std::vector<std::string> next;  // what to type afterwards
  base::json::object receipt;     // with its proof; empty until it is finished
};

// Only looks. Error not_found for a user or a key, precondition where the last holder of admin:all would be
// locked and `force` is not set.
Containment plan_containment(Realm& realm, const ContainRequest& request);

// Called between two changes; may throw to end the run, which the next one goes on with.
using ContainProgress = std::function<void(std::size_t done, std::size_t steps)>;
// Does what is left of the plan and fills it in. On a dry run it is left as it is.
void contain(Realm& realm, const Cause& cause, const ContainRequest& request, Containment& plan,
             const ContainProgress& progress);

// incident scope subject{kind,id,name} state resumed began_at finished_at steps[] next[] receipt
base::json::object containment_json(const Containment& containment);

// For the halves of this file.

// What a step does, to some of its things or, where there are none, to its target.
struct StepWork {
  const ContainRequest& request;
  ContainScope scope;
  const ContainStep& step;
  std::vector<std::string> things;
  const PreparedRotation* successor = nullptr;
};
Counts perform_step(Change& change, const StepWork& work);
// Everything that a long step is about; empty for a short one.
std::vector<std::string> things_of(Realm& realm, StepKind kind);
// Ids of the users who hold admin:all.
std::vector<std::string> holders_of_everything(Realm& realm);

// The receipt of a finished incident, with the proof that the log knows it. Error not_found where its entry
// was pruned.
base::json::object signed_receipt(Realm& realm, const Cause& cause, const store::IncidentRow& incident);
// Whether the entry that vouches for it is still there.
bool has_proof(Realm& realm, const store::IncidentRow& incident);
// Within the change that finishes it: records its digest.
void finish_incident(Change& change, Containment& containment);

}  // namespace authctl::service
