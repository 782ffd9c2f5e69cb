#include <algorithm>

#include "commands/pictures.h"
#include "core/base/text.h"

namespace authctl::commands {
namespace {

using base::Anchor;
using base::Colour;

constexpr Colour ink{0.13, 0.13, 0.16}, muted{0.42, 0.44, 0.48};
constexpr Colour is_public{0.78, 0.80, 0.84}, signs{0.00, 0.45, 0.70}, verifies{0.56, 0.78, 0.91};
constexpr double left = 230, right = 770, bar_height = 22;

std::string name_of(const std::optional<std::string>& kid, const char* none) {
  if (!kid) return none;
  const std::string text = base::printable(*kid);
  return text.size() <= 24 ? text : text.substr(0, 23) + "\u2026";
}

}  // namespace

base::Picture plan_picture(const service::KeyPlan& plan) {
  base::Picture picture{800, 210};
  const auto begin = std::min(plan.made_at, plan.publish_at);
  const auto end = plan.retire_at.value_or(plan.activate_at + std::chrono::hours{1});
  const double span = std::max<double>(static_cast<double>((end - begin).count()), 1);
  const auto column = [&](base::Timestamp at) {
    return left + (right - left) * std::clamp(static_cast<double>((at - begin).count()) / span, 0.0, 1.0);
  };
  const auto bar = [&](double y, base::Timestamp from, base::Timestamp to, Colour colour) {
    picture.boxes.push_back({column(from), y, column(to) - column(from), bar_height, colour});
  };
  picture.words.push_back(
      {20, 26,
       "Plan for " + std::string(store::word_of(plan.use)) + " keys, made " + base::to_rfc3339(plan.made_at),
       14, ink});
  if (plan.active_kid) {
    picture.words.push_back({left - 10, 65, name_of(plan.active_kid, ""), 12, ink, Anchor::right});
    bar(50, begin, plan.activate_at, signs);
    bar(50, plan.activate_at, end, verifies);
  }
  picture.words.push_back(
      {left - 10, 95, name_of(plan.successor_kid, "(successor)"), 12, ink, Anchor::right});
  bar(80, plan.publish_at, plan.activate_at, is_public);
  bar(80, plan.activate_at, end, signs);
  const auto moment = [&](double y, base::Timestamp at, const std::string& what) {
    const double x = column(at);
    picture.boxes.push_back({x, 46, 1, y - 56, muted});
    const Anchor anchor = x > (left + right) / 2 ? Anchor::right : Anchor::left;
    picture.words.push_back({x, y, what + " " + base::to_rfc3339(at), 11, ink, anchor});
  };
  moment(124, plan.publish_at, "publish");
  moment(140, plan.activate_at, plan.held_back ? "activate, not before" : "activate");
  if (plan.retire_at) moment(156, *plan.retire_at, "retire");
  double x = left;
  const bool fernet = plan.use == store::KeyUse::fernet;
  for (const auto& [colour, what] : {std::pair{is_public, fernet ? "decrypts already" : "is public"},
                                     {signs, fernet ? "encrypts" : "signs"},
                                     {verifies, fernet ? "decrypts only" : "verifies only"}}) {
    picture.boxes.push_back({x, 180, 12, 12, colour});
    picture.words.push_back({x + 18, 190, what, 11, ink});
    x += 120;
  }
  return picture;
}

}  // namespace authctl::commands
