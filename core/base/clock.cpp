#include "core/base/clock.h"

#include <charconv>
#include <cstdio>
#include <limits>

namespace authctl::base {
namespace {
using namespace std::chrono;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes exactly `width` digits off the front of `text`.
bool take_digits(std::string_view& text, std::size_t width, int& value) {
  if (text.size() < width) return false;
  value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    if (!is_digit(text[i])) return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(width);
  return true;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<milliseconds> take_fraction(std::string_view& text) {
  if (!take(text, '.')) return milliseconds{0};
  int millis = 0;
  int digits = 0;
  while (!text.empty() && is_digit(text.front())) {
    if (digits < 3) millis = millis * 10 + (text.front() - '0');
    ++digits;
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 3; ++digits) millis *= 10;
  return milliseconds{millis};
}

std::optional<minutes> take_offset(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z')) return minutes{0};
  const bool west = !text.empty() && text.front() == '-';
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  int hour = 0;
  int minute = 0;
  if (!take_digits(text, 2, hour) || !take(text, ':') || !take_digits(text, 2, minute)) return std::nullopt;
  if (hour > 23 || minute > 59) return std::nullopt;
  const minutes offset{hour * 60 + minute};
  return west ? -offset : offset;
}

std::optional<Timestamp> parse_unix(std::string_view text) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size() || seconds < 0 || seconds > 253402300799) {
    return std::nullopt;
  }
  return from_unix_seconds(seconds);
}

std::int64_t unit_seconds(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 3600;
    case 'd':
      return 86400;
    default:
      return 0;
  }
}
}  // namespace

Timestamp SystemClock::now() const { return floor<milliseconds>(system_clock::now()); }

std::int64_t to_unix_seconds(Timestamp time) { return floor<seconds>(time).time_since_epoch().count(); }
Timestamp from_unix_seconds(std::int64_t count) { return Timestamp{seconds{count}}; }
std::int64_t to_unix_millis(Timestamp time) { return time.time_since_epoch().count(); }
Timestamp from_unix_millis(std::int64_t count) { return Timestamp{milliseconds{count}}; }

std::string to_rfc3339(Timestamp time) {
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{floor<seconds>(time - day)};
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

std::string to_rfc3339_exact(Timestamp time) {
  auto text = to_rfc3339(time);
  if (const auto millis = (time - floor<seconds>(time)).count(); millis != 0) {
    char fraction[8];
    std::snprintf(fraction, sizeof fraction, ".%03d", static_cast<int>(millis));
    text.insert(text.size() - 1, fraction);
  }
  return text;
}

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  if (!text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos)
    return parse_unix(text);
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  if (!take_digits(text, 4, y) || !take(text, '-') || !take_digits(text, 2, mo) || !take(text, '-') ||
      !take_digits(text, 2, d)) {
    return std::nullopt;
  }
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
  if (!date.ok() || y < 1970) return std::nullopt;
  if (text.empty()) return Timestamp{sys_days{date}};  // a bare date is its midnight in UTC
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
  if (!take_digits(text, 2, h) || !take(text, ':') || !take_digits(text, 2, mi) || !take(text, ':') ||
      !take_digits(text, 2, s) || h > 23 || mi > 59 || s > 59) {
    return std::nullopt;
  }
  const auto fraction = take_fraction(text);
  const auto offset = fraction ? take_offset(text) : std::nullopt;
  if (!offset || !text.empty()) return std::nullopt;
  const Timestamp time = sys_days{date} + hours{h} + minutes{mi} + seconds{s} + *fraction - *offset;
  if (time < Timestamp{}) return std::nullopt;
  return time;
}

std::optional<Duration> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  std::int64_t last_unit = std::numeric_limits<std::int64_t>::max();
  while (!text.empty()) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || !is_digit(text.front())) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const bool bare = text.empty() && last_unit == std::numeric_limits<std::int64_t>::max();
    const std::int64_t unit = bare ? 1 : text.empty() ? 0 : unit_seconds(text.front());
    if (unit == 0 || unit >= last_unit) return std::nullopt;
    if (!bare) text.remove_prefix(1);
    last_unit = unit;
    std::int64_t part = 0;
    if (__builtin_mul_overflow(count, unit, &part) || __builtin_add_overflow(total, part, &total))
      return std::nullopt;
    if (total > 253402300799) return std::nullopt;
  }
  return Duration{total};
}

std::string to_text(Duration duration) {
  const std::int64_t total = duration.count();
  for (const auto& [unit, size] : {std::pair{'d', 86400}, {'h', 3600}, {'m', 60}}) {
    if (total != 0 && total % size == 0) return std::to_string(total / size) + unit;
  }
  return std::to_string(total) + "s";
}

}  // namespace authctl::base
