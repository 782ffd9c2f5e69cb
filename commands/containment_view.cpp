#include "commands/containment_view.h"

#include <sstream>

#include "core/base/text.h"

namespace authctl::commands {
namespace {

using service::ContainScope;
using service::ContainStep;
using service::StepKind;

constexpr std::size_t width = 80;
const std::string stem = "  │     ";

// One after the other on a line, or where a name is long on two, the second behind `indent`.
std::string beside(const std::string& first, const std::string& second, const std::string& indent) {
  const bool fits = base::count_code_points(first) + 1 + base::count_code_points(second) <= width;
  return first + (fits ? " " : "\n" + indent) + second;
}

// A command that can be pasted whole: where it is too wide, a backslash ends the line. What is quoted stays.
std::string command_lines(const std::string& command) {
  std::string text, line = " ";
  if (base::count_code_points(command) + 2 <= width || command.find('\'') != std::string::npos)
    return "  " + command + "\n";
  std::istringstream words(command);
  for (std::string word; words >> word;) {
    if (base::count_code_points(line) + 1 + base::count_code_points(word) + 2 > width) {
      text += line + " \\\n";
      line = "     ";
    }
    line += " " + word;
  }
  return text + line + "\n";
}

std::string what_it_does(const ContainStep& step) {
  switch (step.kind) {
    case StepKind::lock_account:
      return "lock the account of";
    case StepKind::end_codes:
      return step.target.empty() ? "end everybody's one-time codes" : "end the one-time codes of";
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

// Whom the sentence of a step ends with; empty where it ends with nobody.
std::string whom(const ContainStep& step) {
  const bool of_a_user = step.kind == StepKind::lock_account || step.kind == StepKind::end_codes;
  return of_a_user && !step.target.empty() ? base::printable(step.name) : "";
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
  const std::string sentence =
      "  ├─ " + std::string(step.done_at ? "✓ " : "") + std::to_string(number) + "  " + what_it_does(step);
  std::string text = (whom(step).empty() ? sentence : beside(sentence, whom(step), stem)) + "\n";
  if (step.kind == StepKind::rotate_key || step.kind == StepKind::revoke_key)
    text += stem + "key " + base::printable(step.target) + "\n";
  text += stem + (step.done_at ? "ended " : "ends ") + service::text_of(step.ends) + "\n";
  for (const auto& note : step.notes) text += stem + base::printable(note) + "\n";
  if (step.done_at) text += stem + base::to_rfc3339(*step.done_at) + entries(step) + "\n";
  return text;
}

}  // namespace

std::string draw_containment(const service::Containment& containment) {
  std::string text = beside(title(containment), "(" + state(containment) + ")", "  ") + "\n";
  std::size_t number = 0;
  for (const auto& step : containment.steps) text += draw_step(step, ++number);
  text += containment.receipt.empty()
              ? "  └─ a signed receipt\n"
              : "  └─ receipt in the log, entry " +
                    std::to_string(containment.receipt.at("proof").at("seq").as_int64()) + "\n";
  text += containment.finished_at ? "next\n" : "afterwards\n";
  for (const auto& command : containment.next) text += command_lines(base::printable(command));
  return text;
}

}  // namespace authctl::commands
