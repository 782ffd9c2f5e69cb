// A manifest: what roles, users, clients, key policies and settings there are to be, as one YAML or JSON
// text. docs/manifest.md has the whole of it. Invariant: what is read here is well formed to its last line
// (names folded, permissions and durations checked, nothing twice, no unknown member); whether it fits a
// store is for the plan (provisioning.h). A member that is not given is not a member that is empty.
#pragma once
#include <array>
#include <compare>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/json.h"

namespace authctl::service {

enum class ThingKind { role, user, client, key, setting };
inline constexpr std::array all_thing_kinds{ThingKind::role, ThingKind::user, ThingKind::client,
                                            ThingKind::key, ThingKind::setting};
std::string_view word_of(ThingKind kind);                  // "role"
std::string_view section_of(ThingKind kind);               // "roles", "keys"
std::string plural_of(ThingKind kind, std::size_t count);  // "1 role", "2 key policies"

// One of a field that is a set: a role that is inherited, a grant, an assignment, a redirect URI.
struct Element {
  std::string name;
  std::string resource = {};                 // of grants and assignments; empty: every one
  std::optional<base::Duration> lasts = {};  // `for`, until the plan has made an end of it
  std::optional<base::Timestamp> until = {};
  std::strong_ordering operator<=>(const Element&) const = default;
};
// The same thing in the same place, whatever its end.
std::string key_of(const Element& element);

// A text (nothing: null), or a set of elements in their order.
struct FieldValue {
  std::optional<std::string> text;
  std::vector<Element> elements;
  bool operator==(const FieldValue&) const = default;
};

enum class FieldForm { text, flag, names, grants, assignments };
struct ManifestField {
  std::string_view name;
  FieldForm form;
  std::string_view fallback;  // what holds where the manifest no longer says anything; empty: null, or none
  bool is_set() const { return form >= FieldForm::names; }
};
inline constexpr std::size_t most_fields = 5;
std::span<const ManifestField> fields_of(ThingKind kind);
FieldValue fallback_of(const ManifestField& field);

// In the order of fields_of(); nothing where it is not given.
using FieldValues = std::array<std::optional<FieldValue>, most_fields>;

// Where a password comes from. Never the password.
struct PasswordReference {
  enum class Source { file, hash, generate };
  Source source = Source::generate;
  std::string value;  // the file's name, the hash
  bool must_change = false;
};
// What two references are compared by.
std::string text_of(const PasswordReference& password);

struct ManifestThing {
  ThingKind kind = ThingKind::role;
  std::string name;
  FieldValues fields;
  std::optional<PasswordReference> password;
  std::size_t line = 0;
};

struct Manifest {
  std::array<bool, all_thing_kinds.size()> has_section{};
  std::vector<ManifestThing> things;  // section after section, each as it was written
  bool has(ThingKind kind) const { return has_section[static_cast<std::size_t>(kind)]; }
};

// Error invalid that says the line and the path.
Manifest parse_manifest(std::string_view text);

// Settings that a manifest may set: those that are the same on every machine, and name no program or secret.
bool is_manifest_setting(std::string_view name);

// JSON Schema 2020-12 of the text, for editors.
base::json::object manifest_schema();

// The JSON of a field as it stands in a manifest.
base::json::value field_json(const ManifestField& field, const FieldValue& value);
base::json::value element_json(const ManifestField& field, const Element& element);
base::json::object manifest_json(const Manifest& manifest);
// The same as YAML, a line for each thing of a set.
std::string manifest_yaml(const Manifest& manifest);

}  // namespace authctl::service
