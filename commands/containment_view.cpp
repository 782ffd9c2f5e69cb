#include "commands/containment_view.h"

#include "core/base/text.h"

namespace authctl::commands {
namespace {

using service::ContainScope;
using service::ContainStep;
using service::StepKind;

std::string what_it_does(const ContainStep& step) {
  const std::string name = base::printable(step.name);
  switch (step.kind) {
    case StepKind::lock_account:
      return "lock the account of " + name;
    case StepKind::end_codes:
      return step.target.empty() ? "end everybody's one-time codes" : "end the one-time codes of " + name;
    case StepKind::rotate_key:
      return "let a successor take the place of the key, revoke it";
    case StepKind::revoke_key:
      return "revoke the key";
    case StepKind::cut_off:
      return "refuse every token and session there is";
    case StepKind::lock_accounts:
      return "lock every account";
    case StepKind::lock_clients:
      return "lock every client";
    case StepKind::end_sessions:
      return "end every session, with its refresh tokens";
  }
  return {};
}

std::string title(const service::Containment& containment) {
  switch (containment.scope) {
    case ContainScope::user:
      return "contain user " + base::printable(containment.name);
    case ContainScope::key:
      return "contain key " + base::printable(containment.name);
    case ContainScope::store:
      break;
  }
  return "contain everything";
}

std::string state(const service::Containment& containment) {
  if (containment.finished_at) return "done " + base::to_rfc3339(*containment.finished_at);
  if (containment.began_at) return "began " + base::to_rfc3339(*containment.began_at) + ", goes on";
  return "nothing done yet";
}

std::string entries(const ContainStep& step) {
  if (!step.first_seq || !step.last_seq) return {};
  if (*step.first_seq == *step.last_seq) return ", entry " + std::to_string(*step.first_seq);
  return ", entries " + std::to_string(*step.first_seq) + " to " + std::to_string(*step.last_seq);
}

// What follows a step hangs on its stem; the counts stand on one line as long as they fit.
std::string draw_step(const ContainStep& step, std::size_t number) {
  const std::string stem = "  │     ";
  std::string text = "  ├─ " + std::string(step.done_at ? "✓ " : "") + std::to_string(number) + "  " +
                     what_it_does(step) + "\n";
  if (step.kind == StepKind::rotate_key || step.kind == StepKind::revoke_key)
    text += stem + "key " + base::printable(step.target) + "\n";
  text += stem + (step.done_at ? "ended " : "ends ") + service::text_of(step.ends) + "\n";
  for (const auto& note : step.notes) text += stem + base::printable(note) + "\n";
  if (step.done_at) text += stem + base::to_rfc3339(*step.done_at) + entries(step) + "\n";
  return text;
}

}  // namespace

std::string draw_containment(const service::Containment& containment) {
  std::string text = title(containment) + " (" + state(containment) + ")\n";
  std::size_t number = 0;
  for (const auto& step : containment.steps) text += draw_step(step, ++number);
  text += containment.receipt.empty()
              ? "  └─ a signed receipt\n"
              : "  └─ receipt in the log, entry " +
                    std::to_string(containment.receipt.at("proof").at("seq").as_int64()) + "\n";
  text += containment.finished_at ? "next\n" : "afterwards\n";
  for (const auto& command : containment.next) text += "  " + base::printable(command) + "\n";
  return text;
}

}  // namespace authctl::commands
