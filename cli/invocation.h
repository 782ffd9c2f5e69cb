// What a running verb is given: the settings, the store opened at its first use, questions, input and output.
#pragma once
#include <memory>

#include "cli/reference/pages.h"
#include "cli/run.h"
#include "commands/command.h"
#include "core/service/courier.h"

namespace authctl::cli {

// Flag > environment > file > default, for this run.
base::Settings load_settings(const commands::Globals& globals, const World& world);

class LiveInvocation final : public commands::Invocation {
 public:
  LiveInvocation(const commands::Globals& globals, base::Settings settings, World& world);
  ~LiveInvocation() override;

  const commands::Globals& globals() const override { return globals_; }
  const base::Clock& clock() const override { return world_.clock; }
  base::Random& random() override { return world_.random; }
  const base::Settings& settings() override { return settings_; }
  const base::Settings& stored_settings() override;
  base::Settings fresh_settings() override { return load_settings(globals_, world_); }
  service::Realm& realm() override;
  service::Cause cause() override;
  void confirm(const std::string& question) override;
  base::Secret read_secret(const commands::SecretSource& source, const std::string& what,
                           bool is_new) override;
  std::string read_input(const std::string& file, std::size_t max_bytes) override;
  std::istream& standard_input() override { return world_.console.in; }
  std::ostream& standard_output() override { return world_.console.out; }
  std::ostream& standard_error() override { return world_.console.err; }
  bool interrupted() const override { return interrupt_requested(); }
  void progress(std::string_view what, std::uint64_t done, std::uint64_t total) override {
    progress_.show(what, done, total);
  }
  // Before anything else is printed.
  void clear_progress() { progress_.clear(); }
  std::optional<std::string> environment(const std::string& name) const override {
    return world_.environment(name);
  }
  std::string reference(std::string_view page) const override { return reference_page(page); }

 private:
  bool can_ask() const { return world_.console.in_is_terminal && world_.console.err_is_terminal; }
  base::Secret ask_secret(const std::string& what, bool is_new);
  void send_alerts();

  const commands::Globals& globals_;
  base::Settings settings_;
  World& world_;
  ProgressBar progress_;
  std::size_t unsent_ = 0;                // alerts that the courier did not take
  std::vector<std::string> undelivered_;  // alerts, and why; told when the courier has ended
  std::unique_ptr<service::Courier> courier_;
  std::shared_ptr<service::Realm> realm_;
  bool has_stored_settings_ = false;
};

}  // namespace authctl::cli
