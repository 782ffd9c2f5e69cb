// The program as a process: what a test inside it cannot see (descriptors, signals, limits).
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <sstream>

#include "tests/support/catch.h"
#include "tests/support/stores.h"

using namespace authctl;

namespace {

struct Ended {
  int status = -1;  // as a shell has it: 128 + n for a signal
  std::string err;
};

// A child that runs authctl; `prepare` works in it before exec.
class Child {
 public:
  Child(std::vector<std::string> arguments, const std::function<void()>& prepare) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::dup2(ends[1], STDERR_FILENO);
      prepare();
      ::setenv("HOME", folder_.path().c_str(), 1);
      ::setenv("XDG_CONFIG_HOME", folder_.path().c_str(), 1);
      std::vector<char*> argv{const_cast<char*>("authctl")};
      for (auto& argument : arguments) argv.push_back(argument.data());
      argv.push_back(nullptr);
      ::execv(AUTHCTL_BINARY, argv.data());
      ::_exit(127);
    }
    ::close(ends[1]);
    err_ = ends[0];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (err_ >= 0) ::close(err_);
  }

  pid_t pid() const { return pid_; }
  Ended wait() {
    Ended ended;
    char buffer[4096];
    for (ssize_t n; (n = ::read(err_, buffer, sizeof buffer)) > 0;)
      ended.err.append(buffer, static_cast<std::size_t>(n));
    int status = 0;
    REQUIRE(::waitpid(pid_, &status, 0) == pid_);
    ended.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return ended;
  }

 private:
  test::Folder folder_;
  pid_t pid_ = -1;
  int err_ = -1;
};

Ended run(std::vector<std::string> arguments, const std::function<void()>& prepare) {
  return Child(std::move(arguments), prepare).wait();
}

std::string proc(pid_t pid, const std::string& file) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/" + file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void redirect(int fd, const char* path, int flags) { ::dup2(::open(path, flags), fd); }

// A child that reads settings from a pipe which stays open: it waits until it is told to end.
struct Waiting {
  int ends[2];
  std::unique_ptr<Child> child;
  explicit Waiting(std::vector<std::string> arguments) {
    REQUIRE(::pipe(ends) == 0);
    child = std::make_unique<Child>(std::move(arguments), [this] {
      ::dup2(ends[0], STDIN_FILENO);
      ::close(ends[1]);
      redirect(STDOUT_FILENO, "/dev/null", O_WRONLY);
    });
    ::close(ends[0]);
    while (!is_set_up()) ::usleep(5000);
  }
  // It has its handler for Ctrl-C and sleeps: it stands in its read. An end before that is seen as a zombie.
  bool is_set_up() const {
    const std::string status = proc(child->pid(), "status");
    if (status.find("State:\tZ") != std::string::npos) return true;
    const std::size_t caught = status.find("SigCgt:\t");
    if (caught == std::string::npos || status.find("State:\tS") == std::string::npos) return false;
    return (std::stoull(status.substr(caught + 8, 16), nullptr, 16) & (1ull << (SIGINT - 1))) != 0;
  }
  ~Waiting() { ::close(ends[1]); }
};

}  // namespace

TEST_CASE("a full disk behind standard output is exit 1 and says why") {
  const auto ended = run({"version"}, [] { redirect(STDOUT_FILENO, "/dev/full", O_WRONLY); });
  CHECK(ended.status == 1);
  CHECK(ended.err == "authctl: cannot write to standard output: No space left on device\n");
}

TEST_CASE("a reader that has gone away is no error") {
  const auto ended = run({"config", "show"}, [] {
    int ends[2];
    if (::pipe(ends) != 0) ::_exit(99);
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
  });
  CHECK(ended.status == 0);
  CHECK(ended.err.empty());
}

TEST_CASE("closed standard streams are no place for a file to be opened at") {
  const auto no_out = run({"version"}, [] { ::close(STDOUT_FILENO); });
  CHECK(no_out.status == 1);
  CHECK(no_out.err.starts_with("authctl: cannot write to standard output"));
  const auto no_in = run({"token", "inspect", "-"}, [] { ::close(STDIN_FILENO); });
  CHECK(no_in.status == 1);
  CHECK(no_in.err.starts_with("authctl: cannot read standard input"));
  const auto none = run({"version"}, [] {
    ::close(STDIN_FILENO);
    ::close(STDOUT_FILENO);
    ::close(STDERR_FILENO);
  });
  CHECK(none.status == 1);
}

TEST_CASE("Ctrl-C ends with 130") {
  Waiting waiting({"config", "check", "/dev/stdin"});
  ::kill(waiting.child->pid(), SIGINT);
  CHECK(waiting.child->wait().status == 130);
}

TEST_CASE("a running authctl leaves no core, cannot be traced by its user, and makes private files") {
  Waiting waiting({"config", "check", "/dev/stdin"});
  const std::string limits = proc(waiting.child->pid(), "limits");
  const std::size_t line = limits.find("Max core file size");
  REQUIRE(line != std::string::npos);
  std::istringstream words(limits.substr(line + 18));
  std::string soft, hard;
  words >> soft >> hard;
  CHECK(soft == "0");
  CHECK(hard == "0");
  CHECK(proc(waiting.child->pid(), "status").find("Umask:\t0077") != std::string::npos);
  ::kill(waiting.child->pid(), SIGINT);
  waiting.child->wait();
}

TEST_CASE("standard input that is cut short by the end is read to its end") {
  const auto ended = run({"config", "check", "/dev/stdin"}, [] {
    redirect(STDIN_FILENO, "/dev/null", O_RDONLY);
    redirect(STDOUT_FILENO, "/dev/null", O_WRONLY);
  });
  CHECK(ended.status == 0);
}
