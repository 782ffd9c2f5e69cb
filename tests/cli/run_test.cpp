#include "cli/run.h"

#include <fstream>
#include <new>

#include "cli/invocation.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "tests/support/catch.h"
#include "tests/support/shell.h"
#include "tests/support/vectors.h"

using namespace authctl;
using test::Result;
using test::Shell;
namespace json = base::json;

namespace {

json::value parsed(const std::string& text) {
  const auto value = base::parse_json(base::without_newline(text));
  REQUIRE(value);
  return *value;
}

std::string origin_of(Shell& shell, const std::string& name, std::vector<std::string> more = {}) {
  std::vector<std::string> line{"config", "show", "--origin", "-o", "json"};
  line.insert(line.end(), more.begin(), more.end());
  const auto result = shell.run(line);
  INFO(result.err);
  REQUIRE(result.status == 0);
  const auto all = parsed(result.out);
  for (const auto& row : all.as_array()) {
    if (row.at("name").as_string() != name) continue;
    const auto& value = row.at("value");
    return (value.is_null() ? "null" : std::string(value.as_string())) + " " +
           std::string(row.at("origin").as_string());
  }
  return "missing";
}

void check_is_quiet_text(const std::string& text) {
  std::string line;
  for (const char c : text) {
    if (c != '\n') line += c;
  }
  CHECK(base::printable(line) == line);
}

// An invocation as a command sees it, over streams of the test.
class Sitting {
 public:
  Sitting(const std::string& typed, bool terminal, commands::Globals globals = {})
      : globals_(std::move(globals)),
        in_(typed),
        world_{[](const std::string& name) {
                 return name == "SUDO_USER" ? std::optional<std::string>("ann") : std::nullopt;
               },
               {in_, out_, err_, terminal, terminal, terminal},
               clock_,
               random_},
        invocation_(globals_, base::Settings::load(world_.environment, "", false), world_) {}
  cli::LiveInvocation& in() { return invocation_; }
  std::string err() const { return err_.str(); }

 private:
  commands::Globals globals_;
  std::istringstream in_;
  std::ostringstream out_, err_;
  base::FixedClock clock_{test::new_year};
  test::SeededRandom random_;
  cli::World world_;
  cli::LiveInvocation invocation_;
};

base::ErrorCode code_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const base::Error& error) {
    return error.code();
  }
  FAIL("no error");
  return base::ErrorCode::internal;
}

}  // namespace

TEST_CASE("global options may stand anywhere on the line") {
  Shell shell;
  const auto expected = shell.run({"config", "show", "-o", "jsonl"});
  REQUIRE(expected.status == 0);
  const std::vector<std::vector<std::string>> lines{
      {"-o", "jsonl", "config", "show"},       {"config", "-o", "jsonl", "show"},
      {"--output=jsonl", "config", "show"},    {"-ojsonl", "config", "show"},
      {"config", "--output", "jsonl", "show"}, {"-o", "jsonl", "--", "config", "show"}};
  for (const auto& line : lines) {
    const auto result = shell.run(line);
    INFO(line.front() << " " << result.err);
    CHECK(result.status == 0);
    CHECK(result.out == expected.out);
  }
}

TEST_CASE("the value of a global option is not taken for a noun or for help") {
  Shell shell;
  CHECK(shell.run({"--reason", "help", "version", "-q"}).out == "0.1.0\n");
  CHECK(shell.run({"--reason", "--version", "config", "show", "-q"}).out.starts_with("store\n"));
  CHECK(shell.run({"--reason=", "version", "-q"}).out == "0.1.0\n");
}

TEST_CASE("a flag outweighs the environment, that the file, that the default") {
  Shell shell;
  const std::string file = shell.folder().file("settings.toml");
  CHECK(origin_of(shell, "access_ttl") == "15m default");
  std::ofstream(file) << "access_ttl = \"5m\"\nstore = \"sqlite:from-file.db\"\n";
  shell.environment["AUTHCTL_CONFIG"] = file;
  CHECK(origin_of(shell, "access_ttl") == "5m file");
  shell.environment["AUTHCTL_ACCESS_TTL"] = "6m";
  CHECK(origin_of(shell, "access_ttl") == "6m environment");
  CHECK(origin_of(shell, "store", {"--store", "sqlite:x.db"}) == "sqlite:x.db flag");
  shell.environment.erase("AUTHCTL_STORE");
  CHECK(origin_of(shell, "store") == "sqlite:from-file.db file");
}

TEST_CASE("AUTHCTL_STORE_FILE names a file that holds the URL, and a password in it is not shown") {
  Shell shell;
  const std::string file = shell.folder().file("url");
  std::ofstream(file) << "postgresql://ann:hunter2@db/authctl\n";
  shell.environment["AUTHCTL_STORE_FILE"] = file;
  CHECK(shell.run({"config", "show"}).status == 2);  // both are set
  shell.environment.erase("AUTHCTL_STORE");
  CHECK(origin_of(shell, "store") == "postgresql://ann:***@db/authctl environment");
  shell.environment["AUTHCTL_STORE_FILE"] = shell.folder().file("nothing");
  CHECK(shell.run({"config", "show"}).status == 3);
  CHECK(origin_of(shell, "store", {"--store", "sqlite:x.db"}) == "sqlite:x.db flag");
}

