#include "core/base/process.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <fstream>

namespace authctl::base {
namespace {

// This boot of this machine, and the space in which process numbers count (a container has its own).
std::string place() {
  std::string boot;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id") >> std::ws, boot);
  std::array<char, 64> space{};
  const auto size = ::readlink("/proc/self/ns/pid", space.data(), space.size());
  return boot + " " + std::string(space.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
}

// When the process was started, in ticks since the boot: field 22 of proc(5)'s stat. Its second field, the
// name in parentheses, may hold anything. Empty where there is no such process.
std::string start_of(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string stat;
  std::getline(file, stat);
  auto at = stat.rfind(')');
  for (int field = 2; at != std::string::npos && field < 22; ++field) at = stat.find(' ', at + 1);
  return at == std::string::npos ? std::string() : stat.substr(at + 1, stat.find(' ', at + 1) - at - 1);
}

}  // namespace

std::string this_process() {
  const auto pid = std::to_string(::getpid());
  return place() + " " + pid + " " + start_of(pid);
}

std::optional<bool> is_running(std::string_view process) {
  const auto here = place() + " ";
  if (!process.starts_with(here)) return std::nullopt;
  process.remove_prefix(here.size());
  const auto blank = process.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  const auto start = start_of(std::string(process.substr(0, blank)));
  return !start.empty() && start == process.substr(blank + 1);
}

void stand_back() {
  constexpr int a_tenth = 10;  // nice(1): about a tenth of what its neighbours get
  const int now = ::getpriority(PRIO_PROCESS, 0);
  if (now < a_tenth) ::setpriority(PRIO_PROCESS, 0, a_tenth);
  // ioprio_set(2), for which there is no header: the lowest of the class "best effort", never "idle".
  constexpr int this_thread = 1, best_effort_last = 2 << 13 | 7;
  ::syscall(SYS_ioprio_set, this_thread, 0, best_effort_last);
}

}  // namespace authctl::base
