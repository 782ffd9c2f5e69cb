#include "commands/checkup_view.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/base/text.h"

namespace authctl::commands {
namespace {

using service::Finding;
using service::Severity;

constexpr std::size_t columns = 79;
constexpr std::size_t severity_width = 9, group_width = 10;
constexpr std::array<std::string_view, 4> counted_as{"skipped", "ok", "to look at", "failed"};

using Counts = std::array<int, 4>;

// Words in lines; the first goes on after `first`, the others begin with `rest`, which is as wide.
void fill(std::string& text, const std::string& first, const std::string& rest, std::string_view words) {
  std::string line = first;
  bool is_empty = true;
  while (!words.empty()) {
    const auto end = std::min(words.find(' '), words.size());
    const auto word = words.substr(0, end);
    if (!is_empty && base::display_width(line) + 1 + base::display_width(word) > columns) {
      text += line + "\n";
      line = rest;
      is_empty = true;
    }
    if (!is_empty) line += ' ';
    line += word;
    is_empty = false;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  text += line + "\n";
}

std::string padded(std::string_view text, std::size_t width) {
  std::string cell(text);
  cell.resize(std::max(width, cell.size()), ' ');
  return cell;
}

std::string summary(const Counts& counts) {
  std::string text;
  for (std::size_t i = counts.size(); i-- > 0;) {
    if (counts[i] == 0) continue;
    text += (text.empty() ? "" : ", ") + std::to_string(counts[i]) + " " + std::string(counted_as[i]);
  }
  return text;
}

void draw_finding(std::string& text, const Finding& finding, bool is_last) {
  const std::string stem = is_last ? "     " : "  │  ";
  const std::string indent = stem + std::string(severity_width, ' ');
  fill(text, (is_last ? "  └─ " : "  ├─ ") + padded(word_of(finding.severity), severity_width), indent,
       std::string(finding.id) + ": " + finding.finding);
  if (!finding.hint.empty()) fill(text, indent + "> ", indent + "  ", finding.hint);
}

std::vector<std::string_view> groups_of(const service::CheckupReport& report) {
  std::vector<std::string_view> groups;
  for (const auto& finding : report.findings)
    if (std::ranges::find(groups, finding.group) == groups.end()) groups.push_back(finding.group);
  return groups;
}

// The worst first; among equals as the table of checks has them.
std::vector<const Finding*> findings_of(const service::CheckupReport& report, std::string_view group) {
  std::vector<const Finding*> found;
  for (const auto& finding : report.findings)
    if (finding.group == group) found.push_back(&finding);
  std::ranges::stable_sort(found,
                           [](const Finding* a, const Finding* b) { return a->severity > b->severity; });
  return found;
}

}  // namespace

std::string draw_checkup(const service::CheckupReport& report, bool whole) {
  std::string text;
  Counts all{};
  for (const auto group : groups_of(report)) {
    auto found = findings_of(report, group);
    Counts counts{};
    for (const auto* finding : found) {
      ++counts[static_cast<std::size_t>(finding->severity)];
      ++all[static_cast<std::size_t>(finding->severity)];
    }
    text += padded(group, group_width) + summary(counts) + "\n";
    if (!whole) std::erase_if(found, [](const Finding* f) { return f->severity < Severity::warn; });
    for (const auto* finding : found) draw_finding(text, *finding, finding == found.back());
  }
  return text + std::to_string(all[3]) + " failed, " + std::to_string(all[2]) + " to look at, " +
         std::to_string(all[1]) + " ok, " + std::to_string(all[0]) + " skipped\n";
}

}  // namespace authctl::commands
