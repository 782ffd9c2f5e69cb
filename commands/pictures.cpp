#include "commands/pictures.h"

#include <algorithm>

#include "commands/secret_file.h"
#include "core/base/error.h"
#include "core/base/text.h"

namespace authctl::commands {
namespace {

using base::Anchor;
using base::Colour;
using base::Picture;

constexpr Colour ink{0.13, 0.13, 0.16}, faint{0.85, 0.86, 0.88}, muted{0.42, 0.44, 0.48},
    alarm{0.80, 0.24, 0.20};
// Okabe and Ito's colours, told apart by the colour-blind too.
constexpr Colour palette[] = {{0.00, 0.45, 0.70}, {0.90, 0.62, 0.00}, {0.00, 0.62, 0.45}, {0.80, 0.47, 0.65},
                              {0.34, 0.71, 0.91}, {0.84, 0.37, 0.00}, {0.60, 0.60, 0.60}};
constexpr std::size_t kinds_shown = std::size(palette) - 1;  // the last colour is for all others
constexpr std::size_t addresses_shown = 8;

// Where the bars of the hours stand.
constexpr double left = 60, top = 60, right = 780, bottom = 270;
constexpr double hour_width = (right - left) / static_cast<double>(service::hours_shown);

std::string day_and_hour(base::Timestamp time) {
  const std::string text = base::to_rfc3339(time);
  return text.substr(5, 5) + " " + text.substr(11, 5);
}

void draw_axes(Picture& picture, const service::AuditActivity& activity, std::int64_t highest) {
  picture.boxes.push_back({left, bottom, right - left, 1, ink});
  for (const int quarter : {1, 2, 3, 4}) {
    const double y = bottom - (bottom - top) * quarter / 4;
    picture.boxes.push_back({left, y, right - left, 0.5, faint});
    if (quarter % 2 == 0)
      picture.words.push_back(
          {left - 6, y + 4, std::to_string(highest * quarter / 4), 11, muted, Anchor::right});
  }
  for (std::size_t hour = 0; hour < service::hours_shown; hour += 8) {
    const double x = left + static_cast<double>(hour) * hour_width;
    picture.boxes.push_back({x, bottom, 1, 5, ink});
    picture.words.push_back(
        {x, bottom + 18, day_and_hour(activity.begin + std::chrono::hours(hour)), 11, muted});
  }
}

void draw_hours(Picture& picture, const service::AuditActivity& activity) {
  std::int64_t highest = 4;  // so that the marks at the side are whole numbers
  for (std::size_t hour = 0; hour < service::hours_shown; ++hour) {
    std::int64_t sum = 0;
    for (const auto& [kind, counts] : activity.kinds) sum += counts[hour];
    highest = std::max(highest, (sum + 3) / 4 * 4);
  }
  draw_axes(picture, activity, highest);
  for (std::size_t hour = 0; hour < service::hours_shown; ++hour) {
    double y = bottom;
    for (std::size_t kind = 0; kind < activity.kinds.size(); ++kind) {
      const auto count = static_cast<double>(activity.kinds[kind].second[hour]);
      if (count == 0) continue;
      const double height = (bottom - top) * count / static_cast<double>(highest);
      y -= height;
      picture.boxes.push_back({left + static_cast<double>(hour) * hour_width + 1, y, hour_width - 2, height,
                               palette[std::min(kind, kinds_shown)]});
    }
  }
}

void draw_legend(Picture& picture, const service::AuditActivity& activity) {
  double x = left;
  const std::size_t shown = std::min(activity.kinds.size(), kinds_shown + 1);
  for (std::size_t kind = 0; kind < shown; ++kind) {
    const std::string name = kind == kinds_shown ? "other" : base::printable(activity.kinds[kind].first);
    picture.boxes.push_back({x, 38, 10, 10, palette[kind]});
    picture.words.push_back({x + 14, 47, name, 11, ink});
    x += 30 + 7 * static_cast<double>(name.size());
  }
}

void draw_addresses(Picture& picture, const service::AuditActivity& activity) {
  constexpr double begin = 320, row = 20, bar = 200;
  picture.words.push_back({left, begin, "Refused and failed, by address", 13, ink});
  const auto& all = activity.refused_by_address;
  if (all.empty()) {
    picture.words.push_back({left, begin + row, "none that came from an address", 11, muted});
  }
  const double most = all.empty() ? 1 : static_cast<double>(all.front().second);
  for (std::size_t i = 0; i < std::min(all.size(), addresses_shown); ++i) {
    const double y = begin + row * static_cast<double>(i + 1);
    const double width = (right - bar - left) * static_cast<double>(all[i].second) / most;
    picture.words.push_back({bar - 8, y, base::printable(all[i].first), 11, ink, Anchor::right});
    picture.boxes.push_back({bar, y - 9, width, 11, alarm});
    picture.words.push_back({bar + width + 6, y, std::to_string(all[i].second), 11, ink});
  }
}

}  // namespace

Picture audit_picture(const service::AuditActivity& activity) {
  const auto rows = std::clamp<std::size_t>(activity.refused_by_address.size(), 1, addresses_shown);
  Picture picture{800, 340 + 20 * static_cast<double>(rows)};
  const auto end = activity.begin + std::chrono::hours(service::hours_shown);
  picture.words.push_back({left, 24,
                           "Audit log, " + day_and_hour(activity.begin) + " to " + day_and_hour(end) +
                               " UTC: " + std::to_string(activity.entries) + " entries, " +
                               std::to_string(activity.refused) + " refused or failed",
                           14, ink});
  draw_legend(picture, activity);
  draw_hours(picture, activity);
  draw_addresses(picture, activity);
  return picture;
}

void add_picture_options(CLI::App& verb, PictureFiles& files) {
  verb.add_option("--svg", files.svg, "draw it into a new file, as SVG")->type_name("FILE");
  verb.add_option("--png", files.png, "draw it into a new file, as PNG")->type_name("FILE");
  verb.add_flag("--force", files.force, "draw over a file that exists; asks");
}

void PictureFiles::prepare(Invocation& in) const {
  if (force && !wanted())
    throw base::Error(base::ErrorCode::usage, "--force is for a file that is drawn over",
                      "--svg FILE or --png FILE");
  for (const auto* path : {&svg, &png}) SecretFile{*path, force}.prepare(in);
}

void write_pictures(Invocation& in, const PictureFiles& files, const base::Picture& picture) {
  const auto write = [&](const std::string& path, base::PictureFormat format) {
    if (path.empty()) return;
    const auto bytes = base::render(picture, format);
    if (!in.dry_run()) SecretFile{path, files.force}.write(bytes);
  };
  write(files.svg, base::PictureFormat::svg);
  write(files.png, base::PictureFormat::png);
}

}  // namespace authctl::commands
