// The laws of the house for everything that can be typed, checked by walking the one tree of commands.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "cli/globals.h"
#include "cli/help.h"
#include "cli/tree.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "tests/support/catch.h"
#include "tests/support/shell.h"

using namespace authctl;
using commands::Noun;

namespace {

// The contract's nouns, and the verbs of its vocabulary: one word a concept, the same for every noun.
const std::set<std::string> allowed_nouns{
    "init",  "store",  "user",       "role",        "permission", "client",  "key",    "fernet",
    "token", "totp",   "password",   "backup-code", "session",    "lockout", "audit",  "apply",
    "diff",  "export", "adopt",      "doctor",      "incident",   "backup",  "secret", "master-key",
    "serve", "config", "completion", "schema",      "version"};
const std::set<std::string> allowed_verbs{"create",     "list",          "show",    "update",
                                          "delete",     "grant",         "revoke",  "assign",
                                          "unassign",   "generate",      "rotate",  "verify",
                                          "check",      "password",      "disable", "enable",
                                          "import",     "export",        "explain", "who",
                                          "test",       "rotate-secret", "plan",    "promote",
                                          "retire",     "inspect",       "encrypt", "decrypt",
                                          "keygen",     "issue",         "enroll",  "confirm",
                                          "status",     "code",          "hash",    "calibrate",
                                          "clear",      "simulate",      "query",   "follow",
                                          "checkpoint", "prove",         "prune",   "stats",
                                          "contain",    "triage",        "report",  "restore",
                                          "render",     "migrate",       "copy",    "encrypt-identifiers",
                                          "bash",       "zsh",           "fish"};

template <class Visit>
void for_each_noun(Visit visit) {
  for (const auto& entry : commands::nouns()) {
    INFO("noun " << entry.name);
    cli::Tree tree(entry);
    visit(tree);
  }
}

template <class Visit>
void for_each_verb(Visit visit) {
  for_each_noun([&](cli::Tree& tree) {
    for (const auto& verb : tree.noun().verbs()) {
      INFO("verb " << verb.name);
      visit(tree, verb);
    }
  });
}

// Parses one command of an example as a run would, without running it.
void check_parses(const std::vector<std::string>& words) {
  const std::vector<std::string> arguments(words.begin() + 1, words.end());
  const auto glance = cli::glance_at(arguments, [](const std::string&) { return std::nullopt; });
  if (glance.help || glance.version) return;
  const auto* entry = cli::find_noun(glance.noun);
  INFO("authctl " << glance.noun << " " << glance.verb);
  REQUIRE(entry != nullptr);
  cli::Tree tree(*entry);
  try {
    tree.parse(arguments, glance.verb);
  } catch (const base::Error& error) {
    FAIL_CHECK(error.message());
  }
}

std::size_t widest_line(const std::string& text) {
  std::size_t widest = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, base::display_width(line));
  return widest;
}

void check_shape(const commands::Shape& shape) {
  INFO("shape " << shape.name);
  std::set<std::string_view> names;
  for (const auto& field : shape.fields) {
    INFO("field " << field.name);
    CHECK(names.insert(field.name).second);
    CHECK_FALSE(field.about.empty());
    CHECK(base::fold_ascii(field.name) == field.name);
    const bool compound =
        field.type == commands::FieldType::object || field.type == commands::FieldType::objects;
    CHECK((field.of == nullptr || compound));
    if (field.of != nullptr && field.of != &shape) check_shape(*field.of);
  }
  CHECK((shape.id.empty() || names.count(shape.id) == 1));
}

}  // namespace

TEST_CASE("every noun is one of the contract's, and said once") {
  std::set<std::string> seen;
  for_each_noun([&](cli::Tree& tree) {
    CHECK(allowed_nouns.count(tree.entry().name) == 1);
    CHECK(seen.insert(tree.entry().name).second);
    CHECK_FALSE(std::string(tree.entry().summary).empty());
    CHECK_FALSE(std::string(tree.entry().summary).ends_with('.'));
    CHECK_FALSE(tree.noun().verbs().empty());
  });
}

TEST_CASE("every verb is of the vocabulary and says what it does") {
  for_each_verb([](cli::Tree&, const Noun::Verb& verb) {
    if (verb.name.empty()) return;
    CHECK(allowed_verbs.count(verb.name) == 1);
    CHECK_FALSE(verb.app->get_description().empty());
    CHECK_FALSE(verb.app->get_description().ends_with('.'));
  });
}

