#include "core/server/recognition.h"

#include "core/service/token_check.h"

namespace authctl::server {
namespace {

token::Expectations expectations_of(const Config& config) {
  token::Expectations wanted;
  wanted.issuer = config.issuer;
  wanted.audiences = config.audiences;
  wanted.type = "access";
  wanted.typ = "at+jwt";
  return wanted;
}

std::string text_claim(const base::json::object& claims, std::string_view name) {
  const auto* value = claims.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

}  // namespace

Recognition recognize(std::string_view token, Work& work) {
  token::Verifier verifier(service::trusted_keys(work.realm, work.now), expectations_of(work.config));
  const auto verdict = verifier.verify(token, work.now);
  const auto subject = service::subject_of(verdict);
  if (!verdict.ok() || !subject) return {};
  if (service::store_refusal(work.realm, *subject, work.now)) return {};
  auto standing = service::standing_of(work.realm.db(), subject->sub, work.now);
  if (!standing || !standing->subject.active) return {};
  auto caller = std::make_shared<const Caller>(Caller{standing->user_id, standing->user_name,
                                                      text_claim(*verdict.claims, "sid"), subject->jti,
                                                      service::roles_held(*standing, work.now)});
  return {std::move(caller), std::make_shared<const service::Standing>(std::move(*standing))};
}

bool is_allowed(const service::Standing& standing, std::string_view permission, std::string_view resource,
                base::Timestamp now) {
  service::Question question{service::Permission(std::string(permission)), {}};
  if (!resource.empty()) question.resource = service::Resource(std::string(resource));
  return service::decide(standing, question, now).allowed;
}

}  // namespace authctl::server
