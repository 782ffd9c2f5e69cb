#include "core/service/checkup.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "core/base/text.h"
#include "core/service/checkup_checks.h"

namespace authctl::service {
namespace {

constexpr std::array table{
    Check{"store-mode", "files", false, check_store_mode},
    Check{"store-folder", "files", false, check_store_folder},
    Check{"master-key-mode", "files", false, check_master_key_mode},
    Check{"master-key-folder", "files", false, check_master_key_folder},
    Check{"master-key-place", "files", false, check_master_key_place},
    Check{"settings-mode", "files", false, check_settings_mode},
    Check{"auth-log-mode", "files", false, check_auth_log_mode},
    Check{"store-schema", "store", false, check_store_schema},
    Check{"store-tls", "store", false, check_store_tls},
    Check{"store-password", "store", false, check_store_password},
    Check{"limits", "settings", false, check_limits},
    Check{"lockouts", "settings", false, check_lockouts},
    Check{"registration", "settings", false, check_registration},
    Check{"cors", "settings", false, check_cors},
    Check{"issuer", "settings", false, check_issuer},
    Check{"session-length", "settings", false, check_session_length},
    Check{"access-ttl", "settings", false, check_access_ttl},
    Check{"password-length", "settings", false, check_password_length},
    Check{"server-development", "server", false, check_server_development},
    Check{"server-proxies", "server", false, check_server_proxies},
    Check{"server-plain", "server", false, check_server_plain},
    Check{"server-secrets", "server", false, check_server_secrets},
    Check{"certificate-expiry", "server", false, check_certificate_expiry},
    Check{"certificate-name", "server", false, check_certificate_name},
    Check{"store-soundness", "store", true, check_store_soundness},
    Check{"clock", "store", true, check_clock},
    Check{"key-active-jwt", "keys", true, check_jwt_active},
    Check{"key-active-fernet", "keys", true, check_fernet_active},
    Check{"key-age-jwt", "keys", true, check_jwt_age},
    Check{"key-age-fernet", "keys", true, check_fernet_age},
    Check{"key-successor", "keys", true, check_jwt_successor},
    Check{"key-policy", "keys", true, check_key_policy},
    Check{"key-old", "keys", true, check_old_keys},
    Check{"key-algorithm", "keys", true, check_algorithms},
    Check{"admin-exists", "access", true, check_admin_exists},
    Check{"admin-mfa", "access", true, check_admin_factor},
    Check{"admin-share", "access", true, check_admin_share},
    Check{"user-mfa", "access", true, check_user_factor},
    Check{"user-unused", "access", true, check_unused_users},
    Check{"role-unused", "access", true, check_unused_roles},
    Check{"assignment-ended", "access", true, check_ended_assignments},
    Check{"grant-broad", "access", true, check_broad_grants},
    Check{"grant-excess", "access", true, check_excess},
    Check{"grant-unused", "access", true, check_unused_grants},
    Check{"password-scheme", "access", true, check_schemes},
    Check{"log-chain", "log", true, check_log_chain},
    Check{"log-checkpoint", "log", true, check_log_checkpoint},
    Check{"backup-age", "backup", true, check_backup_age},
    Check{"backup-verified", "backup", true, check_backup_verified},
    Check{"backup-mode", "backup", true, check_backup_mode},
};

bool is_chosen(const Check& check, const std::string& only) {
  return only.empty() || check.id == only || check.group == only;
}

void refuse_unknown(const std::string& only) {
  if (std::any_of(table.begin(), table.end(), [&](const Check& c) { return is_chosen(c, only); })) return;
  std::vector<std::string> names;
  for (const auto& check : table) {
    names.emplace_back(check.id);
    if (std::find(names.begin(), names.end(), check.group) == names.end()) names.emplace_back(check.group);
  }
  const auto near = base::nearest(only, names);
  throw base::Error(base::ErrorCode::usage, "no check and no group is named " + base::quote(only),
                    near ? "did you mean " + *near + "?"
                         : "files store settings server keys access log backup, or the id of a check");
}

// What was asked about the file of a store that is not there has no answer; every command says so.
std::optional<base::Error> why_no_store(const Patient& patient, const std::vector<Finding>& findings) {
  const auto& url = patient.settings().text("store");
  const bool asked = std::ranges::any_of(
      findings, [](const Finding& f) { return f.id == "store-mode" || f.id == "store-folder"; });
  if (!asked || !url.starts_with("sqlite:") || std::filesystem::exists(url.substr(7))) return std::nullopt;
  try {
    store::open_database(url, store::OpenMode::read_only);
  } catch (const base::Error& error) {
    return error;
  }
  return std::nullopt;
}

}  // namespace

std::string_view word_of(Severity severity) {
  switch (severity) {
    case Severity::skipped:
      return "skipped";
    case Severity::ok:
      return "ok";
    case Severity::warn:
      return "warn";
    case Severity::fail:
      break;
  }
  return "fail";
}

std::string counted(const store::Found& found, std::string_view one, std::string_view many) {
  std::string text = std::to_string(found.count) + " " + std::string(found.count == 1 ? one : many);
  std::string names;
  for (const auto& name : found.names) names += (names.empty() ? "" : ", ") + base::printable(name);
  if (found.count > static_cast<std::int64_t>(found.names.size())) names += ", …";
  return names.empty() ? text : text + " (" + names + ")";
}

std::string age_text(std::chrono::milliseconds age) {
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(age).count();
  const auto number = hours < 48 ? hours : hours / 24;
  return std::to_string(number) + (hours < 48 ? " hour" : " day") + (number == 1 ? "" : "s");
}

std::span<const Check> checks() { return table; }

Severity CheckupReport::worst() const {
  Severity worst = Severity::ok;
  for (const auto& finding : findings) worst = std::max(worst, finding.severity);
  return worst;
}

CheckupReport run_checkup(const CheckupRequest& request, base::Timestamp now,
                          const std::function<Realm&()>& open) {
  refuse_unknown(request.only);
  CheckupReport report;
  Patient patient{request, now};
  for (const auto& check : table) {
    if (!is_chosen(check, request.only)) continue;
    if (check.needs_store && patient.realm == nullptr) {
      try {
        patient.realm = &open();
      } catch (const base::Error& error) {
        report.failure = error;
        return report;
      }
    }
    report.findings.push_back({check.look(patient), check.id, check.group});
  }
  if (patient.realm == nullptr) report.failure = why_no_store(patient, report.findings);
  return report;
}

base::json::object finding_json(const Finding& finding) {
  base::json::object json{{"id", finding.id},
                          {"group", finding.group},
                          {"severity", word_of(finding.severity)},
                          {"finding", finding.finding},
                          {"hint", nullptr}};
  if (!finding.hint.empty()) json["hint"] = finding.hint;
  return json;
}

}  // namespace authctl::service
