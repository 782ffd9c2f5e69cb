// JSON Schema 2020-12 of a manifest: what an editor completes and underlines. It says what can be said in a
// schema; parse_manifest() has the last word.
#include <algorithm>

#include "core/base/config.h"
#include "core/service/manifest.h"

namespace authctl::service {
namespace {

namespace json = base::json;

json::object text_schema(std::string_view about) { return {{"type", "string"}, {"description", about}}; }

json::object words(std::string_view about, std::initializer_list<json::value_ref> values) {
  return {{"enum", json::array(values)}, {"description", about}};
}

json::object reference(std::string_view name) { return {{"$ref", "#/$defs/" + std::string(name)}}; }

json::object list_of(json::value items, std::string_view about) {
  return {{"type", "array"}, {"items", std::move(items)}, {"uniqueItems", true}, {"description", about}};
}

json::object map_of(json::object properties, json::array required = {}) {
  json::object schema{
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

json::object either(json::value a, json::value b) {
  return {{"anyOf", json::array{std::move(a), std::move(b)}}};
}

json::object definitions() {
  auto assignment = map_of({{"role", reference("role_name")},
                            {"resource", reference("resource")},
                            {"for", reference("duration")},
                            {"until", {{"type", "string"}, {"format", "date-time"}}}},
                           {"role"});
  auto password =
      map_of({{"file", text_schema("a file with the password, beside the manifest")},
              {"hash", text_schema("Argon2, bcrypt, scrypt, PBKDF2 in a spelling of `user import`")},
              {"generate", {{"const", true}, {"description", "made and shown once"}}},
              {"must_change", {{"type", "boolean"}}}});
  password["oneOf"] =
      json::array{{{"required", {"file"}}}, {{"required", {"hash"}}}, {{"required", {"generate"}}}};
  return {
      {"role_name", {{"type", "string"}, {"pattern", "^[A-Za-z0-9][A-Za-z0-9._@+'-]{0,63}$"}}},
      {"permission", {{"type", "string"}, {"pattern", "^[a-z0-9:._*-]{1,128}$"}}},
      {"resource", {{"type", "string"}, {"description", "kind/id; * stands for any"}, {"maxLength", 256}}},
      {"duration",
       {{"anyOf", json::array{{{"type", "string"}, {"pattern", "^([0-9]+[smhd]?)+$"}},
                              {{"type", "integer"}, {"minimum", 1}}}},
        {"description", "90s, 15m, 24h, 7d; a number is seconds"}}},
      {"grant", either(reference("permission"),
                       map_of({{"permission", reference("permission")}, {"resource", reference("resource")}},
                              {"permission"}))},
      {"assignment", either(reference("role_name"), std::move(assignment))},
      {"password", std::move(password)}};
}

json::object role_schema() {
  return map_of({{"name", reference("role_name")},
                 {"description", {{"type", json::array{"string", "null"}}, {"maxLength", 1000}}},
                 {"inherits", list_of(reference("role_name"), "roles whose permissions it has too")},
                 {"permissions", list_of(reference("grant"), "all that it grants itself")}},
                {"name"});
}

json::object user_schema() {
  return map_of({{"name", reference("role_name")},
                 {"email", {{"type", json::array{"string", "null"}}, {"maxLength", 254}}},
                 {"status", words("active where it is not said", {"active", "disabled"})},
                 {"roles", list_of(reference("assignment"), "all that the user holds")},
                 {"password", reference("password")}},
                {"name"});
}

json::object client_schema() {
  auto grant = words("RFC 6749", {"authorization_code", "client_credentials", "refresh_token"});
  return map_of({{"name", {{"type", "string"}, {"minLength", 1}, {"maxLength", 64}}},
                 {"grants", list_of(std::move(grant), "what fits the redirect URIs where it is not said")},
                 {"redirect_uris", list_of({{"type", "string"}}, "each in full")},
                 {"scopes", list_of({{"type", "string"}}, "that it may ask for")},
                 {"public", {{"type", "boolean"}, {"description", "it has no secret"}}},
                 {"status", words("active where it is not said", {"active", "disabled"})}},
                {"name"});
}

json::object keys_schema() {
  json::object timing{{"rotate_every", reference("duration")},
                      {"grace", either(reference("duration"), {{"const", 0}})}};
  json::object jwt = timing;
  jwt["alg"] = words("of the next key", {"ES256", "EdDSA", "RS256", "HS256"});
  return map_of({{"jwt", map_of(std::move(jwt))}, {"fernet", map_of(std::move(timing))}});
}

json::object settings_schema() {
  json::object properties;
  for (const auto& spec : base::setting_specs()) {
    if (!is_manifest_setting(spec.name)) continue;
    json::array types{"string"};
    if (spec.type == base::SettingType::boolean) types.emplace_back("boolean");
    if (spec.type == base::SettingType::integer || base::is_time(spec.type)) types.emplace_back("integer");
    if (spec.type == base::SettingType::list) types.emplace_back("array");
    properties[spec.name] = {
        {"type", std::move(types)}, {"description", spec.about}, {"default", spec.fallback}};
  }
  return map_of(std::move(properties));
}

}  // namespace

json::object manifest_schema() {
  json::object schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                      {"$id", "urn:authctl:schema:manifest"},
                      {"title", "authctl manifest: what `authctl apply` reads"}};
  auto whole = map_of({{"version", {{"const", 1}}},
                       {"roles", list_of(role_schema(), "by name")},
                       {"users", list_of(user_schema(), "by name")},
                       {"clients", list_of(client_schema(), "by name")},
                       {"keys", keys_schema()},
                       {"settings", settings_schema()}},
                      {"version"});
  for (auto& member : whole) schema[member.key()] = std::move(member.value());
  schema["$defs"] = definitions();
  return schema;
}

}  // namespace authctl::service
