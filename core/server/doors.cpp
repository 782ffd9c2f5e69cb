#include "core/server/doors.h"

#include "core/base/error.h"

namespace authctl::server {
namespace {

using base::Error;
using base::ErrorCode;
using Threads = std::span<const std::unique_ptr<IoThread>>;

void refuse_unfit_listener(const Endpoint& at, bool has_tls, bool behind_proxy, Door door) {
  if (door == Door::redirect) {
    if (has_tls || behind_proxy) return;
    throw Error(ErrorCode::usage, "a redirect to https leads nowhere: https is not served",
                "--tls-cert FILE --tls-key FILE, --dev, or --behind-proxy CIDR");
  }
  if (has_tls || at.is_loopback() || (behind_proxy && door == Door::open)) return;
  throw Error(ErrorCode::usage, "plain HTTP is served on loopback only, not on " + at.text(),
              door == Door::open ? "--tls-cert FILE --tls-key FILE, --dev, or --behind-proxy CIDR"
                                 : "--tls-cert FILE --tls-key FILE, --dev, or another address");
}

Door door_named(const std::string& name) {
  return name == "metrics" ? Door::metrics : name == "redirect" ? Door::redirect : Door::open;
}

std::string& place_of(Doors& doors, Door door) {
  return door == Door::metrics ? doors.metrics : door == Door::redirect ? doors.redirect : doors.listen;
}

}  // namespace

Doors open_doors(const ServeRequest& request, bool has_tls, Threads threads) {
  Doors doors;
  const bool behind_proxy = !request.behind_proxy.empty();
  for (const auto& handed : handed_sockets(request.environment)) {
    Descriptor socket(handed.descriptor);
    const Listening listening{door_named(handed.name), bound_endpoint(socket)};
    refuse_unfit_listener(listening.at, has_tls, behind_proxy, listening.door);
    place_of(doors, listening.door) = listening.at.text();
    const auto sharing = listening.door == Door::open ? threads.size() : 1;
    for (std::size_t i = 1; i < sharing; ++i) threads[i]->add(duplicate(socket), listening);
    threads.front()->add(std::move(socket), listening);
  }
  const auto open = [&](const std::string& text, std::string_view option, Door door) {
    if (text.empty() || !place_of(doors, door).empty()) return;
    auto at = parse_endpoint(text, option);
    refuse_unfit_listener(at, has_tls, behind_proxy, door);
    refuse_if_taken(at);
    const auto count = door == Door::open ? threads.size() : 1;
    for (const auto& thread : threads.first(count)) {
      auto socket = listen_at(at);
      thread->add(std::move(socket), {door, at});
    }
    place_of(doors, door) = at.text();
  };
  open(request.listen, "--listen", Door::open);
  open(request.metrics_listen, "--metrics-listen", Door::metrics);
  open(request.redirect_listen, "--redirect-listen", Door::redirect);
  return doors;
}

}  // namespace authctl::server