TEST_CASE("every verb has two examples, and each of them parses") {
  for_each_verb([](cli::Tree& tree, const Noun::Verb& verb) {
    CHECK(verb.help.examples.size() >= 2);
    const std::string name = tree.entry().name;
    bool shows_itself = false;
    for (const auto& example : verb.help.examples) {
      INFO(example);
      bool calls_us = false;
      for (const auto& words : test::commands_of(example)) {
        if (words.empty() || words[0] != "authctl") continue;
        calls_us = true;
        shows_itself = shows_itself || std::find(words.begin(), words.end(), name) != words.end();
        check_parses(words);
      }
      CHECK(calls_us);
    }
    CHECK(shows_itself);
  });
}

TEST_CASE("every option and argument says what it is for") {
  for_each_verb([](cli::Tree&, const Noun::Verb& verb) {
    for (const auto* option : verb.app->get_options()) {
      INFO("option " << option->get_name());
      CHECK_FALSE(option->get_description().empty());
      CHECK_FALSE(option->get_description().ends_with('.'));
    }
  });
}

TEST_CASE("no option takes the value of a secret") {
  for_each_verb([](cli::Tree&, const Noun::Verb& verb) {
    for (const auto* option : verb.app->get_options()) {
      INFO("option " << option->get_name());
      const bool is_flag = option->get_items_expected_max() == 0;
      const std::string name = option->get_lnames().empty() ? "" : option->get_lnames().front();
      bool secret = false;
      for (const char* word : {"password", "secret", "passphrase", "token", "code", "private"}) {
        secret = secret || name.find(word) != std::string::npos;
      }
      if (secret && !is_flag) CHECK((name.ends_with("-file") && option->get_type_name().starts_with("FILE")));
    }
  });
}

TEST_CASE("no option of a verb hides a global one") {
  std::set<std::string> globals{"help", "version"};
  std::set<std::string> letters{"h"};
  for (const auto& option : cli::global_options()) {
    globals.emplace(option.name.substr(2));
    if (!option.letter.empty()) letters.emplace(option.letter.substr(1));
  }
  for_each_verb([&](cli::Tree&, const Noun::Verb& verb) {
    for (const auto* option : verb.app->get_options()) {
      for (const auto& name : option->get_lnames()) CHECK(globals.count(name) == 0);
      for (const auto& letter : option->get_snames()) CHECK(letters.count(letter) == 0);
    }
  });
}

TEST_CASE("every help page fits 80 columns") {
  std::ostringstream overview;
  cli::print_overview(overview);
  CHECK(widest_line(overview.str()) <= 80);
  for_each_verb([](cli::Tree& tree, const Noun::Verb& verb) {
    std::ostringstream noun_page, verb_page;
    cli::print_noun(noun_page, tree.entry(), tree.noun());
    cli::print_verb(verb_page, tree.entry(), verb);
    CHECK(widest_line(noun_page.str()) <= 80);
    CHECK(widest_line(verb_page.str()) <= 80);
    CHECK(verb_page.str().find("Exit codes") != std::string::npos);
  });
}

TEST_CASE("exit codes in help are those of the contract") {
  std::set<int> statuses{0, 6};
  for (const auto& kind : base::error_kinds()) statuses.insert(kind.exit_status);
  for_each_verb([&](cli::Tree&, const Noun::Verb& verb) {
    for (const auto& [status, meaning] : verb.help.exits) {
      CHECK(statuses.count(status) == 1);
      CHECK_FALSE(meaning.empty());
    }
  });
}

TEST_CASE("every shape is well formed: members said once, each explained, the id among them") {
  for_each_verb([](cli::Tree&, const Noun::Verb& verb) {
    if (verb.shape != nullptr) check_shape(*verb.shape);
  });
}

TEST_CASE("every error code that the product throws is produced by some test") {
  const auto sources_under = [](const std::string& folder) {
    std::string all;
    for (const auto& file :
         std::filesystem::recursive_directory_iterator(std::string(AUTHCTL_SOURCE_DIR) + folder)) {
      const auto name = file.path().filename();
      if (file.path().extension() != ".cpp" || name == "laws_test.cpp" || name == "error.cpp") continue;
      std::ifstream in(file.path());
      std::stringstream content;
      content << in.rdbuf();
      all += content.str();
    }
    return all;
  };
  const std::string product = sources_under("/core") + sources_under("/commands") + sources_under("/cli");
  const std::string tests = sources_under("/tests");
  std::size_t thrown = 0;
  for (const auto& kind : base::error_kinds()) {
    INFO(kind.word);
    const std::string code = "ErrorCode::" + std::string(kind.word);
    if (product.find(code) == std::string::npos) continue;
    ++thrown;
    CHECK(tests.find(code) != std::string::npos);
  }
  CHECK(thrown >= 8);
}
