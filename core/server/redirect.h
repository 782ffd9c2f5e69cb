// The plain listener beside the real one: whatever came by http:// is sent on (301), and nothing else is done
// for it. Invariant: where it is sent is ours by configuration; nothing that the client says chooses the host
// (RFC 9110 section 7.2).
#pragma once
#include "core/server/reply.h"
#include "core/server/request.h"
#include "core/server/site.h"

namespace authctl::server {

Reply redirect_reply(const Request& request, const Config& config);

}  // namespace authctl::server
