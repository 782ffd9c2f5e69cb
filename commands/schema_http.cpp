#include "commands/schema_http.h"

#include "commands/command.h"
#include "core/server/openapi.h"

namespace authctl::commands {

base::json::object http_schema() { return server::openapi_document(version()); }

}  // namespace authctl::commands
