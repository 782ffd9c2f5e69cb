#include "core/server/failure.h"

#include "core/base/error.h"
#include "core/base/text.h"

namespace authctl::server {
namespace {

Reply reply_of(int status) { return status == 503 ? busy_reply() : error_reply(status); }

void log_failure(const Request& request, Site& site, std::string_view code, std::string_view message) {
  site.log.write(Level::error, "request.failed",
                 {{"request", request.id},
                  {"method", base::printable(request.method())},
                  {"path", base::printable(request.path())},
                  {"code", code},
                  {"message", message}});
}

}  // namespace

Reply reply_to_failure(const std::exception_ptr& failure, const Request& request, Site& site) {
  try {
    std::rethrow_exception(failure);
  } catch (const base::Error& error) {
    const auto& kind = base::kind_of(error.code());
    if (error.code() == base::ErrorCode::unavailable) site.writes = false;  // until the feed could write
    if (kind.http_status >= 500) log_failure(request, site, kind.word, error.message());
    return reply_of(kind.http_status);
  } catch (const std::bad_alloc&) {
    return reply_of(503);
  } catch (const std::exception& error) {
    log_failure(request, site, "internal", error.what());
    return reply_of(500);
  }
}

}  // namespace authctl::server
