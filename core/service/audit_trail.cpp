#include "core/service/audit_trail.h"

#include <limits>

#include "core/audit/log.h"
#include "core/audit/proof.h"
#include "core/base/error.h"
#include "core/base/ip_address.h"
#include "core/base/text.h"

namespace authctl::service {
namespace {

using audit::Privacy;
using base::Error;
using base::ErrorCode;
using base::json::object;

Privacy reveal(Realm& realm, const Cause& cause, bool wanted, object detail) {
  if (!wanted) return Privacy::redacted;
  record_reveal(realm, cause, std::move(detail));
  return Privacy::revealed;
}

object detail_of(const AuditRequest& request) {
  object detail{{"command", "query"}};
  if (request.limit) detail["limit"] = *request.limit;
  const std::pair<const char*, const std::string*> filters[] = {
      {"since", &request.since},   {"until", &request.until},   {"actor", &request.actor},
      {"action", &request.action}, {"target", &request.target}, {"outcome", &request.outcome},
      {"ip", &request.ip}};
  for (const auto& [name, text] : filters) {
    if (!text->empty()) detail[name] = *text;
  }
  return detail;
}

// Entries are printed to the second, so a time taken from one of them reaches to the end of its second.
base::Timestamp end_of(std::string_view until, base::Timestamp now) {
  const base::Timestamp time = parse_audit_time(until, now);
  return base::parse_duration(until) ? time : time + std::chrono::seconds(1);
}

// As entries spell it. What is no address would match nothing, which reads like "nobody came from there".
std::string address_of(const std::string& typed) {
  if (auto address = base::normal_address(typed)) return *address;
  if (base::network_of(typed) == typed) return typed;
  throw Error(ErrorCode::invalid, base::quote(typed) + " is no IP address",
              "--ip 203.0.113.7 or 2001:db8::1");
}

// No action has any other character, so that such a pattern is a mistake, not a question without an answer.
void check_action(const std::string& glob) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("._-*").find(c) != std::string_view::npos;
  };
  if (std::ranges::all_of(glob, fits)) return;
  throw Error(ErrorCode::invalid, base::quote(glob) + " fits no action",
              "--action key.rotate or 'user.*': a-z 0-9 . _ - and * for any run of them");
}

audit::Filter filter_of(const AuditRequest& request, base::Timestamp now) {
  audit::Filter filter;
  if (!request.since.empty()) filter.since = parse_audit_time(request.since, now);
  if (!request.until.empty()) filter.until = end_of(request.until, now);
  if (!request.outcome.empty() && !audit::parse_outcome(request.outcome)) {
    throw Error(ErrorCode::invalid,
                "an outcome is success, failure or denied, not " + base::quote(request.outcome),
                "--outcome success, failure or denied");
  }
  for (const auto* text : {&request.actor, &request.action, &request.target, &request.ip}) {
    if (!base::is_utf8(*text) || text->find('\0') != std::string::npos) {
      throw Error(ErrorCode::invalid, base::quote(*text) + " is no text", "UTF-8 without a NUL character");
    }
  }
  check_action(request.action);
  if (request.limit && *request.limit < 1)
    throw Error(ErrorCode::invalid, "a list has at least one entry", "--limit 1 or more");
  filter.actor = request.actor;
  filter.action = request.action;
  filter.target = request.target;
  filter.outcome = request.outcome;
  if (!request.ip.empty()) filter.ip = address_of(request.ip);
  return filter;
}

}  // namespace

void record_reveal(Realm& realm, const Cause& cause, object detail) {
  if (cause.dry_run) {
    throw Error(ErrorCode::usage, "what is revealed is recorded, so it has no dry run",
                "leave out --dry-run");
  }
  change(realm, cause, [&](Change& change) {
    change.record({.action = "audit.reveal", .target = {"audit", "", ""}, .detail = std::move(detail)});
  });
}

base::Timestamp parse_audit_time(std::string_view text, base::Timestamp now) {
  // A bare number is a duration here, as everywhere: seconds.
  if (const auto ago = base::parse_duration(text)) {
    if (*ago > now.time_since_epoch()) return base::Timestamp{};
    return now - *ago;
  }
  if (const auto time = base::parse_timestamp(text)) return *time;
  throw Error(ErrorCode::invalid, base::quote(text) + " is neither a time nor a duration",
              "2026-01-01T00:00:00Z, or 24h for so long ago");
}

