#include "core/service/incident_report.h"

#include "core/audit/verification.h"
#include "core/base/error.h"
#include "core/base/new_folder.h"
#include "core/crypto/digest_stream.h"
#include "core/service/audit_trail.h"
#include "core/service/containment.h"
#include "core/service/keyring.h"
#include "core/store/snapshot.h"

namespace authctl::service {
namespace {

constexpr std::int64_t most_incidents = 1000;
constexpr std::int64_t most_key_events = 10000;

// Writes a file and remembers its digest.
class Writer {
 public:
  explicit Writer(base::NewFolder& folder) : folder_(folder) {}
  void begin(const std::string& name) {
    file_ = {name, 0, {}};
    digest_.emplace();
    folder_.append(name, "");
  }
  void add(std::string_view bytes) {
    folder_.append(file_.name, bytes);
    digest_->add(base::bytes_of(bytes));
    file_.bytes += static_cast<std::int64_t>(bytes.size());
  }
  void end(IncidentReport& report) {
    file_.sha256 = digest_->finish();
    report.files.push_back(file_);
  }

 private:
  base::NewFolder& folder_;
  audit::EvidenceFile file_;
  std::optional<crypto::DigestStream> digest_;
};

std::string line_of(const base::json::object& json) { return base::canonical_json(json) + '\n'; }

// What is in the store of each key, with its public half, and what the log says of keys that are gone too.
std::vector<base::json::object> key_history(Realm& realm) {
  std::vector<base::json::object> history;
  for (const auto use : {store::KeyUse::jwt, store::KeyUse::fernet}) {
    for (const auto& key : list_keys(realm, use)) {
      auto json = key_json(key);
      json["public_jwk"] = nullptr;
      if (const auto jwk = base::parse_json(key.row.public_jwk.value_or(""))) json["public_jwk"] = *jwk;
      history.push_back({{"key", std::move(json)}});
    }
  }
  audit::Filter filter;
  filter.action = "key.*";
  std::vector<base::json::object> events;
  const auto stream = audit::query_entries(realm.db(), filter, most_key_events);
  while (const auto* entry = stream->next())
    events.push_back({{"event", audit::entry_json(*entry, audit::Privacy::redacted)}});
  history.insert(history.end(), std::make_move_iterator(events.rbegin()),
                 std::make_move_iterator(events.rend()));
  return history;
}

std::vector<base::json::object> receipts(Realm& realm, const Cause& cause, base::Timestamp since) {
  std::vector<base::json::object> all;
  for (const auto& incident : store::IncidentRepository(realm.db()).finished_since(since, most_incidents))
    if (has_proof(realm, incident)) all.push_back(signed_receipt(realm, cause, incident));
  return all;
}

void count(ReportCounts& counts, const base::json::object& shown) {
  const auto word = [&](const char* member) {
    const auto* held = shown.if_contains(member);
    return held && held->is_string() ? std::string(held->as_string()) : std::string("-");
  };
  ++counts.actions[word("action")];
  ++counts.actors[word("actor")];
  if (const auto outcome = word("outcome"); outcome != "success")
    ++counts.refused[word("action") + " " + outcome];
}

// One snapshot: head, entries and keys are of the same moment.
std::string write_entries(Realm& realm, IncidentReport& report, Writer* writer) {
  const store::Snapshot together(realm.db());
  const auto first = audit::first_since(realm.db(), report.since);
  const auto privacy = report.revealed ? audit::Privacy::revealed : audit::Privacy::redacted;
  if (writer) writer->begin("entries.jsonl");
  const auto extract = audit::extract_entries(
      realm.db(), first.value_or(audit::newest_seq(realm.db()) + 1), privacy,
      [&](const audit::StoredEntry&, const base::json::object& shown, const std::string& line) {
        count(report.counts, shown);
        if (writer) writer->add(line);
      });
  if (writer) writer->end(report);
  report.first_seq = extract.first_seq;
  report.last_seq = extract.last_seq;
  report.checkpoint = extract.checkpoint;
  const auto stub = audit::read_last_stub(realm.db());
  const auto gone = stub ? static_cast<std::int64_t>(stub->frontier.size()) : 0;
  if (gone + 1 == report.first_seq) report.pruned = gone;
  report.keys = key_history(realm);
  return base::encode_base64(extract.before.bytes());
}

void write_lines(Writer& writer, IncidentReport& report, const std::string& name,
                 const std::vector<base::json::object>& lines) {
  writer.begin(name);
  for (const auto& line : lines) writer.add(line_of(line));
  writer.end(report);
}

void write_text(Writer& writer, IncidentReport& report, const std::string& name, std::string_view text) {
  writer.begin(name);
  writer.add(text);
  writer.end(report);
}

// The entry that vouches for the manifest. What it says goes out with the proof, so a reason is masked in it.
std::int64_t vouch(Realm& realm, const Cause& cause, const IncidentReport& report,
                   const base::json::object& manifest) {
  Cause masked = cause;
  masked.reason = audit::redact_text(cause.reason);
  return change(realm, masked, [&](Change& c) {
    const auto digest = crypto::sha256(base::bytes_of(base::canonical_json(manifest)));
    c.record({"incident.report",
              {"audit", "", ""},
              audit::Outcome::success,
              {{"evidence_sha256", base::encode_base64(digest)},
               {"since", base::to_rfc3339(report.since)},
               {"first_seq", report.first_seq},
               {"last_seq", report.last_seq},
               {"revealed", report.revealed}}});
    return static_cast<std::int64_t>(realm.log().frontier().size()) + 1;
  });
}

base::json::object manifest_of(const IncidentReport& report, const std::string& before) {
  return {{"format", audit::evidence_format},
          {"store", report.store},
          {"since", base::to_rfc3339(report.since)},
          {"until", base::to_rfc3339(report.until)},
          {"first_seq", report.first_seq},
          {"last_seq", report.last_seq},
          {"before", before},
          {"checkpoint", report.checkpoint},
          {"revealed", report.revealed},
          {"files", audit::files_json(report.files)}};
}

}  // namespace

IncidentReport report_incident(Realm& realm, const Cause& cause, const ReportRequest& request) {
  IncidentReport report;
  report.folder = request.folder;
  report.until = realm.now();
  report.since = parse_audit_time(request.since, realm.now());
  report.revealed = request.reveal;
  const auto log = audit_checkpoint(realm);
  report.public_key = log.public_key;
  report.store = report.public_key.substr(0, report.public_key.find('+'));
  std::optional<base::NewFolder> folder;
  if (!cause.dry_run) folder.emplace(request.folder);  // before anything is revealed
  if (request.reveal)
    record_reveal(realm, cause, {{"command", "report"}, {"since", base::to_rfc3339(report.since)}});
  report.incidents = receipts(realm, cause, report.since);
  std::optional<Writer> writer;
  if (folder) writer.emplace(*folder);
  const auto before = write_entries(realm, report, writer ? &*writer : nullptr);
  if (!folder) return report;
  write_lines(*writer, report, "keys.jsonl", report.keys);
  write_lines(*writer, report, "incidents.jsonl", report.incidents);
  write_text(*writer, report, "log.vkey", report.public_key + '\n');
  write_text(*writer, report, "summary.txt", summary_of(report, audit::redact_text(cause.actor)));
  const auto manifest = manifest_of(report, before);
  const auto seq = vouch(realm, cause, report, manifest);
  folder->append("evidence.json", audit::receipt_text({{"manifest", manifest},
                                                       {"proof", prove_audit_entry(realm, cause, seq)},
                                                       {"public_key", report.public_key}}));
  folder->publish();
  return report;
}

base::json::object report_json(const IncidentReport& report) {
  return {{"folder", report.folder},
          {"since", base::to_rfc3339(report.since)},
          {"until", base::to_rfc3339(report.until)},
          {"entries", report.last_seq - report.first_seq + 1},
          {"first_seq", report.first_seq},
          {"last_seq", report.last_seq},
          {"pruned", report.pruned},
          {"revealed", report.revealed},
          {"incidents", static_cast<std::int64_t>(report.incidents.size())},
          {"files", audit::files_json(report.files)},
          {"checkpoint", report.checkpoint},
          {"public_key", report.public_key}};
}

}  // namespace authctl::service