TEST_CASE("a store URL with a password is refused in argv, in every spelling, and is not repeated") {
  Shell shell;
  for (const std::string url :
       {"postgresql://ann:hunter2@db/a", "postgres://:hunter2@db", "postgresql://db/a?password=hunter2",
        "postgresql://db/a?user=x&sslpassword=hunter2", "postgresql://ann:hun/hunter2@db/a"}) {
    for (const auto& line :
         {std::vector<std::string>{"--store", url, "config", "show"}, {"config", "show", "--store=" + url}}) {
      const auto result = shell.run(line);
      CHECK(result.status == 2);
      CHECK((result.out + result.err).find("hunter2") == std::string::npos);
      CHECK(result.err.find("AUTHCTL_STORE_FILE") != std::string::npos);
    }
  }
  CHECK(shell.run({"--store", "postgresql://ann@db/a", "config", "show"}).status == 0);
}

TEST_CASE("an error in JSON mode is one line of JSON on standard error, for usage errors too") {
  for (const auto& mode :
       {std::vector<std::string>{"--json"}, {"-o", "json"}, {"-ojsonl"}, {"--output=jsonl"}}) {
    for (const auto& line : {std::vector<std::string>{"usr"},
                             {"config", "shwo"},
                             {"config", "show", "--nope"},
                             {"config", "check", "no-such-file"}}) {
      Shell shell;
      auto all = line;
      all.insert(all.end(), mode.begin(), mode.end());
      const auto result = shell.run(all);
      CHECK(result.out.empty());
      CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
      const auto error = parsed(result.err).at("error").as_object();
      CHECK(error.size() == 3);
      CHECK(error.at("code") == (result.status == 3 ? "not_found" : "usage"));
      CHECK(error.contains("hint"));
    }
  }
  Shell shell;
  shell.environment["AUTHCTL_OUTPUT"] = "json";
  CHECK(shell.run({"usr"}).err.starts_with("{\"error\":"));
  CHECK(shell.run({"usr", "-o", "table"}).err.starts_with("authctl: "));
}

TEST_CASE("a noun alone prints its help, as help and --help do") {
  Shell shell;
  const auto alone = shell.run({"config"});
  CHECK(alone.status == 0);
  CHECK(alone.out.find("Usage: authctl config VERB") != std::string::npos);
  CHECK(shell.run({"help", "config"}).out == alone.out);
  CHECK(shell.run({"config", "--help"}).out == alone.out);
  CHECK(shell.run({"-h", "config"}).out == alone.out);
  CHECK(shell.run({"config", "--json"}).out == alone.out);
  const auto verb = shell.run({"help", "config", "show"});
  CHECK(verb.status == 0);
  CHECK(shell.run({"config", "show", "-h", "--nonsense"}).out == verb.out);
  CHECK(shell.run({}).out == shell.run({"help"}).out);
  CHECK(shell.run({}).status == 0);
}

TEST_CASE("hostile command lines are refused without harm, and nothing raw reaches the terminal") {
  std::vector<std::string> words{"",
                                 "-",
                                 "--",
                                 "---",
                                 "-=",
                                 "--=",
                                 "--=x",
                                 "-\x1b[2J",
                                 "--\x1b]0;x\x07",
                                 "\xff\xfe",
                                 "\u202e",
                                 std::string(100000, 'a'),
                                 "-" + std::string(100000, 'b'),
                                 "config=show",
                                 "--output",
                                 "--output=\x1b[31m",
                                 "[",
                                 "[]",
                                 "[a,b]",
                                 "{}",
                                 "%s%n",
                                 "$(id)",
                                 "\n",
                                 "help",
                                 "-o",
                                 "-hq"};
  if (const auto folder = tests::published_vectors("naughty-strings")) {
    const auto all = tests::read_json_file(*folder + "/blns.json");
    for (const auto& entry : all.as_array()) words.emplace_back(entry.as_string());
  }
  Shell shell;
  for (const auto& word : words) {
    INFO(base::quote(word));
    for (const auto& line : {std::vector<std::string>{word},
                             {"config", word},
                             {"config", "show", word},
                             {word, "config", "show"},
                             {"--color", word, "config", "show"},
                             {"config", "check", word},
                             {"--config", word, "config", "show"},
                             {"schema", word},
                             {"help", word, word}}) {
      const auto result = shell.run(line);
      const bool known = result.status == 0 || result.status == 2 || result.status == 3 || result.status == 1;
      CHECK(known);
      CHECK((result.status == 0 || !result.err.empty()));
      CHECK(result.err.find("unexpected:") == std::string::npos);
      check_is_quiet_text(result.err);
      check_is_quiet_text(result.out);
      auto with_json = line;
      with_json.insert(with_json.begin(), {"-o", "json"});
      const auto in_json = shell.run(with_json);
      if (in_json.status != 0 && in_json.err.starts_with("{")) parsed(in_json.err);
    }
  }
  CHECK(shell.run(std::vector<std::string>(20000, "x")).status == 2);
  std::vector<std::string> many(20000, "-q");
  many.push_back("version");
  CHECK(shell.run(many).out == "0.1.0\n");
}

