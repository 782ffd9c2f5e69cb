#include "cli/pager.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <vector>

namespace authctl::cli {
namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t begin = text.find_first_not_of(' '); begin != std::string::npos;) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(' ', end);
  }
  return words;
}

// A child that reads from a pipe. `less` leaves colours as they are and ends by itself where all fits (-FRX),
// unless the person has set $LESS.
class Child {
 public:
  bool start(const std::string& program) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    auto words = words_of(program);
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::setenv("LESS", "FRX", 0);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    sigset_t defaults;
    ::sigemptyset(&defaults);
    ::sigaddset(&defaults, SIGPIPE);  // ignored by us, not to be by others
    ::posix_spawnattr_setsigdefault(&attributes, &defaults);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    const bool started = ::posix_spawnp(&pid_, argv[0], &actions, &attributes, argv.data(), environ) == 0;
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[0]);
    fd_ = ends[1];
    if (!started) ::close(fd_);
    // Ctrl-C is the pager's while it is there.
    if (started) former_ = ::signal(SIGINT, SIG_IGN);
    return started;
  }

  bool write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t n = ::write(fd_, text.data(), text.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return false;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  void finish() const {
    ::close(fd_);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    ::signal(SIGINT, former_);
  }

 private:
  pid_t pid_ = 0;
  int fd_ = -1;
  void (*former_)(int) = SIG_DFL;
};

}  // namespace

std::string pager_of(const base::Environment& environment) {
  std::string program = environment("AUTHCTL_PAGER").value_or(environment("PAGER").value_or("less"));
  const bool dumb = environment("TERM").value_or("dumb") == "dumb";
  return dumb || program == "cat" ? std::string() : program;
}

// Holds back what still fits the terminal.
class Pager::Buffer final : public std::streambuf {
 public:
  Buffer(const Console& console, std::string program) : console_(console), program_(std::move(program)) {}

  void finish() {
    if (!started_) {
      console_.out << held_;
    } else {
      child_.finish();
    }
    held_.clear();
  }

 protected:
  int_type overflow(int_type c) override {
    if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
    const char letter = traits_type::to_char_type(c);
    return xsputn(&letter, 1) == 1 ? c : traits_type::eof();
  }

  std::streamsize xsputn(const char* data, std::streamsize size) override {
    const std::string_view text(data, static_cast<std::size_t>(size));
    if (gave_up_) return console_.out << text ? size : 0;
    if (started_) return child_.write(text) ? size : 0;
    held_ += text;
    lines_ += static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    if (lines_ < console_.height) return size;
    started_ = child_.start(program_);
    gave_up_ = !started_;
    const std::string held = std::move(held_);
    held_.clear();
    return xsputn(held.data(), static_cast<std::streamsize>(held.size())) > 0 ? size : 0;
  }

 private:
  const Console& console_;
  const std::string program_;
  std::string held_;
  std::size_t lines_ = 0;
  bool started_ = false, gave_up_ = false;
  Child child_;
};

Pager::Pager(const Console& console, const std::string& program) : console_(console) {
  if (program.empty() || words_of(program).empty() || console.height == 0 || !console.out_is_terminal) return;
  buffer_ = std::make_unique<Buffer>(console, program);
  out_ = std::make_unique<std::ostream>(buffer_.get());
}

Pager::~Pager() {
  if (buffer_) buffer_->finish();
}

Console Pager::console() {
  if (!buffer_) return console_;
  return {console_.in,
          *out_,
          console_.err,
          console_.in_is_terminal,
          console_.out_is_terminal,
          console_.err_is_terminal,
          console_.width,
          console_.height,
          console_.ask_hidden,
          console_.out_error};
}

}  // namespace authctl::cli
