// authctl-manifest(5), made from the schema of a manifest, so that no member is left out.
#include "cli/reference/manual.h"
#include "cli/reference/mdoc.h"
#include "core/base/json.h"
#include "core/service/manifest.h"

namespace authctl::cli {
namespace {

namespace json = base::json;

const json::value* member(const json::object& object, std::string_view name) {
  return object.if_contains(name);
}

std::string words_of(const json::array& values) {
  std::string text;
  for (const auto& value : values)
    text += (text.empty() ? "" : ", ") +
            (value.is_string() ? std::string(value.get_string()) : json::serialize(value));
  return text;
}

// "text", "list of grant", "one of active, disabled", "role_name".
std::string kind_of(const json::object& schema) {
  if (const auto* reference = member(schema, "$ref")) {
    const std::string path(reference->get_string());
    std::string name = path.substr(path.rfind('/') + 1);
    for (char& c : name) c = c == '_' ? ' ' : c;
    return name;
  }
  if (const auto* values = member(schema, "enum")) return "one of " + words_of(values->get_array());
  if (const auto* constant = member(schema, "const")) return json::serialize(*constant);
  const auto* items = member(schema, "items");
  if (items != nullptr && items->is_object()) {
    const bool plain = member(items->get_object(), "properties") == nullptr;
    return plain ? "list of " + kind_of(items->get_object()) : "list";
  }
  const auto* type = member(schema, "type");
  if (type == nullptr) return "";
  if (type->is_array()) return words_of(type->get_array());
  return type->get_string() == "object" ? "map" : std::string(type->get_string());
}

void describe(Mdoc& page, const json::object& properties) {
  page.begin_list("-tag -width Ds");
  for (const auto& property : properties) {
    const auto& schema = property.value().get_object();
    const std::string kind = kind_of(schema);
    page.macro(".It Va " + mdoc_word(property.key()) + (kind.empty() ? "" : " Pq " + mdoc_word(kind)));
    if (const auto* about = member(schema, "description")) page.text(std::string(about->get_string()) + ".");
    const auto* fallback = member(schema, "default");
    if (fallback != nullptr && fallback->is_string() && !fallback->get_string().empty())
      page.text("Default: `" + std::string(fallback->get_string()) + "`.");
    if (const auto* inner = member(schema, "properties")) describe(page, inner->get_object());
  }
  page.end_list();
}

void sections(Mdoc& page, const json::object& properties) {
  for (const auto& section : properties) {
    const auto& schema = section.value().get_object();
    const auto* items = member(schema, "items");
    const auto* inner = member(items != nullptr ? items->get_object() : schema, "properties");
    if (inner == nullptr) continue;
    page.subsection(std::string(section.key()));
    if (items != nullptr) page.text("A list, each with these members:");
    describe(page, inner->get_object());
  }
}

}  // namespace

ManualPage manifest_page(const std::string& date) {
  Mdoc page("authctl-manifest", 5, date, "authctl-manifest", "what authctl apply, diff and export work on");
  const auto schema = service::manifest_schema();
  page.section("DESCRIPTION");
  page.text(
      "A manifest says in one YAML or JSON file what roles, permissions, users, clients, key policy and "
      "settings there are to be. `authctl apply` makes it so, `authctl diff` says what would change, "
      "`authctl "
      "export` writes one from the store. Applied again it changes nothing. A section that is absent is left "
      "alone; secrets stand in it by reference only. `authctl schema manifest` prints the JSON Schema from "
      "which this page is made.");
  sections(page, schema.at("properties").get_object());
  page.subsection("Forms");
  page.text("An assignment or a grant is a name alone, or a map:");
  const auto& forms = schema.at("$defs").get_object();
  page.begin_list("-tag -width Ds");
  for (const auto& form : forms) {
    std::string name(form.key());
    for (char& c : name) c = c == '_' ? ' ' : c;
    page.macro(".It " + mdoc_word(name));
    const auto& object = form.value().get_object();
    if (const auto* about = member(object, "description")) page.text(std::string(about->get_string()) + ".");
    const json::object* map = &object;
    if (const auto* either = member(object, "anyOf")) {
      for (const auto& one : either->get_array())
        if (member(one.get_object(), "properties") != nullptr) map = &one.get_object();
    }
    if (const auto* inner = member(*map, "properties")) describe(page, inner->get_object());
    if (const auto* pattern = member(object, "pattern"))
      page.text("Pattern: `" + std::string(pattern->get_string()) + "`");
  }
  page.end_list();
  page.section("EXAMPLES");
  page.display({"version: 1", "roles:", "  - name: editor", "    inherits: [viewer]",
                "    permissions: [\"edit:posts\", {permission: \"edit:*\", resource: post/42}]",
                "users:", "  - name: ann", "    roles: [editor, {role: admin, for: 8h}]",
                "    password: {file: ann.password}",
                "keys:", "  jwt: {alg: ES256, rotate_every: 30d, grace: 24h}"});
  page.see_also({{"authctl", 1},
                 {"authctl-apply", 1},
                 {"authctl-diff", 1},
                 {"authctl-export", 1},
                 {"authctl.conf", 5}});
  return {"authctl-manifest", 5, page.take()};
}

}  // namespace authctl::cli
