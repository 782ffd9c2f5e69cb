// The page of a bundle of evidence that a person reads first.
#include <algorithm>

#include "core/base/text.h"
#include "core/service/incident_report.h"

namespace authctl::service {
namespace {

constexpr std::size_t most_lines = 25;
constexpr std::size_t width = 32;

std::string line(std::string_view label, const std::string& value) {
  std::string text = "  " + base::printable(label);
  const auto columns = base::display_width(text);
  text.append(columns < width ? width - columns : 2, ' ');
  return text + base::printable(value) + "\n";
}

// Most frequent first.
std::string table(std::string_view title, const std::map<std::string, std::int64_t>& counts) {
  std::vector<std::pair<std::string, std::int64_t>> rows(counts.begin(), counts.end());
  std::ranges::stable_sort(rows, [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text = "\n" + std::string(title) + "\n";
  if (rows.empty()) text += "  nothing\n";
  for (std::size_t i = 0; i < rows.size() && i < most_lines; ++i)
    text += line(rows[i].first, std::to_string(rows[i].second));
  if (rows.size() > most_lines) text += line("and others", std::to_string(rows.size() - most_lines));
  return text;
}

std::string word(const base::json::object& from, std::string_view member) {
  const auto* held = from.if_contains(member);
  return held && held->is_string() ? std::string(held->as_string()) : std::string("-");
}

std::string incidents(const std::vector<base::json::object>& all) {
  std::string text = "\nContained\n";
  if (all.empty()) text += "  nothing\n";
  for (const auto& one : all) {
    const auto& receipt = one.at("receipt").as_object();
    const auto name = word(receipt, "name");
    text += line(word(receipt, "finished_at"),
                 word(receipt, "scope") + (name == "-" ? "" : " " + name) + " by " + word(receipt, "actor"));
    if (const auto reason = word(receipt, "reason"); reason != "-") text += line("", reason);
  }
  return text;
}

std::string keys(const std::vector<base::json::object>& history) {
  std::string text = "\nKeys\n";
  for (const auto& one : history) {
    const auto* key = one.if_contains("key");
    if (!key) continue;
    const auto& json = key->as_object();
    text += "  " + base::printable(word(json, "kid")) + "\n";
    text += "    " + word(json, "use") + ", " + word(json, "state") + ", made " + word(json, "created_at");
    if (const auto revoked = word(json, "revoked_at"); revoked != "-") text += ", revoked " + revoked;
    text += "\n";
  }
  return text;
}

}  // namespace

std::string summary_of(const IncidentReport& report, const std::string& actor) {
  std::string text = "Evidence of " + base::printable(report.store) + "\n";
  text += line("made", base::to_rfc3339(report.until) + " by " + actor);
  text += line("since", base::to_rfc3339(report.since));
  const auto entries = report.last_seq - report.first_seq + 1;
  text += line("entries of the audit log", entries == 0 ? "none"
                                                        : std::to_string(entries) + ", " +
                                                              std::to_string(report.first_seq) + " to " +
                                                              std::to_string(report.last_seq));
  if (report.pruned > 0)
    text += line("pruned before that", std::to_string(report.pruned) + ", of which nothing is known");
  text += line("e-mail and network addresses", report.revealed ? "in full" : "masked");
  text += table("What happened", report.counts.actions);
  text += table("What was refused", report.counts.refused);
  text += table("Who acted", report.counts.actors);
  text += incidents(report.incidents);
  text += keys(report.keys);
  text += "\nHow to check\n";
  text += "  authctl audit verify THIS-FOLDER --public-key KEY\n";
  text += "  KEY is the log's public key, from somewhere else than this folder: log.vkey in\n";
  text += "  it shows only what to compare with. No store and no master key is needed.\n";
  text += "  A changed byte, a missing entry or another file is refused, with the place.\n";
  return text;
}

}  // namespace authctl::service
