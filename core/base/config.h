// Settings with their origins: flag > environment > file (TOML) > manifest (in the store) > default.
// Invariant: every setting is in the one table below; a name in the file that is not in it is refused.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"

namespace authctl::base {

// lifetime: a duration above 0, without which nobody could be answered or stay signed in; limit: "5/1m"
enum class SettingType { text, duration, lifetime, integer, boolean, limit, list };
std::string_view word_of(SettingType type);  // "on or off", for a person
inline bool is_time(SettingType type) {
  return type == SettingType::duration || type == SettingType::lifetime;
}

struct SettingSpec {
  std::string_view name;         // in the file and in `config show`: access_ttl
  std::string_view environment;  // AUTHCTL_ACCESS_TTL
  SettingType type;
  std::string_view fallback;  // the default; "" means none
  std::string_view about;
  bool secret = false;            // shown without the password it may hold
  std::string_view choices = {};  // the words it takes, apart by blanks; empty: any
};

std::span<const SettingSpec> setting_specs();
// Nothing where `value` suits the setting, else what is wrong with it: "is no duration (90s, 15m, 24h, 7d)".
std::optional<std::string> complaint_about(const SettingSpec& spec, std::string_view value);

using Environment = std::function<std::optional<std::string>(const std::string&)>;

// Where things lie when nobody says otherwise: $XDG_CONFIG_HOME/authctl/authctl.toml and its like. For root,
// where no XDG variable is set: /etc/authctl, /var/lib/authctl. Empty where there is no home.
std::string default_config_file(const Environment& environment);
std::string default_store_url(const Environment& environment);
std::string default_master_key_file(const Environment& environment);

// What is wrong with a file of settings, in the order of its lines.
struct SettingProblem {
  int line = 0;
  std::string message;
  std::string hint;
};
std::vector<SettingProblem> check_settings_file(const std::string& file);

enum class Origin { fallback, manifest, file, environment, flag };
std::string_view word_of(Origin origin);

struct Setting {
  std::string value;
  Origin origin = Origin::fallback;
  std::string where;  // the variable, the file with its line, the option
};

class Settings {
 public:
  // `environment` looks a variable up; nothing where it is not set. Reads `file` where it is not empty.
  // Error invalid for a file that is no TOML, an unknown name, or a value of the wrong type (says where).
  static Settings load(const Environment& environment, const std::string& file, bool file_must_exist);
  // Error usage where the value does not suit.
  void set_flag(std::string_view name, std::string value, std::string option);

  // Holds where nothing but the default did. A value that does not suit (another version's) is left out.
  void set_stored(std::string_view name, std::string value);

  const Setting& get(std::string_view name) const;
  const std::string& text(std::string_view name) const { return get(name).value; }
  Duration duration(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  bool boolean(std::string_view name) const;
  std::vector<std::string> list(std::string_view name) const;

 private:
  std::vector<Setting> values_;  // in the order of the table
};

}  // namespace authctl::base
