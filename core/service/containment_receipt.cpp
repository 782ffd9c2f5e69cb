// The receipt of an incident: what was done, when, and which entries of the log say so. Its digest stands in
// an entry of the log, and it goes out with the proof that the entry is there; so the log's signature covers
// it, and whoever has the public key checks it offline.
#include "core/audit/redaction.h"
#include "core/base/error.h"
#include "core/base/json_or_null.h"
#include "core/crypto/digest.h"
#include "core/service/audit_trail.h"
#include "core/service/containment.h"

namespace authctl::service {
namespace {

// It may leave the house: what may be an address is masked, as in the log.
base::json::value masked(const std::string& text) {
  return text.empty() ? base::json::value() : base::json::value(audit::redact_text(text));
}

base::json::object receipt_json(const Containment& done, const Cause& cause) {
  base::json::array steps;
  for (const auto& step : done.steps) {
    steps.push_back(base::json::object{{"step", word_of(step.kind)},
                                       {"target", base::filled_or_null(step.target)},
                                       {"ended", counts_json(step.ends)},
                                       {"done_at", base::or_null(step.done_at)},
                                       {"first_seq", base::or_null(step.first_seq)},
                                       {"last_seq", base::or_null(step.last_seq)}});
  }
  return {{"incident", done.id},
          {"scope", word_of(done.scope)},
          {"subject", base::filled_or_null(done.subject)},
          {"name", masked(done.name)},
          {"actor", masked(cause.actor)},
          {"reason", masked(cause.reason)},
          {"began_at", base::or_null(done.began_at)},
          {"finished_at", base::or_null(done.finished_at)},
          {"steps", std::move(steps)}};
}

}  // namespace

void finish_incident(Change& c, Containment& done) {
  store::IncidentRepository incidents(c.db());
  if (const auto row = incidents.find(done.id); row && row->finished_at) {  // by a run beside this one
    done.finished_at = row->finished_at;
    return;
  }
  done.finished_at = c.now();
  store::IncidentRow row;
  row.id = done.id;
  row.finished_at = done.finished_at;
  row.receipt = base::canonical_json(receipt_json(done, c.cause()));
  row.receipt_seq = static_cast<std::int64_t>(c.realm().log().frontier().size() + c.events().size()) + 1;
  c.record({"incident.receipt",
            {"incident", done.id, ""},
            audit::Outcome::success,
            {{"receipt_sha256", base::encode_base64(crypto::sha256(base::bytes_of(*row.receipt)))}}});
  incidents.finish(row);
}

bool has_proof(Realm& realm, const store::IncidentRow& incident) {
  return incident.receipt_seq &&
         realm.db().query("SELECT 1 FROM audit_entry WHERE seq = $1", {*incident.receipt_seq})->next();
}

base::json::object signed_receipt(Realm& realm, const Cause& cause, const store::IncidentRow& incident) {
  auto receipt = base::parse_json(incident.receipt.value_or(""));
  if (!receipt || !incident.receipt_seq)
    throw base::Error(base::ErrorCode::internal, "the incident has no receipt", "authctl audit verify");
  return {{"receipt", std::move(*receipt)},
          {"proof", prove_audit_entry(realm, cause, *incident.receipt_seq)},
          {"public_key", audit_checkpoint(realm).public_key}};
}

}  // namespace authctl::service
