// Refreshes and sign-ins beside what they cannot be faster than.
//   bench_session [--seconds S] [--rounds N] [--clients N] [--dir D] [--only together]
// - refreshes, each durable and audited before it is answered, at 64 clients: committed together against each
//   alone (the queue's grouping switched off), in turns;
// - sign-ins with a password on every core, counters, entries and session included, against the bare hash
// with
//   the same parameters in the same round.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <thread>

#include "core/service/accounts.h"
#include "core/service/commit_queue.h"
#include "core/service/initialisation.h"
#include "core/service/opening.h"
#include "core/service/sign_in_completion.h"

using namespace authctl;

namespace {

using Steady = std::chrono::steady_clock;

struct Options {
  double seconds = 2;
  int rounds = 3, clients = 64;
  std::string dir = "/tmp/authctl-bench-session";
  bool only_together = false;  // for a profiler: nothing but refreshes that are committed together
};

Options options_of(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--seconds") options.seconds = std::atof(argv[i + 1]);
    if (name == "--rounds") options.rounds = std::atoi(argv[i + 1]);
    if (name == "--clients") options.clients = std::atoi(argv[i + 1]);
    if (name == "--only") options.only_together = std::string_view(argv[i + 1]) == "together";
    if (name == "--dir") options.dir = argv[i + 1];
  }
  return options;
}

double processor_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

struct Rate {
  double a_second = 0;
  double processor = 0;  // seconds that one costs: what is left where a machine is busy elsewhere
};

// What `threads` callers do in `seconds`.
Rate rate(int threads, double seconds, const std::function<void(int)>& work) {
  std::atomic<long> done{0};
  const auto begin = Steady::now();
  const double spent = processor_seconds();
  const auto end =
      begin + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(seconds));
  std::vector<std::thread> callers;
  for (int i = 0; i < threads; ++i)
    callers.emplace_back([&, i] {
      while (Steady::now() < end) {
        work(i);
        ++done;
      }
    });
  for (auto& caller : callers) caller.join();
  const auto count = static_cast<double>(done);
  return {count / std::chrono::duration<double>(Steady::now() - begin).count(),
          (processor_seconds() - spent) / count};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

service::Cause cause_of(std::string actor) {
  service::Cause cause;
  cause.actor = std::move(actor);
  cause.ip = "192.0.2.1";
  return cause;
}

class World {
 public:
  explicit World(const std::string& dir) : dir_(dir) {
    if (std::filesystem::exists(dir_) && !std::filesystem::exists(dir_ + "/authctl.db")) {
      std::fprintf(stderr, "%s is there, and is no store of an earlier run: name another\n", dir_.c_str());
      std::exit(2);
    }
    std::filesystem::remove_all(dir_);
    std::filesystem::create_directories(dir_);
    std::filesystem::permissions(dir_, std::filesystem::perms::owner_all);
    service::InitRequest request;
    request.store_url = "sqlite:" + dir_ + "/authctl.db";
    request.master_key = {.file = dir_ + "/master.key", .command = ""};
    const auto bench = cause_of("os:bench");
    service::initialise(request, bench, clock_, random_);
    realm_ = std::make_unique<service::Realm>(
        service::open_realm({request.store_url, request.master_key}, clock_, random_));
    service::UserDraft draft;
    draft.name = "ann";
    draft.password = base::Secret(password);
    user_ = create_user(*realm_, bench, std::move(draft), {.rules = {}, .cost = {}}).id;
  }
  ~World() { std::filesystem::remove_all(dir_); }

