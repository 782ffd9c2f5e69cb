#include "cli/reference/live_names.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <sstream>
#include <streambuf>
#include <vector>

#include "cli/globals.h"
#include "core/base/json.h"
#include "core/base/text.h"

namespace authctl::cli {
namespace {

// A source is a list command and the members of a row that name it and say a word about it.
struct Source {
  std::string_view name;
  std::vector<std::string> command;
  std::string_view member, about;
  bool sorted = false;  // by bytes, and the list has --after
};

const std::vector<Source>& sources() {
  static const std::vector<Source> table{
      {"users", {"user", "list"}, "name", "status", true},
      {"roles", {"role", "list"}, "name", "description"},
      {"permissions", {"permission", "list"}, "permission", "resource"},
      {"kids", {"key", "list"}, "kid", "state"},
      {"sessions", {"session", "list"}, "id", "user"},
      {"clients", {"client", "list"}, "id", "name"},
  };
  return table;
}

struct Rule {
  std::string_view noun, verb, name;  // empty: any
  std::string_view source;            // empty: none
};

// The first that fits holds. `name` is that of an argument (USER), of an option (--user), or a placeholder.
constexpr Rule rules[] = {
    {"user", "create", "NAME", ""},
    {"role", "create", "NAME", ""},
    {"client", "create", "NAME", ""},
    {"user", "import", "", ""},
    {"key", "import", "", ""},
    {"user", "", "NAME", "users"},
    {"user", "list", "--after", "users"},
    {"role", "", "NAME", "roles"},
    {"client", "", "NAME", "clients"},
    {"client", "", "ID", "clients"},
    {"client", "", "CLIENT", "clients"},
    {"session", "", "ID", "sessions"},
    {"session", "", "SESSION", "sessions"},
    {"password", "", "--user", ""},
    {"", "", "USER", "users"},
    {"", "", "USER|IP", "users"},
    {"", "", "SUBJECT", "users"},
    {"", "", "--user", "users"},
    {"", "", "ROLE", "roles"},
    {"", "", "--role", "roles"},
    {"", "", "PERMISSION", "permissions"},
    {"", "", "KID", "kids"},
    {"", "", "--kid", "kids"},
    {"", "", "NOUN", "nouns"},
};

constexpr std::size_t most_names = 500;
// A key is to be answered within 50 ms, and a row costs about 10 us: whoever has more of a kind types more of
// it.
constexpr std::size_t most_rows = 2000;

// Where a list that is sorted by bytes begins to have names with this prefix: behind everything that sorts
// before it. Names of users have no byte above z.
std::string place_before(std::string prefix) {
  prefix.back() = static_cast<char>(prefix.back() - 1);
  return prefix + '~';
}

// Reads rows as they are printed, and passes on the names that begin as typed. It goes bad when there are
// enough, which ends the list.
class NameFilter final : public std::streambuf {
 public:
  NameFilter(const Source& source, std::string prefix, std::ostream& out)
      : source_(source), prefix_(std::move(prefix)), out_(out) {}

 protected:
  int_type overflow(int_type c) override {
    if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
    if (c != '\n') {
      row_ += traits_type::to_char_type(c);
      return c;
    }
    take_row();
    row_.clear();
    return printed_ < most_names && ++rows_ < most_rows && !past_ ? c : traits_type::eof();
  }

 private:
  void take_row() {
    const auto row = base::parse_json(row_);
    const auto* object = row ? row->if_object() : nullptr;
    const auto* name = object != nullptr ? object->if_contains(source_.member) : nullptr;
    if (name == nullptr || !name->is_string()) return;
    const std::string text(name->as_string());
    past_ = source_.sorted && text > prefix_ && !text.starts_with(prefix_);
    // A name that a shell or a terminal would act on is typed by hand.
    if (!text.starts_with(prefix_) || base::printable(text) != text || text == last_) return;
    last_ = text;
    ++printed_;
    out_ << text;
    const auto* about = object->if_contains(source_.about);
    if (about != nullptr && about->is_string())
      out_ << '\t' << base::printable(std::string_view(about->as_string()));
    out_ << '\n';
  }

  const Source& source_;
  const std::string prefix_;
  std::ostream& out_;
  std::string row_, last_;
  std::size_t printed_ = 0, rows_ = 0;
  bool past_ = false;  // no name that comes now begins as typed
};

// The options on the line that say which store is meant.
void add_settings(std::span<const std::string> words, std::vector<std::string>& command) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    for (const std::string option : {"--store", "--config", "--master-key-file"}) {
      if (words[i].starts_with(option + "=")) command.push_back(words[i]);
      if (words[i] == option && i + 1 < words.size()) command.push_back(option + "=" + words[i + 1]);
    }
  }
}

extern "C" void give_up(int) { ::_exit(0); }

// A database that does not answer must not hold up a shell.
class Deadline {
 public:
  explicit Deadline(unsigned seconds) {
    struct sigaction action {};
    action.sa_handler = give_up;
    ::sigaction(SIGALRM, &action, &former_);
    ::alarm(seconds);
  }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline() {
    ::alarm(0);
    ::sigaction(SIGALRM, &former_, nullptr);
  }

 private:
  struct sigaction former_ {};
};

}  // namespace

std::string live_source(std::string_view noun, std::string_view verb, std::string_view name,
                        std::string_view placeholder) {
  const auto fits = [](std::string_view wanted, std::string_view is) {
    return wanted.empty() || wanted == is;
  };
  for (const auto& rule : rules) {
    if (fits(rule.noun, noun) && fits(rule.verb, verb) && (fits(rule.name, name) || rule.name == placeholder))
      return std::string(rule.source);
  }
  return {};
}

int print_live_names(std::span<const std::string> arguments, World& world) {
  if (arguments.empty()) return 0;
  const auto source = std::find_if(sources().begin(), sources().end(),
                                   [&](const Source& s) { return s.name == arguments[0]; });
  if (source == sources().end()) return 0;
  std::vector<std::string> command{"--output=jsonl"};
  if (arguments.size() > 2) add_settings(arguments.subspan(2), command);
  command.insert(command.end(), source->command.begin(), source->command.end());
  const std::string prefix = arguments.size() > 1 ? arguments[1] : "";
  if (source->sorted && !prefix.empty()) command.push_back("--after=" + place_before(prefix));
  NameFilter filter(*source, prefix, world.console.out);
  std::ostream rows(&filter);
  std::istringstream nothing;
  std::ostringstream unheard;
  const Deadline deadline(2);
  World quiet{world.environment, {nothing, rows, unheard}, world.clock, world.random};
  run(command, quiet);
  world.console.out.flush();
  return 0;
}

}  // namespace authctl::cli
