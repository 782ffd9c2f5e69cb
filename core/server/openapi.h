// The route table as documents: OpenAPI 3.1 for programs, a page for people.
// Invariant: they are made from the table alone, so that what is served and what is written agree; a test
// holds both against live answers.
#pragma once
#include <string>
#include <string_view>

#include "core/base/json.h"

namespace authctl::server {

base::json::object openapi_document(std::string_view version);
// docs/http-api.md
std::string http_api_page();

// What every route may answer beside its own, and when. Shared by both documents.
struct CommonAnswer {
  int status;
  std::string_view about;
};
std::span<const CommonAnswer> common_answers();

}  // namespace authctl::server
