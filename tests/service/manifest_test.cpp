#include "core/service/manifest.h"

#include "core/base/error.h"
#include "tests/support/catch.h"

using namespace authctl;
using service::Manifest;
using service::ThingKind;

namespace {

// Message and hint.
std::pair<std::string, std::string> refusal(const std::string& body) {
  try {
    service::parse_manifest("version: 1\n" + body);
  } catch (const base::Error& error) {
    CHECK(error.code() == base::ErrorCode::invalid);
    return {error.message(), error.hint()};
  }
  return {"taken", ""};
}

}  // namespace

TEST_CASE("the manifest of the contract is read") {
  const auto manifest = service::parse_manifest(R"(version: 1
roles:   [{name: Editor, description: Edits, inherits: [viewer], permissions: ["edit:posts", {permission: "edit:*", resource: post/42}]}]
users:   [{name: Ann, email: ann@example.com, status: active, roles: [editor, {role: admin, for: 8h, resource: post/1}], password: {file: pw}}]
clients: [{name: shop, grants: [authorization_code], redirect_uris: ["https://shop.example.com/cb"], scopes: [openid], public: false}]
keys:    {jwt: {alg: ES256, rotate_every: 30d, grace: 24h}, fernet: {rotate_every: 30d}}
settings: {access_ttl: 15m, limit_login: 5/1m}
)");
  REQUIRE(manifest.things.size() == 7);
  const auto& role = manifest.things[0];
  CHECK(role.name == "editor");
  CHECK(role.fields[2]->elements == std::vector<service::Element>{{"edit:*", "post/42"}, {"edit:posts"}});
  const auto& user = manifest.things[1];
  CHECK(user.name == "ann");
  CHECK(user.line == 3);
  CHECK(user.fields[2]->elements.front().lasts == base::Duration(8 * 3600));
  CHECK(user.password->value == "pw");
  CHECK(service::parse_manifest(service::manifest_yaml(manifest)).things.size() == 7);
  CHECK(service::manifest_json(service::parse_manifest(service::manifest_yaml(manifest))) ==
        service::manifest_json(manifest));
  CHECK(service::manifest_json(service::parse_manifest(
            base::json::serialize(service::manifest_json(manifest)))) == service::manifest_json(manifest));
}

TEST_CASE("what is wrong with a manifest is said with its line, its path and what was meant") {
  using Refusal = std::pair<std::string, std::string>;
  CHECK(refusal("rols: []\n") ==
        Refusal{"line 2, the manifest: unknown member \"rols\"", "did you mean roles?"});
  CHECK(refusal("users:\n  - name: ann\n    rolse: [x]\n") ==
        Refusal{"line 4, users[0]: unknown member \"rolse\"", "did you mean roles?"});
  CHECK(refusal("users: [{name: 'a b'}]\n").first.starts_with("line 2, users[0].name: "));
  CHECK(refusal("users: [{name: true}]\n") ==
        Refusal{"line 2, users[0].name: is not a text", "in quotes: \"true\""});
  CHECK(refusal("users: [{email: a@b}]\n").first == "line 2, users[0]: lacks the member name");
  CHECK(refusal("users:\n  - name: ann\n  - name: ANN\n").first ==
        "line 4, users[1]: user \"ann\" stands in line 3 too");
  CHECK(refusal("users: [{name: ann, email: BOB@x.org}, {name: bob@x.org}]\n").first ==
        "line 2, users[1]: user \"bob@x.org\" stands in line 2 too");
  CHECK(refusal("users: [{name: ann, email: x@x.org}, {name: bob, email: X@x.org}]\n").first ==
        "line 2, users[1]: e-mail \"x@x.org\" stands in line 2 too");
  CHECK(refusal("users: [{name: ann, password: secret}]\n") ==
        Refusal{"line 2, users[0].password: a password does not stand in a manifest",
                "{file: F}, {hash: H} or {generate: true}"});
  CHECK(refusal("users: [{name: ann, password: {file: a, generate: true}}]\n").first ==
        "line 2, users[0].password: is one of file, hash and generate");
  CHECK(refusal("users: [{name: ann, password: {hash: nonsense}}]\n")
            .first.starts_with("line 2, users[0].password.hash: "));
  CHECK(refusal("users: [{name: ann, roles: [{role: x, for: -1}]}]\n").first ==
        "line 2, users[0].roles[0].for: is no duration");
  CHECK(refusal("users: [{name: ann, roles: [x, X]}]\n").first ==
        "line 2, users[0].roles: \"x\" stands twice");
  CHECK(refusal("roles: [{name: a, permissions: ['Edit']}]\n")
            .first.starts_with("line 2, roles[0].permissions[0]: "));
  CHECK(refusal("roles: {name: a}\n").first == "line 2, roles: is not a list");
  CHECK(refusal("clients: [{name: a, redirect_uris: ['http://evil.example']}]\n")
            .first.starts_with("line 2, clients[0]: "));
  CHECK(refusal("keys: {jwt: {rotate_every: 0}}\n").first == "line 2, keys.jwt.rotate_every: is no duration");
  CHECK(service::parse_manifest("version: 1\nkeys: {jwt: {grace: 0}}\n").things[0].fields[2]->text == "0s");
  CHECK(refusal("keys: {jwt: {alg: none}}\n").first ==
        "line 2, keys.jwt.alg: there is no algorithm \"none\"");
  CHECK(refusal("keys: {fernet: {alg: ES256}}\n").first == "line 2, keys.fernet: unknown member \"alg\"");
  CHECK(refusal("settings: {acces_ttl: 15m}\n").second == "did you mean access_ttl?");
  CHECK(refusal("settings: {access_ttl: soon}\n").first.starts_with("line 2, settings.access_ttl: "));
  CHECK(refusal("settings: {access_ttl: 0}\n").first ==
        "line 2, settings.access_ttl: \"0\" is no time at all");
  CHECK(service::parse_manifest("version: 1\nsettings: {jwks_max_age: 0}\n").things.size() == 1);
  CHECK_THROWS_AS(service::parse_manifest("version: '1'\n"), base::Error);
  // A store's writer must not have a program run by the server.
  for (const std::string name : {"mail_command", "alert_command", "master_key_command", "store", "limits"})
    CHECK(refusal("settings: {" + name + ": x}\n").first ==
          "line 2, settings." + name + ": no setting of a manifest");
}

