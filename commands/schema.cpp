#include "core/base/error.h"
#include "core/base/text.h"

#include "commands/command.h"
#include "commands/schema_http.h"
#include "core/service/manifest.h"

namespace authctl::commands {
namespace {

namespace json = base::json;

constexpr Field schema_fields[] = {
    {"$schema", FieldType::text, false, "the dialect: JSON Schema 2020-12", ""},
    {"$id", FieldType::text, false, "of this schema", ""},
    {"title", FieldType::text, false, "what it describes", ""},
    {"$defs", FieldType::any, false, "a schema for each verb that prints JSON", ""},
};
constexpr Shape schema_shape{"schema", "", schema_fields};

constexpr Field http_fields[] = {
    {"openapi", FieldType::text, false, "3.1.0", ""},
    {"info", FieldType::object, false, "title and version", ""},
    {"jsonSchemaDialect", FieldType::text, false, "JSON Schema 2020-12", ""},
    {"paths", FieldType::object, false, "every route, by path and method", ""},
    {"components", FieldType::object, false, "what they share", ""},
};
constexpr Shape http_shape{"http", "", http_fields};

constexpr Field manifest_fields[] = {
    {"$schema", FieldType::text, false, "the dialect: JSON Schema 2020-12", ""},
    {"$id", FieldType::text, false, "of this schema", ""},
    {"title", FieldType::text, false, "what it describes", ""},
    {"type", FieldType::text, false, "object", ""},
    {"properties", FieldType::object, false, "the sections", ""},
    {"required", FieldType::strings, false, "version", ""},
    {"additionalProperties", FieldType::boolean, false, "false: an unknown member is refused", ""},
    {"$defs", FieldType::any, false, "what several sections share", ""},
};
constexpr Shape manifest_shape{"manifest schema", "", manifest_fields};

json::object object_schema(const Shape& shape);

// null beside the type, where the member may be absent.
json::value type_of(std::string_view name, bool nullable) {
  if (!nullable) return json::value(name);
  return json::array{name, "null"};
}

json::object field_schema(const Field& field) {
  json::object schema{{"description", field.about}};
  switch (field.type) {
    case FieldType::text:
      schema["type"] = type_of("string", field.nullable);
      break;
    case FieldType::integer:
      schema["type"] = type_of("integer", field.nullable);
      break;
    case FieldType::number:
      schema["type"] = type_of("number", field.nullable);
      break;
    case FieldType::boolean:
      schema["type"] = type_of("boolean", field.nullable);
      break;
    case FieldType::time:
      schema["type"] = type_of("string", field.nullable);
      schema["format"] = "date-time";
      break;
    case FieldType::strings:
      schema["type"] = type_of("array", field.nullable);
      schema["items"] = {{"type", "string"}};
      break;
    case FieldType::object:
      if (field.of != nullptr) {
        for (auto& member : object_schema(*field.of)) schema[member.key()] = member.value();
      }
      schema["type"] = type_of("object", field.nullable);
      break;
    case FieldType::objects:
      schema["type"] = type_of("array", field.nullable);
      schema["items"] =
          field.of != nullptr ? json::value(object_schema(*field.of)) : json::value{{"type", "object"}};
      break;
    case FieldType::any:
      break;
  }
  return schema;
}

json::object object_schema(const Shape& shape) {
  json::object properties;
  json::array required;
  for (const auto& field : shape.fields) {
    properties[field.name] = field_schema(field);
    required.emplace_back(field.name);
  }
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(required)},
          {"additionalProperties", false}};
}

// The shapes of a noun's verbs, each under "noun verb"; verbs of one shape share it by $ref.
void collect(const NounEntry& entry, json::object& definitions) {
  CLI::App app;
  Noun noun(app);
  entry.declare(noun);
  std::map<const Shape*, std::string> known;
  for (const auto& verb : noun.verbs()) {
    if (verb.shape == nullptr) continue;
    const std::string name = entry.name + (verb.name.empty() ? "" : " " + verb.name);
    const auto [it, is_new] = known.emplace(verb.shape, name);
    if (is_new) {
      definitions[name] = object_schema(*verb.shape);
    } else {
      std::string pointer = "#/$defs/";
      for (const char c : it->second) pointer += c == ' ' ? std::string("%20") : std::string(1, c);
      definitions[name] = {{"$ref", pointer}};
    }
    if (verb.other != nullptr)
      definitions[name] = {{"oneOf", json::array{definitions[name], object_schema(*verb.other)}}};
  }
}

// Another kind of document: not what commands print, but what the server answers.
Output print_http() {
  auto document = http_schema();
  std::string text = json::serialize(document) + "\n";
  return Output::bytes(std::move(text), http_shape, std::move(document));
}

// Nor that: what `apply` reads, for editors.
Output print_manifest() {
  auto document = service::manifest_schema();
  std::string text = json::serialize(document) + "\n";
  return Output::bytes(std::move(text), manifest_shape, std::move(document));
}

Output print(const std::string& wanted) {
  if (wanted == "http") return print_http();
  if (wanted == "manifest") return print_manifest();
  json::object definitions;
  std::vector<std::string> names;
  bool found = wanted.empty();
  for (const auto& entry : nouns()) {
    names.emplace_back(entry.name);
    if (!wanted.empty() && wanted != entry.name) continue;
    found = true;
    collect(entry, definitions);
  }
  if (!found) {
    const auto near = base::nearest(wanted, names);
    throw base::Error(base::ErrorCode::not_found, "no noun " + base::quote(wanted),
                      near ? "did you mean " + *near + "?" : std::string("authctl help"));
  }
  const std::string title = wanted.empty() ? "authctl" : "authctl " + wanted;
  json::object schema{
      {"$schema", "https://json-schema.org/draft/2020-12/schema"},
      {"$id", "urn:authctl:schema:" + (wanted.empty() ? "all" : wanted)},
      {"title", title + ": what its commands print with -o json; a list is an array of these"},
      {"$defs", std::move(definitions)}};
  std::string text = json::serialize(schema) + "\n";
  return Output::bytes(std::move(text), schema_shape, std::move(schema));
}

}  // namespace

void declare_schema(Noun& noun) {
  auto wanted = std::make_shared<std::string>();
  auto& app = noun.alone(
      &schema_shape,
      {.examples = {"authctl schema user", "authctl schema -o json", "authctl schema http",
                    "authctl schema manifest > authctl.schema.json"},
       .exits = {{3, "there is no such noun"}},
       .more = "Prints the JSON Schema (2020-12) of what commands print with -o json, a definition for "
               "each verb. A list is an array of such objects. `http` is the interface of `serve` as OpenAPI "
               "3.1, `manifest` the schema of what `apply` reads, for editors.",
       .opens_store = false},
      [wanted](Invocation&) { return print(*wanted); });
  app.add_option("NOUN", *wanted, "only the verbs of this one; or http, or manifest");
}

}  // namespace authctl::commands
