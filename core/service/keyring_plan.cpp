#include "core/service/keyring_plan.h"

#include <algorithm>

#include "core/base/shell_word.h"
#include "core/base/text.h"

namespace authctl::service {
namespace {
using base::Timestamp;
using store::KeyState;
using store::KeyUse;

const KeyAndTokens* find_active(std::span<const KeyAndTokens> keys) {
  for (const auto& key : keys) {
    if (key.row.state == KeyState::active) return &key;
  }
  return nullptr;
}

// The pending key that can sign earliest.
const KeyAndTokens* find_successor(std::span<const KeyAndTokens> keys) {
  const KeyAndTokens* first = nullptr;
  for (const auto& key : keys) {
    if (key.row.state != KeyState::pending || !key.row.can_sign()) continue;
    if (!first || key.row.not_before.value_or(Timestamp{}) < first->row.not_before.value_or(Timestamp{}))
      first = &key;
  }
  return first;
}

Timestamp activation_of(const store::KeyRow* successor, const KeyPlan& plan, Timestamp now) {
  Timestamp at = plan.use == KeyUse::jwt ? plan.publish_at + plan.timing.jwks_max_age : plan.publish_at;
  if (successor && successor->not_before) at = std::max(at, *successor->not_before);
  return std::max(at, now);
}

std::vector<std::string> safe_steps(std::span<const KeyAndTokens> keys, const KeyPlan& plan) {
  std::vector<std::string> steps;
  steps.push_back("authctl key rotate --use " + std::string(store::word_of(plan.use)) + " --staged");
  // Nobody else has to know a Fernet key first.
  if (plan.use == KeyUse::fernet && plan.active_kid && !plan.successor_kid)
    steps.push_back("authctl key rotate --use fernet");
  for (const auto& [row, live] : keys) {
    if (row.state == KeyState::pending &&
        !refusal_of(KeyStep::activate, row, live, plan.timing, plan.made_at)) {
      steps.push_back("authctl key promote " + base::shell_word(row.kid));
    }
    if (row.state != KeyState::active && row.state != KeyState::pending &&
        !refusal_of(KeyStep::remove, row, live, plan.timing, plan.made_at)) {
      steps.push_back("authctl key delete " + base::shell_word(row.kid));
    }
  }
  return steps;
}

std::string next_step(const KeyPlan& plan) {
  const std::string use{store::word_of(plan.use)};
  if (plan.successor_kid) return "authctl key promote " + base::shell_word(*plan.successor_kid);
  if (!plan.active_kid) return "authctl key generate --use " + use;
  return "authctl key rotate --use " + use + (plan.use == KeyUse::jwt ? " --staged" : "");
}

constexpr int bar_width = 60;

// Columns of the three moments on the bar, in order and never on top of each other.
struct Marks {
  int publish = 0, activate = 0, retire = bar_width;
};

Marks place_marks(const KeyPlan& plan) {
  const auto begin = std::min(plan.made_at, plan.publish_at);
  const auto end = plan.retire_at.value_or(plan.activate_at + std::chrono::hours{1});
  const auto span = std::max<std::int64_t>((end - begin).count(), 1);
  const auto column = [&](Timestamp at) { return static_cast<int>((at - begin).count() * bar_width / span); };
  Marks marks;
  // So that "publish", "activate" and "retire" stand apart.
  marks.publish = std::clamp(column(plan.publish_at), 0, bar_width - 27);
  marks.activate = std::clamp(column(plan.activate_at), marks.publish + 12, bar_width - 15);
  return marks;
}

std::string fill(int from, int to, char c, int width = bar_width) {
  std::string line(static_cast<std::size_t>(width), ' ');
  std::fill(line.begin() + from, line.begin() + to, c);
  return line;
}

std::string short_kid(const std::optional<std::string>& kid, std::string_view none) {
  if (!kid) return std::string(none);
  const std::string text = base::printable(*kid);
  return text.size() <= 14 ? text : text.substr(0, 13) + "~";
}

std::string pad(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string draw_bars(const KeyPlan& plan) {
  const Marks at = place_marks(plan);
  std::string labels = pad("", static_cast<std::size_t>(at.publish)) + "publish";
  labels = pad(labels, static_cast<std::size_t>(at.activate)) + "activate";
  if (plan.retire_at) labels = pad(labels, bar_width - 6) + "retire";
  std::string old_bar = fill(0, at.activate, '#');
  std::fill(old_bar.begin() + at.activate, old_bar.begin() + at.retire, '=');
  if (!plan.retire_at) old_bar.back() = '>';  // no end is known
  std::string new_bar = fill(at.publish, at.activate, '.');
  std::fill(new_bar.begin() + at.activate, new_bar.end(), '#');
  std::string text = pad("", 18) + labels + "\n";
  if (plan.active_kid) text += "  " + pad(short_kid(plan.active_kid, ""), 16) + old_bar + "\n";
  text += "  " + pad(short_kid(plan.successor_kid, "(successor)"), 16) + new_bar + "\n";
  return text + (plan.use == KeyUse::fernet ? "  . decrypts already   # encrypts   = decrypts only\n"
                                            : "  . is public   # signs   = verifies only\n");
}

std::string bullets(std::string_view title, const std::vector<std::string>& lines) {
  std::string text = "\n" + std::string(title) + "\n";
  for (const auto& line : lines) text += "  " + base::printable(line) + "\n";
  return text;
}
}  // namespace

KeyPlan make_plan(KeyUse use, std::span<const KeyAndTokens> keys, const KeyTiming& timing, Timestamp now) {
  KeyPlan plan{.use = use,

               .made_at = now,
               .timing = timing,
               .active_kid = {},
               .successor_kid = {},
               .publish_at = now,
               .activate_at = now,
               .held_back = false,
               .retire_at = {},
               .in_use = {},
               .readers_behind = {},
               .safe_now = {},
               .next = {}};
  const auto* active = find_active(keys);
  const auto* successor = find_successor(keys);
  if (active) plan.active_kid = active->row.kid;
  if (successor) {
    plan.successor_kid = successor->row.kid;
    plan.publish_at = successor->row.published_at.value_or(now);
  }
  plan.activate_at =
      active || successor ? activation_of(successor ? &successor->row : nullptr, plan, now) : now;
  plan.held_back = successor && successor->row.not_before == plan.activate_at;
  // What the old key signs just before it is replaced still has a whole access_ttl to live.
  if (use == KeyUse::jwt && active)
    plan.retire_at = retirement(plan.activate_at, timing.access_ttl, active->live);
  for (const auto& [row, live] : keys) {
    // A revoked Fernet key is kept for the data that may still be under it.
    if (row.state == KeyState::active || (row.state == KeyState::retiring && !is_gone(row, now)) ||
        (row.state == KeyState::revoked && use == KeyUse::fernet)) {
      plan.in_use.push_back({row.kid, row.state, live.count, live.longest_end});
    }
  }
  plan.safe_now = safe_steps(keys, plan);
  plan.next = next_step(plan);
  return plan;
}

base::json::object plan_json(const KeyPlan& plan) {
  const auto time = [](const std::optional<Timestamp>& at) -> base::json::value {
    if (!at) return nullptr;
    return base::json::string(base::to_rfc3339(*at));
  };
  const auto text = [](const std::optional<std::string>& value) -> base::json::value {
    if (!value) return nullptr;
    return base::json::string(*value);
  };
  base::json::array in_use, safe;
  for (const auto& key : plan.in_use) {
    in_use.push_back(base::json::object{
        {"kid", key.kid},
        {"state", token::word_of(key.state)},
        {"live_tokens", key.live_tokens},
        {"live_sessions", key.radius.sessions},
        {"clients", base::json::array(key.radius.clients.begin(), key.radius.clients.end())},
        {"longest_live_token_ends_at", time(key.until)}});
  }
  base::json::array behind;
  for (const auto& reader : plan.readers_behind)
    behind.push_back(
        base::json::object{{"network", reader.network}, {"fetched_at", base::to_rfc3339(reader.fetched_at)}});
  for (const auto& step : plan.safe_now) safe.push_back(base::json::string(step));
  return {{"use", store::word_of(plan.use)},
          {"active_kid", text(plan.active_kid)},
          {"successor_kid", text(plan.successor_kid)},
          {"publish_at", time(plan.publish_at)},
          {"activate_at", time(plan.activate_at)},
          {"retire_at", time(plan.retire_at)},
          {"jwks_max_age_seconds", plan.use == KeyUse::jwt ? plan.timing.jwks_max_age.count() : 0},
          {"in_use", std::move(in_use)},
          {"jwks_readers_behind", std::move(behind)},
          {"safe_now", std::move(safe)},
          {"next", plan.next}};
}

std::string draw_plan(const KeyPlan& plan) {
  std::string text = "plan for " + std::string(store::word_of(plan.use)) + " keys at " +
                     base::to_rfc3339(plan.made_at) + "\n\n";
  text += "  publish   " + base::to_rfc3339(plan.publish_at) + "\n";
  text += "  activate  " + std::string(plan.held_back ? "not before " : "") +
          base::to_rfc3339(plan.activate_at) + "\n";
  text += "  retire    " +
          (plan.retire_at
               ? base::to_rfc3339(*plan.retire_at)
               : std::string(plan.active_kid ? "when nothing is under it any more" : "nothing to retire")) +
          "\n\n";
  text += draw_bars(plan);
  std::vector<std::string> in_use;
  for (const auto& key : plan.in_use) {
    in_use.push_back(key.kid);
    in_use.push_back("  " + std::string(token::word_of(key.state)) +
                     ", live tokens: " + std::to_string(key.live_tokens) +
                     (key.until ? " until " + base::to_rfc3339(*key.until) : ""));
    if (key.radius.sessions > 0 || !key.radius.clients.empty())
      in_use.push_back("  on it hang " + text_of(key.radius));
  }
  if (in_use.empty()) in_use.push_back("no key");
  text += bullets("in use", in_use);
  if (!plan.readers_behind.empty()) {
    std::vector<std::string> behind;
    for (const auto& reader : plan.readers_behind)
      behind.push_back(reader.network + ", last " + base::to_rfc3339(reader.fetched_at));
    text += bullets("have not fetched the successor yet", behind);
  }
  text += bullets("safe now", plan.safe_now);
  const bool wait = plan.successor_kid && plan.activate_at > plan.made_at;
  text += bullets(wait ? "next, from " + base::to_rfc3339(plan.activate_at) + " on" : "next", {plan.next});
  return text;
}

}  // namespace authctl::service
