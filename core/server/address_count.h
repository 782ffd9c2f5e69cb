// How many connections each address has open, over all I/O threads.
// Invariant: an IPv6 address counts by its /64, an IPv4 one mapped into IPv6 as what it is; loopback is not
// counted (a proxy on this machine has everybody's connections).
#pragma once
#include <atomic>
#include <mutex>
#include <string>
#include <unordered_map>

namespace authctl::server {

class AddressCount {
 public:
  void set_most(unsigned most) { most_ = most; }
  // False: this address has as many as it may.
  bool enter(const std::string& address);
  void leave(const std::string& address);

 private:
  std::atomic<unsigned> most_{512};
  std::mutex mutex_;
  std::unordered_map<std::string, unsigned> open_;
};

}  // namespace authctl::server
