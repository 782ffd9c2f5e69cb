// A plan as JSON and as lines, and a store as a manifest (core/service/provisioning.h).
#include <algorithm>

#include "core/base/text.h"
#include "core/base/yaml.h"
#include "core/service/provisioning.h"
#include "core/store/user_repository.h"

namespace authctl::service {
namespace {

namespace json = base::json;

// RFC 6901 section 3.
std::string pointer(std::initializer_list<std::string_view> steps) {
  std::string text;
  for (const auto step : steps) {
    text += '/';
    for (const char c : step) text += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return text;
}

json::object operation(const PlannedThing& thing, std::string_view op, std::string path, json::value from,
                       json::value value, bool drift) {
  return {{"op", op},           {"path", std::move(path)}, {"kind", word_of(thing.kind)},
          {"name", thing.name}, {"from", std::move(from)}, {"value", std::move(value)},
          {"drift", drift}};
}

// A setting is its value.
json::value fields_json(ThingKind kind, const FieldValues& values) {
  if (kind == ThingKind::setting) return json::value(*values[0]->text);
  json::object object;
  const auto fields = fields_of(kind);
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (values[i]) object[fields[i].name] = field_json(fields[i], *values[i]);
  return object;
}

json::value password_value(const PlannedThing& thing) {
  using Source = PasswordReference::Source;
  const auto& password = *thing.wanted->password;
  // Its hash is no more to be shown than the password.
  if (password.source == Source::file) return json::object{{"file", password.value}};
  if (password.source == Source::hash) return json::object{{"hash", "(set)"}};
  return json::object{{"generate", true}};
}

void add_change(const PlannedThing& thing, const FieldChange& change, std::vector<json::object>& rows) {
  const auto& field = fields_of(thing.kind)[change.field];
  const auto section = section_of(thing.kind);
  if (!field.is_set()) {
    const auto path = thing.kind == ThingKind::setting ? pointer({section, thing.name})
                                                       : pointer({section, thing.name, field.name});
    rows.push_back(operation(thing, "replace", path, field_json(field, change.before),
                             field_json(field, change.after), change.drift));
    return;
  }
  for (const auto& element : change.elements) {
    const auto op = !element.before ? "add" : !element.after ? "remove" : "replace";
    const auto key = key_of(element.after ? *element.after : *element.before);
    rows.push_back(operation(thing, op, pointer({section, thing.name, field.name, key}),
                             element.before ? element_json(field, *element.before) : json::value(),
                             element.after ? element_json(field, *element.after) : json::value(),
                             element.drift));
  }
}

std::string value_text(const ManifestField& field, const FieldValue& value) {
  if (!field.is_set()) return value.text ? base::yaml_scalar(*value.text) : "none";
  std::string text;
  for (const auto& element : value.elements) {
    text += (text.empty() ? "" : ", ") + key_of(element);
    if (element.until) text += " until " + base::to_rfc3339_exact(*element.until);
  }
  return text.empty() ? "none" : text;
}

std::string element_text(const Element& element) {
  return value_text({"", FieldForm::names, ""}, {{}, {element}});
}

constexpr std::string_view by_hand = "  (changed by hand)";

void draw_change(std::string& out, const PlannedThing& thing, const FieldChange& change) {
  const auto& field = fields_of(thing.kind)[change.field];
  const auto mark = [](bool drift) { return drift ? std::string(by_hand) : std::string(); };
  const std::string name(field.name);
  if (!field.is_set()) {
    out += "    ~ " + name + ": " + value_text(field, change.before) + " -> " +
           value_text(field, change.after) + mark(change.drift) + "\n";
    return;
  }
  for (const auto& element : change.elements) {
    out += !element.before ? "    + " : !element.after ? "    - " : "    ~ ";
    out += name + ": " + (element.before && element.after ? element_text(*element.before) + " -> " : "") +
           element_text(element.after ? *element.after : *element.before) + mark(element.drift) + "\n";
  }
}

void draw_thing(std::string& out, const PlannedThing& thing) {
  const std::string what = std::string(word_of(thing.kind)) + " " + thing.name;
  if (thing.action == PlanAction::remove) {
    out += "- " + what + "\n";
    return;
  }
  const bool is_new = thing.action == PlanAction::create;
  out += (is_new ? "+ " : "~ ") + what + (is_new && thing.drift ? "  (deleted by hand)" : "") + "\n";
  if (thing.name_before)
    out += "    ~ name: " + *thing.name_before + " -> " + thing.name +
           (thing.drift ? std::string(by_hand) : "") + "\n";
  if (is_new) {
    const auto fields = fields_of(thing.kind);
    for (std::size_t i = 0; i < fields.size(); ++i)
      if (thing.fields[i] && thing.fields[i] != fallback_of(fields[i]))
        out += "    + " + std::string(fields[i].name) + ": " + value_text(fields[i], *thing.fields[i]) + "\n";
  }
  for (const auto& change : thing.changes) draw_change(out, thing, change);
  if (thing.sets_password) {
    out += "    + password: " + json::serialize(password_value(thing)) + "\n";
  }
}

}  // namespace

std::vector<json::object> plan_json(const Plan& plan) {
  std::vector<json::object> rows;
  for (const auto& thing : plan.things) {
    const auto path = pointer({section_of(thing.kind), thing.name});
    if (thing.action == PlanAction::keep) continue;
    if (thing.action == PlanAction::remove) {
      rows.push_back(
          operation(thing, "remove", path, fields_json(thing.kind, thing.live->fields), nullptr, false));
      continue;
    }
    if (thing.action == PlanAction::create) {
      auto value = fields_json(thing.kind, thing.fields);
      if (thing.sets_password) value.as_object()["password"] = password_value(thing);
      rows.push_back(operation(thing, "add", path, nullptr, std::move(value), thing.drift));
      continue;
    }
    if (thing.name_before)
      rows.push_back(operation(thing, "replace", path + "/name", json::value(*thing.name_before),
                               json::value(thing.name), thing.drift));
    for (const auto& change : thing.changes) add_change(thing, change, rows);
    if (thing.sets_password)
      rows.push_back(operation(thing, "replace", path + "/password", nullptr, password_value(thing), false));
  }
  return rows;
}

std::string draw_plan(const Plan& plan) {
  std::string out;
  for (const auto& thing : plan.things)
    if (thing.action != PlanAction::keep) draw_thing(out, thing);
  const auto created = plan.count(PlanAction::create), changed = plan.count(PlanAction::change),
             removed = plan.count(PlanAction::remove);
  if (!out.empty())
    out += std::to_string(created) + " to make, " + std::to_string(changed) + " to change, " +
           std::to_string(removed) + " to delete\n";
  return out;
}

Manifest export_manifest(Realm& realm, const ExportRules& rules) {
  Manifest manifest;
  for (const auto kind : all_thing_kinds) {
    manifest.has_section[static_cast<std::size_t>(kind)] = true;
    std::vector<ManifestThing> things;
    for (auto& [name, live] : load_things(realm, kind, realm.now())) {
      ManifestThing thing{kind, live.name, std::move(live.fields), {}, 0};
      if (kind == ThingKind::user && live.has_password && rules.with_passwords) {
        const auto user = store::find_user_by_id(realm.db(), live.id);
        if (user && user->password_hash)
          thing.password = {PasswordReference::Source::hash, *user->password_hash,
                            user->password_must_change};
      }
      things.push_back(std::move(thing));
    }
    std::ranges::sort(things, {}, &ManifestThing::name);
    std::ranges::move(things, std::back_inserter(manifest.things));
  }
  return manifest;
}

}  // namespace authctl::service
