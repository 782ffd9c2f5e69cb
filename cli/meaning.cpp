#include "cli/meaning.h"

#include <algorithm>
#include <iterator>

namespace authctl::cli {
namespace {

constexpr std::string_view good = "\x1b[32m", uneasy = "\x1b[33m", bad = "\x1b[31m";

// Members whose words mean something; `ok` in a note of a user does not.
constexpr std::string_view members[] = {"state", "status", "outcome", "verdict",
                                        "level", "result", "allowed", "valid"};

struct Meaning {
  std::string_view word, colour;
};

constexpr Meaning meanings[] = {
    {"active", good},     {"success", good},     {"intact", good}, {"ok", good},         {"pass", good},
    {"yes", good},        {"pending", uneasy},   {"warn", uneasy}, {"retiring", uneasy}, {"denied", uneasy},
    {"disabled", uneasy}, {"truncated", bad},    {"revoked", bad}, {"failure", bad},     {"altered", bad},
    {"fail", bad},        {"unverifiable", bad}, {"no", bad},      {"expired", uneasy},  {"ended", uneasy},
};

}  // namespace

std::string_view colour_of(std::string_view member, std::string_view value) {
  if (std::find(std::begin(members), std::end(members), member) == std::end(members)) return {};
  const auto* meaning = std::find_if(std::begin(meanings), std::end(meanings),
                                     [&](const Meaning& m) { return m.word == value; });
  return meaning == std::end(meanings) ? std::string_view{} : meaning->colour;
}

std::string how_long(std::string_view rfc3339, base::Timestamp now) {
  if (rfc3339.size() < 20 || !rfc3339.ends_with('Z')) return {};
  const auto time = base::parse_timestamp(rfc3339);
  if (!time) return {};
  const bool future = *time > now;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(future ? *time - now : now - *time).count();
  constexpr std::pair<std::int64_t, std::string_view> units[] = {
      {365 * 86400, "y"}, {86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}};
  for (const auto& [size, letter] : units) {
    if (seconds < size * (size == 86400 * 365 ? 2 : 1)) continue;
    const std::string count = std::to_string(seconds / size) + std::string(letter);
    return future ? "in " + count : count + " ago";
  }
  return "now";
}

}  // namespace authctl::cli
