// Sockets that listen: bound by us, one for each I/O thread (SO_REUSEPORT), or handed over by systemd.
// Invariant: plain HTTP is never listened for on anything but loopback, unless a proxy in front is named.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/server/routes.h"

namespace authctl::server {

struct Endpoint {
  std::string address;  // an IP address, without brackets
  std::uint16_t port = 0;
  std::string text() const;
  bool is_loopback() const;
};
// `127.0.0.1:8443`, `[::1]:8443`, `:8443` (every address). Error usage.
Endpoint parse_endpoint(const std::string& text, std::string_view option);

// What a listening socket serves.
struct Listening {
  Door door = Door::open;
  Endpoint at;
  // Where the server has a certificate.
  bool is_encrypted() const { return door == Door::open || (door == Door::metrics && !at.is_loopback()); }
};

// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();
  int get() const { return fd_; }
  int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_;
};

// Bound and listening; port 0 is filled in. Error io, with the address and what the system says.
Descriptor listen_at(Endpoint& endpoint);
// Error io where somebody listens there already: with SO_REUSEPORT a second server would take a share of the
// first one's connections, unnoticed.
void refuse_if_taken(const Endpoint& endpoint);
// Where a socket listens. Error usage where it is none of IPv4 or IPv6.
Endpoint bound_endpoint(const Descriptor& socket);
Descriptor duplicate(const Descriptor& descriptor);

}  // namespace authctl::server
