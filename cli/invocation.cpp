#include "cli/invocation.h"

#include "cli/globals.h"

#include <pwd.h>
#include <unistd.h>

#include <map>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/service/opening.h"
#include "core/service/stored_settings.h"

namespace authctl::cli {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t max_secret_bytes = 1 << 20;

// The real uid: who typed the command, whatever sudo or a setuid bit made of it.
std::string operating_system_user() {
  const uid_t uid = ::getuid();
  const passwd* entry = ::getpwuid(uid);
  const bool has_name = entry != nullptr && entry->pw_name != nullptr && entry->pw_name[0] != '\0';
  return "os:" + (has_name ? std::string(entry->pw_name) : std::to_string(uid));
}

std::string read_stream(std::istream& in, std::size_t max_bytes) {
  std::string content;
  char chunk[16384];
  while (in.read(chunk, sizeof chunk), in.gcount() > 0) {
    content.append(chunk, static_cast<std::size_t>(in.gcount()));
    if (content.size() > max_bytes) {
      base::wipe(content.data(), content.size());
      throw Error(ErrorCode::invalid, "standard input is longer than " + std::to_string(max_bytes) + " bytes",
                  "hand in the right file: nothing of this kind is so long");
    }
  }
  base::wipe(chunk, sizeof chunk);
  return content;
}

base::Secret without_newline(base::Secret secret) {
  return base::Secret(base::without_newline(secret.reveal_text()));
}

}  // namespace

base::Settings load_settings(const commands::Globals& globals, const World& world) {
  const auto named =
      !globals.config.empty() ? globals.config : world.environment("AUTHCTL_CONFIG").value_or("");
  const auto environment = [&](const std::string& name) -> std::optional<std::string> {
    const bool overridden = !globals.store.empty() && name.starts_with("AUTHCTL_STORE");
    return overridden ? std::nullopt : world.environment(name);
  };
  auto settings = base::Settings::load(
      environment, named.empty() ? base::default_config_file(world.environment) : named, !named.empty());
  apply_globals(globals, settings);
  return settings;
}

LiveInvocation::LiveInvocation(const commands::Globals& globals, base::Settings settings, World& world)
    : globals_(globals),
      settings_(std::move(settings)),
      world_(world),
      progress_(world.console.err, world.console.err_is_terminal, world.clock) {}

LiveInvocation::~LiveInvocation() {
  courier_.reset();  // waits until alerts are handed over
  if (unsent_ > 0) undelivered_.insert(undelivered_.end(), unsent_, "was not started: too many at once");
  std::map<std::string, std::size_t> times;
  for (const auto& why : undelivered_) ++times[why];
  for (const auto& [why, count] : times)
    world_.console.err << "authctl: the alert command " << why
                       << (count > 1 ? " (" + std::to_string(count) + " times)" : "") << std::endl;
}

service::Realm& LiveInvocation::realm() {
  if (!realm_) {
    realm_ = std::make_shared<service::Realm>(service::open_realm(
        {settings_.text("store"), service::master_key_source(settings_), [this] { return cause(); }},
        world_.clock, world_.random));
    send_alerts();
  }
  return *realm_;
}

// What was changed stays changed, whatever becomes of the alert.
void LiveInvocation::send_alerts() {
  const auto command = settings_.text("alert_command");
  if (command.empty()) return;
  courier_ = std::make_unique<service::Courier>(
      [this](const std::string&, const std::string& why) { undelivered_.push_back(why); });
  realm_->on_alert([this, command](std::vector<std::string>&& alerts) {
    for (auto& alert : alerts) unsent_ += courier_->send(command, std::move(alert)) ? 0 : 1;
  });
}

const base::Settings& LiveInvocation::stored_settings() {
  if (!has_stored_settings_) service::take_stored_settings(settings_, realm().db());
  has_stored_settings_ = true;
  return settings_;
}

service::Cause LiveInvocation::cause() {
  service::Cause cause;
  cause.actor = world_.actor.empty() ? operating_system_user() : world_.actor;
  cause.reason = globals_.reason;
  cause.sudo_user = world_.environment("SUDO_USER").value_or("");
  if (!base::is_utf8(cause.sudo_user) || cause.sudo_user.size() > 256)
    cause.sudo_user = base::quote(cause.sudo_user);
  cause.dry_run = globals_.dry_run;
  return cause;
}

void LiveInvocation::confirm(const std::string& question) {
  if (globals_.yes || globals_.dry_run) return;
  if (!can_ask()) {
    throw Error(ErrorCode::usage, base::printable(question) + " there is no terminal to ask on", "add --yes");
  }
  world_.console.err << base::printable(question) << " [y/N] " << std::flush;
  std::string answer;
  std::getline(world_.console.in, answer);
  answer = base::fold_ascii(answer);
  if (answer != "y" && answer != "yes") throw Error(ErrorCode::denied, "not confirmed; nothing was done");
}

base::Secret LiveInvocation::read_secret(const commands::SecretSource& source, const std::string& what,
                                         bool is_new) {
  if (source.from_stdin || source.file == "-") {
    return without_newline(base::Secret::consume(read_stream(world_.console.in, max_secret_bytes)));
  }
  if (!source.file.empty()) return without_newline(base::read_secret_file(source.file, max_secret_bytes));
  if (!can_ask()) {
    throw Error(ErrorCode::usage, "no " + what + " given, and there is no terminal to ask on",
                "add --" + what + "-stdin or --" + what + "-file FILE");
  }
  return ask_secret(what, is_new);
}

base::Secret LiveInvocation::ask_secret(const std::string& what, bool is_new) {
  const auto ask = [&](const std::string& prompt) {
    if (world_.console.ask_hidden) return world_.console.ask_hidden(prompt);
    world_.console.err << prompt << std::flush;
    std::string line;
    std::getline(world_.console.in, line);
    return base::Secret::consume(std::move(line));
  };
  base::Secret secret = ask((is_new ? "new " : "") + what + ": ");
  if (is_new && !(ask("the same again: ") == secret)) {
    throw Error(ErrorCode::invalid, "the two are not the same; nothing was done", "type it once more");
  }
  return secret;
}

std::string LiveInvocation::read_input(const std::string& file, std::size_t max_bytes) {
  if (file.empty() || file == "-") return read_stream(world_.console.in, max_bytes);
  return base::read_file(file, max_bytes);
}

}  // namespace authctl::cli
