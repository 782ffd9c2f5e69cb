#include "core/service/rate_limit.h"

#include <algorithm>

#include "core/base/encoding.h"
#include "core/base/ip_address.h"
#include "core/base/text.h"
#include "core/crypto/digest.h"
#include "core/service/lockouts.h"
#include "core/store/rate_repository.h"
#include "core/store/user_repository.h"

namespace authctl::service {
namespace {
using base::Timestamp;

constexpr std::int64_t pruned_each_time = 4;
constexpr std::size_t shown_of_hash = 16;

struct Log {
  std::vector<Timestamp> events;  // within the window that ends now
  std::optional<base::Duration> wait;
};

// An event in the future was written while the clock was ahead: it counts as if it were now.
Log read_log(store::Database& db, const RateLimit& limit, const std::string& source, Timestamp now) {
  Log log;
  for (const auto event : store::rate_events(db, source))
    if (event > now - limit.window) log.events.push_back(std::min(event, now));
  if (static_cast<std::int64_t>(log.events.size()) < limit.count) return log;
  const auto first = log.events[log.events.size() - static_cast<std::size_t>(limit.count)];
  log.wait = std::max(base::Duration{1}, std::chrono::ceil<base::Duration>(first + limit.window - now));
  return log;
}

std::optional<base::Duration> longest_wait(store::Database& db, const RateLimit& limit,
                                           std::span<const std::string> sources, Timestamp now) {
  std::optional<base::Duration> wait;
  for (const auto& source : sources)
    if (const auto one = read_log(db, limit, source, now).wait) wait = std::max(wait.value_or(*one), *one);
  return wait;
}

}  // namespace

RateLimit rate_limit(const base::Settings& settings, std::string_view name) {
  const auto& text = settings.text(name);  // "5/1m", checked when it was read
  const auto slash = text.find('/');
  return {std::stoll(text.substr(0, slash)), base::parse_duration(text.substr(slash + 1)).value()};
}

std::string rate_of(std::string_view what, std::string_view id) {
  return std::string(what) + ' ' + std::string(id);
}

std::string rate_of_address(std::string_view what, std::string_view address) {
  return rate_of(what, base::network_of(address).value_or(std::string(address)));
}

std::string rate_of_account(std::string_view what, std::string_view typed) {
  const auto digest = crypto::sha256(base::bytes_of(base::fold_ascii(typed)));
  return rate_of(what, base::encode_hex(base::ByteView(digest).first(shown_of_hash)));
}

std::vector<std::string> rates_of_sign_in(store::Database& db, std::string_view typed,
                                          std::string_view address) {
  std::vector<std::string> sources{rate_of_address("login", address)};
  const auto user = store::find_user(db, typed);
  if (user && is_own_address(db, user->id, address))
    sources.push_back(rate_of_address("login of " + user->id, address));
  else
    sources.push_back(rate_of_account("login by name", typed));
  return sources;
}

std::optional<base::Duration> take_rate(Realm& reads, Realm& writes, const RateLimit& limit,
                                        std::span<const std::string> sources) {
  if (const auto wait = longest_wait(reads.db(), limit, sources, reads.by_clock())) return wait;
  return change(writes, Cause{}, [&](Change& c) -> std::optional<base::Duration> {
    const auto now = c.by_clock();
    if (const auto wait = longest_wait(c.db(), limit, sources, now)) return wait;
    for (const auto& source : sources) {
      auto log = read_log(c.db(), limit, source, now);
      log.events.push_back(now);
      store::put_rate_events(c.db(), source, log.events, now + limit.window);
    }
    store::prune_rates(c.db(), now, pruned_each_time);
    return std::nullopt;
  });
}

}  // namespace authctl::service
