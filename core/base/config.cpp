#include "core/base/config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
// The parser asserts what a hostile file can break and, in a release build, would assume it. Without either
// its own error path answers.
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(expression) static_cast<void>(0)
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/shell_word.h"
#include "core/base/text.h"

namespace authctl::base {
namespace {

constexpr std::size_t max_file_bytes = 1 << 20;
constexpr Duration longest_time =
    std::chrono::hours(24) * 36525;  // what ends after the year 9999 has no date
using enum SettingType;

const std::span<const SettingSpec> table = setting_specs();  // constant data: no order of starts matters

constexpr std::array true_words{"on", "true", "yes", "1"};
constexpr std::array false_words{"off", "false", "no", "0"};

template <class Words>
bool is_one_of(const Words& words, std::string_view value) {
  return std::find(words.begin(), words.end(), value) != words.end();
}

std::vector<std::string> split(std::string_view text_, std::string_view separators) {
  std::vector<std::string> parts;
  while (!text_.empty()) {
    const std::size_t end = std::min(text_.find_first_of(separators), text_.size());
    if (end > 0) parts.emplace_back(text_.substr(0, end));
    text_.remove_prefix(std::min(end + 1, text_.size()));
  }
  return parts;
}

std::optional<std::int64_t> to_integer(std::string_view value) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (value.empty() || error != std::errc{} || end != value.data() + value.size()) return std::nullopt;
  return number;
}

bool is_limit(std::string_view value) {
  const std::size_t slash = value.find('/');
  if (slash == std::string_view::npos) return false;
  const auto count = to_integer(value.substr(0, slash));
  const auto window = parse_duration(value.substr(slash + 1));
  return count && *count > 0 && window && window->count() > 0;
}

std::size_t index_of(std::string_view name) {
  const auto it =
      std::find_if(table.begin(), table.end(), [&](const SettingSpec& s) { return s.name == name; });
  if (it == table.end()) throw Error(ErrorCode::internal, "no setting " + quote(name));
  return static_cast<std::size_t>(it - table.begin());
}

// "on" and "true" are one value in `config show`.
std::string normalised(const SettingSpec& spec, std::string value) {
  if (spec.type != boolean) return value;
  return is_one_of(true_words, fold_ascii(value)) ? "on" : "off";
}

std::string folder_of(const Environment& environment, const std::string& variable, const char* below_home,
                      const char* of_root) {
  if (auto folder = environment(variable); folder && folder->starts_with('/')) return *folder + "/authctl";
  if (::geteuid() == 0) return of_root;
  const auto home = environment("HOME");
  return home && home->starts_with('/') ? *home + below_home + "/authctl" : std::string{};
}

// One value of the file as the text that the environment would hold; nothing for a table, a date or a
// fraction.
std::optional<std::string> text_of_node(const toml::node& node) {
  if (const auto* value = node.as_string()) return value->get();
  if (const auto* value = node.as_integer()) return std::to_string(value->get());
  if (const auto* value = node.as_boolean()) return value->get() ? "on" : "off";
  const auto* array = node.as_array();
  if (array == nullptr) return std::nullopt;
  std::string joined;
  for (const auto& element : *array) {
    const auto* value = element.as_string();
    if (value == nullptr) return std::nullopt;
    joined += (joined.empty() ? "" : ",") + value->get();
  }
  return joined;
}

struct FileSetting {
  std::size_t index;
  std::string value;
  int line;
};

bool is_plain(std::string_view line) {
  return std::ranges::all_of(line, [](char c) { return (c >= 0x20 && c < 0x7f) || c == '\t' || c == '\r'; });
}

// Reads a file of settings, collecting what is good and what is wrong.
class FileReader {
 public:
  void read(std::string_view raw) {
    std::string content;
    for (int line = 1; !raw.empty(); ++line) {
      const auto text = raw.substr(0, raw.find('\n'));
      const auto start = text.find_first_not_of(" \t");
      // The parser takes much for granted of what lies beyond ASCII: a comment is kept from it, the rest
      // refused.
      const bool comment = start != text.npos && text[start] == '#';
      if (!comment && text.find_first_not_of(" \t\r") != text.npos && !is_plain(text)) {
        problems.push_back({line, "holds a character beyond printable ASCII", {}});
        return;
      }
      content.append(comment ? std::string_view{} : text).append("\n");
      raw.remove_prefix(std::min(raw.size(), text.size() + 1));
    }
    auto result = toml::parse(content);
    if (!result) {
      const auto& error = result.error();
      problems.push_back(
          {static_cast<int>(error.source().begin.line), "is no TOML: " + printable(error.description()), {}});
      return;
    }
    for (const auto& [key, node] : result.table()) {
      if (const auto* inner = node.as_table()) {
        for (const auto& [inner_key, inner_node] : *inner)
          take(name_of(key) + "_" + name_of(inner_key), inner_key, inner_node);
      } else {
        take(name_of(key), key, node);
      }
    }
    const auto by_line = [](const auto& a, const auto& b) { return a.line < b.line; };
    std::stable_sort(problems.begin(), problems.end(), by_line);
  }

