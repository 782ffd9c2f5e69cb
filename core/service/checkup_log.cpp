// The store itself, its audit log, and what would be left if it were gone.
#include "core/audit/checkpoint.h"
#include "core/audit/query.h"
#include "core/audit/verification.h"
#include "core/base/file.h"
#include "core/base/shell_word.h"
#include "core/base/text.h"
#include "core/service/checkup_checks.h"
#include "core/store/store_check.h"

namespace authctl::service {
namespace {
using namespace std::chrono_literals;

constexpr auto week = std::chrono::hours(24 * 7), month = std::chrono::hours(24 * 30);
constexpr std::chrono::milliseconds drift_seen = 2s, drift_harmful = 60s;

// PostgreSQL has a clock of its own; a file has the machine's, and the latest that its log has seen.
std::chrono::milliseconds drift(const Patient& patient) {
  if (patient.db().engine() == store::Engine::sqlite) return patient.realm->now() - patient.realm->by_clock();
  const auto rows = patient.db().query("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)");
  rows->next();
  return std::chrono::abs(rows->time(0) - patient.realm->by_clock());
}

struct Latest {
  base::Timestamp time{};
  std::string name;
};
std::optional<Latest> latest(const Patient& patient, const char* action) {
  audit::Filter filter;
  filter.action = action;
  filter.outcome = "success";
  const auto entries = audit::query_entries(patient.db(), filter, 1);
  const auto* entry = entries->next();
  if (entry == nullptr) return std::nullopt;
  return Latest{base::from_unix_millis(entry->time), std::string(entry->target_name.value_or(""))};
}

std::optional<base::Timestamp> time_of_entry(store::Database& db, std::int64_t seq) {
  const auto rows = db.query("SELECT time FROM audit_entry WHERE seq = $1", {seq});
  return rows->next() ? std::optional(rows->time(0)) : std::nullopt;
}

const char* const make_backup = "authctl backup create FILE";

}  // namespace

Judgement check_store_soundness(const Patient& patient) {
  const auto check = store::check_store(patient.db());
  if (check.problems.empty()) return well("the store is sound");
  return failing("the store is damaged: " + base::printable(check.problems.front()),
                 "authctl store check, then restore a backup");
}

Judgement check_clock(const Patient& patient) {
  const auto off = drift(patient);
  if (off <= drift_seen) return well("the clock agrees with the store");
  const std::string text = "the clock differs from the store's by " +
                           std::to_string(std::chrono::duration_cast<std::chrono::seconds>(off).count()) +
                           " seconds";
  const std::string hint = "timedatectl status; chronyc tracking";
  return off >= drift_harmful ? failing(text, hint) : warning(text, hint);
}

Judgement check_log_chain(const Patient& patient) {
  const auto result = audit::verify_log(
      patient.db(), {.sealer = &patient.realm->sealer(), .public_key = {}, .checkpoint = {}, .progress = {}});
  if (result.verdict == audit::LogVerdict::intact)
    return well("the audit log is intact: " + std::to_string(result.entries) + " entries");
  return failing("the audit log is " + std::string(audit::word_of(result.verdict)) + ": " +
                     base::printable(result.problem.value_or("no more is known")),
                 "authctl audit verify; authctl incident report --since T");
}

Judgement check_log_checkpoint(const Patient& patient) {
  const std::string hint =
      "authctl audit checkpoint > FILE on another machine; authctl doctor --checkpoint FILE";
  if (!patient.request.checkpoint)
    return warning("no checkpoint of the audit log was named: a log that was cut and signed anew looks whole",
                   hint);
  const auto result = audit::verify_log(patient.db(), {.sealer = &patient.realm->sealer(),
                                                       .public_key = {},
                                                       .checkpoint = patient.request.checkpoint,
                                                       .progress = {}});
  if (result.verdict != audit::LogVerdict::intact)
    return failing(
        "the log does not continue the checkpoint: " + base::printable(result.problem.value_or("")),
        "authctl audit verify --checkpoint FILE");
  const auto note = audit::parse_note(*patient.request.checkpoint);
  const auto size = note ? static_cast<std::int64_t>(note->checkpoint.size) : 0;
  const auto time = time_of_entry(patient.db(), size);
  if (!time || patient.now - *time <= week) return well("the log continues the checkpoint");
  return warning("the checkpoint is " + age_text(patient.now - *time) + " old", hint);
}

Judgement check_backup_age(const Patient& patient) {
  const auto made = latest(patient, "backup.finish");
  if (!made) return warning("no backup was ever made of this store", make_backup);
  const auto age = patient.now - made->time;
  if (age <= week) return well("the last backup is " + age_text(age) + " old");
  return age <= month ? warning("the last backup is " + age_text(age) + " old", make_backup)
                      : failing("the last backup is " + age_text(age) + " old", make_backup);
}

Judgement check_backup_verified(const Patient& patient) {
  if (!latest(patient, "backup.finish")) return skipped("there is no backup");
  const auto verified = latest(patient, "backup.verify");
  if (verified && patient.now - verified->time <= month) return well("a backup was verified of late");
  return warning(
      verified ? "the last backup that was verified was so " + age_text(patient.now - verified->time) + " ago"
               : "no backup was ever verified",
      "authctl backup verify FILE");
}

Judgement check_backup_mode(const Patient& patient) {
  const auto made = latest(patient, "backup.finish");
  if (!made) return skipped("there is no backup");
  const int mode = base::mode_of(made->name);
  if (mode < 0) return skipped("the last backup is not here any more");
  if ((mode & 077) != 0)
    return failing("others reach the backup " + base::quote(made->name),
                   "chmod 600 " + base::shell_word(made->name));
  return well("the last backup is its owner's alone");
}

}  // namespace authctl::service
