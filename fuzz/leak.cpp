// Dumps from outside. Beside what the sanitizers see: vector code and plain code find the same leaks, at the
// same places, however the dump is cut into blocks; no place lies outside it; no client secret has a wrong
// checksum.
#include "core/credential/leak_scan.h"

#include "core/credential/client_secret.h"
#include "fuzz/claim.h"

namespace {

using namespace authctl;
using credential::Leak;

std::string scan(std::string_view dump, std::size_t piece) {
  std::string found;
  credential::LeakScan scanner([&](const Leak& leak) {
    found += std::to_string(static_cast<int>(leak.kind)) + " " + std::to_string(leak.place.offset) + " " +
             std::to_string(leak.place.line) + " " + std::to_string(leak.ends.size()) + " " +
             std::string(leak.text) + "\n";
    fuzz::claim(leak.place.offset < dump.size(), "a place outside the dump");
    for (const auto end : leak.ends) fuzz::claim(end < leak.text.size(), "an end outside the text");
    if (leak.kind == credential::LeakKind::client_secret)
      fuzz::claim(credential::is_client_secret(leak.text), "a client secret with a wrong checksum");
    return leak.text.size() / 2 + 1;
  });
  for (std::size_t at = 0; at < dump.size(); at += piece) scanner.feed(dump.substr(at, piece));
  scanner.finish();
  fuzz::claim(scanner.bytes() == dump.size(), "bytes were lost");
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view dump(reinterpret_cast<const char*>(data), size);
  const auto found = scan(dump, size + 1);
  fuzz::claim(scan(dump, size / 3 + 1) == found, "blocks make a difference");
  credential::use_leak_engine(credential::LeakEngine::plain);
  fuzz::claim(scan(dump, size + 1) == found, "plain code finds something else");
  credential::use_leak_engine(credential::LeakEngine::automatic);
  return 0;
}
