// From the tree of a YAML text to the manifest it means (core/service/manifest.h).
#include <algorithm>
#include <map>

#include "core/base/config.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/base/yaml.h"
#include "core/credential/username.h"
#include "core/crypto/password.h"
#include "core/service/access_pattern.h"
#include "core/service/clients.h"
#include "core/service/manifest.h"
#include "core/service/policies.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;
using base::quote;
using base::YamlMember;
using base::YamlNode;

constexpr base::Duration longest = std::chrono::hours(24) * 36525;  // a hundred years

// A node and how it is reached: users[3].roles[0].
struct Place {
  const YamlNode& node;
  std::string path;

  [[noreturn]] void refuse(const std::string& why, const std::string& hint = {}) const {
    throw Error(ErrorCode::invalid, "line " + std::to_string(node.line) + ", " + path + ": " + why, hint);
  }
  // What a check of a value throws, said with its place.
  template <class Check>
  auto judged(Check check) const {
    try {
      return check();
    } catch (const Error& error) {
      refuse(error.message(), error.hint());
    }
  }
  template <class Check>
  auto judged_text(Check check) const {
    const auto given = text();
    return judged([&] { return check(given); });
  }
  std::string text() const {
    if (node.kind != YamlNode::Kind::scalar || node.is_null()) refuse("is not a text");
    if (node.is_true() || node.is_false()) refuse("is not a text", "in quotes: \"" + node.text + "\"");
    if (node.text.find('\0') != std::string::npos) refuse("holds a NUL");
    return node.text;
  }
  bool flag() const {
    if (!node.is_true() && !node.is_false()) refuse("is not true or false");
    return node.is_true();
  }
  std::string duration(base::Duration shortest = base::Duration(1)) const {
    const auto parsed = base::parse_duration(text());
    if (!parsed || *parsed < shortest || *parsed > longest) refuse("is no duration", "90s, 15m, 24h, 30d");
    return base::to_text(*parsed);
  }
  Place item(std::size_t at) const { return {node.items[at], path + "[" + std::to_string(at) + "]"}; }
  std::vector<Place> items() const {
    if (node.kind != YamlNode::Kind::list)
      refuse("is not a list",
             node.is_null() ? "[] where there is none; leave it out where nothing is said" : "");
    std::vector<Place> all;
    all.reserve(node.items.size());
    for (std::size_t at = 0; at < node.items.size(); ++at) all.push_back(item(at));
    return all;
  }
};

// The members of a map, asked for by name; any other is refused.
class Members {
 public:
  Members(const Place& place, std::initializer_list<std::string_view> known) : place_(place) {
    if (place.node.kind != YamlNode::Kind::map) place.refuse("is not a map of members");
    for (const auto& member : place.node.members) {
      if (std::ranges::find(known, member.name) != known.end()) continue;
      const std::vector<std::string> words(known.begin(), known.end());
      const auto near = base::nearest(member.name, words);
      std::string all;
      for (const auto& word : words) all += (all.empty() ? "" : ", ") + word;
      throw Error(ErrorCode::invalid,
                  "line " + std::to_string(member.line) + ", " + place.path + ": unknown member " +
                      quote(member.name),
                  near ? "did you mean " + *near + "?" : "there is " + all);
    }
  }
  // Nothing where it is not there.
  std::optional<Place> find(std::string_view name) const {
    for (const auto& member : place_.node.members)
      if (member.name == name) return below(member);
    return std::nullopt;
  }
  Place get(std::string_view name) const {
    if (auto found = find(name)) return std::move(*found);
    place_.refuse("lacks the member " + std::string(name));
  }
  Place below(const YamlMember& member) const {
    const bool is_word = member.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
    const std::string name = is_word ? member.name : quote(member.name);
    return {member.value, place_.path == top ? name : place_.path + "." + name};
  }
  static constexpr std::string_view top = "the manifest";

 private:
  const Place& place_;
};

