// Counters, for Prometheus (text format 0.0.4). Invariant: nothing in them names a person, an address or a
// token; labels are routes and words of ours.
#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "core/server/routes.h"

namespace authctl::server {

class Metrics {
 public:
  Metrics();
  // `route`: nothing where none was found.
  void count_request(const Route* route, int status, std::chrono::nanoseconds lasted);

  using Counter = std::atomic<std::uint64_t>;
  Counter connections{0}, connections_open{0}, connections_refused{0}, handshakes_failed{0};
  Counter tokens_seen_before{0}, tokens_first_sight{0}, tokens_refused{0}, tokens_asked{0};
  Counter checks_allowed{0}, checks_denied{0};
  Counter hashes_refused{0}, work_refused{0};
  Counter feed_entries{0}, feed_reads{0};

 private:
  friend std::string metrics_text(const struct Site& site);
  static constexpr std::array<double, 9> bounds{0.0001, 0.0005, 0.001, 0.005, 0.025, 0.1, 0.25, 1, 5};
  struct OfRoute {
    std::array<Counter, 5> classes{};  // 1xx … 5xx
    std::array<Counter, bounds.size() + 1> buckets{};
    Counter nanoseconds{0};
  };
  std::vector<OfRoute> routes_;  // in the order of the table, and one for what is no route
};

// All of it, as it is served.
std::string metrics_text(const Site& site);

}  // namespace authctl::server
