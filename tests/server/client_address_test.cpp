#include "core/server/client_address.h"

#include <catch2/catch.hpp>

#include "core/base/ip_address.h"
#include "tests/support/vectors.h"

namespace authctl::server {
namespace {

std::string text(const boost::json::value& value) { return std::string(value.as_string()); }

TEST_CASE("the client's address is the peer's, or what the last proxy that is trusted says") {
  const auto cases = tests::read_json_file(tests::made_vector("client-ip/cases.json"));
  REQUIRE(cases.as_array().size() >= 27);
  for (const auto& one : cases.as_array()) {
    const auto& object = one.as_object();
    INFO(text(object.at("category")) << "/" << text(object.at("name")));
    std::vector<base::IpNetwork> trusted;
    for (const auto& block : object.at("trusted_proxies").as_array())
      trusted.push_back(base::IpNetwork::parse(text(block)).value());
    std::vector<std::string> values;
    for (const auto& header : object.at("headers").as_array())
      if (header.as_array()[0] == "X-Forwarded-For") values.push_back(text(header.as_array()[1]));
    const std::vector<std::string_view> forwarded(values.begin(), values.end());
    const auto address = client_address(text(object.at("peer")), forwarded, trusted);
    CHECK(address ==
          base::normal_address(text(object.at("client_ip"))));  // the set keeps the peer's spelling
    const auto key = text(object.at("rate_limit_key"));
    CHECK((key == "::/64-or-::1" || base::network_of(address) == key));
  }
}

}  // namespace
}  // namespace authctl::server
