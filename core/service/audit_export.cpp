#include "core/audit/formats.h"
#include "core/audit/log.h"
#include "core/service/audit_trail.h"

namespace authctl::service {
namespace {

constexpr std::int64_t rows_at_once = 10000;

std::string line_of(const AuditExport& request, const base::json::object& entry) {
  switch (request.format) {
    case AuditFormat::csv:
      return audit::csv_line(entry);
    case AuditFormat::cef:
      return audit::cef_line(entry, request.version);
    case AuditFormat::jsonl:
      break;
  }
  return audit::jsonl_line(entry);
}

}  // namespace

std::optional<AuditFormat> parse_audit_format(std::string_view word) {
  if (word == "jsonl") return AuditFormat::jsonl;
  if (word == "csv") return AuditFormat::csv;
  if (word == "cef") return AuditFormat::cef;
  return std::nullopt;
}

void export_audit(Realm& realm, const Cause& cause, const AuditExport& request, std::ostream& out) {
  std::optional<base::Timestamp> since;
  if (!request.since.empty()) since = parse_audit_time(request.since, realm.now());
  const std::int64_t last = audit::newest_seq(realm.db());
  const auto first = since ? audit::first_since(realm.db(), *since) : 1;
  audit::Privacy privacy = audit::Privacy::redacted;
  if (request.reveal) {
    privacy = audit::Privacy::revealed;
    record_reveal(realm, cause, {{"command", "export"}});
  }
  if (request.format == AuditFormat::csv) out << audit::csv_title();
  // Piece by piece, so that nobody who writes has to wait for a slow reader.
  std::int64_t at = first.value_or(last + 1) - 1;
  while (at < last && out) {
    const auto stream = audit::entries_after(realm.db(), at, rows_at_once);
    const auto* entry = stream->next();
    if (entry == nullptr) break;
    for (; entry != nullptr && entry->seq <= last; entry = stream->next()) {
      at = entry->seq;
      if (!since || base::from_unix_millis(entry->time) >= *since)
        out << line_of(request, audit::entry_json(*entry, privacy));
    }
    if (entry != nullptr) break;
  }
}

}  // namespace authctl::service
