#include "commands/permission_view.h"

#include <algorithm>

#include "core/base/text.h"

namespace authctl::commands {
namespace {

using service::Reason;

constexpr std::size_t columns = 80;
constexpr std::size_t deepest = 12;  // levels that are still indented

std::string asked(const service::Question& question) {
  return question.permission.text() + (question.resource ? " on " + question.resource->text() : "");
}

std::string bounds_of(const Reason& reason) {
  return (reason.resource ? " on " + *reason.resource : "") +
         (reason.expires_at ? " until " + base::to_rfc3339(*reason.expires_at) : "");
}

// A branch of the tree: what it says and what hangs below it. Ways that begin alike share their branches.
struct Branch {
  std::string text;
  std::vector<Branch> below;

  Branch& at(const std::string& label) {
    for (auto& branch : below)
      if (branch.text == label) return branch;
    return below.emplace_back(Branch{label, {}});
  }
};

void drop_last_character(std::string& line) {
  while (!line.empty()) {
    const auto byte = static_cast<unsigned char>(line.back());
    line.pop_back();
    if ((byte & 0xC0) != 0x80) return;  // RFC 3629 section 3: the others are 10xxxxxx
  }
}

std::string cut(std::string line) {
  if (base::display_width(line) <= columns) return line;
  while (base::display_width(line) >= columns) drop_last_character(line);
  return line + "…";
}

void draw(const Branch& branch, const std::string& margin, std::size_t depth, std::string& out) {
  for (const auto& below : branch.below) {
    const bool last = &below == &branch.below.back();
    out += cut(margin + (last ? "└─ " : "├─ ") + below.text) + "\n";
    draw(below, depth < deepest ? margin + (last ? "   " : "│  ") : margin, depth + 1, out);
  }
}

Branch tree_of(const std::vector<Reason>& because) {
  Branch root;
  for (const auto& reason : because) {
    auto* branch = &root.at("role " + reason.role);
    for (const auto& role : reason.via) branch = &branch->at("inherits " + role);
    branch->at("grant " + reason.grant + bounds_of(reason));
  }
  return root;
}

void add_remedies(const service::Explanation& explanation, std::string& out) {
  if (explanation.remedies.empty()) {
    out += "no role is granted it; to allow it, grant it to a role and assign that\n";
    return;
  }
  const auto enable = explanation.remedies.front().action == "user.enable";
  if (enable) out += cut("to be enabled first: " + explanation.remedies.front().command) + "\n";
  if (explanation.remedies.size() > (enable ? 1u : 0u)) out += "one of these would allow it:\n";
  for (const auto& remedy : explanation.remedies)
    if (remedy.action != "user.enable") out += "  " + remedy.command + "\n";  // never cut: it is to be typed
}

}  // namespace

std::string check_line(const service::Access& access) {
  const auto question = asked(access.question);
  if (!access.decision.allowed)
    return "denied: " + access.user_name + " may not " + question +
           (access.active ? "" : " (" + access.user_name + " is disabled)");
  const auto& reason = access.decision.because.front();
  std::string line = "allowed: " + access.user_name + " may " + question + " (role " + reason.role;
  for (const auto& role : reason.via) line += (&role == &reason.via.front() ? " via " : ", ") + role;
  return line + ", grant " + reason.grant + bounds_of(reason) + ")";
}

std::string explanation_tree(const service::Explanation& explanation) {
  const auto question = asked(explanation.question);
  const bool allowed = explanation.decision.allowed;
  std::string out = cut(explanation.user_name + (allowed ? " may " : " may not ") + question) + "\n";
  if (!explanation.active) out += cut(explanation.user_name + " is disabled") + "\n";
  if (allowed)
    draw(tree_of(explanation.decision.because), "", 0, out);
  else
    add_remedies(explanation, out);
  return out;
}

}  // namespace authctl::commands