TEST_CASE("a question is answered on a terminal or by --yes, and is an error without either") {
  Sitting yes("y\n", true), no("\n", true), nobody("y\n", false), flagged("", false, {.yes = true});
  CHECK_NOTHROW(yes.in().confirm("delete it?"));
  CHECK(yes.err() == "delete it? [y/N] ");
  CHECK(code_of([&] { no.in().confirm("delete it?"); }) == base::ErrorCode::denied);
  CHECK_NOTHROW(flagged.in().confirm("delete it?"));
  try {
    nobody.in().confirm("delete it?");
    FAIL("not refused");
  } catch (const base::Error& error) {
    CHECK(error.code() == base::ErrorCode::usage);
    CHECK(error.hint() == "add --yes");
  }
}

TEST_CASE("a secret comes from standard input, a file or a terminal, and loses one newline") {
  for (const auto& [given, kept] : std::vector<std::pair<std::string, std::string>>{{"pass\n", "pass"},
                                                                                    {"pass\r\n", "pass"},
                                                                                    {"pass\n\n", "pass\n"},
                                                                                    {"pass", "pass"},
                                                                                    {"\n", ""},
                                                                                    {" p \r\n", " p "}}) {
    Sitting sitting(given, false);
    CHECK(sitting.in().read_secret({.from_stdin = true}, "password", true).reveal_text() == kept);
    Sitting dash(given, false);
    CHECK(dash.in().read_secret({.file = "-"}, "password", true).reveal_text() == kept);
  }
  test::Folder folder;
  std::ofstream(folder.file("pw")) << "from file\n";
  Sitting sitting("", false);
  CHECK(sitting.in().read_secret({.file = folder.file("pw")}, "password", false).reveal_text() ==
        "from file");
  CHECK(code_of([&] { sitting.in().read_secret({}, "password", false); }) == base::ErrorCode::usage);
  CHECK(code_of([&] { sitting.in().read_secret({.file = folder.file("no")}, "password", false); }) ==
        base::ErrorCode::not_found);
}

TEST_CASE("a new secret is asked for twice on a terminal") {
  Sitting same("one two\none two\n", true), other("one\ntwo\n", true), known("one\n", true);
  CHECK(same.in().read_secret({}, "password", true).reveal_text() == "one two");
  CHECK(code_of([&] { other.in().read_secret({}, "password", true); }) == base::ErrorCode::invalid);
  CHECK(known.in().read_secret({}, "password", false).reveal_text() == "one");
  CHECK(known.err() == "password: ");
}

TEST_CASE("the cause of a change names the real user and who used sudo") {
  Sitting sitting("", false, {.reason = "ticket 7", .dry_run = true});
  const auto cause = sitting.in().cause();
  CHECK(cause.actor.starts_with("os:"));
  CHECK(cause.actor.size() > 3);
  CHECK(cause.sudo_user == "ann");
  CHECK(cause.reason == "ticket 7");
  CHECK(cause.dry_run);
}

TEST_CASE("what cannot be written is an error of its own") {
  class FullDisk final : public std::streambuf {
   protected:
    int_type overflow(int_type) override { return traits_type::eof(); }
  };
  const auto run_with = [](int code) {
    FullDisk full;
    std::istringstream in;
    std::ostream out(&full);
    std::ostringstream err;
    const base::FixedClock clock(test::new_year);
    test::SeededRandom random;
    cli::World world{[](const std::string&) { return std::nullopt; }, {in, out, err}, clock, random};
    world.console.out_error = [code] { return code; };
    const std::vector<std::string> line{"version"};
    const int status = cli::run(line, world);
    return std::pair(status, err.str());
  };
  const auto [full_status, full_text] = run_with(ENOSPC);
  CHECK(full_status == base::kind_of(base::ErrorCode::io).exit_status);
  CHECK(full_text == "authctl: cannot write to standard output: No space left on device\n");
  CHECK(run_with(EPIPE) == std::pair(0, std::string{}));
}

TEST_CASE("what nobody expected is an internal error, exit 1, and says so") {
  class Failing final : public base::Random {
   public:
    void fill(std::span<std::uint8_t>) override { throw std::bad_alloc(); }
  };
  Shell shell;
  std::istringstream in;
  std::ostringstream out, err;
  const base::FixedClock clock(test::new_year);
  Failing random;
  cli::World world{[&](const std::string& name) -> std::optional<std::string> {
                     const auto it = shell.environment.find(name);
                     return it == shell.environment.end() ? std::nullopt : std::optional(it->second);
                   },
                   {in, out, err},
                   clock,
                   random};
  const std::vector<std::string> line{"init"};
  CHECK(cli::run(line, world) == base::kind_of(base::ErrorCode::internal).exit_status);
  CHECK(err.str() == "authctl: out of memory\nhint: free some, or give it more\n");
}
