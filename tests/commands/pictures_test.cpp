#include "commands/pictures.h"

#include <algorithm>

#include "tests/support/catch.h"

using namespace authctl;

namespace {

const auto noon = *base::parse_timestamp("2026-11-26T12:00:00Z");

service::AuditActivity two_kinds() {
  service::AuditActivity activity;
  activity.begin = noon;
  activity.kinds = {{"auth", {}}, {"user", {}}};
  activity.kinds[0].second[0] = 6;
  activity.kinds[1].second[0] = 2;
  activity.kinds[0].second[47] = 4;
  activity.refused_by_address = {{"203.0.***.***", 5}, {"198.51.***.***", 1}};
  activity.entries = 12;
  activity.refused = 6;
  return activity;
}

bool says(const base::Picture& picture, const std::string& text) {
  return std::ranges::any_of(picture.words,
                             [&](const auto& words) { return words.text.find(text) != std::string::npos; });
}

std::vector<base::Box> boxes_of(const base::Picture& picture, const base::Colour& colour) {
  std::vector<base::Box> found;
  for (const auto& box : picture.boxes) {
    if (box.colour.red == colour.red && box.colour.green == colour.green && box.colour.blue == colour.blue)
      found.push_back(box);
  }
  return found;
}

void check_inside(const base::Picture& picture) {
  for (const auto& box : picture.boxes) {
    CHECK(box.x >= 0);
    CHECK(box.y >= 0);
    CHECK(box.width >= 0);
    CHECK(box.height >= 0);
    CHECK(box.x + box.width <= picture.width);
    CHECK(box.y + box.height <= picture.height);
  }
}

}  // namespace

TEST_CASE("the bars of an hour are as high as its entries, one kind upon the other") {
  const auto picture = commands::audit_picture(two_kinds());
  const auto auth = boxes_of(picture, {0.00, 0.45, 0.70});  // the legend, then hours 0 and 47
  const auto user = boxes_of(picture, {0.90, 0.62, 0.00});
  REQUIRE(auth.size() == 3);
  REQUIRE(user.size() == 2);
  CHECK(auth[1].height == Approx(user[1].height * 3));
  CHECK(user[1].y + user[1].height == Approx(auth[1].y));
  CHECK(user[1].x == auth[1].x);
  CHECK(auth[2].x > auth[1].x + 600);
  check_inside(picture);
}

TEST_CASE("refusals stand by address, the longest bar for the most") {
  const auto picture = commands::audit_picture(two_kinds());
  const auto bars = boxes_of(picture, {0.80, 0.24, 0.20});
  REQUIRE(bars.size() == 2);
  CHECK(bars[0].width == Approx(bars[1].width * 5));
  CHECK(says(picture, "203.0.***.***"));
  CHECK(says(picture, "12 entries, 6 refused"));
  CHECK(says(commands::audit_picture({}), "none that came from an address"));
}

TEST_CASE("more kinds and addresses than there is room for stay in the picture") {
  service::AuditActivity activity;
  activity.begin = noon;
  for (int i = 0; i < 40; ++i) {
    activity.kinds.emplace_back("kind" + std::to_string(i), std::array<std::int64_t, service::hours_shown>{});
    activity.kinds.back().second[static_cast<std::size_t>(i)] = 1000000000;
    activity.refused_by_address.emplace_back("address" + std::to_string(i), 1);
  }
  const auto picture = commands::audit_picture(activity);
  check_inside(picture);
  CHECK(says(picture, "other"));
  CHECK_FALSE(says(picture, "kind6"));
}

TEST_CASE("the plan of a key is a time line: the successor signs where the old key stops") {
  service::KeyPlan plan{};
  plan.use = store::KeyUse::jwt;
  plan.active_kid = "old";
  plan.made_at = plan.publish_at = noon;
  plan.activate_at = noon + std::chrono::minutes(15);
  plan.retire_at = noon + std::chrono::minutes(60);
  const auto picture = commands::plan_picture(plan);
  const auto signs = boxes_of(picture, {0.00, 0.45, 0.70});  // old key, successor, legend
  REQUIRE(signs.size() == 3);
  CHECK(signs[0].x + signs[0].width == Approx(signs[1].x));
  CHECK(signs[1].width == Approx(signs[0].width * 3));
  CHECK(says(picture, "retire 2026-11-26T13:00:00Z"));
  check_inside(picture);
  plan.active_kid.reset();
  plan.retire_at.reset();
  CHECK_FALSE(says(commands::plan_picture(plan), "retire"));
}

TEST_CASE("a picture is drawn as SVG and as PNG") {
  const base::Picture picture{100, 50, {{10, 10, 20, 20, {1, 0, 0}}}, {{5, 45, "words"}}};
  const auto svg = base::render(picture, base::PictureFormat::svg);
  CHECK(svg.find("<svg") != std::string::npos);
  CHECK(svg.find("rgb(100%,0%,0%)") != std::string::npos);
  const auto png = base::render(picture, base::PictureFormat::png);
  CHECK(png.starts_with("\x89PNG\r\n"));
  CHECK(png.substr(16, 8) == std::string("\0\0\0\x64\0\0\0\x32", 8));  // IHDR: 100 by 50
}
