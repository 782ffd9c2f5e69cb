// The log line of a request. Invariant: no query, no header, no body is in it: any of them may hold a secret
// (attack A58).
#pragma once
#include <chrono>

#include "core/server/event_log.h"
#include "core/server/request.h"

namespace authctl::server {

void log_request(EventLog& log, const Request& request, int status, std::chrono::nanoseconds lasted);

}  // namespace authctl::server
