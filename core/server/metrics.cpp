#include "core/server/metrics.h"

#include "core/server/hash_pool.h"
#include "core/server/site.h"

namespace authctl::server {
namespace {

void add(Metrics::Counter& counter, std::uint64_t by = 1) {
  counter.fetch_add(by, std::memory_order_relaxed);
}
std::uint64_t value(const Metrics::Counter& counter) { return counter.load(std::memory_order_relaxed); }

std::string number(double value) {
  auto text = std::to_string(value);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

class Text {
 public:
  void family(std::string_view name, std::string_view kind, std::string_view about) {
    out_.append("# HELP ").append(name).append(" ").append(about).append("\n");
    out_.append("# TYPE ").append(name).append(" ").append(kind).append("\n");
  }
  void sample(std::string_view name, std::string_view labels, const std::string& value) {
    out_ += name;
    if (!labels.empty()) out_.append("{").append(labels).append("}");
    out_.append(" ").append(value).append("\n");
  }
  void single(std::string_view name, std::string_view kind, std::string_view about, std::uint64_t count) {
    family(name, kind, about);
    sample(name, "", std::to_string(count));
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

std::string labels_of(std::size_t place) {
  const auto table = routes();
  if (place == table.size()) return R"(method="",route="none")";
  return "method=\"" + std::string(table[place].method) + "\",route=\"" + std::string(table[place].path) +
         "\"";
}

struct Labelled {
  std::string_view labels;
  const Metrics::Counter& counter;
};
void counters(Text& text, std::string_view name, std::string_view about,
              std::initializer_list<Labelled> list) {
  text.family(name, "counter", about);
  for (const auto& [labels, counter] : list) text.sample(name, labels, std::to_string(value(counter)));
}

void state_of(Text& text, const Site& site) {
  const auto& m = site.metrics;
  text.single("authctl_connections_open", "gauge", "Connections that are open", value(m.connections_open));
  counters(text, "authctl_connections_total", "Connections, by what became of them",
           {{R"(outcome="accepted")", m.connections},
            {R"(outcome="refused")", m.connections_refused},
            {R"(outcome="handshake_failed")", m.handshakes_failed}});
  counters(text, "authctl_tokens_total", "Access tokens that were presented, by how they were judged",
           {{R"(how="seen_before")", m.tokens_seen_before},
            {R"(how="first_sight")", m.tokens_first_sight},
            {R"(how="store")", m.tokens_asked},
            {R"(how="refused")", m.tokens_refused}});
  counters(text, "authctl_permission_checks_total", "Permission checks of forward-auth",
           {{R"(outcome="allowed")", m.checks_allowed}, {R"(outcome="denied")", m.checks_denied}});
  counters(text, "authctl_overload_total", "Requests that were answered with 503, by what was full",
           {{R"(what="hashing")", m.hashes_refused}, {R"(what="workers")", m.work_refused}});
  text.single("authctl_hashing_requests", "gauge", "Requests that hash a password or wait for it",
              site.hashes->entered());
  text.single("authctl_hashing_places", "gauge", "Places there are for them", site.hashes->places());
  text.single("authctl_store_entries_total", "counter", "Entries of the audit log that the feed has taken",
              value(m.feed_entries));
  text.single("authctl_store_ready", "gauge", "1 where the store could be read and written lately",
              site.is_ready(std::chrono::steady_clock::now()) ? 1 : 0);
}

}  // namespace

Metrics::Metrics() : routes_(routes().size() + 1) {}

void Metrics::count_request(const Route* route, int status, std::chrono::nanoseconds lasted) {
  const auto table = routes();
  auto& one = routes_[route == nullptr ? table.size() : static_cast<std::size_t>(route - table.data())];
  add(one.classes[static_cast<std::size_t>(status / 100 - 1)]);
  const double seconds = std::chrono::duration<double>(lasted).count();
  std::size_t bucket = 0;
  while (bucket < bounds.size() && seconds > bounds[bucket]) ++bucket;
  add(one.buckets[bucket]);
  add(one.nanoseconds, static_cast<std::uint64_t>(lasted.count()));
}

std::string metrics_text(const Site& site) {
  Text text;
  const auto& all = site.metrics.routes_;
  constexpr std::array<std::string_view, 5> classes{"1xx", "2xx", "3xx", "4xx", "5xx"};
  text.family("authctl_http_requests_total", "counter", "Requests, by route and class of status");
  for (std::size_t place = 0; place < all.size(); ++place)
    for (std::size_t i = 1; i < classes.size(); ++i)
      if (const auto count = value(all[place].classes[i]); count > 0)
        text.sample("authctl_http_requests_total",
                    labels_of(place) + ",status=\"" + std::string(classes[i]) + "\"", std::to_string(count));
  text.family("authctl_http_request_seconds", "histogram", "From the head of a request to its answer");
  for (std::size_t place = 0; place < all.size(); ++place) {
    const auto labels = labels_of(place);
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < all[place].buckets.size(); ++i) {
      sum += value(all[place].buckets[i]);
      const auto bound = i < Metrics::bounds.size() ? number(Metrics::bounds[i]) : std::string("+Inf");
      text.sample("authctl_http_request_seconds_bucket", labels + ",le=\"" + bound + "\"",
                  std::to_string(sum));
    }
    text.sample("authctl_http_request_seconds_sum", labels,
                number(static_cast<double>(value(all[place].nanoseconds)) / 1e9));
    text.sample("authctl_http_request_seconds_count", labels, std::to_string(sum));
  }
  state_of(text, site);
  return text.take();
}

std::optional<Reply> metrics(const Request&, Spot& spot) {
  return Reply{
      .status = 200, .type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_text(spot.site)};
}

}  // namespace authctl::server