  std::vector<FileSetting> settings;
  std::vector<SettingProblem> problems;

 private:
  static std::string name_of(const toml::key& key) { return std::string(key.str()); }

  void take(const std::string& name, const toml::key& key, const toml::node& node) {
    const int line = static_cast<int>(key.source().begin.line);
    const auto spec =
        std::find_if(table.begin(), table.end(), [&](const SettingSpec& s) { return s.name == name; });
    if (spec == table.end()) return unknown(name, line);
    const auto value = text_of_node(node);
    const bool array_for_one = node.is_array() && spec->type != list;
    if (!value || array_for_one) {
      problems.push_back({line, std::string(name) + " is of the wrong type", expected(*spec)});
      return;
    }
    if (const auto complaint = complaint_about(*spec, *value)) {
      problems.push_back({line, std::string(name) + " " + *complaint, expected(*spec)});
      return;
    }
    settings.push_back({static_cast<std::size_t>(spec - table.begin()), normalised(*spec, *value), line});
  }

  void unknown(const std::string& name, int line) {
    std::vector<std::string> names;
    for (const auto& spec : table) names.emplace_back(spec.name);
    const auto near = nearest(name, names);
    problems.push_back(
        {line, "unknown setting " + quote(name),
         near ? "did you mean " + *near + "?" : std::string("authctl config show lists them all")});
  }

  static std::string expected(const SettingSpec& spec) {
    return spec.fallback.empty()
               ? std::string(spec.about)
               : "for example " + std::string(spec.name) + " = \"" + std::string(spec.fallback) + "\"";
  }
};

// Settings name programs that are run: whoever may write the file would run them with our rights.
void refuse_shared(const std::string& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0 || !S_ISREG(info.st_mode) || (info.st_mode & S_IWOTH) == 0) return;
  throw Error(ErrorCode::unavailable, "everybody on this machine may write the settings in " + quote(file),
              "chmod o-w " + shell_word(file));
}

bool is_there(const std::string& file) {
  struct stat info {};
  return ::stat(file.c_str(), &info) == 0;
}

// The variable, or the file that VARIABLE_FILE names.
std::optional<std::pair<std::string, std::string>> from_environment(const Environment& environment,
                                                                    const SettingSpec& spec) {
  if (spec.environment.empty()) return std::nullopt;
  const std::string variable{spec.environment};
  const auto value = environment(variable);
  const bool given = value && !value->empty();
  if (spec.name == "store") {
    const auto file = environment(variable + "_FILE");
    if (file && !file->empty()) {
      if (given) {
        throw Error(ErrorCode::usage, variable + " and " + variable + "_FILE are both set",
                    "unset one of them");
      }
      std::string url{without_newline(read_file(*file, 65536))};
      if (url.empty())
        throw Error(ErrorCode::usage, quote(*file) + " (" + variable + "_FILE) is empty",
                    "put the URL of the store into it");
      return std::pair(std::move(url), variable + "_FILE");
    }
  }
  if (!given) return std::nullopt;
  return std::pair(*value, variable);
}

}  // namespace

std::string_view word_of(SettingType type) {
  switch (type) {
    case text:
      return "text";
    case duration:
      return "duration";
    case lifetime:
      return "duration above 0";
    case integer:
      return "number";
    case boolean:
      return "on or off";
    case limit:
      return "limit";
    case list:
      return "list of texts";
  }
  return "";
}

std::optional<std::string> complaint_about(const SettingSpec& spec, std::string_view value) {
  const std::string shown = quote(value);
  if (!spec.choices.empty()) {
    const auto choices = split(spec.choices, " ");
    if (is_one_of(choices, value)) return std::nullopt;
    std::string all;
    for (const auto& choice : choices) all += (all.empty() ? "" : ", ") + choice;
    return "does not take " + shown + "; it takes " + all;
  }
  switch (spec.type) {
    case duration:
    case lifetime: {
      const auto parsed = parse_duration(value);
      if (!parsed) return shown + " is no duration (90s, 15m, 24h, 7d)";
      if (spec.type == lifetime && *parsed <= Duration::zero()) return shown + " is no time at all";
      if (*parsed > longest_time) return shown + " is longer than a hundred years";
      return std::nullopt;
    }
    case integer:
      return to_integer(value).value_or(-1) >= 0 ? std::nullopt
                                                 : std::optional(shown + " is no whole number");
    case boolean:
      return is_one_of(true_words, fold_ascii(value)) || is_one_of(false_words, fold_ascii(value))
                 ? std::nullopt
                 : std::optional(shown + " is neither on nor off");
    case limit:
      return is_limit(value) ? std::nullopt : std::optional(shown + " is no limit (5/1m: five a minute)");
    case text:
    case list:
      return is_utf8(value) && printable(value) == value
                 ? std::nullopt
                 : std::optional(shown + " is no text without control characters");
  }
  return std::nullopt;
}

