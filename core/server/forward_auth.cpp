// Forward-auth: a proxy asks before it lets a request through (nginx auth_request, Traefik ForwardAuth, Caddy
// forward_auth). Invariant: the answer depends on the token, and on the permission and resource that the
// proxy's own configuration names in the query; no other field of the request is looked at, so that nothing a
// visitor sends (X-Forwarded-Uri, Remote-User, …) chooses the rule. A question that is not clear, because the
// proxy is set up wrongly, lets nobody pass: a parameter with a slip of the pen is not one that is not there.
#include <algorithm>

#include "core/server/guard.h"
#include "core/server/recognition.h"
#include "core/service/access.h"

namespace authctl::server {
namespace {

struct Question {
  std::optional<std::string> permission, resource;
};

bool has_other_parameters(std::string_view query) {
  while (!query.empty()) {
    const auto one = query.substr(0, query.find('&'));
    const auto name = one.substr(0, one.find('='));
    if (name != "permission" && name != "resource") return true;
    query.remove_prefix(std::min(one.size() + 1, query.size()));
  }
  return false;
}

// Nothing where it is no clear question.
std::optional<Question> question_of(const Request& request) {
  if (request.query().empty()) return Question{};
  if (has_other_parameters(request.query())) return std::nullopt;
  try {
    Question question{form_value(request.query(), "permission"), form_value(request.query(), "resource")};
    if (!question.permission) return std::nullopt;
    service::Permission checked(*question.permission);
    if (question.resource) service::Resource checked_too(*question.resource);
    return question;
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::invalid && error.code() != base::ErrorCode::usage) throw;
    return std::nullopt;
  }
}

Reply answer(const Recognition& found, bool allowed) {
  if (!allowed) return error_reply(403);
  Reply reply{.status = 204};
  reply.no_store = true;
  reply.lines = std::shared_ptr<const std::string>(found.caller, &found.caller->lines);
  return reply;
}

bool counted(bool allowed, Metrics& metrics) {
  ++(allowed ? metrics.checks_allowed : metrics.checks_denied);
  return allowed;
}

void record(const Request& request, const Recognition& found, const Question& question, bool allowed,
            Work& work) {
  const auto& which = work.config.settings.text("audit_checks");
  if (which == "off") return;
  service::Access access{found.caller->user_id,
                         found.caller->user_name,
                         true,
                         {service::Permission(*question.permission), {}},
                         {allowed, {}}};
  if (question.resource) access.question.resource = service::Resource(*question.resource);
  const service::Cause cause{
      .actor = "user:" + found.caller->user_id, .ip = request.address, .reason = {}, .sudo_user = {}};
  service::record_check(work.common, cause, access, which);
}

}  // namespace

std::optional<Reply> verify_on_spot(const Request& request, Spot& spot) {
  const auto question = question_of(request);
  const auto presented = presented_token(request);
  if (!presented) return error_reply(401);
  Recognition found;
  const auto known = spot.recognizer.recognize(presented->text, spot.config, spot.now, spot.tick, found);
  if (known == Recognizer::Answer::refused) return error_reply(401);
  if (known == Recognizer::Answer::ask_store) return std::nullopt;
  if (!question) return answer(found, counted(false, spot.site.metrics));
  if (question->permission && spot.config.audits_checks) {
    request.recognition = std::move(found);
    return std::nullopt;  // its entry is written first
  }
  if (!question->permission) return answer(found, true);
  const bool allowed =
      spot.recognizer.allows(found, *question->permission, question->resource.value_or(""), spot.now);
  return answer(found, counted(allowed, spot.site.metrics));
}

Reply verify(const Request& request, Work& work) {
  const auto question = question_of(request);
  const auto presented = presented_token(request);
  if (!request.recognition) request.recognition = recognize(presented ? presented->text : "", work);
  const auto& found = *request.recognition;
  if (!found.caller) return error_reply(401);
  if (!question) return answer(found, counted(false, work.site.metrics));
  if (!question->permission) return answer(found, true);
  const bool allowed =
      counted(is_allowed(*found.standing, *question->permission, question->resource.value_or(""), work.now),
              work.site.metrics);
  record(request, found, *question, allowed, work);
  return answer(found, allowed);
}

}  // namespace authctl::server
