#include "core/server/address_count.h"

#include <boost/asio/ip/address.hpp>

namespace authctl::server {
namespace {

// Empty: not counted.
std::string bucket_of(const std::string& text) {
  boost::system::error_code error;
  auto address = boost::asio::ip::make_address(text, error);
  if (error || address.is_loopback()) return {};
  if (address.is_v4()) return text;
  const auto v6 = address.to_v6();
  if (v6.is_v4_mapped()) return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, v6).to_string();
  const auto bytes = v6.to_bytes();
  return {bytes.begin(), bytes.begin() + 8};
}

}  // namespace

bool AddressCount::enter(const std::string& address) {
  const auto bucket = bucket_of(address);
  if (bucket.empty()) return true;
  const std::lock_guard lock(mutex_);
  auto& count = open_[bucket];
  if (count >= most_) return false;
  ++count;
  return true;
}

void AddressCount::leave(const std::string& address) {
  const auto bucket = bucket_of(address);
  if (bucket.empty()) return;
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(bucket);
  if (found != open_.end() && --found->second == 0) open_.erase(found);
}

}  // namespace authctl::server
