// The audit log as its readers meet it: asked, followed, exported, verified, proved and pruned.
// Invariant: what shows an e-mail or a network address in full is itself an entry (audit.reveal), and that
// entry is on disk before the first row is handed out.
#pragma once
#include <functional>
#include <optional>
#include <ostream>
#include <string>

#include "core/audit/query.h"
#include "core/audit/redaction.h"
#include "core/audit/verification.h"
#include "core/service/change.h"

namespace authctl::service {

// As it is typed; empty: not asked for.
struct AuditRequest {
  std::string since, until;  // a time, or a duration: so long ago
  std::string actor, action, target, outcome, ip;
  std::optional<std::int64_t> limit;  // none: all of them
  bool reveal = false;
};

using NextObject = std::function<std::optional<base::json::object>()>;

// Entries newest first; the realm must outlive what is given. Error invalid for a time or an outcome that is
// none.
NextObject query_audit(Realm& realm, const Cause& cause, const AuditRequest& request);

// The entry of whoever looks behind the mask. Error usage on a dry run, which could not leave it.
void record_reveal(Realm& realm, const Cause& cause, base::json::object detail);

// New entries as they come. Every poll gives those since the one before.
class AuditFollower {
 public:
  AuditFollower(Realm& realm, const Cause& cause, bool reveal);
  void poll(const std::function<void(const base::json::object&)>& show);

 private:
  Realm& realm_;
  audit::Privacy privacy_;
  std::int64_t seen_;
};

enum class AuditFormat { jsonl, csv, cef };
std::optional<AuditFormat> parse_audit_format(std::string_view word);
struct AuditExport {
  AuditFormat format = AuditFormat::jsonl;
  std::string since;
  bool reveal = false;
  std::string version = {};  // of this program, for CEF
};
// Oldest first, streamed. Error io where the stream does not take it.
void export_audit(Realm& realm, const Cause& cause, const AuditExport& request, std::ostream& out);

base::json::object verification_json(const audit::Verification& result);

// The signed head, and the key that checks it.
struct AuditCheckpoint {
  std::string note;
  std::string public_key;  // its text form, for `audit verify --public-key`
};
AuditCheckpoint audit_checkpoint(Realm& realm);

base::json::object prove_audit_entry(Realm& realm, const Cause& cause, std::int64_t seq);
base::json::object prune_audit(Realm& realm, const Cause& cause, base::Timestamp before);
base::json::object audit_statistics(Realm& realm);

// "2026-01-01T00:00:00Z", or "24h" for so long before `now`. Error invalid.
base::Timestamp parse_audit_time(std::string_view text, base::Timestamp now);

}  // namespace authctl::service
