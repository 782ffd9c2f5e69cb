#include "cli/reference/outline.h"

#include <algorithm>

#include "cli/globals.h"
#include "cli/reference/live_names.h"
#include "cli/tree.h"

namespace authctl::cli {
namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

// CLI11 appends what the checks of an option say of themselves: "USE:{jwt,fernet}".
std::vector<std::string> words_in(const std::string& type) {
  const std::size_t begin = type.find(":{"), end = type.find('}', begin);
  if (begin == std::string::npos || end == std::string::npos) return {};
  return split(std::string_view(type).substr(begin + 2, end - begin - 2), ',');
}

Values values_of(const VerbOutline& place, const Parameter& parameter, const std::string& type) {
  Values values;
  values.count = std::max<std::size_t>(1, split(parameter.placeholder, ' ').size());
  values.words = words_in(type);
  values.source = live_source(place.noun, place.verb, parameter.name, parameter.placeholder);
  if (values.source == "nouns") {
    for (const auto& entry : commands::nouns()) values.words.emplace_back(entry.name);
  }
  values.kind = !values.words.empty()                                               ? Values::Kind::words
                : !values.source.empty()                                            ? Values::Kind::live
                : parameter.placeholder == "FILE" || parameter.placeholder == "DIR" ? Values::Kind::file
                                                                                    : Values::Kind::text;
  return values;
}

Parameter parameter_of(const CLI::Option& option, const VerbOutline& place) {
  Parameter parameter;
  const bool is_argument = option.get_positional();
  const std::string type = option.get_type_name();
  parameter.name = is_argument ? option.get_name(true) : "--" + option.get_lnames().front();
  if (!option.get_snames().empty()) parameter.letter = "-" + option.get_snames().front();
  parameter.about = option.get_description();
  parameter.required = option.get_required();
  if (option.get_items_expected_max() == 0) return parameter;
  parameter.placeholder = is_argument ? parameter.name : type.substr(0, type.find(':'));
  if (parameter.placeholder.empty()) parameter.placeholder = "TEXT";
  parameter.values = values_of(place, parameter, type);
  parameter.repeats = option.get_items_expected_max() > static_cast<int>(parameter.values.count);
  return parameter;
}

VerbOutline verb_outline(const Tree& tree, const commands::Noun::Verb& verb) {
  VerbOutline out;
  out.noun = tree.entry().name;
  out.verb = verb.name;
  out.summary = verb.name.empty() ? tree.entry().summary : verb.app->get_description();
  out.help = verb.help;
  for (const auto* option : verb.app->get_options()) {
    if (option->get_positional()) {
      out.arguments.push_back(parameter_of(*option, out));
    } else if (!option->get_lnames().empty() && !option->get_group().empty()) {
      out.options.push_back(parameter_of(*option, out));
    }
  }
  return out;
}

std::vector<std::string> choices_of_setting(std::string_view name) {
  for (const auto& spec : base::setting_specs()) {
    if (!name.empty() && spec.name == name) return split(spec.choices, ' ');
  }
  return {};
}

}  // namespace

std::vector<NounOutline> outline() {
  std::vector<NounOutline> nouns;
  for (const auto& entry : commands::nouns()) {
    const Tree tree(entry);
    NounOutline noun{entry.name, entry.summary, {}};
    for (const auto& verb : tree.noun().verbs()) noun.verbs.push_back(verb_outline(tree, verb));
    nouns.push_back(std::move(noun));
  }
  std::sort(nouns.begin(), nouns.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return nouns;
}

std::vector<Parameter> global_outline() {
  std::vector<Parameter> all;
  for (const auto& option : global_options()) {
    Parameter parameter{std::string(option.name),
                        std::string(option.letter),
                        std::string(option.value),
                        std::string(option.about),
                        {}};
    if (!option.value.empty()) {
      parameter.values.words = choices_of_setting(option.setting);
      parameter.values.kind = !parameter.values.words.empty() ? Values::Kind::words
                              : option.value == "FILE"        ? Values::Kind::file
                                                              : Values::Kind::text;
    }
    all.push_back(std::move(parameter));
  }
  all.push_back({"--help", "-h", "", "help for what stands on the line", {}});
  all.push_back({"--version", "", "", "print the version", {}});
  return all;
}

}  // namespace authctl::cli