std::vector<Element> without_repetition(const Place& place, std::vector<Element> elements) {
  std::ranges::sort(elements);
  const auto twice = std::ranges::adjacent_find(elements, [](const Element& a, const Element& b) {
    return a.name == b.name && a.resource == b.resource;
  });
  if (twice != elements.end()) place.refuse(quote(key_of(*twice)) + " stands twice");
  return elements;
}

template <class Read>
FieldValue read_set(const Place& place, Read read) {
  FieldValue value;
  for (const auto& item : place.items()) value.elements.push_back(read(item));
  value.elements = without_repetition(place, std::move(value.elements));
  return value;
}

std::string read_resource(const Members& members) {
  const auto place = members.find("resource");
  if (!place || place->node.is_null()) return {};
  return place->judged_text([](const std::string& given) { return Resource(given).text(); });
}

std::string read_role_name(const Place& place) {
  return place.judged_text([](const std::string& given) { return parse_role_name(given); });
}

Element read_grant(const Place& place) {
  const auto permission = [](const Place& at) {
    return at.judged_text([](const std::string& given) { return Permission(given).text(); });
  };
  if (place.node.kind != YamlNode::Kind::map) return {permission(place)};
  const Members members(place, {"permission", "resource"});
  return {permission(members.get("permission")), read_resource(members)};
}

Element read_assignment(const Place& place) {
  if (place.node.kind != YamlNode::Kind::map) return {read_role_name(place)};
  const Members members(place, {"role", "for", "until", "resource"});
  Element element{read_role_name(members.get("role")), read_resource(members)};
  if (const auto lasts = members.find("for")) element.lasts = base::parse_duration(lasts->duration());
  if (const auto until = members.find("until")) {
    if (element.lasts) until->refuse("stands beside for: one of them");
    element.until = base::parse_timestamp(until->text());
    if (!element.until) until->refuse("is no time", "2026-01-31T12:00:00Z");
  }
  return element;
}

ManifestThing read_role(const Place& place) {
  const Members members(place, {"name", "description", "inherits", "permissions"});
  ManifestThing role{ThingKind::role, read_role_name(members.get("name")), {}, {}, place.node.line};
  if (const auto description = members.find("description")) {
    role.fields[0] = FieldValue{};
    if (!description->node.is_null() && !description->text().empty()) {
      if (base::count_code_points(description->text()) > 1000)
        description->refuse("is longer than 1000 characters");
      role.fields[0]->text = description->text();
    }
  }
  if (const auto inherits = members.find("inherits"))
    role.fields[1] = read_set(*inherits, [](const Place& item) { return Element{read_role_name(item)}; });
  if (const auto permissions = members.find("permissions"))
    role.fields[2] = read_set(*permissions, read_grant);
  return role;
}

PasswordReference read_password(const Place& place) {
  using Source = PasswordReference::Source;
  if (place.node.kind != YamlNode::Kind::map)
    place.refuse("a password does not stand in a manifest", "{file: F}, {hash: H} or {generate: true}");
  const Members members(place, {"file", "hash", "generate", "must_change"});
  PasswordReference password;
  std::size_t given = 0;
  if (const auto file = members.find("file")) {
    ++given, password = {Source::file, file->text(), false};
    if (password.value.empty()) file->refuse("names no file");
  }
  if (const auto hash = members.find("hash")) {
    ++given, password = {Source::hash, hash->text(), false};
    hash->judged([&] { return crypto::identify_password_hash(password.value).scheme; });
  }
  if (const auto generate = members.find("generate")) {
    ++given, password = {Source::generate, {}, false};
    if (!generate->flag()) generate->refuse("is true, or not there");
  }
  if (given != 1) place.refuse("is one of file, hash and generate");
  if (const auto must_change = members.find("must_change")) password.must_change = must_change->flag();
  return password;
}

FieldValue read_status(const Place& place) {
  auto status = place.text();
  if (status != "active" && status != "disabled") place.refuse("is active or disabled");
  return {std::move(status), {}};
}

