#include "core/service/key_command.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/service/master_key.h"

extern char** environ;

namespace authctl::service {
namespace {

[[noreturn]] void fail(const std::string& program, const std::string& why) {
  throw base::Error(base::ErrorCode::unavailable,
                    "the master key command " + base::quote(program) + " " + why,
                    "run it by hand: AUTHCTL_MASTER_KEY_COMMAND");
}

struct Pipe {
  int read_end = -1, write_end = -1;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
      throw base::Error(base::ErrorCode::io, std::string("cannot make a pipe: ") + std::strerror(errno));
    read_end = ends[0];
    write_end = ends[1];
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_write();
    ::close(read_end);
  }
  void close_write() {
    if (write_end >= 0) ::close(write_end);
    write_end = -1;
  }
};

pid_t start(const std::vector<std::string>& words, const Pipe& pipe) {
  std::vector<char*> argv;
  for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, pipe.write_end, STDOUT_FILENO);
  pid_t child = -1;
  const int code = ::posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (code != 0) fail(words[0], std::string("cannot be started: ") + std::strerror(code));
  return child;
}

// The whole output; nothing where it is longer than it may be.
std::optional<base::Secret> read_output(int fd, std::size_t max_bytes) {
  auto buffer = base::Secret::zeroed(max_bytes + 1);
  std::size_t used = 0;
  while (used < buffer.size()) {
    const ssize_t n = ::read(fd, buffer.writable().data() + used, buffer.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    used += static_cast<std::size_t>(n);
  }
  if (used > max_bytes) return std::nullopt;
  return base::Secret(buffer.reveal().first(used));
}

int wait_for(pid_t child) {
  int status = -1;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return status;
}

}  // namespace

base::Secret run_key_command(const std::vector<std::string>& words, std::size_t max_bytes) {
  Pipe pipe;
  const pid_t child = start(words, pipe);
  pipe.close_write();
  auto output = read_output(pipe.read_end, max_bytes);
  if (!output) ::kill(child, SIGKILL);
  const int status = wait_for(child);
  if (!output) fail(words[0], "printed more than a key");
  if (!WIFEXITED(status)) fail(words[0], "was killed by a signal");
  if (WEXITSTATUS(status) != 0)
    fail(words[0], "failed with exit status " + std::to_string(WEXITSTATUS(status)));
  return std::move(*output);
}

std::vector<std::string> split_command(std::string_view line) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool blank = c == ' ' || c == '\t' || c == '\n';
    if (quote == 0 && blank) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
      words.back() += line[++i];
    } else {
      words.back() += c;
    }
  }
  if (quote != 0 || words.empty() || words[0].empty()) {
    throw base::Error(base::ErrorCode::invalid, "the master key command cannot be read: " + base::quote(line),
                      "a program and its arguments, blanks apart, quotes in pairs");
  }
  return words;
}

}  // namespace authctl::service
