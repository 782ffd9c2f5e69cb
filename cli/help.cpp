#include "cli/help.h"

#include <algorithm>
#include <utility>

#include "cli/globals.h"
#include "core/base/text.h"

namespace authctl::cli {
namespace {

using commands::Noun;
using commands::NounEntry;

constexpr std::size_t width = 80;

// Words up to the width; further lines start at `indent`.
void print_wrapped(std::ostream& out, std::string_view text, std::size_t indent, std::size_t column) {
  bool first = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    const std::size_t columns = base::display_width(word);
    if (!first && column + 1 + columns > width) {
      out << '\n' << std::string(indent, ' ');
      column = indent;
      first = true;
    }
    out << (first ? "" : " ") << word;
    column += columns + (first ? 0 : 1);
    first = false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  out << '\n';
}

using Entries = std::vector<std::pair<std::string, std::string>>;

// Terms on the left, what they mean on the right.
void print_entries(std::ostream& out, const Entries& entries, std::size_t most = 30) {
  std::size_t left = 0;
  for (const auto& [term, about] : entries) {
    if (term.size() <= most) left = std::max(left, base::display_width(term));
  }
  const std::size_t indent = left + 4;
  for (const auto& [term, about] : entries) {
    const std::size_t columns = base::display_width(term);
    out << "  " << term;
    if (columns > left) {
      out << '\n' << std::string(indent, ' ');
    } else {
      out << std::string(indent - 2 - columns, ' ');
    }
    print_wrapped(out, about, indent, indent);
  }
}

std::string term_of(const CLI::Option& option) {
  std::string term;
  for (const auto& name : option.get_snames()) term += "-" + name + ", ";
  for (const auto& name : option.get_lnames()) term += "--" + name + ", ";
  term.erase(term.size() - std::min<std::size_t>(term.size(), 2));
  if (option.get_items_expected_max() > 0) {
    const std::string type = option.get_type_name();
    term += " " + (type == "TEXT" || type.empty() ? std::string("TEXT") : type.substr(0, type.find(':')));
  }
  return term;
}

std::string about_of(const CLI::Option& option) {
  std::string about = option.get_description();
  if (option.get_required() && !option.get_positional()) about += " (required)";
  const bool repeats = option.get_items_expected_max() > 1 && !option.get_positional();
  return repeats ? about + " (may be repeated)" : about;
}

std::string positional_of(const CLI::Option& option) {
  std::string name = option.get_name(true);
  if (option.get_items_expected_max() > 1) name += "…";
  return option.get_required() ? name : "[" + name + "]";
}

void print_options(std::ostream& out, const CLI::App& app) {
  Entries arguments, options;
  for (const auto* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    (option->get_positional() ? arguments : options)
        .emplace_back(option->get_positional() ? positional_of(*option) : term_of(*option),
                      about_of(*option));
  }
  if (!arguments.empty()) {
    out << "\nArguments\n";
    print_entries(out, arguments);
  }
  if (!options.empty()) {
    out << "\nOptions\n";
    print_entries(out, options);
  }
}

std::string usage_of(const NounEntry& entry, const Noun::Verb& verb) {
  std::string usage = std::string("authctl ") + entry.name + (verb.name.empty() ? "" : " " + verb.name);
  bool has_options = false;
  for (const auto* option : verb.app->get_options()) {
    if (option->get_positional()) usage += " " + positional_of(*option);
    has_options = has_options || !option->get_positional();
  }
  return usage + (has_options ? " [OPTION…]" : "");
}

void print_global_line(std::ostream& out) {
  std::string names = "Also, anywhere on the line:";
  for (const auto& option : global_options()) {
    names += option.name == "--store" ? " " : ", ";
    names += option.name;
  }
  out << '\n';
  print_wrapped(out, names + ". They are explained by: authctl help", 2, 0);
}

// A command line is never wrapped: what is longer goes on behind a backslash, before an option, and can be
// typed as it stands.
void print_example(std::ostream& out, std::string_view example) {
  std::size_t room = width - 2;
  out << "  ";
  while (example.size() > room) {
    const auto head = example.substr(0, room - 1);
    std::size_t end = 0;
    for (const std::string_view mark : {" --", " | ", " < ", " > "})
      if (const auto found = head.rfind(mark); found != head.npos) end = std::max(end, found);
    if (end == 0) break;
    out << example.substr(0, end) << " \\\n      ";
    example.remove_prefix(end + 1);
    room = width - 6;
  }
  out << example << '\n';
}

void print_exits(std::ostream& out, const Noun::Verb& verb) {
  Entries exits{{"0", "done"}, {"1", "failed"}, {"2", "wrong usage or bad input"}};
  if (verb.help.opens_store) {
    exits.emplace_back("7", "the master key is another store's");
    exits.emplace_back("8", "the store or its master key cannot be used");
  }
  for (const auto& [status, meaning] : verb.help.exits) {
    const std::string code = std::to_string(status);
    const auto known =
        std::find_if(exits.begin(), exits.end(), [&](const auto& e) { return e.first == code; });
    if (known != exits.end()) {
      known->second = meaning;
    } else {
      exits.emplace_back(code, meaning);
    }
  }
  std::stable_sort(exits.begin(), exits.end(),
                   [](const auto& a, const auto& b) { return std::stoi(a.first) < std::stoi(b.first); });
  out << "\nExit codes\n";
  print_entries(out, exits);
}

constexpr std::pair<std::string_view, std::string_view> groups[] = {
    {"People and what they may do", "user role permission client"},
    {"Keys and tokens", "key token fernet secret"},
    {"Sign-in", "totp password backup-code session lockout serve"},
    {"Record and safety", "audit doctor incident backup apply diff export adopt"},
    {"The store", "init store master-key"},
    {"authctl itself", "config schema completion version"},
};

bool is_in(std::string_view names, std::string_view name) {
  return (" " + std::string(names) + " ").find(" " + std::string(name) + " ") != std::string::npos;
}

}  // namespace

void print_overview(std::ostream& out) {
  out << "authctl: users, roles, keys, tokens and the record of who did what\n\n"
         "Usage: authctl [GLOBAL] NOUN VERB [ARGUMENT…] [OPTION…]\n";
  Entries others;
  for (const auto& entry : commands::nouns()) {
    if (std::none_of(std::begin(groups), std::end(groups),
                     [&](const auto& g) { return is_in(g.second, entry.name); })) {
      others.emplace_back(entry.name, entry.summary);
    }
  }
  for (const auto& [title, names] : groups) {
    Entries entries;
    for (const auto& entry : commands::nouns()) {
      if (is_in(names, entry.name))
        entries.emplace_back(
            std::string(entry.name) +
                std::string(12 - std::min<std::size_t>(12, std::string_view(entry.name).size()), ' '),
            entry.summary);
    }
    if (entries.empty()) continue;
    out << '\n' << title << '\n';
    print_entries(out, entries);
  }
  if (!others.empty()) {
    out << "\nMore\n";
    print_entries(out, others);
  }
  out << "\nGlobal options, anywhere on the line\n";
  Entries globals;
  for (const auto& option : global_options()) {
    std::string term = option.letter.empty() ? "    " : std::string(option.letter) + ", ";
    term += std::string(option.name) + (option.value.empty() ? "" : " " + std::string(option.value));
    std::string about{option.about};
    if (!option.variable.empty()) about += " (" + std::string(option.variable) + ")";
    globals.emplace_back(std::move(term), std::move(about));
  }
  globals.emplace_back("-h, --help", "help for what stands on the line; also: authctl help NOUN VERB");
  globals.emplace_back("    --version", "print the version");
  print_entries(out, globals);
}

void print_noun(std::ostream& out, const NounEntry& entry, const Noun& noun) {
  if (noun.verbs().size() == 1 && noun.verbs().front().name.empty())
    return print_verb(out, entry, noun.verbs().front());
  out << "authctl " << entry.name << ": ";
  print_wrapped(out, entry.summary, 2, std::string_view(entry.name).size() + 10);
  out << "\nUsage: authctl " << entry.name << " VERB [ARGUMENT…] [OPTION…]\n\nVerbs\n";
  Entries verbs;
  for (const auto& verb : noun.verbs()) {
    verbs.emplace_back(verb.name.empty() ? "(none)" : verb.name, verb.app->get_description());
  }
  print_entries(out, verbs);
  out << "\nMore about one: authctl help " << entry.name << " VERB\n";
}

void print_verb(std::ostream& out, const NounEntry& entry, const Noun::Verb& verb) {
  const std::string path = std::string(entry.name) + (verb.name.empty() ? "" : " " + verb.name);
  out << "authctl " << path << ": ";
  print_wrapped(out, verb.name.empty() ? entry.summary : verb.app->get_description(), 2, path.size() + 10);
  out << "\nUsage: ";
  print_wrapped(out, usage_of(entry, verb), 9, 7);
  if (!verb.help.more.empty()) {
    out << '\n';
    print_wrapped(out, verb.help.more, 0, 0);
  }
  print_options(out, *verb.app);
  print_global_line(out);
  if (!verb.help.examples.empty()) {
    out << "\nExamples\n";
    for (const auto& example : verb.help.examples) print_example(out, example);
  }
  print_exits(out, verb);
}

}  // namespace authctl::cli
