#include "core/service/auth_log.h"

#include <fcntl.h>
#include <unistd.h>

#include "core/base/text.h"

namespace authctl::service {

std::string auth_log_line(base::Timestamp now, const RefusedSignIn& refused) {
  std::string line = base::to_rfc3339(now) + " authctl: refused ";
  line += refused.address.empty() ? "-" : base::printable(refused.address);
  line += ' ' + std::string(refused.reason) + " door=" + base::printable(refused.door) + " user=";
  line += refused.user.empty() ? "-" : base::quote(refused.user);
  return line + '\n';
}

bool append_to_auth_log(const std::string& file, const std::string& line) noexcept {
  const int fd = ::open(file.c_str(),
                        O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
  if (fd < 0) return false;
  const bool whole = ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  return ::close(fd) == 0 && whole;
}

void tell_auth_log(const std::string& file, const Cause& cause, base::Timestamp now, std::string_view reason,
                   std::string_view door, std::string_view user) {
  if (file.empty() || cause.dry_run) return;
  append_to_auth_log(file, auth_log_line(now, {cause.ip, reason, door, user}));
}

}  // namespace authctl::service
