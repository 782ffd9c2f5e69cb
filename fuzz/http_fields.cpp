// What stands in fields and forms of a stranger's request: cookies, form members, origins, X-Forwarded-For.
#include "core/base/error.h"
#include "core/base/ip_address.h"
#include "core/server/client_address.h"
#include "core/server/cookie.h"
#include "core/server/csrf.h"
#include "core/server/request.h"
#include "fuzz/claim.h"

namespace {

using namespace authctl;

void judge_addresses(std::string_view text) {
  if (const auto address = base::normal_address(text)) {
    fuzz::claim(base::normal_address(*address) == address, "an address has two spellings");
    const auto network = base::network_of(*address);
    fuzz::claim(network && base::network_of(*network) == network, "a network has two spellings");
  }
  const auto block = base::IpNetwork::parse(text);
  if (block && text.find('/') == std::string_view::npos)
    fuzz::claim(block->contains(text), "an address is not in its own block");
  const auto proxies = *base::IpNetwork::parse("10.0.0.0/8");
  // Behind a peer that nobody trusts a stranger's field changes nothing.
  const std::string_view fields[] = {text};
  fuzz::claim(server::client_address("203.0.113.7", fields, {&proxies, 1}) == "203.0.113.7",
              "a stranger was believed");
  const auto client = server::client_address("10.0.0.1", fields, {&proxies, 1});
  fuzz::claim(base::normal_address(client) == client, "a client that is no address");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto cookie = server::find_cookie(text, server::access_cookie)) {
    fuzz::claim(cookie->find_first_of("\"; ,\\\r\n") == std::string_view::npos,
                "a cookie that is none of ours");
    const auto again = std::string(server::access_cookie) + "=" + std::string(*cookie);
    fuzz::claim(server::find_cookie(again, server::access_cookie) == cookie, "a cookie alone is not found");
    fuzz::claim(!server::find_cookie(again + "; " + again, server::access_cookie),
                "one of two cookies was chosen");
  }
  try {
    server::form_value(text, "code");
    server::form_value(text, "");
  } catch (const base::Error& error) {
    fuzz::claim(!error.message().empty(), "a refusal without a word");
  }
  const server::SiteClaims claims{text, text, true};
  fuzz::claim(
      !server::is_from_our_site(claims, "https://auth.example.com", {}) || text == "https://auth.example.com",
      "a page of another site is ours");
  judge_addresses(text);
  return 0;
}
