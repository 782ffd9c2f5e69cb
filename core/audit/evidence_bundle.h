// A bundle of evidence: a folder that says what the log says of a time, and that nothing of it was left out.
//
//   evidence.json    {"manifest": …, "proof": …, "public_key": …}: the manifest names each file with its
//   digest, and
//                    its own digest stands in an entry of the log that the proof leads to the signed tree
//   entries.jsonl    each entry from the first on: what may be shown of it, its leaf, and its record where
//   that
//                    shows nothing that is masked
//   keys.jsonl, incidents.jsonl, summary.txt, log.vkey
//
// Invariant: the leaves, put behind the tree that stood before them (`before` in the manifest), give the tree
// of the checkpoint in the manifest: so each entry is in the log at its place, and none between the first and
// the last is missing. RFC 6962 section 2.1.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "core/audit/evidence.h"
#include "core/audit/redaction.h"

namespace authctl::audit {

inline constexpr std::string_view evidence_format = "authctl-evidence/1";

struct EvidenceFile {
  std::string name;
  std::int64_t bytes = 0;
  crypto::Digest sha256{};
};

// What the log holds from an entry on, in one snapshot.
struct Extract {
  std::int64_t first_seq = 0, last_seq = 0;  // first_seq = last_seq + 1: nothing
  Frontier before;                           // the tree over what comes before first_seq
  std::string checkpoint;                    // the signed head over all up to last_seq
};
// To be run within a snapshot. Where entries were pruned it begins behind them. `line` gets each entry as it
// may be shown, and the line that is written for it.
Extract extract_entries(
    store::Database& db, std::int64_t first_seq, Privacy privacy,
    const std::function<void(const StoredEntry&, const base::json::object&, const std::string&)>& line);

base::json::array files_json(const std::vector<EvidenceFile>& files);

// Reads the folder and nothing else. Error io where it cannot be read.
Verification verify_bundle(const std::string& folder, const VerifierKey& key);

}  // namespace authctl::audit
