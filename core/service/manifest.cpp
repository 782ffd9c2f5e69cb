#include "core/service/manifest.h"

#include <algorithm>

#include "core/base/config.h"

namespace authctl::service {
namespace {

using enum FieldForm;

struct KindEntry {
  std::string_view word, section, plural;
};
constexpr std::array<KindEntry, all_thing_kinds.size()> kinds{{{"role", "roles", "roles"},
                                                               {"user", "users", "users"},
                                                               {"client", "clients", "clients"},
                                                               {"key", "keys", "key policies"},
                                                               {"setting", "settings", "settings"}}};

constexpr std::array role_fields{ManifestField{"description", text, ""}, ManifestField{"inherits", names, ""},
                                 ManifestField{"permissions", grants, ""}};
constexpr std::array user_fields{ManifestField{"email", text, ""}, ManifestField{"status", text, "active"},
                                 ManifestField{"roles", assignments, ""}};
constexpr std::array client_fields{ManifestField{"grants", names, ""},
                                   ManifestField{"redirect_uris", names, ""},
                                   ManifestField{"scopes", names, ""}, ManifestField{"public", flag, "false"},
                                   ManifestField{"status", text, "active"}};
constexpr std::array key_fields{ManifestField{"alg", text, ""}, ManifestField{"rotate_every", text, ""},
                                ManifestField{"grace", text, ""}};
constexpr std::array setting_fields{ManifestField{"value", text, ""}};

const KindEntry& entry_of(ThingKind kind) { return kinds[static_cast<std::size_t>(kind)]; }

}  // namespace

std::string_view word_of(ThingKind kind) { return entry_of(kind).word; }
std::string_view section_of(ThingKind kind) { return entry_of(kind).section; }
std::string plural_of(ThingKind kind, std::size_t count) {
  const std::string one = kind == ThingKind::key ? "key policy" : std::string(entry_of(kind).word);
  return std::to_string(count) + " " + (count == 1 ? one : std::string(entry_of(kind).plural));
}

std::string key_of(const Element& element) {
  return element.resource.empty() ? element.name : element.name + " on " + element.resource;
}

std::span<const ManifestField> fields_of(ThingKind kind) {
  switch (kind) {
    case ThingKind::role:
      return role_fields;
    case ThingKind::user:
      return user_fields;
    case ThingKind::client:
      return client_fields;
    case ThingKind::key:
      return key_fields;
    case ThingKind::setting:
      break;
  }
  return setting_fields;
}

FieldValue fallback_of(const ManifestField& field) {
  if (field.fallback.empty()) return {};
  return {std::string(field.fallback), {}};
}

std::string text_of(const PasswordReference& password) {
  using Source = PasswordReference::Source;
  if (password.source == Source::generate) return "generate";
  return (password.source == Source::file ? "file:" : "hash:") + password.value;
}

bool is_manifest_setting(std::string_view name) {
  // The store and how a command prints are each caller's own; programs, URLs with passwords are the
  // machine's.
  constexpr std::array own{"store", "master_key_file", "master_key_command", "output",
                           "color", "limits",          "mail_command",       "alert_command"};
  const auto specs = base::setting_specs();
  return std::ranges::find(own, name) == own.end() &&
         std::ranges::any_of(specs, [&](const auto& spec) { return spec.name == name && !spec.secret; });
}

}  // namespace authctl::service
