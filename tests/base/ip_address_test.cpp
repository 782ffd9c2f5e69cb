#include "core/base/ip_address.h"

#include "tests/support/catch.h"

using authctl::base::network_of;
using authctl::base::normal_address;

TEST_CASE("an address has one spelling") {
  CHECK(normal_address("203.0.113.7") == "203.0.113.7");
  CHECK(normal_address("2001:DB8:0:0::1") == "2001:db8::1");
  CHECK(normal_address("::ffff:203.0.113.7") == "203.0.113.7");
  CHECK(normal_address("::ffff:cb00:7107") == "203.0.113.7");
  for (const auto* text : {"", "203.0.113", "203.0.113.07", "203.0.113.256", "fe80::1%eth0", "[::1]", "::1 ",
                           "203.0.113.7:80", "1", "0x7f.1", "ann"})
    CHECK_FALSE(normal_address(text));
  CHECK_FALSE(normal_address(std::string_view("203.0.113.7\0", 12)));
}

TEST_CASE("an IPv6 address is counted by its /64, an IPv4 one by itself") {
  CHECK(network_of("203.0.113.7") == "203.0.113.7");
  CHECK(network_of("::ffff:203.0.113.7") == "203.0.113.7");
  CHECK(network_of("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64");
  CHECK(network_of("2001:db8:1:2::/64") == "2001:db8:1:2::/64");
  CHECK(network_of("2001:db8:1:3::") != network_of("2001:db8:1:2::"));
  CHECK(network_of("::1") == "::/64");
  for (const auto* text : {"", "203.0.113.7/64", "2001:db8::/48", "ann/64"}) CHECK_FALSE(network_of(text));
}
