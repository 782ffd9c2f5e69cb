// Members of evidence, which came from outside: each is what it has to be, or the evidence was altered.
#pragma once
#include <string>
#include <string_view>

#include "core/audit/evidence.h"

namespace authctl::audit {

[[noreturn]] void evidence_altered(std::string problem, std::optional<std::int64_t> seq = std::nullopt);

// EvidenceProblem "WHAT has no NAME" where it is not there, or of another kind.
const base::json::value& evidence_member(const base::json::object& from, std::string_view name,
                                         base::json::kind kind, const std::string& what);
std::string evidence_text(const base::json::object& from, std::string_view name, const std::string& what);
std::int64_t evidence_number(const base::json::object& from, std::string_view name, const std::string& what);
// base64 of 32 bytes; nothing for anything else.
std::optional<Hash> evidence_hash(std::string_view encoded);

// Runs a check that fills in `result`, and takes into it what the check found.
template <class Check>
Verification verify_evidence(Check check) {
  Verification result;
  try {
    check(result);
  } catch (const EvidenceProblem& found) {
    result.verdict = found.verdict;
    result.problem = found.problem;
    result.first_bad_seq = found.seq;
  }
  return result;
}

}  // namespace authctl::audit
