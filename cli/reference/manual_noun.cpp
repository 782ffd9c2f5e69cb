#include <algorithm>
#include <map>

#include "cli/help.h"
#include "cli/reference/manual.h"
#include "cli/reference/mdoc.h"

namespace authctl::cli {
namespace {

// "Fl -role Ar R" and what may stand behind it.
std::string option_macros(const Parameter& option) {
  std::string text;
  if (!option.letter.empty())
    text += "Fl " + mdoc_word(option.letter.substr(1)) + (option.placeholder.empty() ? " , " : " , ");
  text += "Fl " + mdoc_word(option.name.substr(1));
  if (!option.placeholder.empty()) text += " Ar " + mdoc_word(option.placeholder);
  return text;
}

std::string argument_macros(const Parameter& argument) {
  const std::string text = "Ar " + mdoc_word(argument.name) + (argument.repeats ? " ..." : "");
  return argument.required ? text : "Op " + text;
}

void synopsis(Mdoc& page, const VerbOutline& verb) {
  page.macro(".Nm authctl");
  page.macro(".Cm " + mdoc_word(verb.noun) + (verb.verb.empty() ? "" : " " + mdoc_word(verb.verb)));
  for (const auto& argument : verb.arguments) page.macro("." + argument_macros(argument));
  for (const auto& option : verb.options) {
    page.macro((option.required ? "." : ".Op ") + option_macros(option) + (option.repeats ? " ..." : ""));
  }
}

std::string about_of(const Parameter& parameter) {
  std::string about = parameter.about;
  if (parameter.required && parameter.name.starts_with("--")) about += " (required)";
  if (parameter.repeats && parameter.name.starts_with("--")) about += " (may be repeated)";
  if (parameter.values.kind == Values::Kind::words && parameter.values.source.empty()) {
    std::string words;
    for (const auto& word : parameter.values.words) {
      if (about.find(word) == std::string::npos) words += (words.empty() ? "" : ", ") + word;
    }
    if (!words.empty()) about += "; one of: " + words;
  }
  return about + ".";
}

void parameters(Mdoc& page, const VerbOutline& verb) {
  if (verb.arguments.empty() && verb.options.empty()) return;
  page.begin_list("-tag -width Ds");
  for (const auto& argument : verb.arguments) {
    page.macro(".It Ar " + mdoc_word(argument.name) + (argument.repeats ? " ..." : ""));
    page.text(about_of(argument));
  }
  for (const auto& option : verb.options) {
    page.macro(".It " + option_macros(option));
    page.text(about_of(option));
  }
  page.end_list();
}

void exits(Mdoc& page, const NounOutline& noun) {
  page.section("EXIT STATUS");
  const bool store =
      std::ranges::any_of(noun.verbs, [](const VerbOutline& verb) { return verb.help.opens_store; });
  page.text(store ? "0 done, 1 failed, 2 wrong usage or bad input, 7 the master key is another store's, 8 "
                    "the store or "
                    "its master key cannot be used."
                  : "0 done, 1 failed, 2 wrong usage or bad input.");
  std::map<int, std::vector<std::string>> lines;
  for (const auto& verb : noun.verbs) {
    for (const auto& [status, meaning] : verb.help.exits)
      lines[status].push_back(verb.verb.empty() ? meaning : "`" + verb.verb + "`: " + meaning);
  }
  if (lines.empty()) return;
  page.text("Beside these:");
  page.begin_list("-tag -width Ds");
  for (const auto& [status, meanings] : lines) {
    page.macro(".It " + std::to_string(status));
    for (std::size_t i = 0; i < meanings.size(); ++i) {
      if (i > 0) page.macro(".br");
      page.text(meanings[i]);
    }
  }
  page.end_list();
}

}  // namespace

int section_of(const std::string& noun) { return noun == "serve" ? 8 : 1; }

ManualPage noun_page(const NounOutline& noun, const std::string& date) {
  const std::string name = "authctl-" + noun.name;
  const int section = section_of(noun.name);
  Mdoc page(name, section, date, name, noun.summary);
  page.section("SYNOPSIS");
  for (const auto& verb : noun.verbs) synopsis(page, verb);
  page.section("DESCRIPTION");
  if (noun.is_alone()) {
    page.text(noun.verbs.front().help.more.empty() ? noun.summary + "." : noun.verbs.front().help.more);
    parameters(page, noun.verbs.front());
  } else {
    page.text("The options of every command are in authctl(1); `authctl schema " + noun.name +
              "` explains the members of what is printed with `-o json`.");
    for (const auto& verb : noun.verbs) {
      page.subsection("authctl " + noun.name + " " + verb.verb);
      page.text(verb.summary + ".");
      page.text(verb.help.more);
      parameters(page, verb);
    }
  }
  exits(page, noun);
  page.section("EXAMPLES");
  std::vector<std::string> examples;
  for (const auto& verb : noun.verbs) {
    examples.insert(examples.end(), verb.help.examples.begin(), verb.help.examples.end());
  }
  page.display(examples);
  page.see_also({{"authctl", 1}, {"authctl.conf", 5}});
  return {name, section, page.take()};
}

}  // namespace authctl::cli
