#include "core/server/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "core/base/error.h"
#include "core/base/text.h"

namespace authctl::server {
namespace {

using base::Error;
using base::ErrorCode;

constexpr int backlog = 4096;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress socket_address(const Endpoint& endpoint) {
  SocketAddress made;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&made.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&made.storage);
  if (::inet_pton(AF_INET, endpoint.address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(endpoint.port);
    made.size = sizeof(sockaddr_in);
  } else if (::inet_pton(AF_INET6, endpoint.address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(endpoint.port);
    made.size = sizeof(sockaddr_in6);
  }
  return made;
}

[[noreturn]] void refuse(const Endpoint& endpoint) {
  throw Error(ErrorCode::io, "cannot listen on " + endpoint.text() + ": " + std::strerror(errno),
              "another address or port: --listen ADDR:PORT");
}

void switch_on(int fd, int level, int option) {
  const int on = 1;
  ::setsockopt(fd, level, option, &on, sizeof on);
}

}  // namespace

std::string Endpoint::text() const {
  const bool is_v6 = address.find(':') != std::string::npos;
  return (is_v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

bool Endpoint::is_loopback() const { return address == "::1" || address.starts_with("127."); }

Endpoint parse_endpoint(const std::string& text, std::string_view option) {
  const auto refuse_text = [&] {
    throw Error(ErrorCode::usage, std::string(option) + " is no address and port: " + base::quote(text),
                "127.0.0.1:8443 or [::1]:8443");
  };
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) refuse_text();
  Endpoint endpoint{text.substr(0, colon), 0};
  if (endpoint.address == "localhost") endpoint.address = "127.0.0.1";
  if (endpoint.address.empty()) endpoint.address = "0.0.0.0";
  if (endpoint.address.starts_with('[') && endpoint.address.ends_with(']'))
    endpoint.address = endpoint.address.substr(1, endpoint.address.size() - 2);
  const auto* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data() + colon + 1, end, endpoint.port);
  if (problem != std::errc() || stop != end || socket_address(endpoint).size == 0) refuse_text();
  return endpoint;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Descriptor listen_at(Endpoint& endpoint) {
  auto address = socket_address(endpoint);
  Descriptor fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.get() >= 0) {
    switch_on(fd.get(), SOL_SOCKET, SO_REUSEADDR);
    switch_on(fd.get(), SOL_SOCKET, SO_REUSEPORT);
    if (address.storage.ss_family == AF_INET6) switch_on(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY);
    if (::bind(fd.get(), address.get(), address.size) == 0 && ::listen(fd.get(), backlog) == 0) {
      endpoint.port = bound_endpoint(fd).port;
      return fd;
    }
  }
  refuse(endpoint);
}

void refuse_if_taken(const Endpoint& endpoint) {
  if (endpoint.port == 0) return;
  auto address = socket_address(endpoint);
  const Descriptor fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) refuse(endpoint);
  switch_on(fd.get(), SOL_SOCKET, SO_REUSEADDR);
  if (address.storage.ss_family == AF_INET6) switch_on(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY);
  if (::bind(fd.get(), address.get(), address.size) != 0) refuse(endpoint);
}

Endpoint bound_endpoint(const Descriptor& socket) {
  SocketAddress bound;
  bound.size = sizeof bound.storage;
  ::getsockname(socket.get(), bound.get(), &bound.size);
  std::array<char, INET6_ADDRSTRLEN> text{};
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(&bound.storage);
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&bound.storage);
  if (bound.storage.ss_family == AF_INET) {
    ::inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
    return {text.data(), ntohs(v4->sin_port)};
  }
  if (bound.storage.ss_family == AF_INET6) {
    ::inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
    return {text.data(), ntohs(v6->sin6_port)};
  }
  throw Error(ErrorCode::usage, "a socket that was handed over is none of IPv4 or IPv6",
              "ListenStream=127.0.0.1:8443");
}

Descriptor duplicate(const Descriptor& descriptor) {
  Descriptor copy(::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, 3));
  if (copy.get() < 0)
    throw Error(ErrorCode::io, std::string("cannot share a socket: ") + std::strerror(errno));
  return copy;
}

}  // namespace authctl::server
