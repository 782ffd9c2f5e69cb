// P2: `token verify --batch` from a file, process start included, against the same verifications in a loop of
// this process (P1), on one core and on two. Usage: bench_batch PATH-OF-AUTHCTL [TOKENS] [ROUNDS]
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/token/jwt.h"

namespace {
using namespace authctl;
using Clock = std::chrono::steady_clock;

double seconds_of(const std::function<void()>& work) {
  const auto begin = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

void pin(int cores) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int i = 0; i < cores; ++i) CPU_SET(i, &set);
  (void)sched_setaffinity(0, sizeof set, &set);
}

double run_batch(const std::string& binary, const std::string& folder, int cores) {
  return seconds_of([&] {
    std::fflush(stdout);  // or the child prints it once more
    const pid_t child = ::fork();
    if (child == 0) {
      pin(cores);
      (void)std::freopen("/dev/null", "w", stdout);
      (void)std::freopen("/dev/null", "w", stderr);
      const std::string key = folder + "/key.jwk", tokens = folder + "/tokens";
      ::execl(binary.c_str(), binary.c_str(), "token", "verify", tokens.c_str(), "--batch", "--key",
              key.c_str(), "--any-issuer", "--any-audience", nullptr);
      ::_exit(127);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (status != 0) std::exit(1);  // a token that does not verify makes every figure worthless
  });
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void measure(crypto::Algorithm algorithm, const std::string& binary, std::size_t count, int rounds) {
  const std::string folder =
      std::filesystem::temp_directory_path() / ("authctl-batch-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  base::SystemRandom random;
  const auto key = token::generate_jwk(algorithm, 0, random);
  const auto now = base::SystemClock().now();
  token::Signer signer(key);
  std::vector<std::string> tokens;
  std::ofstream(folder + "/key.jwk") << token::format_private_jwk(key).reveal_text();
  std::ofstream file(folder + "/tokens");
  for (std::size_t i = 0; i < count; ++i) {
    const auto at = base::to_unix_seconds(now);
    tokens.push_back(signer.sign("at+jwt", {{"iss", "https://issuer"},
                                            {"sub", "u" + std::to_string(i)},
                                            {"aud", "api"},
                                            {"iat", at},
                                            {"exp", at + 86400},
                                            {"type", "access"}}));
    file << tokens.back() << '\n';
  }
  file.close();
  auto keys = std::make_shared<token::KeySet>();
  keys->add(key.clone());
  std::vector<double> one, two;
  for (int round = 0; round < rounds; ++round) {
    pin(1);
    token::Verifier verifier(keys, {});
    const double loop = seconds_of([&] {
      for (const auto& token : tokens) {
        if (!verifier.verify(token, now).ok()) std::exit(1);
      }
    });
    const double single = run_batch(binary, folder, 1);
    one.push_back(loop / single);
    two.push_back(single / run_batch(binary, folder, 2));
  }
  std::filesystem::remove_all(folder);
  std::printf("%-6s %8zu tokens   one core %.3f of the loop (goal 0.90)   two cores %.2fx one (goal 1.80)\n",
              std::string(crypto::name_of(algorithm)).c_str(), count, median(one), median(two));
}
}  // namespace

int main(int argc, char** argv) {
  const std::string binary = argc > 1 ? argv[1] : "./authctl";
  const std::size_t count = argc > 2 ? std::stoul(argv[2]) : 100000;
  const int rounds = argc > 3 ? std::stoi(argv[3]) : 5;
  for (const auto algorithm : crypto::all_algorithms) measure(algorithm, binary, count, rounds);
}
