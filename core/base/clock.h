// Time: a point on the UTC line in milliseconds, and the clock that is handed in to whoever needs "now".
// Invariant: nothing but SystemClock reads the machine's clock. Text form: RFC 3339 in UTC, whole seconds,
// `Z`.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace authctl::base {

using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;
inline constexpr Timestamp::duration tick{1};  // the least by which two of them differ
using Duration = std::chrono::seconds;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Timestamp now() const override;
};

// A clock that stands where it is put: tests, and commands with --now.
class FixedClock final : public Clock {
 public:
  explicit FixedClock(Timestamp at) : at_(at) {}
  Timestamp now() const override { return at_; }
  void set(Timestamp at) { at_ = at; }
  void advance(std::chrono::milliseconds by) { at_ += by; }

 private:
  Timestamp at_;
};

// A clock may be set back, and what had expired would live again. So the latest time that was seen counts, as
// long as it is no more than this ahead; further ahead, it was the earlier time that was wrong.
inline constexpr std::chrono::hours longest_set_back{25};
inline Timestamp later_of(Timestamp now, Timestamp seen) {
  return seen > now && seen - now <= longest_set_back ? seen : now;
}

// Seconds since 1970 (a NumericDate of RFC 7519 section 2), rounded down.
std::int64_t to_unix_seconds(Timestamp time);
Timestamp from_unix_seconds(std::int64_t seconds);
std::int64_t to_unix_millis(Timestamp time);
Timestamp from_unix_millis(std::int64_t millis);

// "2026-01-01T00:00:00Z": what lies below a second is cut off.
std::string to_rfc3339(Timestamp time);
// "2026-01-01T00:00:00.250Z", without the fraction where there is none: what parse_timestamp() reads is the
// same time.
std::string to_rfc3339_exact(Timestamp time);
// RFC 3339 section 5.6 with any offset and fraction, or a bare count of unix seconds. Years 1970 to 9999.
std::optional<Timestamp> parse_timestamp(std::string_view text);
// `90s 15m 24h 7d`, also joined as `1h30m`; a bare number is seconds. Refuses signs, blanks and overflow.
std::optional<Duration> parse_duration(std::string_view text);
// The shortest spelling with one unit: 900 s -> "15m", 90 s -> "90s".
std::string to_text(Duration duration);

}  // namespace authctl::base
