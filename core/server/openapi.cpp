#include "core/server/openapi.h"

#include "core/server/routes.h"

namespace authctl::server {
namespace {

namespace json = base::json;

constexpr std::array common{
    CommonAnswer{400, "malformed"},
    CommonAnswer{405, "another method; Allow names those there are"},
    CommonAnswer{408, "the request did not come in time"},
    CommonAnswer{413, "the body is too large"},
    CommonAnswer{431, "the head is too large"},
    CommonAnswer{503, "too busy, or the store cannot be reached; Retry-After says when"},
};

json::object properties_of(std::span<const MemberDoc> members, json::array& required) {
  json::object properties;
  for (const auto& member : members) {
    properties[member.name] = json::object{{"type", member.type}, {"description", member.about}};
    if (member.required) required.emplace_back(member.name);
  }
  return properties;
}

json::object object_of(std::span<const MemberDoc> members) {
  json::array required;
  auto properties = properties_of(members, required);
  json::object schema{{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

json::object content_of(std::string_view type, json::object schema) {
  return {{type, json::object{{"schema", std::move(schema)}}}};
}

json::array parameters_of(const Route& route) {
  json::array parameters;
  for (const auto& member : route.doc->query) {
    parameters.push_back(json::object{{"name", member.name},
                                      {"in", "query"},
                                      {"required", member.required},
                                      {"description", member.about},
                                      {"schema", json::object{{"type", member.type}}}});
  }
  return parameters;
}

json::object body_of(const Route& route) {
  json::object content;
  const auto add = [&](std::string_view type) {
    content[type] = json::object{{"schema", object_of(route.doc->request)}};
  };
  if (route.body != BodyKind::form) add(json_type);
  if (route.body != BodyKind::json) add("application/x-www-form-urlencoded");
  return {{"required", route.body != BodyKind::optional}, {"content", std::move(content)}};
}

json::object responses_of(const Route& route) {
  json::object responses;
  for (const auto& answer : route.doc->answers) {
    json::object response{{"description", answer.about}};
    if (!answer.members.empty())
      response["content"] = content_of(json_type, object_of(answer.members));
    else if (answer.status >= 400)
      response["content"] = content_of(json_type, {{"$ref", "#/components/schemas/error"}});
    responses[std::to_string(answer.status)] = std::move(response);
  }
  for (const auto& [status, about] : common) {
    auto& response = responses[std::to_string(status)];
    if (response.is_null())
      response = json::object{{"$ref", "#/components/responses/" + std::to_string(status)}};
  }
  return responses;
}

json::array security_of(const Route& route) {
  if (route.access.kind() == Access::Kind::everybody) return {};
  return {json::object{{"bearer", json::array{}}}, json::object{{"cookie", json::array{}}}};
}

json::object operation_of(const Route& route) {
  json::object operation{{"summary", route.doc->summary}, {"security", security_of(route)}};
  if (!route.doc->query.empty()) operation["parameters"] = parameters_of(route);
  if (route.body != BodyKind::none) operation["requestBody"] = body_of(route);
  operation["responses"] = responses_of(route);
  return operation;
}

json::object components() {
  static constexpr MemberDoc error[] = {
      {"error", "string", "for a person; nothing else of the inside is told"}};
  json::object responses;
  for (const auto& [status, about] : common)
    responses[std::to_string(status)] = json::object{
        {"description", about}, {"content", content_of(json_type, {{"$ref", "#/components/schemas/error"}})}};
  json::object schemes{
      {"bearer", json::object{{"type", "http"}, {"scheme", "bearer"}, {"bearerFormat", "JWT"}}},
      {"cookie", json::object{{"type", "apiKey"}, {"in", "cookie"}, {"name", access_cookie}}}};
  return {{"schemas", json::object{{"error", object_of(error)}}},
          {"responses", std::move(responses)},
          {"securitySchemes", std::move(schemes)}};
}

std::string lower(std::string_view text) {
  std::string small(text);
  for (char& c : small)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return small;
}

}  // namespace

std::span<const CommonAnswer> common_answers() { return common; }

json::object openapi_document(std::string_view version) {
  json::object paths;
  for (const auto& route : routes()) {
    auto& path = paths[route.path];
    if (path.is_null()) path = json::object();
    path.as_object()[lower(route.method)] = operation_of(route);
  }
  return {{"openapi", "3.1.0"},
          {"info", json::object{{"title", "authctl"},
                                {"version", version},
                                {"description", "What `authctl serve` answers"},
                                {"license", json::object{{"name", "see LICENSE"}}}}},
          {"jsonSchemaDialect", "https://json-schema.org/draft/2020-12/schema"},
          {"paths", std::move(paths)},
          {"components", components()}};
}

}  // namespace authctl::server
