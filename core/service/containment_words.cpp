// The words of core/service/containment.h: for the log, for JSON and for a person.
#include <array>

#include "core/base/json_or_null.h"
#include "core/service/containment.h"

namespace authctl::service {
namespace {

constexpr std::array<std::string_view, 3> scope_words{"user", "key", "store"};
constexpr std::array<std::string_view, 8> step_words{"lock-account", "end-codes",   "rotate-key",
                                                     "revoke-key",   "cut-off",     "lock-accounts",
                                                     "lock-clients", "end-sessions"};

base::json::array texts(const std::vector<std::string>& all) {
  return base::json::array(all.begin(), all.end());
}

base::json::object step_json(const ContainStep& step) {
  return {{"step", word_of(step.kind)},
          {"target", base::filled_or_null(step.target)},
          {"name", base::filled_or_null(step.name)},
          {"state", step.done_at ? "done" : "planned"},
          {"ends", counts_json(step.ends)},
          {"notes", texts(step.notes)},
          {"done_at", base::or_null(step.done_at)},
          {"first_seq", base::or_null(step.first_seq)},
          {"last_seq", base::or_null(step.last_seq)}};
}

}  // namespace

std::string_view word_of(ContainScope scope) { return scope_words[static_cast<std::size_t>(scope)]; }
std::string_view word_of(StepKind kind) { return step_words[static_cast<std::size_t>(kind)]; }

std::optional<StepKind> step_kind_from(std::string_view word) {
  for (std::size_t i = 0; i < step_words.size(); ++i)
    if (step_words[i] == word) return static_cast<StepKind>(i);
  return std::nullopt;
}

std::string text_of(const Counts& counts) {
  std::string text;
  for (const auto& [what, count] : counts) {
    if (count == 0) continue;
    std::string words = what;
    for (auto& c : words)
      if (c == '_') c = ' ';
    if (count == 1 && words.ends_with('s')) words.pop_back();
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + words;
  }
  return text.empty() ? "nothing" : text;
}

base::json::object counts_json(const Counts& counts) {
  base::json::object json;
  for (const auto& [what, count] : counts) json[what] = count;
  return json;
}

Counts counts_from(std::string_view json) {
  Counts counts;
  const auto parsed = base::parse_json(json);
  if (!parsed || !parsed->is_object()) return counts;
  for (const auto& [what, count] : parsed->as_object())
    if (count.is_int64()) counts[std::string(what)] = count.as_int64();
  return counts;
}

base::json::object containment_json(const Containment& containment) {
  base::json::array steps;
  for (const auto& step : containment.steps) steps.push_back(step_json(step));
  const bool begun = !containment.id.empty();
  return {
      {"incident", begun ? base::json::value(containment.id) : base::json::value("(not generated)")},
      {"scope", word_of(containment.scope)},
      {"subject", base::json::object{{"kind", word_of(containment.scope)},
                                     {"id", base::filled_or_null(containment.subject)},
                                     {"name", base::filled_or_null(containment.name)}}},
      {"state", containment.finished_at ? "contained"
                : begun                 ? "begun"
                                        : "planned"},
      {"resumed", containment.resumed},
      {"began_at", base::or_null(containment.began_at)},
      {"finished_at", base::or_null(containment.finished_at)},
      {"steps", std::move(steps)},
      {"next", texts(containment.next)},
      {"receipt", containment.receipt.empty() ? base::json::value() : base::json::value(containment.receipt)},
      {"file", nullptr}};
}

}  // namespace authctl::service
