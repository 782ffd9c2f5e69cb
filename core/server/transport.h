// How a request came: from whom, and whether over TLS all the way.
// Invariant: what a stranger writes into X-Forwarded-For and X-Forwarded-Proto changes nothing; plain HTTP is
// answered on loopback, or where a trusted proxy says that it was https (contract section 2; attacks A56,
// A59).
#pragma once
#include <optional>

#include "core/server/routes.h"
#include "core/server/site.h"

namespace authctl::server {

// Fills in address and secure; `peer` and, for TLS of ours, `secure` are there already.
void place_client(Request& request, const Config& config);

// The refusal of a request that came over plain HTTP where it must not. Health is told to everybody: it
// carries no secret either way.
std::optional<Reply> refuse_plain(const Request& request, const Route& route, const Config& config,
                                  bool on_loopback);

}  // namespace authctl::server
