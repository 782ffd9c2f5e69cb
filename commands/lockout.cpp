#include "commands/command.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/service/policies.h"

namespace authctl::commands {
namespace {

constexpr Field lockout_fields[] = {
    {"subject", FieldType::text, false,
     "the user's name (its id where the name is an address), the address, or an IPv6 address's /64",
     "subject"},
    {"kind", FieldType::text, false, "account or ip", "kind"},
    {"failed_attempts", FieldType::integer, false, "in a row", "failed"},
    {"delay_seconds", FieldType::integer, false, "what so many failures lead to", "delay"},
    {"locked_until", FieldType::time, true, "attempts are refused until then; null: it is not locked",
     "locked until"},
    {"last_failure_at", FieldType::time, true, "when it failed last", "last failure"},
    {"last_ip", FieldType::text, true, "where from", "last ip"},
};
constexpr Shape lockout_shape{"lockout", "subject", lockout_fields};

constexpr Field step_fields[] = {
    {"failed_attempts", FieldType::integer, false, "in a row", "failed"},
    {"delay_seconds", FieldType::integer, false, "until the next attempt is looked at", "delay"},
    {"elapsed_seconds", FieldType::integer, false, "since the first attempt, guessing without pause",
     "elapsed"},
    {"barred", FieldType::boolean, false, "whether no further attempt is taken until it is cleared",
     "barred"},
};
constexpr Shape step_shape{"lockout simulate", "", step_fields};

const std::pair<int, std::string> unknown_subject{
    3, "it is no address, no user, and no name that was guessed at"};

base::json::object json_of(const service::LockoutView& view) {
  const auto time = [](const std::optional<base::Timestamp>& at) {
    return at ? value(base::to_rfc3339(*at)) : value();
  };
  return {{"subject", view.subject},
          {"kind", view.kind},
          {"failed_attempts", view.failed_attempts},
          {"delay_seconds", view.delay.count()},
          {"locked_until", time(view.locked_until)},
          {"last_failure_at", time(view.last_failure_at)},
          {"last_ip", view.last_ip ? value(*view.last_ip) : value()}};
}

void declare_list(Noun& noun) {
  auto query = std::make_shared<service::LockoutQuery>();
  auto& verb = noun.verb(
      "list", "List accounts and addresses with failures, the latest first", &lockout_shape,
      {.examples = {"authctl lockout list", "authctl lockout list --limit 20 --after ann --json"},
       .exits = {{3, "nothing is counted against the subject of --after"}},
       .more = "An account counts every failure against it, wherever it comes from. Accounts of nobody are "
               "counted too, but have no name to be listed by; their addresses are here."},
      [query](Invocation& in) {
        auto next = service::list_lockouts(in.realm(), service::lockout_policy(in.stored_settings()), *query);
        return Output::many(lockout_shape, [next = std::move(next)]() -> std::optional<base::json::object> {
          const auto view = next();
          return view ? std::optional(json_of(*view)) : std::nullopt;
        });
      });
  verb.add_option("--limit", query->limit, "at most so many")->type_name("N");
  verb.add_option("--after", query->after, "go on after this one")->type_name("SUBJECT");
}

void tell_of_namesake(Output& output, const service::LockoutView& view) {
  if (view.namesake.empty()) return;
  output.with_notice("this is the address; a user has that name, too: authctl lockout show " + view.namesake);
}

Output show(Invocation& in, const std::string& subject) {
  const auto view = service::show_lockout(in.realm(), service::lockout_policy(in.stored_settings()), subject);
  auto output = Output::one(lockout_shape, json_of(view));
  if (view.of_nobody)
    output.with_notice("nobody has the name " + base::quote(view.subject) +
                       "; names that nobody has may share a counter");
  tell_of_namesake(output, view);
  return output;
}

void declare_show(Noun& noun) {
  auto subject = std::make_shared<std::string>();
  noun.verb("show", "Show the failures of a user or an address", &lockout_shape,
            {.examples = {"authctl lockout show ann", "authctl lockout show 203.0.113.7 --json"},
             .exits = {unknown_subject},
             .more = "A name that nobody has is shown where somebody guessed at it."},
            [subject](Invocation& in) { return show(in, *subject); })
      .add_option("SUBJECT", *subject, "a user, or an address")
      ->required();
}

void declare_clear(Noun& noun) {
  auto subject = std::make_shared<std::string>();
  noun.verb("clear", "Set the failures of a user or an address to zero", &lockout_shape,
            {.examples = {"authctl lockout clear ann",
                          "authctl lockout clear 2001:db8::7 --reason 'ticket 42'"},
             .exits = {unknown_subject},
             .more = "It works from the host, with no server and whatever is locked."},
            [subject](Invocation& in) {
              const auto outcome = service::clear_lockout(
                  in.realm(), in.cause(), service::lockout_policy(in.stored_settings()), *subject);
              auto output = Output::one(lockout_shape, json_of(outcome.lockout));
              if (!outcome.cleared)
                output.with_notice("nothing is counted against " + base::quote(outcome.lockout.subject));
              tell_of_namesake(output, outcome.lockout);
              return output;
            })
      .add_option("SUBJECT", *subject, "a user, or an address")
      ->required();
}

struct Simulation {
  std::optional<std::int64_t> threshold;
  std::string base, max;
  std::int64_t attempts = 15;
};

base::Duration duration_of(const std::string& option, const std::string& text) {
  const auto duration = base::parse_duration(text);
  if (!duration)
    throw base::Error{base::ErrorCode::invalid, base::quote(text) + " is not a duration",
                      "for example " + option + " 15m"};
  return *duration;
}

Output simulate(Invocation& in, const Simulation& options) {
  auto policy = service::lockout_policy(in.settings());
  if (options.threshold) policy.threshold = *options.threshold;
  if (!options.base.empty()) policy.base = duration_of("--base", options.base);
  if (!options.max.empty()) policy.max = duration_of("--max", options.max);
  if (policy.threshold < 1 || options.attempts < 1 || options.attempts > credential::most_failures)
    throw base::Error{
        base::ErrorCode::invalid,
        "--threshold is 1 or more, --attempts 1 to " + std::to_string(credential::most_failures),
        "authctl lockout simulate --threshold 3 --attempts 15"};
  base::json::array rows;
  base::Duration elapsed{0};
  for (std::int64_t n = 1; n <= options.attempts; ++n) {
    const auto delay = credential::delay_after(policy, n);
    elapsed += delay;
    rows.push_back({{"failed_attempts", n},
                    {"delay_seconds", delay.count()},
                    {"elapsed_seconds", elapsed.count()},
                    {"barred", n == credential::most_failures}});
  }
  return Output::many(step_shape, std::move(rows));
}

void declare_simulate(Noun& noun) {
  auto options = std::make_shared<Simulation>();
  auto& verb = noun.verb(
      "simulate", "Print the delays that a policy leads to, with no store", &step_shape,
      {.examples = {"authctl lockout simulate", "authctl lockout simulate --threshold 5 --base 2s --max 1h"},
       .more =
           "What is not given is taken from the settings lockout_threshold, lockout_base and lockout_max.",
       .opens_store = false},
      [options](Invocation& in) { return simulate(in, *options); });
  verb.add_option("--threshold", options->threshold, "failures before the first delay")->type_name("N");
  verb.add_option("--base", options->base, "the first delay")->type_name("D");
  verb.add_option("--max", options->max, "the longest delay")->type_name("D");
  verb.add_option("--attempts", options->attempts, "how many rows: 15 by default")->type_name("N");
}

}  // namespace

void declare_lockout(Noun& noun) {
  declare_list(noun);
  declare_show(noun);
  declare_clear(noun);
  declare_simulate(noun);
}

}  // namespace authctl::commands
