#include "cli/reference/completion_data.h"

namespace authctl::cli {

std::string spec_of(const Values& values) {
  switch (values.kind) {
    case Values::Kind::none:
      return "";
    case Values::Kind::text:
      return std::string(values.count, '?');
    case Values::Kind::file:
      return "/";
    case Values::Kind::live:
      return "@" + values.source;
    case Values::Kind::words:
      break;
  }
  std::string spec = "=";
  for (const auto& word : values.words) spec += (spec.size() > 1 ? " " : "") + word;
  return spec;
}

std::string item_of(const Parameter& parameter) {
  const std::string spec = spec_of(parameter.values);
  return (parameter.repeats ? "+" : "") + parameter.name + (spec.empty() ? "" : " " + spec);
}

void for_each_command(const std::vector<NounOutline>& nouns,
                      const std::function<void(const std::string& path, const VerbOutline& verb)>& visit) {
  for (const auto& noun : nouns) {
    for (const auto& verb : noun.verbs) visit(noun.name + (verb.verb.empty() ? "" : " " + verb.verb), verb);
  }
}

}  // namespace authctl::cli
