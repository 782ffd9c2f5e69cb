// Options that several verbs spell alike: a use of keys, a moment, a duration.
// Invariant: what is wrong is refused while the line is parsed, with the words that are right.
#pragma once
#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "commands/command.h"
#include "core/base/clock.h"
#include "core/service/keyring_state.h"

namespace authctl::commands {

inline service::KeyTiming timing_of(Invocation& in) {
  return {.jwks_max_age = in.stored_settings().duration("jwks_max_age"),
          .access_ttl = in.stored_settings().duration("access_ttl")};
}

template <class Use>  // KeyUse or an optional one
CLI::Option* add_use_option(CLI::App& verb, Use& use) {
  auto* option = verb.add_option_function<std::string>(
                         "--use",
                         [&use](const std::string& word) {
                           const auto parsed = store::parse_key_use(word);
                           if (!parsed) throw CLI::ValidationError("--use", "is jwt or fernet");
                           use = *parsed;
                         },
                         "what the key is for: jwt or fernet")
                     ->type_name("USE");
  return offer(option, {"jwt", "fernet"});
}

inline CLI::Option* add_time_option(CLI::App& verb, const std::string& name,
                                    std::optional<base::Timestamp>& time, const std::string& about) {
  return verb
      .add_option_function<std::string>(
          name,
          [&time, name](const std::string& word) {
            time = base::parse_timestamp(word);
            if (!time) throw CLI::ValidationError(name, "is a time such as 2026-01-31T12:00:00Z");
          },
          about)
      ->type_name("TIME");
}

inline CLI::Option* add_duration_option(CLI::App& verb, const std::string& name,
                                        std::optional<base::Duration>& duration, const std::string& about) {
  return verb
      .add_option_function<std::string>(
          name,
          [&duration, name](const std::string& word) {
            duration = base::parse_duration(word);
            if (!duration) throw CLI::ValidationError(name, "is a duration such as 90s, 15m, 24h or 7d");
          },
          about)
      ->type_name("DURATION");
}

}  // namespace authctl::commands