  service::SessionTokens sign_in() {
    const auto ticket = begin_sign_in(*realm_, cause_, policy_, {.identifier = "ann", .door = "login"});
    const auto verified = verify_ticket(ticket, base::Secret(password), random_);
    const auto done = finish_sign_in(*realm_, cause_, policy_, ticket, verified);
    return std::move(complete(done.user_id).value());
  }
  std::optional<service::SessionTokens> complete(const std::string& user) {
    service::Completion completion;
    completion.user_id = user;
    return complete_sign_in(*realm_, cause_of("user:" + user), policy_, completion, rules_, signer_).session;
  }
  base::Secret refresh(const base::Secret& token) {
    auto outcome =
        refresh_session(*realm_, cause_of("user:" + user_),
                        {.token = token.reveal_text(), .ip = cause_.ip, .scopes = {}}, rules_, signer_);
    if (outcome.tokens.value().access.sign().empty()) std::abort();
    return std::move(outcome.tokens->refresh);
  }
  void hash() {
    if (!crypto::verify_password(hash_, base::Secret(password))) std::abort();
  }

  service::Realm& realm() { return *realm_; }
  const std::string& user() const { return user_; }

 private:
  static constexpr std::string_view password = "a long and lively pass phrase";
  std::string dir_, user_;
  base::SystemClock clock_;
  base::SystemRandom random_;
  std::unique_ptr<service::Realm> realm_;
  service::ActiveSigner signer_;
  service::Cause cause_ = cause_of("");
  service::SignInPolicy policy_;
  service::SessionRules rules_{.issuer = "https://localhost", .audiences = {"https://localhost"}};
  std::string hash_ = crypto::hash_password(base::Secret(password), policy_.cost, random_);
};

Rate refreshes(World& world, const Options& options, bool grouping) {
  world.realm().commits().set_grouping(grouping);
  std::vector<base::Secret> tokens;
  for (int i = 0; i < options.clients; ++i)
    tokens.push_back(std::move(world.complete(world.user()).value().refresh));
  return rate(options.clients, options.seconds, [&](int i) {
    auto& token = tokens[static_cast<std::size_t>(i)];
    token = world.refresh(token);
  });
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = options_of(argc, argv);
  World world(options.dir);
  if (options.only_together) {
    const auto grouped = refreshes(world, options, true);
    std::printf("%.0f a second, %.0f µs of a processor each\n", grouped.a_second, grouped.processor * 1e6);
    return 0;
  }
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  std::vector<double> together, alone, gain, sign_ins, hashes, share, together_cost, alone_cost, cost_share;
  for (int round = 0; round < options.rounds; ++round) {
    const auto grouped = refreshes(world, options, true), single = refreshes(world, options, false);
    together.push_back(grouped.a_second);
    together_cost.push_back(grouped.processor * 1e6);
    alone.push_back(single.a_second);
    alone_cost.push_back(single.processor * 1e6);
    gain.push_back(grouped.a_second / single.a_second);
    world.realm().commits().set_grouping(true);
    const auto hash = rate(cores, options.seconds, [&](int) { world.hash(); });
    const auto sign_in = rate(cores, options.seconds, [&](int) { world.sign_in(); });
    hashes.push_back(hash.a_second);
    sign_ins.push_back(sign_in.a_second);
    share.push_back(sign_in.a_second / hash.a_second);
    cost_share.push_back(hash.processor / sign_in.processor);
  }
  std::printf("| what | a second | ratio | goal |\n| --- | ---: | ---: | ---: |\n");
  std::printf("| refreshes, %d clients, each alone | %.0f | 1 | |\n", options.clients, median(alone));
  std::printf("| refreshes, %d clients, group commit | %.0f | %.2f | >= 5 |\n", options.clients,
              median(together), median(gain));
  std::printf("| processor time of one, µs: alone, together | %.0f, %.0f | %.2f | |\n", median(alone_cost),
              median(together_cost), median(alone_cost) / median(together_cost));
  std::printf("| Argon2id alone, %d threads | %.1f | 1 | |\n", cores, median(hashes));
  std::printf("| sign-ins, %d threads | %.1f | %.3f | >= 0.95 |\n", cores, median(sign_ins), median(share));
  std::printf("| the same by processor time | | %.3f | >= 0.95 |\n", median(cost_share));
  return 0;
}
