// Settings from a file, through the same door as the product's. What is refused is refused with a line and a
// message; what is taken loads.
#include "core/base/config.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "fuzz/claim.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace authctl;
  static const int memory = ::memfd_create("settings", 0);
  if (::fchmod(memory, 0600) != 0) return 0;  // it begins as a file that everybody may write
  if (::ftruncate(memory, 0) != 0 || ::pwrite(memory, data, size, 0) != static_cast<ssize_t>(size)) return 0;
  const std::string path = "/proc/self/fd/" + std::to_string(memory);
  const auto problems = base::check_settings_file(path);
  for (const auto& problem : problems) fuzz::claim(!problem.message.empty(), "a problem without a message");
  try {
    const auto settings = base::Settings::load([](const std::string&) { return std::nullopt; }, path, true);
    fuzz::claim(problems.empty(), "settings with problems were loaded");
    settings.duration("access_ttl");
  } catch (const base::Error& error) {
    fuzz::claim(!problems.empty(), "settings without problems were refused");
    fuzz::claim(error.code() == base::ErrorCode::invalid, "refused settings are not called invalid");
  }
  return 0;
}
