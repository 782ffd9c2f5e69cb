// What systemd hands to a service and wants to hear: listening sockets (sd_listen_fds(3)) and readiness
// (sd_notify(3)), by their documented protocols. Invariant: without its variables nothing happens.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace authctl::server {

using Environment = std::function<std::optional<std::string>(const std::string&)>;

struct HandedSocket {
  int descriptor = -1;
  std::string name;  // FileDescriptorName= of the socket unit
};
// Only what is meant for this process. Error usage for what is no listening socket.
std::vector<HandedSocket> handed_sockets(const Environment& environment);

// "READY=1", "RELOADING=1", "STOPPING=1".
void tell_service_manager(const Environment& environment, std::string_view state);

}  // namespace authctl::server
