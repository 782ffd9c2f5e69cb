// What commands print is what `authctl schema` says they print.
#include <cmath>

#include "cli/tree.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "tests/support/catch.h"
#include "tests/support/shell.h"

using namespace authctl;
namespace json = base::json;

namespace {

json::value parsed(const std::string& text) {
  INFO(text);
  const auto value = base::parse_json(base::without_newline(text), {.max_bytes = 1 << 24, .max_depth = 64});
  REQUIRE(value);
  return *value;
}

bool is_type(const json::value& value, std::string_view type) {
  if (type == "null") return value.is_null();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_bool();
  if (type == "integer") return value.is_int64() || value.is_uint64();
  if (type == "number") return value.is_number();
  if (type == "array") return value.is_array();
  return type == "object" && value.is_object();
}

// The part of JSON Schema 2020-12 that our schemas use: type, properties, required, additionalProperties,
// items, format date-time, $ref to $defs.
class Validator {
 public:
  explicit Validator(const json::value& root) : root_(root) {}

  void check(const json::value& value, const json::object& schema, const std::string& at) {
    INFO(at);
    if (const auto* reference = schema.if_contains("$ref")) {
      std::string name{reference->as_string().subview(8)};
      for (std::size_t i; (i = name.find("%20")) != std::string::npos;) name.replace(i, 3, " ");
      return check(value, root_.at("$defs").at(name).as_object(), at);
    }
    check_type(value, schema);
    if (value.is_object() && schema.contains("properties")) check_members(value.as_object(), schema, at);
    if (value.is_array() && schema.contains("items")) {
      for (const auto& element : value.as_array()) check(element, schema.at("items").as_object(), at + "[]");
    }
    if (value.is_string() && schema.contains("format"))
      CHECK(base::parse_timestamp(value.as_string()).has_value());
  }

 private:
  void check_type(const json::value& value, const json::object& schema) {
    const auto* type = schema.if_contains("type");
    if (type == nullptr) return;
    bool fits = type->is_string() && is_type(value, type->as_string());
    if (type->is_array()) {
      for (const auto& one : type->as_array()) fits = fits || is_type(value, one.as_string());
    }
    CHECK(fits);
  }

  void check_members(const json::object& value, const json::object& schema, const std::string& at) {
    const auto& properties = schema.at("properties").as_object();
    for (const auto& name : schema.at("required").as_array()) CHECK(value.contains(name.as_string()));
    for (const auto& member : value) {
      const auto* inner = properties.if_contains(member.key());
      INFO(std::string(member.key()));
      CHECK(inner != nullptr);
      if (inner != nullptr) check(member.value(), inner->as_object(), at + "." + std::string(member.key()));
    }
  }

  const json::value& root_;
};

}  // namespace

TEST_CASE("the schema has a definition for each verb that prints JSON, and every reference resolves") {
  test::Shell shell;
  const auto schema = parsed(shell.run({"schema"}).out);
  CHECK(schema.at("$schema").as_string() == "https://json-schema.org/draft/2020-12/schema");
  const auto& definitions = schema.at("$defs").as_object();
  for (const auto& entry : commands::nouns()) {
    cli::Tree tree(entry);
    for (const auto& verb : tree.noun().verbs()) {
      if (verb.shape == nullptr) continue;
      const std::string name = std::string(entry.name) + (verb.name.empty() ? "" : " " + verb.name);
      INFO(name);
      CHECK(definitions.contains(name));
    }
  }
  CHECK(parsed(shell.run({"schema", "config"}).out).at("$defs").as_object().size() == 2);
  CHECK(shell.run({"schema", "nothing"}).status == 3);
}

TEST_CASE("what commands print is what the schema says") {
  test::Shell shell;
  const auto schema = parsed(shell.run({"schema"}).out);
  Validator validator(schema);
  const std::vector<std::pair<std::string, std::string>> session{
      {"init", "authctl init"},
      {"version", "authctl version"},
      {"config show", "authctl config show --origin"},
      {"config check", "authctl config check"},
      {"role create", "authctl role create editor --description 'may edit'"},
      {"role grant", "authctl role grant editor edit:posts --on post/42"},
      {"role list", "authctl role list"},
      {"role show", "authctl role show editor"},
      {"user create", "authctl user create ann --email ann@example.com --role editor"},
      {"user list", "authctl user list"},
      {"user show", "authctl user show ann"},
      {"permission check", "authctl permission check ann edit:posts --on post/42"},
      {"permission explain", "authctl permission explain ann edit:posts --on post/42"},
      {"permission who", "authctl permission who edit:posts --on post/42"},
      {"permission list", "authctl permission list ann"},
      {"client create", "authctl client create shop --redirect-uri https://shop.example.com/cb"},
      {"client rotate-secret", "authctl client rotate-secret shop --grace 1h"},
      {"client show", "authctl client show shop"},
      {"client list", "authctl client list"},
      {"adopt", "authctl adopt role editor"},
      {"export", "authctl export"},
      {"key generate", "authctl key generate --use jwt"},
      {"key list", "authctl key list"},
      {"key plan", "authctl key plan --use jwt"},
      {"key rotate", "authctl key rotate --use jwt --yes"},
      {"audit query", "authctl audit query"},
      {"audit verify", "authctl audit verify"},
      {"audit stats", "authctl audit stats"}};
  std::size_t checked = 0;
  for (const auto& [name, line] : session) {
    if (!schema.at("$defs").as_object().contains(name)) continue;
    INFO(line);
    const auto result = shell.type(line + " -o json");
    INFO(result.err);
    CHECK(result.status == 0);
    if (result.status != 0 || result.out.empty()) continue;
    ++checked;
    const auto value = parsed(result.out);
    const auto& definition = schema.at("$defs").at(name).as_object();
    if (!value.is_array()) {
      validator.check(value, definition, name);
      continue;
    }
    for (const auto& row : value.as_array()) validator.check(row, definition, name);
  }
  CHECK(checked >= 4);
}
