// What a handler threw, as an answer: the status of its code, a text that tells nothing of the inside, and a
// log line for whoever runs the server. Both have the number of the request (ASVS 16.5.1, 16.5.4).
#pragma once
#include <exception>

#include "core/server/reply.h"
#include "core/server/request.h"
#include "core/server/site.h"

namespace authctl::server {

Reply reply_to_failure(const std::exception_ptr& failure, const Request& request, Site& site);

}  // namespace authctl::server