TEST_CASE(
    "a word that some reader of YAML takes for something else is the text that a person sees, or refused") {
  const auto names = [](const std::string& list) {
    std::vector<std::string> found;
    const auto read = service::parse_manifest("version: 1\nroles: [{name: a, permissions: " + list + "}]\n");
    for (const auto& element : read.things.front().fields[2]->elements) found.push_back(element.name);
    return found;
  };
  CHECK(names("[no, yes, on, off, y, n]") == std::vector<std::string>{"n", "no", "off", "on", "y", "yes"});
  CHECK(names("[010, 1e3, 0x1f, 0o17, 2026-01-01, 12:30]") ==
        std::vector<std::string>{"010", "0o17", "0x1f", "12:30", "1e3", "2026-01-01"});
  for (const std::string word : {"true", "True", "TRUE", "false", "False", "FALSE"})
    CHECK(refusal("roles: [{name: " + word + "}]\n").second == "in quotes: \"" + word + "\"");
  for (const std::string word : {"null", "Null", "NULL", "~", "''", ""})
    CHECK(refusal("roles: [{name: " + word + "}]\n").first.starts_with("line 2, roles[0].name: "));
  CHECK(refusal("roles: [{name: 'true'}]\n").first == "taken");
  for (const std::string word : {"yes", "no", "on", "1", "'true'"})
    CHECK(refusal("clients: [{name: a, public: " + word + "}]\n").first ==
          "line 2, clients[0].public: is not true or false");
  CHECK(refusal("clients: [{name: a, public: True}]\n").first == "taken");
  for (const std::string word : {"no", "off", "False", "\"no\""})
    CHECK(service::parse_manifest("version: 1\nsettings: {registration: " + word + "}\n")
              .things.front()
              .fields[0]
              ->text == "off");
  // What stands there and says nothing is neither "none of them" nor "not told".
  CHECK(refusal("roles:\n") ==
        std::pair<std::string, std::string>{"line 2, roles: is not a list",
                                            "[] where there is none; leave it out where nothing is said"});
}

TEST_CASE("a manifest of another version, or none, is refused") {
  const auto message = [](const std::string& text) {
    try {
      service::parse_manifest(text);
    } catch (const base::Error& error) {
      return error.message();
    }
    return std::string("taken");
  };
  CHECK(message("roles: []\n") == "line 1, the manifest: lacks the member version");
  CHECK(message("version: 2\n") == "line 1, version: is 1, the one version there is");
  CHECK(message("just a text\n") == "line 1, the manifest: is not a map of members");
  CHECK(message("version: 1\n") == "taken");
}

TEST_CASE("the schema for editors names every section, every member and every setting that is read") {
  const auto schema = service::manifest_schema();
  const auto& sections = schema.at("properties").as_object();
  for (const auto kind : service::all_thing_kinds) {
    const auto& section = sections.at(service::section_of(kind)).as_object();
    if (kind == ThingKind::setting) {
      CHECK(section.at("properties").as_object().contains("access_ttl"));
      CHECK_FALSE(section.at("properties").as_object().contains("mail_command"));
      continue;
    }
    const auto& members = kind == ThingKind::key
                              ? section.at("properties").at("jwt").at("properties").as_object()
                              : section.at("items").at("properties").as_object();
    for (const auto& field : service::fields_of(kind)) CHECK(members.contains(field.name));
  }
}
