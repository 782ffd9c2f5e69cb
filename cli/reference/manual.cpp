#include "cli/reference/manual.h"

#include "cli/globals.h"
#include "cli/reference/mdoc.h"
#include "core/base/error.h"

namespace authctl::cli {
namespace {

void global_options_section(Mdoc& page) {
  page.section("GLOBAL OPTIONS");
  page.text("They may stand anywhere on the line.");
  page.begin_list("-tag -width Ds");
  for (const auto& option : global_outline()) {
    std::string term = option.letter.empty() ? "" : "Fl " + mdoc_word(option.letter.substr(1)) + " , ";
    term += "Fl " + mdoc_word(option.name.substr(1));
    if (!option.placeholder.empty()) term += " Ar " + mdoc_word(option.placeholder);
    page.macro(".It " + term);
    page.text(option.about + ".");
  }
  page.end_list();
}

void secrets_section(Mdoc& page) {
  page.section("SECRETS");
  page.text(
      "No option takes the value of a secret. A command that needs one reads it from standard input or from "
      "a file, by the options that end in `-stdin` and `-file`; on a terminal it asks, without echo. A file "
      "may be `-` or `/dev/fd/N`. Input loses exactly one newline at its end. A new secret is printed once, "
      "or goes to a new file of mode 0600 with `--out`.");
}

void environment_section(Mdoc& page) {
  page.section("ENVIRONMENT");
  page.text("A variable goes over the settings file, an option over both.");
  page.begin_list("-tag -width Ds");
  for (const auto& spec : base::setting_specs()) {
    if (spec.environment.empty()) continue;
    page.macro(".It Ev " + std::string(spec.environment));
    page.text(std::string(spec.about) + ".");
  }
  constexpr std::pair<const char*, const char*> others[] = {
      {"AUTHCTL_CONFIG", "The settings file, see authctl.conf(5)."},
      {"AUTHCTL_STORE_FILE", "A file that holds the URL of the store, for a URL with a password."},
      {"NO_COLOR", "No colour, whatever its value."},
      {"CLICOLOR_FORCE", "Colour where the output is no terminal too."},
      {"PAGER", "The program that shows long output on a terminal; empty or cat: none."},
  };
  for (const auto& [name, about] : others) {
    page.macro(std::string(".It Ev ") + name);
    page.text(about);
  }
  page.end_list();
}

void files_section(Mdoc& page) {
  page.section("FILES");
  page.begin_list("-tag -width Ds");
  constexpr std::pair<const char*, const char*> files[] = {
      {"$XDG_DATA_HOME/authctl/authctl.db", "The store; for root /var/lib/authctl/authctl.db."},
      {"$XDG_CONFIG_HOME/authctl/authctl.toml", "Settings; for root /etc/authctl/authctl.toml."},
      {"$XDG_CONFIG_HOME/authctl/master.key", "The master key; for root /etc/authctl/master.key."},
      {"$CREDENTIALS_DIRECTORY/authctl-master-key", "The master key as a systemd credential; goes first."},
  };
  for (const auto& [name, about] : files) {
    page.macro(std::string(".It Pa ") + name);
    page.text(about);
  }
  page.end_list();
}

void exit_section(Mdoc& page) {
  page.section("EXIT STATUS");
  constexpr std::pair<int, const char*> statuses[] = {
      {0, "Done; or the answer is yes."},
      {1, "Failed."},
      {2, "Wrong usage or bad input."},
      {3, "No such thing."},
      {4, "Not allowed, locked; or the answer is no."},
      {5, "Conflict: it exists, it is in use, or an interlock refuses."},
      {6, "Changes are pending."},
      {7, "Verification failed: a token, the audit log, a backup, a ciphertext."},
      {8, "The store is unreachable, busy, read-only, full or corrupt."},
      {130, "Interrupted."},
  };
  page.begin_list("-tag -width Ds");
  for (const auto& [status, meaning] : statuses) {
    page.macro(".It " + std::to_string(status));
    page.text(meaning);
  }
  page.end_list();
}

}  // namespace

ManualPage overview_page(const std::vector<NounOutline>& nouns, const std::string& date) {
  Mdoc page("authctl", 1, date, "authctl", "users, roles, keys, tokens and the record of who did what");
  page.section("SYNOPSIS");
  page.macro(".Nm");
  page.macro(".Ar NOUN Ar VERB");
  page.macro(".Op Ar ARGUMENT ...");
  page.macro(".Op Ar OPTION ...");
  page.macro(".Nm");
  page.macro(".Cm help Op Ar NOUN Op Ar VERB");
  page.section("DESCRIPTION");
  page.text(
      "One binary that manages access: users, roles, permissions, signing keys, tokens, second factors, and "
      "an audit log that proves itself. Data goes to standard output, everything else to standard error. "
      "Nothing is coloured, asked or drawn on a stream that is no terminal.");
  page.paragraph();
  page.text("The nouns, each with a page of its own:");
  page.begin_list("-tag -width Ds");
  std::vector<std::pair<std::string, int>> pages{{"authctl.conf", 5}, {"authctl-manifest", 5}};
  for (const auto& noun : nouns) {
    const int section = section_of(noun.name);
    page.macro(".It Xr authctl-" + noun.name + " " + std::to_string(section));
    page.text(noun.summary + ".");
    pages.emplace_back("authctl-" + noun.name, section);
  }
  page.end_list();
  global_options_section(page);
  secrets_section(page);
  environment_section(page);
  files_section(page);
  exit_section(page);
  page.section("EXAMPLES");
  page.display({"authctl init --with-admin root1", "authctl user create ann --role editor",
                "authctl permission explain ann edit:posts", "authctl key plan --use jwt",
                "authctl audit verify"});
  page.see_also(std::move(pages));
  return {"authctl", 1, page.take()};
}

ManualPage settings_page(const std::string& date) {
  Mdoc page("authctl.conf", 5, date, "authctl.conf", "settings of authctl");
  page.section("DESCRIPTION");
  page.text(
      "The settings file is TOML: `name = value` lines, no tables. It is `authctl.toml` in "
      "`$XDG_CONFIG_HOME/authctl`, for root in `/etc/authctl`, or what `--config` or AUTHCTL_CONFIG names. "
      "An option goes over a variable of the environment, that over the file, that over the default; "
      "`authctl config show --origin` says where each value came from, `authctl config check` what is wrong "
      "with the file. A name that is not below is refused.");
  page.text("A duration is `90s`, `15m`, `24h` or `7d`; a bare number is seconds. A limit is `5/1m`.");
  page.begin_list("-tag -width Ds");
  for (const auto& spec : base::setting_specs()) {
    page.macro(".It Va " + std::string(spec.name) + " Pq " + mdoc_word(base::word_of(spec.type)));
    page.text(std::string(spec.about) + ".");
    if (!spec.choices.empty()) page.text("One of: `" + std::string(spec.choices) + "`.");
    if (!spec.fallback.empty()) page.text("Default: `" + std::string(spec.fallback) + "`.");
    if (!spec.environment.empty()) page.text("Variable: `" + std::string(spec.environment) + "`.");
  }
  page.end_list();
  page.section("EXAMPLES");
  page.display({"store = \"sqlite:/var/lib/authctl/authctl.db\"", "issuer = \"https://auth.example.com\"",
                "access_ttl = \"15m\"", "limit_login = \"5/1m\""});
  page.see_also({{"authctl", 1}, {"authctl-config", 1}});
  return {"authctl.conf", 5, page.take()};
}

std::vector<ManualPage> manual_pages(const std::string& date) {
  const auto nouns = outline();
  std::vector<ManualPage> pages{overview_page(nouns, date), settings_page(date), manifest_page(date)};
  for (const auto& noun : nouns) pages.push_back(noun_page(noun, date));
  return pages;
}

}  // namespace authctl::cli