NextObject query_audit(Realm& realm, const Cause& cause, const AuditRequest& request) {
  audit::Filter filter = filter_of(request, realm.now());
  if (request.reveal) filter.up_to = audit::newest_seq(realm.db());
  const Privacy privacy = reveal(realm, cause, request.reveal, detail_of(request));
  std::shared_ptr<audit::EntryStream> stream = audit::query_entries(
      realm.db(), filter, request.limit.value_or(std::numeric_limits<std::int64_t>::max()));
  return [stream, privacy]() -> std::optional<object> {
    const auto* entry = stream->next();
    if (entry == nullptr) return std::nullopt;
    return audit::entry_json(*entry, privacy);
  };
}

AuditFollower::AuditFollower(Realm& realm, const Cause& cause, bool wanted)
    : realm_(realm),
      privacy_(reveal(realm, cause, wanted, {{"command", "follow"}})),
      seen_(audit::newest_seq(realm.db())) {}

void AuditFollower::poll(const std::function<void(const object&)>& show) {
  constexpr std::int64_t at_once = 1000;
  const auto stream = audit::entries_after(realm_.db(), seen_, at_once);
  while (const auto* entry = stream->next()) {
    show(audit::entry_json(*entry, privacy_));
    seen_ = entry->seq;
  }
}

object verification_json(const audit::Verification& result) {
  object json{{"verdict", audit::word_of(result.verdict)},
              {"entries", result.entries},
              {"size", result.size},
              {"pruned", result.pruned},
              {"sealed", result.sealed},
              {"root", base::encode_base64(result.root)},
              {"first_bad_seq", nullptr},
              {"problem", nullptr}};
  if (result.first_bad_seq) json["first_bad_seq"] = *result.first_bad_seq;
  if (result.problem) json["problem"] = *result.problem;
  return json;
}

AuditCheckpoint audit_checkpoint(Realm& realm) {
  return {audit::read_head(realm.db()).note,
          audit::format_verifier_key(audit::open_log_key(realm.db(), realm.sealer()).verifier())};
}

object prove_audit_entry(Realm& realm, const Cause& cause, std::int64_t seq) {
  const auto proof = audit::prove_entry(realm.db(), seq);
  // The record is what was hashed, so it cannot be shown in part.
  if (audit::redact_text(proof.record) != proof.record) {
    record_reveal(realm, cause, {{"command", "prove"}, {"seq", seq}});
  }
  base::json::array path;
  for (const auto& hash : proof.path) path.push_back(base::json::value(base::encode_base64(hash)));
  return {{"seq", proof.seq},
          {"leaf_index", proof.seq - 1},
          {"size", proof.size},
          {"record", proof.record},
          {"leaf", base::encode_base64(proof.leaf)},
          {"path", std::move(path)},
          {"root", base::encode_base64(proof.root)},
          {"checkpoint", proof.checkpoint}};
}

object prune_audit(Realm& realm, const Cause& cause, base::Timestamp before) {
  return change(realm, cause, [&](Change& change) -> object {
    const auto pruned = realm.log().prune(change.db(), before, change.now());
    object detail{{"before", base::to_rfc3339(before)}, {"pruned", pruned}};
    if (pruned > 0) change.record({.action = "audit.prune", .target = {"audit", "", ""}, .detail = detail});
    detail["size"] = realm.log().frontier().size() + (pruned > 0 ? 1 : 0);
    return detail;
  });
}

object audit_statistics(Realm& realm) {
  const auto counted = audit::count_entries(realm.db());
  object json{{"entries", counted.entries}, {"first", nullptr}, {"last", nullptr}};
  if (counted.first) json["first"] = base::to_rfc3339(*counted.first);
  if (counted.last) json["last"] = base::to_rfc3339(*counted.last);
  base::json::array actions, outcomes, hours;
  for (const auto& [name, count] : counted.by_action) actions.push_back({{"action", name}, {"count", count}});
  for (const auto& [name, count] : counted.by_outcome)
    outcomes.push_back({{"outcome", name}, {"count", count}});
  for (const auto& [hour, count] : counted.by_hour) {
    hours.push_back({{"hour", base::to_rfc3339(hour)}, {"count", count}});
  }
  json["by_action"] = std::move(actions);
  json["by_outcome"] = std::move(outcomes);
  json["by_hour"] = std::move(hours);
  return json;
}

}  // namespace authctl::service
