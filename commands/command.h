// How a noun is declared and what a verb may use while it runs. The CLI11 tree that results is the one
// definition of the outside: parsing, help, man pages, completions and schema all walk it.
#pragma once
#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commands/output.h"
#include "core/base/config.h"
#include "core/service/realm.h"

namespace authctl::commands {

// Options of every command; they may stand anywhere on the line.
struct Globals {
  std::string store = {}, config = {}, master_key_file = {}, output = {}, color = {}, reason = {};
  bool json = false, quiet = false, yes = false, dry_run = false;
};

// Where a secret comes from: standard input, a file (also - and /dev/fd/N), or, on a terminal, a question.
struct SecretSource {
  bool from_stdin = false;
  std::string file = {};
  bool given() const { return from_stdin || !file.empty(); }
};

// What a running verb may use; made by cli, replaced by a double in tests.
class Invocation {
 public:
  virtual ~Invocation() = default;
  virtual const Globals& globals() const = 0;
  virtual const base::Clock& clock() const = 0;
  virtual base::Random& random() = 0;
  virtual const base::Settings& settings() = 0;
  // The same for what works on the store: where nobody says otherwise, what a manifest stored holds. Opens
  // the store.
  virtual const base::Settings& stored_settings() { return settings(); }
  // Those of settings(), read again from file and environment: for what runs on and on.
  virtual base::Settings fresh_settings() { return settings(); }
  // Opens the store, then the master key, at the first call.
  virtual service::Realm& realm() = 0;
  virtual service::Cause cause() = 0;
  // Asks on a terminal; --yes answers; without either, Error usage that names --yes. A "no" is Error denied.
  virtual void confirm(const std::string& question) = 0;
  // `what`: "password"; `is_new`: asked twice. Loses one trailing newline. Error usage where there is no
  // source and no terminal; the hint names the option.
  virtual base::Secret read_secret(const SecretSource& source, const std::string& what, bool is_new) = 0;
  // A FILE argument: `-` or nothing is standard input.
  virtual std::string read_input(const std::string& file, std::size_t max_bytes) = 0;
  virtual std::istream& standard_input() = 0;
  // For output that cannot wait (follow, progress); everything else goes through Output.
  virtual std::ostream& standard_output() = 0;
  virtual std::ostream& standard_error() = 0;
  // Ctrl-C was typed. Until a command asks this, Ctrl-C ends the program at once; whoever asks stops soon.
  virtual bool interrupted() const = 0;
  // Long work says how far it is; drawn on standard error where that is a terminal. total 0: not known.
  virtual void progress(std::string_view /*what*/, std::uint64_t /*done*/, std::uint64_t /*total*/) {}
  // A variable of the environment; nothing where it is not set.
  virtual std::optional<std::string> environment(const std::string& /*name*/) const { return std::nullopt; }
  // A page made from the whole tree of commands: "completion bash".
  virtual std::string reference(std::string_view /*page*/) const { return {}; }
  bool dry_run() const { return globals().dry_run; }
};

// Asks before `work`, which takes a Cause. It is tried first as a dry run, so that what an interlock refuses
// anyway is refused before anybody is asked.
template <class Work>
auto confirmed(Invocation& in, const std::string& question, Work work) {
  if (!in.globals().yes && !in.dry_run()) {
    auto rehearsal = in.cause();
    rehearsal.dry_run = true;
    work(rehearsal);
  }
  in.confirm(question);
  return work(in.cause());
}

using Run = std::function<Output(Invocation&)>;

struct Help {
  std::vector<std::string> examples = {};               // two at least, runnable, each a whole command line
  std::vector<std::pair<int, std::string>> exits = {};  // beside 0, 1 and 2: what they mean here
  std::string more = {};                                // a paragraph for the man page; may be empty
  bool opens_store = true;  // with some option at least, so that it can end with 8
};

// One noun while it is being declared. `verb` gives the CLI11 command to hang options on.
class Noun {
 public:
  struct Verb {
    std::string name;  // empty: the noun itself is the command (init, apply, version)
    Help help;
    Run run;
    CLI::App* app = nullptr;
    const Shape* shape = nullptr;  // of its JSON; null where it prints none
    const Shape* other = nullptr;  // what it prints instead with some option; null where there is none
  };

  explicit Noun(CLI::App& app) : app_(app) {}
  CLI::App& verb(const std::string& name, const std::string& summary, const Shape* shape, Help help, Run run);
  // A noun without verbs: `authctl init`, `authctl version`. Options hang on the noun's own CLI11 command.
  CLI::App& alone(const Shape* shape, Help help, Run run);
  // The verb that was declared last prints this shape too.
  void or_prints(const Shape& other) { verbs_.back().other = &other; }
  CLI::App& app() { return app_; }
  const std::vector<Verb>& verbs() const { return verbs_; }

 private:
  CLI::App& app_;
  std::vector<Verb> verbs_;
};

struct NounEntry {
  const char* name;
  const char* summary;
  void (*declare)(Noun&);
};

// A word behind `--` is never an option, whatever it begins with. CLI11 asks for that to be said once a level
// of commands, so such words go in with a mark that the positionals take off again.
inline constexpr char word_mark = '\x01';
std::string mark_word(const std::string& word);
std::string unmark_word(std::string& word);  // a CLI11 transform: the answer is its complaint, always empty

// To be called once a noun is declared: every verb gets the laws of the house (options anywhere, no
// abbreviations, an option takes one value each time it is given and no empty one, help is ours).
void settle(CLI::App& noun);

// "0.1.0"
std::string_view version();

// The one table of nouns, in the order of the help text. A run declares only the noun that argv names.
std::span<const NounEntry> nouns();

// The usual options of a secret named `what`: --WHAT-stdin and --WHAT-file F.
void add_secret_options(CLI::App& verb, SecretSource& source, const std::string& what);

// For an option that narrows what is given: `--on "$RESOURCE"` with the variable unset must not widen it to
// everything.
CLI::Option* refuse_empty(CLI::Option* option);

// The words that an option takes, said in the tree: completions and manual read them there. Whether a value
// is one of them is judged where it is used.
CLI::Option* offer(CLI::Option* option, std::initializer_list<std::string_view> words);

}  // namespace authctl::commands
