#include "core/server/service_manager.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstring>

#include "core/base/error.h"

namespace authctl::server {
namespace {

constexpr int first_handed = 3;
constexpr int most_handed = 64;

std::optional<int> number(const std::optional<std::string>& text) {
  int value = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), value).ec != std::errc()) return {};
  return value;
}

bool is_listening(int descriptor) {
  int on = 0;
  socklen_t size = sizeof on;
  return ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &on, &size) == 0 && on == 1;
}

}  // namespace

std::vector<HandedSocket> handed_sockets(const Environment& environment) {
  if (number(environment("LISTEN_PID")) != ::getpid()) return {};
  const int count = number(environment("LISTEN_FDS")).value_or(0);
  auto names = environment("LISTEN_FDNAMES").value_or("");
  std::vector<HandedSocket> sockets;
  for (int i = 0; i < count && i < most_handed; ++i) {
    const int descriptor = first_handed + i;
    if (!is_listening(descriptor))
      throw base::Error(base::ErrorCode::usage,
                        "descriptor " + std::to_string(descriptor) + " that LISTEN_FDS names does not listen",
                        "a .socket unit with ListenStream= and Accept=no");
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
    const auto end = std::min(names.find(':'), names.size());
    sockets.push_back({descriptor, names.substr(0, end)});
    names.erase(0, std::min(end + 1, names.size()));
  }
  return sockets;
}

void tell_service_manager(const Environment& environment, std::string_view state) {
  const auto path = environment("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (!path || path->size() < 2 || path->size() >= sizeof address.sun_path) return;
  if (path->front() != '/' && path->front() != '@') return;
  std::memcpy(address.sun_path, path->data(), path->size());
  if (path->front() == '@') address.sun_path[0] = '\0';  // the abstract name space
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path->size());
  ::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
           size);
  ::close(socket);
}

}  // namespace authctl::server
