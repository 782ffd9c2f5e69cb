// `authctl schema http`: the routes of the server as OpenAPI 3.1.
#pragma once
#include "core/base/json.h"

namespace authctl::commands {

base::json::object http_schema();

}  // namespace authctl::commands
