// The scanner of `incident triage` on one core, against what any scanner has to do: memchr over the same
// bytes for the ends of lines, as `grep -c ''` does. Goal: 300 MB/s. Kinds of noise: a log, random bytes,
// base64 in lines of 76, base64 of a log (which is looked through itself), JSON with quoted JSON in it,
// UTF-16, and a log in which each line carries a token.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "core/base/encoding.h"
#include "core/credential/leak_scan.h"

using namespace authctl;

namespace {

constexpr std::size_t size = std::size_t{32} << 20;
constexpr int rounds = 5;

// Of this thread's own time, so that what else the machine does counts as little as it can.
double now_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double megabytes_per_second(std::size_t bytes, const std::function<void()>& work) {
  std::vector<double> speeds;
  for (int i = 0; i < rounds; ++i) {
    const double begun = now_seconds();
    work();
    speeds.push_back(static_cast<double>(bytes) / 1e6 / (now_seconds() - begun));
  }
  std::sort(speeds.begin(), speeds.end());
  return speeds[speeds.size() / 2];
}

std::mt19937_64& noise() {
  static std::mt19937_64 generator(7);
  return generator;
}

std::string filled(const std::function<std::string()>& piece) {
  std::string text;
  while (text.size() < size) text += piece();
  return text;
}

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  for (auto& byte : bytes) byte = static_cast<char>(noise()());
  return bytes;
}

std::string log_line() {
  const auto n = noise()();
  return "203.0.113." + std::to_string(n % 256) + " - - [26/Nov/2026:03:54:14 +0000] \"GET /api/items/" +
         std::to_string(n % 100000) + "?page=" + std::to_string(n % 50) + "&q=a%20b HTTP/2.0\" 200 " +
         std::to_string(n % 9000) + " \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"\n";
}

std::string base64_line() { return base::encode_base64(base::bytes_of(random_bytes(57))) + "\n"; }

std::string json_line() {
  const auto n = std::to_string(noise()());
  return R"({"level":"info","id":)" + n + R"(,"body":"{\"user\":\"u)" + n +
         R"(\",\"note\":\"one\\ntwo\"}"})"
         "\n";
}

std::string utf16_line() {
  std::string text;
  for (const char c : log_line()) (text += c) += '\0';
  return text;
}

std::string token_line() {
  static const std::string header =
      base::encode_base64url(base::bytes_of(R"({"alg":"ES256","typ":"at+jwt","kid":"k"})"));
  return "Bearer " + header + "." + base::encode_base64url(base::bytes_of("{" + random_bytes(300))) + "." +
         base::encode_base64url(base::bytes_of(random_bytes(64))) + " " + log_line();
}

void row(const char* name, const std::string& text) {
  std::size_t lines = 0, found = 0;
  const double search = megabytes_per_second(text.size(), [&] {
    lines = 0;
    const char* at = text.data();
    const char* end = at + text.size();
    while ((at = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)))) !=
           nullptr)
      ++at, ++lines;
  });
  const double scan = megabytes_per_second(text.size(), [&] {
    found = 0;
    credential::LeakScan scanner([&](const credential::Leak& leak) { return ++found, leak.text.size(); });
    for (std::size_t at = 0; at < text.size(); at += 256 << 10)
      scanner.feed(std::string_view(text).substr(at, 256 << 10));
    scanner.finish();
  });
  std::printf("%-16s %9.0f MB/s   memchr %7.0f MB/s   ratio %6.3f   %zu lines, %zu found\n", name, scan,
              search, scan / search, lines, found);
}

}  // namespace

int main() {
  row("log", filled(log_line));
  row("random bytes", filled([] { return random_bytes(4096); }));
  row("base64", filled(base64_line));
  row("base64 of a log", base::encode_base64(base::bytes_of(filled(log_line))));
  row("quoted JSON", filled(json_line));
  row("UTF-16", filled(utf16_line));
  row("zeros", std::string(size, '\0'));
  row("tokens", filled(token_line));
}
