// A thread, or an error that says what to do: a system may have no more to give (RLIMIT_NPROC, TasksMax).
#pragma once
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/error.h"

namespace authctl::base {

// Error unavailable.
template <class Work>
std::thread start_thread(Work work) {
  try {
    return std::thread(std::move(work));
  } catch (const std::system_error&) {
    throw Error(ErrorCode::unavailable, "the system has no more threads to give",
                "raise the limit: ulimit -u, or TasksMax= of the unit");
  }
}

// As many of `count` as the system has to give; Error unavailable where it has not one.
template <class Work>
void start_threads(std::vector<std::thread>& threads, unsigned count, Work work) {
  try {
    for (unsigned i = 0; i < count; ++i) threads.push_back(start_thread(work));
  } catch (const Error&) {
    if (threads.empty()) throw;
  }
}

}  // namespace authctl::base
