// The server: `authctl serve`. Threads that answer, threads that work, and one that waits for signals.
// Invariant: it listens only when the store opened and its keys were read; SIGTERM lets every request that
// was begun end.
//
//   I/O threads (a core each)     requests in, answers out; on the spot from the snapshot, or
//     └─ worker threads           what needs the store, each with a Realm of its own
//          └─ hash pool           password hashing, at low priority
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/config.h"
#include "core/base/random.h"
#include "core/server/service_manager.h"
#include "core/service/opening.h"

namespace authctl::server {

inline constexpr unsigned most_threads = 1024;  // that answer

struct ServeRequest {
  std::string listen = "127.0.0.1:8443";
  std::string tls_certificate, tls_key;         // PEM files
  bool dev = false;                             // a certificate made on the spot
  std::vector<std::string> behind_proxy = {};   // networks whose X-Forwarded-For and -Proto are believed
  std::string metrics_listen, redirect_listen;  // empty: not open
  Environment environment = {};                 // for what a service manager says
  unsigned threads = 0;                         // that answer; 0: one a core
  bool dry_run = false;                         // everything but answering
  service::OpenRequest store;
};

// Until SIGTERM or SIGINT. `log`: the descriptor that log lines go to. `reload` reads the settings again, for
// SIGHUP. Errors: usage, io, what opening a store throws.
void serve(const ServeRequest& request, const std::function<base::Settings()>& reload,
           const base::Clock& clock, base::Random& random, int log);

}  // namespace authctl::server
