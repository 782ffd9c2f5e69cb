#include "core/service/access.h"

#include "core/service/access_graph.h"
#include "core/service/change.h"
#include "core/store/role_repository.h"
#include "core/store/user_repository.h"

namespace authctl::service {

std::function<std::optional<Effective>()> list_permissions(store::Database& db, const std::string& user_name,
                                                           base::Timestamp now) {
  if (user_name.empty()) {
    const auto next = store::every_grant(db);
    return [next]() -> std::optional<Effective> {
      auto grant = next();
      if (!grant) return std::nullopt;
      return Effective{std::move(grant->permission), std::move(grant->resource), std::move(grant->roles), {}};
    };
  }
  const auto user = store::get_user(db, user_name);
  const UserAccess access(store::access_of_user(db, user.id, {}, now),
                          user.status == store::UserStatus::active);
  auto list =
      std::make_shared<std::vector<Effective>>(effective_permissions(access.subject, access.graph, now));
  return [list, at = std::size_t{0}]() mutable -> std::optional<Effective> {
    if (at == list->size()) return std::nullopt;
    return std::move((*list)[at++]);
  };
}

base::json::object reason_json(const Reason& reason) {
  base::json::object json{{"role", reason.role}};
  json["via"] = base::json::array(reason.via.begin(), reason.via.end());
  json["grant"] = reason.grant;
  json["resource"] = reason.resource ? base::json::value(*reason.resource) : base::json::value(nullptr);
  json["expires_at"] = reason.expires_at ? base::json::value(base::to_rfc3339(*reason.expires_at))
                                         : base::json::value(nullptr);
  return json;
}

base::json::object access_json(const Access& access) {
  base::json::array because;
  for (const auto& reason : access.decision.because) because.push_back(reason_json(reason));
  base::json::object json{{"allowed", access.decision.allowed}, {"user", access.user_name}};
  json["permission"] = access.question.permission.text();
  json["resource"] = nullptr;
  if (access.question.resource) json["resource"] = access.question.resource->text();
  json["because"] = std::move(because);
  return json;
}

void record_check(Realm& realm, const Cause& cause, const Access& access, const std::string& which) {
  if (which != "all" && (which != "denied" || access.decision.allowed)) return;
  change(realm, cause, [&](Change& change) {
    base::json::object detail{{"permission", access.question.permission.text()}, {"resource", nullptr}};
    if (access.question.resource) detail["resource"] = access.question.resource->text();
    change.record({"permission.check",
                   {"user", access.user_id, access.user_name},
                   access.decision.allowed ? audit::Outcome::success : audit::Outcome::denied,
                   std::move(detail)});
  });
}

}  // namespace authctl::service
