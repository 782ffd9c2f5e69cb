// The listening sockets of a server, opened (or taken over from systemd) before any thread starts.
// Invariant: what is open to others than this machine speaks TLS, or stands behind a proxy that was named;
// the plain listener for redirects answers nothing else.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/server/io_thread.h"
#include "core/server/server.h"

namespace authctl::server {

struct Doors {
  std::string listen, metrics, redirect;  // where; empty: not open
};

// Gives each thread its sockets: of its own for the main listener, the others go to the first.
Doors open_doors(const ServeRequest& request, bool has_tls,
                 std::span<const std::unique_ptr<IoThread>> threads);

}  // namespace authctl::server