ManifestThing read_user(const Place& place) {
  const Members members(place, {"name", "email", "status", "roles", "password"});
  const auto name = members.get("name");
  ManifestThing user{
      ThingKind::user,
      name.judged_text([](const std::string& given) { return credential::Username::parse(given).text(); }),
      {},
      {},
      place.node.line};
  if (const auto email = members.find("email")) {
    user.fields[0] = FieldValue{};
    if (!email->node.is_null())
      user.fields[0]->text = email->judged_text(
          [](const std::string& given) { return credential::EmailAddress::parse(given).text(); });
  }
  if (const auto status = members.find("status")) user.fields[1] = read_status(*status);
  if (const auto roles = members.find("roles")) user.fields[2] = read_set(*roles, read_assignment);
  if (const auto password = members.find("password")) user.password = read_password(*password);
  return user;
}

std::vector<std::string> names_in(const std::optional<FieldValue>& value) {
  std::vector<std::string> names;
  if (value)
    for (const auto& element : value->elements) names.push_back(element.name);
  return names;
}

ManifestThing read_client(const Place& place) {
  const Members members(place, {"name", "grants", "redirect_uris", "scopes", "public", "status"});
  const auto name = members.get("name");
  ManifestThing client{ThingKind::client,
                       name.judged_text([](const std::string& given) { return checked_client_name(given); }),
                       {},
                       {},
                       place.node.line};
  constexpr std::array sets{"grants", "redirect_uris", "scopes"};
  for (std::size_t i = 0; i < sets.size(); ++i)
    if (const auto set = members.find(sets[i]))
      client.fields[i] = read_set(*set, [](const Place& item) { return Element{item.text()}; });
  ClientTerms terms{names_in(client.fields[0]), names_in(client.fields[1]), names_in(client.fields[2]),
                    false};
  if (const auto is_public = members.find("public")) {
    terms.is_public = is_public->flag();
    client.fields[3] = FieldValue{terms.is_public ? "true" : "false", {}};
  }
  if (const auto status = members.find("status")) client.fields[4] = read_status(*status);
  place.judged([&] { return checked_terms(std::move(terms)); });
  return client;
}

ManifestThing read_key_policy(const Place& place, std::string_view use) {
  const bool is_jwt = use == "jwt";
  const Members members =
      is_jwt ? Members(place, {"alg", "rotate_every", "grace"}) : Members(place, {"rotate_every", "grace"});
  ManifestThing policy{ThingKind::key, std::string(use), {}, {}, place.node.line};
  if (const auto alg = members.find("alg")) {
    constexpr std::array algorithms{"ES256", "EdDSA", "RS256", "HS256"};
    if (std::ranges::find(algorithms, alg->text()) == algorithms.end())
      alg->refuse("there is no algorithm " + quote(alg->text()), "ES256, EdDSA, RS256 or HS256");
    policy.fields[0] = FieldValue{alg->text(), {}};
  }
  if (const auto every = members.find("rotate_every")) policy.fields[1] = FieldValue{every->duration(), {}};
  if (const auto grace = members.find("grace"))
    policy.fields[2] = FieldValue{grace->duration(base::Duration(0)), {}};
  return policy;
}

std::string setting_text(const Place& place) {
  if (place.node.kind != YamlNode::Kind::list) {
    if (place.node.kind != YamlNode::Kind::scalar || place.node.is_null()) place.refuse("is not a text");
    return place.node.is_true() ? "true" : place.node.is_false() ? "false" : place.node.text;
  }
  std::string text;
  for (const auto& item : place.items()) text += (text.empty() ? "" : ",") + item.text();
  return text;
}

