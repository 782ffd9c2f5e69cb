#include "core/service/user_import.h"

#include "core/service/import_staging.h"
#include "core/service/import_survey.h"

namespace authctl::service {
namespace {

audit::Event event_of(const ImportReport& report, const std::string& id, const std::string& name) {
  base::json::object schemes;
  for (const auto& [word, scheme] : report.schemes) schemes[word] = scheme.users;
  return {"user.import",
          {"import", id, name},
          audit::Outcome::success,
          {{"digest", report.digest},
           {"users", report.users},
           {"schemes", std::move(schemes)},
           {"weak", report.of(ImportFault::weak).count},
           {"without_password", report.without_password},
           {"disabled", report.disabled},
           {"totp", report.with_totp},
           {"backup_codes", report.backup_codes}}};
}

}  // namespace

std::uint64_t ImportReport::refused() const {
  return of(ImportFault::unknown).count + of(ImportFault::invalid).count + of(ImportFault::clashing).count;
}

ImportReport import_users(Realm& realm, const Cause& cause, const ImportRequest& request) {
  const auto format = request.format ? *request.format : detect_import_format(*request.open());
  auto report = survey_import(realm, request, format);
  if (report.refused() > 0 || report.users == 0 || cause.dry_run) return report;
  ImportStaging staging(realm, request);
  staging.fill(report);
  staging.publish(cause, event_of(report, staging.id(), request.name));
  report.imported = report.users;
  report.import_id = staging.id();
  return report;
}

}  // namespace authctl::service
