#include "core/service/courier.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "core/base/thread.h"
#include "core/service/master_key.h"

extern char** environ;

namespace authctl::service {
namespace {

constexpr std::size_t most_waiting = 256;
constexpr std::size_t longest_message = 32 * 1024;  // fits into a pipe, so writing it never waits
constexpr std::chrono::seconds longest_run{10}, longest_end{10};
constexpr std::chrono::milliseconds between_looks{5};

struct Ends {
  int read_end = -1, write_end = -1;
  ~Ends() {
    if (read_end >= 0) ::close(read_end);
    if (write_end >= 0) ::close(write_end);
  }
};

// Signals as a program expects them, whatever this thread blocks.
pid_t start(const std::vector<std::string>& words, int input) {
  std::vector<char*> argv;
  for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t child = -1;
  const int code = ::posix_spawnp(&child, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return code == 0 ? child : -1;
}

std::string wait_for(pid_t child) {
  const auto patience = std::chrono::steady_clock::now() + longest_run;
  int status = 0;
  while (true) {
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) break;
    if (ended < 0 && errno != EINTR) return "could not be waited for";
    if (std::chrono::steady_clock::now() > patience) {
      ::kill(child, SIGKILL);
      while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
      return "did not end";
    }
    std::this_thread::sleep_for(between_looks);
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return WIFEXITED(status) ? "ended with status " + std::to_string(WEXITSTATUS(status)) : "was killed";
}

// Empty where the program took the message and ended well, else what went wrong.
std::string hand_over(const std::string& command, const base::Secret& message) {
  std::vector<std::string> words;
  try {
    words = split_command(command);
  } catch (const base::Error&) {
    return "cannot be read: a program and its arguments, blanks apart, quotes in pairs";
  }
  Ends pipe;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return "no pipe could be made";
  pipe.read_end = ends[0];
  pipe.write_end = ends[1];
  const pid_t child = start(words, pipe.read_end);
  if (child < 0) return "could not be started";
  const auto bytes = message.reveal();
  const bool written = ::write(pipe.write_end, bytes.data(), bytes.size()) == std::ssize(bytes);
  ::close(std::exchange(pipe.write_end, -1));
  auto why = wait_for(child);
  return why.empty() && !written ? "did not take the message" : why;
}

}  // namespace

Courier::~Courier() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    closed_at_ = std::chrono::steady_clock::now();
  }
  arrived_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Courier::send(const std::string& command, std::string message) {
  message += '\n';
  auto letter = Letter{command, base::Secret::consume(std::move(message))};
  const std::lock_guard lock(mutex_);
  if (closed_ || waiting_.size() >= most_waiting || letter.message.size() > longest_message) return false;
  try {
    if (!thread_.joinable()) thread_ = base::start_thread([this] { run(); });
  } catch (const base::Error&) {
    return false;
  }
  waiting_.push_back(std::move(letter));
  arrived_.notify_one();
  return true;
}

void Courier::run() {
  sigset_t pipe;  // a program that ends without reading is no reason to end as well
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  std::unique_lock lock(mutex_);
  while (true) {
    arrived_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    if (closed_ && std::chrono::steady_clock::now() > closed_at_ + longest_end) {
      for (const auto& letter : waiting_)
        if (on_failure_) on_failure_(letter.command, "was not started before the end");
      return;
    }
    const auto letter = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    const auto why = hand_over(letter.command, letter.message);
    if (!why.empty() && on_failure_) on_failure_(letter.command, why);
    lock.lock();
  }
}

}  // namespace authctl::service
