// Cross-origin requests (https://fetch.spec.whatwg.org/#http-cors-protocol), for the origins that the
// settings name. Invariant: an origin is compared byte for byte with the list; it is never reflected unless
// it stands there, and `*` never goes out.
#pragma once
#include <string>
#include <string_view>

#include "core/server/reply.h"
#include "core/server/request.h"
#include "core/server/site.h"

namespace authctl::server {

bool is_named_origin(std::string_view origin, const Config& config);
// The lines that let that origin read the answer; made in `scratch`. Empty where nothing is allowed.
std::string_view cors_fields(const Request& request, const Config& config, std::string& scratch);
// Those of an answer to a head that could not be read: its origin is not known.
std::string_view cors_fields_of_nobody(const Config& config);
// The answer to a preflight that asks for one of the methods in `allowed`.
void add_preflight(Reply& reply, const Request& request, const Config& config, std::string_view allowed);

}  // namespace authctl::server
