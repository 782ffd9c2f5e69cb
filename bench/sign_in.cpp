// D12: whether time tells a stranger who has an account. Sign-ins that are refused, each for another reason,
// interleaved, each kind from addresses of its own that were never seen before.
//   bench_sign_in [--samples N] [--memory-kib M] [--passes T] [--foreign no] [--dir D]
// With the default cost (64 MiB, three passes) a sample takes as long as a sign-in does; a cheaper hash shows
// smaller differences sooner. `--foreign no` leaves out the accounts with hashes of other systems. The
// processor's time is what others' work on the machine leaves alone.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <vector>

#include "core/service/accounts.h"
#include "core/service/initialisation.h"
#include "core/service/opening.h"
#include "core/service/sign_in.h"
#include "core/store/user_repository.h"

using namespace authctl;

namespace {

struct Options {
  int samples = 40;
  crypto::Argon2Cost cost;
  std::string dir = "/tmp/authctl-bench-sign-in";
  bool foreign = true;
};

struct Kind {
  const char* title;
  const char* name;
  bool is_promised = true;  // a hash that is slower than ours cannot be hidden, only shown here
  std::vector<double> milliseconds = {}, processor = {};
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Moments {
  double mean = 0, variance = 0;
};
Moments moments(const std::vector<double>& values) {
  Moments m;
  for (const double value : values) m.mean += value / static_cast<double>(values.size());
  for (const double value : values)
    m.variance += (value - m.mean) * (value - m.mean) / static_cast<double>(values.size() - 1);
  return m;
}

double welch_t(const std::vector<double>& a, const std::vector<double>& b) {
  const auto x = moments(a), y = moments(b);
  return (x.mean - y.mean) /
         std::sqrt(x.variance / static_cast<double>(a.size()) + y.variance / static_cast<double>(b.size()));
}

service::Cause from(const std::string& address) { return {"", address, "", "", false}; }

void refuse(service::Realm& realm, const service::SignInPolicy& policy, const std::string& name,
            const std::string& address, base::Random& random) {
  static const base::Secret wrong(std::string_view("violin quartz marble adder"));
  const auto who = from(address);
  const auto ticket = service::begin_sign_in(realm, who, policy, {name, "login"});
  const auto verified = service::verify_ticket(ticket, wrong, random);
  if (service::finish_sign_in(realm, who, policy, ticket, verified).accepted()) std::abort();
}

void people(service::Realm& realm, const crypto::Argon2Cost& cost) {
  service::Cause cause;
  cause.actor = "os:bench";
  for (const char* name : {"known", "locked", "disabled"}) {
    service::UserDraft draft;
    draft.name = name;
    draft.password = base::Secret(std::string_view("violin quartz marble otter"));
    draft.disabled = std::strcmp(name, "disabled") == 0;
    service::create_user(realm, cause, std::move(draft), {{}, cost});
  }
  // As an import leaves them: with the hash of another system, or with none.
  struct Imported {
    const char *name, *hash, *scheme;
  };
  constexpr Imported imported[] = {
      {"pbkdf2", "pbkdf2:sha256:1000$salt$0000000000000000000000000000000000000000000000000000000000000000",
       "pbkdf2-sha256"},
      {"bcrypt10", "$2b$10$AJSKHiEheHgDD.UeJZA.ZuGoV0UYJwDJXQKgR0lqmw76WvH2ycDdW", "bcrypt"},
      {"bcrypt12", "$2b$12$AJSKHiEheHgDD.UeJZA.ZuGoV0UYJwDJXQKgR0lqmw76WvH2ycDdW", "bcrypt"}};
  for (const auto& one : imported) {
    service::UserDraft draft;
    draft.name = one.name;
    const auto user = service::create_user(realm, cause, std::move(draft), {{}, cost});
    store::set_user_password(realm.db(), user.id, {one.hash, one.scheme, false}, user.created_at);
  }
  service::UserDraft draft;
  draft.name = "without";
  service::create_user(realm, cause, std::move(draft), {{}, cost});
}

void measure(service::Realm& realm, const Options& options, std::vector<Kind>& kinds, base::Random& random) {
  service::SignInPolicy policy;
  policy.cost = options.cost;
  policy.lockout = {1'000'000, base::Duration(0), base::Duration(0)};  // nobody is locked but the one who is
  service::SignInPolicy cheap = policy;
  for (std::int64_t i = 0; i < credential::most_failures; ++i)
    refuse(realm, cheap, "locked", "192.0.2." + std::to_string(i), random);
  for (int i = 0; i < options.samples; ++i) {
    // Who is not locked is never at the hundredth guess.
    realm.db().execute("UPDATE lockout_counter SET failed_attempts = 0 WHERE failed_attempts < 100");
    for (std::size_t n = 0; n < kinds.size(); ++n) {
      auto& kind = kinds[(n + static_cast<std::size_t>(i)) % kinds.size()];
      const auto address =
          "10." + std::to_string(n) + '.' + std::to_string(i / 200) + '.' + std::to_string(i % 200 + 1);
      const auto start = std::chrono::steady_clock::now();
      const auto begin = std::clock();
      refuse(realm, policy, kind.name, address, random);
      kind.milliseconds.push_back(
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
      kind.processor.push_back(1000.0 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
    }
  }
}

// Gives whether every row is within the goals.
bool print(const std::vector<Kind>& kinds) {
  const auto& known = kinds.front();
  std::printf(
      "| refused because | median ms | to a wrong password (goal: within 2 %%) | Welch t (goal: < 4.5) | "
      "processor ms | to a wrong password |\n| --- | ---: | ---: | ---: | ---: | ---: |\n");
  bool met = true;
  for (const auto& kind : kinds) {
    const double ratio = median(kind.milliseconds) / median(known.milliseconds);
    const double t = &kind == &known ? 0.0 : std::fabs(welch_t(kind.milliseconds, known.milliseconds));
    met = met && (!kind.is_promised || (std::fabs(ratio - 1) < 0.02 && t < 4.5));
    std::printf("| %s | %.3f | %.4f | %.2f | %.3f | %.4f |\n", kind.title, median(kind.milliseconds), ratio,
                t, median(kind.processor), median(kind.processor) / median(known.processor));
  }
  std::printf("\nD12: %s\n", met ? "met" : "MISSED");
  return met;
}

Options read(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--samples") options.samples = std::max(2, std::atoi(argv[i + 1]));
    if (name == "--memory-kib") options.cost.memory_kib = static_cast<std::uint32_t>(std::atoi(argv[i + 1]));
    if (name == "--passes") options.cost.passes = static_cast<std::uint32_t>(std::atoi(argv[i + 1]));
    if (name == "--dir") options.dir = argv[i + 1];
    if (name == "--foreign") options.foreign = std::strcmp(argv[i + 1], "no") != 0;
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = read(argc, argv);
  std::filesystem::remove_all(options.dir);
  std::filesystem::create_directories(options.dir);
  std::filesystem::permissions(options.dir, std::filesystem::perms::owner_all);
  const base::SystemClock clock;
  base::SystemRandom random;
  service::Cause cause;
  cause.actor = "os:bench";
  const std::string url = "sqlite:" + options.dir + "/authctl.db", key = options.dir + "/master.key";
  service::initialise({url, {.file = key, .command = {}}, ""}, cause, clock, random);
  auto realm = service::open_realm({url, {.file = key, .command = {}}}, clock, random);
  people(realm, options.cost);
  std::vector<Kind> kinds{{"the password is wrong", "known"},
                          {"nobody has the name", "nobody"},
                          {"the account is disabled", "disabled"},
                          {"the account is locked", "locked"},
                          {"the account has no password", "without"},
                          {"wrong, for an imported PBKDF2 of 1,000 rounds", "pbkdf2", false},
                          {"wrong, for an imported bcrypt of cost 10", "bcrypt10", false},
                          {"wrong, for an imported bcrypt of cost 12", "bcrypt12", false}};
  if (!options.foreign) std::erase_if(kinds, [](const Kind& kind) { return !kind.is_promised; });
  measure(realm, options, kinds, random);
  const bool met = print(kinds);
  std::filesystem::remove_all(options.dir);
  return met ? 0 : 1;
}
