// What left the house, checked by whoever has nothing but the log's public key: that an entry is in the log,
// and what hangs on such a proof. Invariant: what is accepted is bound to a signature of that key; everything
// else is refused with a sentence that says where.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/audit/checkpoint.h"
#include "core/audit/verification.h"
#include "core/base/json.h"

namespace authctl::audit {

// What a proof (as `audit prove` prints it) holds, once it was checked.
struct CheckedProof {
  std::int64_t seq = 0;
  Checkpoint checkpoint;
  base::json::object record;  // the entry's stored columns
};

// Ends a check with what was found; `seq`: of the entry in question.
struct EvidenceProblem {
  LogVerdict verdict;
  std::string problem;
  std::optional<std::int64_t> seq = std::nullopt;
};

// Throws EvidenceProblem: altered, or unverifiable where the note is of another log.
CheckedProof check_proof(const base::json::object& proof, const VerifierKey& key, const std::string& what);
Checkpoint check_checkpoint(std::string_view note, const VerifierKey& key, const std::string& what);

// A receipt of `incident contain`: its bytes are exactly those that were written.
Verification verify_receipt(std::string_view text, const VerifierKey& key);

// The one form in which a receipt is written.
std::string receipt_text(const base::json::object& receipt);

}  // namespace authctl::audit
