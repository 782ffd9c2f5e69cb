// The checks of `doctor` by the room they stand in; core/service/checkup.cpp has them in one table.
#pragma once
#include "core/service/checkup.h"
#include "core/store/review.h"

namespace authctl::service {

inline Judgement well(std::string finding) { return {Severity::ok, std::move(finding), ""}; }
inline Judgement skipped(std::string why) { return {Severity::skipped, std::move(why), ""}; }
inline Judgement warning(std::string finding, std::string hint) {
  return {Severity::warn, std::move(finding), std::move(hint)};
}
inline Judgement failing(std::string finding, std::string hint) {
  return {Severity::fail, std::move(finding), std::move(hint)};
}
// "3 users (ann, bob, cid)"; what is cut off shows as "…".
std::string counted(const store::Found& found, std::string_view one, std::string_view many);
// "31 days", "5 hours".
std::string age_text(std::chrono::milliseconds age);

// Files of this machine; settings.
Judgement check_store_mode(const Patient& patient);
Judgement check_store_folder(const Patient& patient);
Judgement check_master_key_mode(const Patient& patient);
Judgement check_master_key_folder(const Patient& patient);
Judgement check_master_key_place(const Patient& patient);
Judgement check_settings_mode(const Patient& patient);
Judgement check_auth_log_mode(const Patient& patient);
Judgement check_store_schema(const Patient& patient);
Judgement check_store_tls(const Patient& patient);
Judgement check_store_password(const Patient& patient);
Judgement check_limits(const Patient& patient);
Judgement check_lockouts(const Patient& patient);
Judgement check_registration(const Patient& patient);
Judgement check_cors(const Patient& patient);
Judgement check_issuer(const Patient& patient);
Judgement check_session_length(const Patient& patient);
Judgement check_access_ttl(const Patient& patient);
Judgement check_password_length(const Patient& patient);
// Servers that run here.
Judgement check_server_development(const Patient& patient);
Judgement check_server_proxies(const Patient& patient);
Judgement check_server_plain(const Patient& patient);
Judgement check_server_secrets(const Patient& patient);
Judgement check_certificate_expiry(const Patient& patient);
Judgement check_certificate_name(const Patient& patient);
// Keys.
Judgement check_jwt_active(const Patient& patient);
Judgement check_fernet_active(const Patient& patient);
Judgement check_jwt_age(const Patient& patient);
Judgement check_fernet_age(const Patient& patient);
Judgement check_jwt_successor(const Patient& patient);
Judgement check_key_policy(const Patient& patient);
Judgement check_old_keys(const Patient& patient);
Judgement check_algorithms(const Patient& patient);
// People and what they may do.
Judgement check_admin_exists(const Patient& patient);
Judgement check_admin_factor(const Patient& patient);
Judgement check_admin_share(const Patient& patient);
Judgement check_user_factor(const Patient& patient);
Judgement check_unused_users(const Patient& patient);
Judgement check_unused_roles(const Patient& patient);
Judgement check_ended_assignments(const Patient& patient);
Judgement check_broad_grants(const Patient& patient);
Judgement check_excess(const Patient& patient);
Judgement check_unused_grants(const Patient& patient);
Judgement check_schemes(const Patient& patient);
// The store, its log, its backups.
Judgement check_store_soundness(const Patient& patient);
Judgement check_clock(const Patient& patient);
Judgement check_log_chain(const Patient& patient);
Judgement check_log_checkpoint(const Patient& patient);
Judgement check_backup_age(const Patient& patient);
Judgement check_backup_verified(const Patient& patient);
Judgement check_backup_mode(const Patient& patient);

}  // namespace authctl::service
