// A manifest written out, as JSON and as YAML (core/service/manifest.h).
#include <algorithm>

#include "core/base/config.h"
#include "core/base/yaml.h"
#include "core/service/manifest.h"

namespace authctl::service {
namespace {

namespace json = base::json;

json::object password_json(const PasswordReference& password) {
  using Source = PasswordReference::Source;
  json::object object;
  if (password.source == Source::file) object["file"] = password.value;
  if (password.source == Source::hash) object["hash"] = password.value;
  if (password.source == Source::generate) object["generate"] = true;
  if (password.must_change) object["must_change"] = true;
  return object;
}

// Without what says nothing: null, an empty list.
json::object thing_json(const ManifestThing& thing) {
  json::object object;
  if (thing.kind != ThingKind::key) object["name"] = thing.name;
  const auto fields = fields_of(thing.kind);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto& value = thing.fields[i];
    if (!value || (fields[i].is_set() ? value->elements.empty() : !value->text)) continue;
    object[fields[i].name] = field_json(fields[i], *value);
  }
  if (thing.password) object["password"] = password_json(*thing.password);
  return object;
}

// One line in YAML's flow style: {role: admin, until: "2026-…"}, [a, b].
void append_flow(std::string& out, const json::value& value) {
  if (const auto* object = value.if_object()) {
    out += '{';
    bool first = true;
    for (const auto& member : *object) {
      if (!std::exchange(first, false)) out += ", ";
      out.append(member.key()).append(": ");
      append_flow(out, member.value());
    }
    out += '}';
  } else if (const auto* array = value.if_array()) {
    out += '[';
    for (const auto& item : *array) {
      if (&item != array->begin()) out += ", ";
      append_flow(out, item);
    }
    out += ']';
  } else if (const auto* text = value.if_string()) {
    out += base::yaml_scalar(*text);
  } else {
    out += json::serialize(value);
  }
}

constexpr std::size_t short_line = 80;

// `name: value` in one line, or a long list with an item a line.
void append_member(std::string& out, const std::string& indent, std::string_view name,
                   const json::value& value) {
  std::string flow;
  append_flow(flow, value);
  const auto* array = value.if_array();
  out.append(name).append(":");
  if (array == nullptr || array->empty() || indent.size() + name.size() + flow.size() + 2 <= short_line) {
    out.append(" ").append(flow).append("\n");
    return;
  }
  out += '\n';
  for (const auto& item : *array) {
    out.append(indent).append("  - ");
    append_flow(out, item);
    out += '\n';
  }
}

void append_things(std::string& out, const json::array& things) {
  for (const auto& thing : things) {
    bool first = true;
    for (const auto& member : thing.as_object()) {
      out += std::exchange(first, false) ? "  - " : "    ";
      append_member(out, "    ", member.key(), member.value());
    }
  }
}

}  // namespace

json::value element_json(const ManifestField& field, const Element& element) {
  const bool plain = element.resource.empty() && !element.lasts && !element.until;
  if (plain) return json::value(element.name);
  json::object object{{field.form == FieldForm::grants ? "permission" : "role", element.name}};
  if (!element.resource.empty()) object["resource"] = element.resource;
  if (element.lasts) object["for"] = base::to_text(*element.lasts);
  if (element.until) object["until"] = base::to_rfc3339_exact(*element.until);
  return object;
}

json::value field_json(const ManifestField& field, const FieldValue& value) {
  if (field.is_set()) {
    json::array elements;
    for (const auto& element : value.elements) elements.push_back(element_json(field, element));
    return elements;
  }
  if (!value.text) return nullptr;
  if (field.form == FieldForm::flag) return json::value(*value.text == "true");
  return json::value(*value.text);
}

json::object manifest_json(const Manifest& manifest) {
  json::object object{{"version", 1}};
  for (const auto kind : all_thing_kinds) {
    if (!manifest.has(kind)) continue;
    const bool is_map = kind == ThingKind::key || kind == ThingKind::setting;
    json::array list;
    json::object map;
    for (const auto& thing : manifest.things) {
      if (thing.kind != kind) continue;
      if (kind == ThingKind::setting) {
        map[thing.name] = *thing.fields[0]->text;
      } else if (is_map) {
        map[thing.name] = thing_json(thing);
      } else {
        list.push_back(thing_json(thing));
      }
    }
    object[section_of(kind)] = is_map ? json::value(std::move(map)) : json::value(std::move(list));
  }
  return object;
}

std::string manifest_yaml(const Manifest& manifest) {
  std::string out;
  for (const auto& section : manifest_json(manifest)) {
    const auto& value = section.value();
    const bool is_empty =
        (value.is_array() && value.as_array().empty()) || (value.is_object() && value.as_object().empty());
    if (!value.is_structured() || is_empty) {
      append_member(out, "", section.key(), value);
      continue;
    }
    out.append(section.key()).append(":\n");
    if (value.is_array()) {
      append_things(out, value.as_array());
      continue;
    }
    for (const auto& member : value.as_object())
      append_member(out.append("  "), "  ", member.key(), member.value());
  }
  return out;
}

}  // namespace authctl::service
