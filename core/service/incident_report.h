// `incident report`: what the log says since a time, in a folder that `audit verify` accepts anywhere with
// the public key alone (core/audit/evidence_bundle.h): the entries with their proof, the history of the keys,
// the receipts of what was contained, and a summary for a person. Invariant: the log has an entry with the
// digest of each bundle before the bundle stands in its place; addresses are masked unless they are revealed,
// which is an entry too.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/audit/evidence_bundle.h"
#include "core/service/change.h"

namespace authctl::service {

struct ReportRequest {
  std::string since;   // a time, or a duration: so long ago
  std::string folder;  // where the bundle is to be; nothing may be there
  bool reveal = false;
};

// What a summary counts; addresses are masked in it, or not, as in the rest.
struct ReportCounts {
  std::map<std::string, std::int64_t> actions, actors, refused;
};

struct IncidentReport {
  std::string folder, store;
  base::Timestamp since{}, until{};
  std::int64_t first_seq = 0, last_seq = 0;
  std::int64_t pruned = 0;  // entries right before the first that are gone: what they said is not in here
  bool revealed = false;
  std::vector<base::json::object> keys, incidents;
  ReportCounts counts;
  std::string checkpoint, public_key;
  std::vector<audit::EvidenceFile> files;  // empty on a dry run
};

// Error invalid for a time that is none, conflict where something is in its place, unverified where the log
// was altered.
IncidentReport report_incident(Realm& realm, const Cause& cause, const ReportRequest& request);

base::json::object report_json(const IncidentReport& report);
// For a person: what is in it, and how it is checked.
std::string summary_of(const IncidentReport& report, const std::string& actor);

}  // namespace authctl::service