ManifestThing read_setting(const Place& place, const std::string& name) {
  std::vector<std::string> known;
  for (const auto& spec : base::setting_specs())
    if (is_manifest_setting(spec.name)) known.emplace_back(spec.name);
  if (!is_manifest_setting(name)) {
    const auto near = base::nearest(name, known);
    place.refuse("no setting of a manifest", near ? "did you mean " + *near + "?" : "authctl config show");
  }
  const auto specs = base::setting_specs();
  const auto spec = std::ranges::find(specs, name, &base::SettingSpec::name);
  auto value = setting_text(place);
  if (const auto complaint = base::complaint_about(*spec, value)) place.refuse(*complaint);
  if (base::is_time(spec->type))
    if (const auto parsed = base::parse_duration(value)) value = base::to_text(*parsed);
  if (spec->type == base::SettingType::boolean)
    value = value == "on" || value == "true" || value == "yes" || value == "1" ? "on" : "off";
  return {ThingKind::setting, name, {FieldValue{std::move(value), {}}}, {}, place.node.line};
}

// A store that kept a policy which no command takes would shut everybody out of changing a password.
void check_together(const Manifest& manifest) {
  const auto nothing = [](const std::string&) { return std::optional<std::string>(); };
  auto settings = base::Settings::load(nothing, "", false);
  for (const auto& thing : manifest.things)
    if (thing.kind == ThingKind::setting) settings.set_stored(thing.name, *thing.fields[0]->text);
  check_policies(settings);
}

// What may stand once: a role's name, a user's name and e-mail, a client's name in any case.
class Taken {
 public:
  void add(const Place& place, const ManifestThing& thing) {
    claim(place, thing.kind, word_of(thing.kind), base::fold_ascii(thing.name));
    if (thing.kind != ThingKind::user || !thing.fields[0] || !thing.fields[0]->text) return;
    const auto email = base::fold_ascii(*thing.fields[0]->text);
    if (email != thing.name) claim(place, thing.kind, "e-mail", email);
  }

 private:
  void claim(const Place& place, ThingKind kind, std::string_view what, const std::string& name) {
    const auto [held, is_new] = lines_.emplace(std::pair(kind, name), place.node.line);
    if (!is_new)
      place.refuse(std::string(what) + " " + quote(name) + " stands in line " + std::to_string(held->second) +
                   " too");
  }
  std::map<std::pair<ThingKind, std::string>, std::size_t> lines_;
};

template <class Read>
void read_list(const Members& top, ThingKind kind, Manifest& manifest, Taken& taken, Read read) {
  const auto section = top.find(section_of(kind));
  if (!section) return;
  manifest.has_section[static_cast<std::size_t>(kind)] = true;
  for (const auto& item : section->items()) {
    manifest.things.push_back(read(item));
    taken.add(item, manifest.things.back());
  }
}

void read_maps(const Members& top, Manifest& manifest) {
  if (const auto keys = top.find("keys")) {
    manifest.has_section[static_cast<std::size_t>(ThingKind::key)] = true;
    const Members members(*keys, {"jwt", "fernet"});
    for (const auto* use : {"jwt", "fernet"})
      if (const auto policy = members.find(use)) manifest.things.push_back(read_key_policy(*policy, use));
  }
  if (const auto settings = top.find("settings")) {
    manifest.has_section[static_cast<std::size_t>(ThingKind::setting)] = true;
    if (settings->node.kind != YamlNode::Kind::map) settings->refuse("is not a map of members");
    for (const auto& member : settings->node.members)
      manifest.things.push_back(
          read_setting({member.value, "settings." + base::printable(member.name)}, member.name));
    check_together(manifest);
  }
}

}  // namespace

Manifest parse_manifest(std::string_view text) {
  const auto root = base::parse_yaml(text);
  const Place place{root, std::string(Members::top)};
  const Members top(place, {"version", "roles", "users", "clients", "keys", "settings"});
  const auto version = top.get("version");
  if (version.node.kind != YamlNode::Kind::scalar || version.node.quoted || version.node.text != "1")
    version.refuse("is 1, the one version there is");
  Manifest manifest;
  Taken taken;
  read_list(top, ThingKind::role, manifest, taken, read_role);
  read_list(top, ThingKind::user, manifest, taken, read_user);
  read_list(top, ThingKind::client, manifest, taken, read_client);
  read_maps(top, manifest);
  return manifest;
}

}  // namespace authctl::service
