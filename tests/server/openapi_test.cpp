#include "core/server/openapi.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "core/server/routes.h"
#include "tests/support/vectors.h"

namespace authctl::server {
namespace {

// AUTHCTL_UPDATE_SCRIPTS=1 writes the page instead of comparing it.
TEST_CASE("docs/http-api.md is what the route table says") {
  const std::string file = std::string(AUTHCTL_SOURCE_DIR) + "/docs/http-api.md";
  if (std::getenv("AUTHCTL_UPDATE_SCRIPTS") != nullptr) std::ofstream(file) << http_api_page();
  CHECK(tests::read_text(file) == http_api_page());
}

TEST_CASE("every route says what it is, who may ask and what it answers") {
  for (const auto& route : routes()) {
    INFO(route.method << " " << route.path);
    REQUIRE(route.doc != nullptr);
    CHECK_FALSE(route.doc->summary.empty());
    CHECK_FALSE(route.doc->answers.empty());
    CHECK((route.handler.spot != nullptr || route.handler.work != nullptr));
    CHECK(route.path.starts_with('/'));
    CHECK((route.body != BodyKind::none || route.doc->request.empty()));
    CHECK(find_route(route.method, route.path, route.door).route == &route);
    // What changes something is no GET (OWASP ASVS 5.0, 3.5.3).
    CHECK((route.method != "GET" || route.limit == Limit::none));
    // Whoever is not everybody is somebody: what asks for a sign-in tells of 401.
    if (route.access.kind() != Access::Kind::everybody) {
      bool tells = false;
      for (const auto& answer : route.doc->answers) tells = tells || answer.status == 401;
      CHECK(tells);
    }
  }
}

}  // namespace
}  // namespace authctl::server