std::string default_config_file(const Environment& environment) {
  const std::string folder = folder_of(environment, "XDG_CONFIG_HOME", "/.config", "/etc/authctl");
  return folder.empty() ? folder : folder + "/authctl.toml";
}

std::string default_store_url(const Environment& environment) {
  const std::string folder = folder_of(environment, "XDG_DATA_HOME", "/.local/share", "/var/lib/authctl");
  return folder.empty() ? folder : "sqlite:" + folder + "/authctl.db";
}

std::string default_master_key_file(const Environment& environment) {
  if (const auto credentials = environment("CREDENTIALS_DIRECTORY"); credentials && !credentials->empty()) {
    std::string file = *credentials + "/authctl-master-key";
    if (is_there(file)) return file;
  }
  const std::string folder = folder_of(environment, "XDG_CONFIG_HOME", "/.config", "/etc/authctl");
  return folder.empty() ? folder : folder + "/master.key";
}

std::vector<SettingProblem> check_settings_file(const std::string& file) {
  FileReader reader;
  reader.read(read_file(file, max_file_bytes));
  return reader.problems;
}

std::string_view word_of(Origin origin) {
  switch (origin) {
    case Origin::fallback:
      return "default";
    case Origin::manifest:
      return "manifest";
    case Origin::environment:
      return "environment";
    case Origin::file:
      return "file";
    case Origin::flag:
      return "flag";
  }
  return "default";
}

Settings Settings::load(const Environment& environment, const std::string& file, bool file_must_exist) {
  Settings settings;
  for (const auto& spec : table)
    settings.values_.push_back({std::string(spec.fallback), Origin::fallback, {}});
  settings.values_[index_of("store")].value = default_store_url(environment);
  settings.values_[index_of("master_key_file")].value = default_master_key_file(environment);
  if (!file.empty() && (file_must_exist || is_there(file))) {
    refuse_shared(file);
    FileReader reader;
    reader.read(read_file(file, max_file_bytes));
    if (!reader.problems.empty()) {
      const auto& first = reader.problems.front();
      throw Error(ErrorCode::invalid,
                  quote(file) + " line " + std::to_string(first.line) + ": " + first.message, first.hint);
    }
    for (auto& found : reader.settings) {
      settings.values_[found.index] = {std::move(found.value), Origin::file,
                                       file + ":" + std::to_string(found.line)};
    }
  }
  for (std::size_t i = 0; i < table.size(); ++i) {
    auto found = from_environment(environment, table[i]);
    if (!found) continue;
    if (const auto complaint = complaint_about(table[i], found->first)) {
      throw Error(ErrorCode::invalid, found->second + " " + *complaint, "unset it, or: authctl help config");
    }
    settings.values_[i] = {normalised(table[i], std::move(found->first)), Origin::environment,
                           std::move(found->second)};
  }
  return settings;
}

void Settings::set_flag(std::string_view name, std::string value, std::string option) {
  const std::size_t i = index_of(name);
  if (const auto complaint = complaint_about(table[i], value)) {
    const auto near = nearest(value, split(table[i].choices, " "));
    throw Error(ErrorCode::usage, option + " " + *complaint, near ? "did you mean " + *near + "?" : "");
  }
  values_[i] = {normalised(table[i], std::move(value)), Origin::flag, std::move(option)};
}

void Settings::set_stored(std::string_view name, std::string value) {
  const std::size_t i = index_of(name);
  if (values_[i].origin > Origin::manifest || complaint_about(table[i], value)) return;
  values_[i] = {normalised(table[i], std::move(value)), Origin::manifest, "the store"};
}

const Setting& Settings::get(std::string_view name) const { return values_[index_of(name)]; }

Duration Settings::duration(std::string_view name) const {
  return parse_duration(get(name).value).value_or(Duration{0});
}
std::int64_t Settings::integer(std::string_view name) const {
  return to_integer(get(name).value).value_or(0);
}
bool Settings::boolean(std::string_view name) const { return get(name).value == "on"; }
std::vector<std::string> Settings::list(std::string_view name) const { return split(get(name).value, ", "); }

}  // namespace authctl::base
