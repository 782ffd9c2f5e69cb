#include "core/server/jwks_readers.h"

#include "core/base/ip_address.h"

namespace authctl::server {

void JwksReaders::note(const std::string& address, base::Timestamp now) {
  const std::lock_guard lock(mutex_);
  if (latest_.size() < most || latest_.contains(address)) latest_[address] = now;
}

std::vector<store::JwksReader> JwksReaders::take() {
  std::unordered_map<std::string, base::Timestamp> taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(latest_);
  }
  std::vector<store::JwksReader> readers;
  for (const auto& [address, at] : taken)
    if (auto network = base::network_of(address)) readers.push_back({std::move(*network), at});
  return readers;
}

}  // namespace authctl::server
