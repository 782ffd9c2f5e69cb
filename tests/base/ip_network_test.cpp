#include "core/base/ip_network.h"

#include "tests/support/catch.h"

namespace authctl::base {
namespace {

TEST_CASE("a network contains what its prefix says") {
  const auto within = [](std::string_view network, std::string_view address) {
    return IpNetwork::parse(network).value().contains(address);
  };
  CHECK(within("10.0.0.0/8", "10.255.0.1"));
  CHECK_FALSE(within("10.0.0.0/8", "11.0.0.1"));
  CHECK(within("10.0.0.0/8", "::ffff:10.1.2.3"));
  CHECK(within("192.0.2.128/25", "192.0.2.200"));
  CHECK_FALSE(within("192.0.2.128/25", "192.0.2.100"));
  CHECK(within("2001:db8::/33", "2001:db8:7fff::1"));
  CHECK_FALSE(within("2001:db8::/33", "2001:db8:8000::1"));
  CHECK(within("0.0.0.0/0", "203.0.113.9"));
  CHECK_FALSE(within("0.0.0.0/0", "2001:db8::1"));
  CHECK(within("192.0.2.1", "192.0.2.1"));
  CHECK_FALSE(within("192.0.2.1", "192.0.2.2"));
  CHECK_FALSE(within("10.0.0.0/8", "10.0.0.1.evil.example"));
}

TEST_CASE("what is no network is refused") {
  for (const auto* wrong : {"", "/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "::/129",
                            "10.0.0.0/0008", "10.0.0/8", "10.0.0.0/8/8", "10.0.0.0/+8"}) {
    INFO(wrong);
    CHECK_FALSE(IpNetwork::parse(wrong));
  }
}

}  // namespace
}  // namespace authctl::base
