#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "core/base/error.h"

namespace authctl::cli {
namespace {

volatile std::sig_atomic_t interrupted_flag = 0;
volatile std::sig_atomic_t somebody_asks = 0;
volatile std::sig_atomic_t pending_signal = 0;

extern "C" void on_interrupt(int) {
  if (somebody_asks == 0 || interrupted_flag != 0) ::_exit(130);
  interrupted_flag = 1;
}

extern "C" void note_signal(int number) { pending_signal = number; }

// Signals that would leave a terminal without echo are held until it is put back.
class EchoOff {
 public:
  EchoOff() {
    struct sigaction action {};
    action.sa_handler = note_signal;
    for (std::size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &action, &former_[i]);
    known_ = ::tcgetattr(STDIN_FILENO, &saved_) == 0;
    termios quiet = saved_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL);
    if (known_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;
  ~EchoOff() {
    if (known_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved_);
    for (std::size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &former_[i], nullptr);
  }

 private:
  static constexpr std::array signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
  std::array<struct sigaction, signals.size()> former_{};
  termios saved_{};
  bool known_ = false;
};

// One line from standard input into memory that is wiped; stops at a signal.
base::Secret read_line_secretly() {
  std::array<char, 4096> line{};
  std::size_t size = 0;
  char c = 0;
  while (pending_signal == 0) {
    const ssize_t n = ::read(STDIN_FILENO, &c, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0 || c == '\n') break;
    if (size < line.size()) line[size++] = c;
  }
  base::Secret secret{std::string_view(line.data(), size)};
  base::wipe(line.data(), line.size());
  return secret;
}

std::string duration_text(std::uint64_t seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%llu:%02llu", static_cast<unsigned long long>(seconds / 60),
                static_cast<unsigned long long>(seconds % 60));
  return text;
}

}  // namespace

DescriptorBuffer::DescriptorBuffer(int fd) : fd_(fd) {
  setp(buffer_.data(), buffer_.data() + buffer_.size());
}

// Secrets pass through: a password on its way in, a token on its way out.
DescriptorBuffer::~DescriptorBuffer() { base::wipe(buffer_.data(), buffer_.size()); }

DescriptorBuffer::int_type DescriptorBuffer::underflow() {
  ssize_t n = 0;
  do {
    n = ::read(fd_, buffer_.data(), buffer_.size());
  } while (n < 0 && errno == EINTR && interrupted_flag == 0);
  if (n < 0) {
    error_ = errno;
    throw base::Error(error_ == EINTR ? base::ErrorCode::interrupted : base::ErrorCode::io,
                      std::string("cannot read standard input: ") + std::strerror(error_));
  }
  if (n == 0) return traits_type::eof();
  setg(buffer_.data(), buffer_.data(), buffer_.data() + n);
  return traits_type::to_int_type(buffer_[0]);
}

bool DescriptorBuffer::write_all(const char* data, std::size_t size) {
  while (size > 0 && error_ == 0) {
    const ssize_t n = ::write(fd_, data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      error_ = errno;
      return false;
    }
    data += n;
    size -= static_cast<std::size_t>(n);
  }
  return error_ == 0;
}

int DescriptorBuffer::sync() {
  const bool ok = write_all(pbase(), static_cast<std::size_t>(pptr() - pbase()));
  setp(buffer_.data(), buffer_.data() + buffer_.size());
  return ok ? 0 : -1;
}

DescriptorBuffer::int_type DescriptorBuffer::overflow(int_type c) {
  if (sync() != 0) return traits_type::eof();
  if (!traits_type::eq_int_type(c, traits_type::eof())) sputc(traits_type::to_char_type(c));
  return traits_type::not_eof(c);
}

std::streamsize DescriptorBuffer::xsputn(const char* data, std::streamsize size) {
  if (size <= epptr() - pptr()) {
    if (size > 0) std::memcpy(pptr(), data, static_cast<std::size_t>(size));
    pbump(static_cast<int>(size));
    return size;
  }
  return sync() == 0 && write_all(data, static_cast<std::size_t>(size)) ? size : 0;
}

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

std::size_t terminal_width(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return std::max<std::size_t>(size.ws_col, 40);
}

std::size_t terminal_height(int fd) {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

base::Secret ask_hidden_on_terminal(const std::string& prompt) {
  for (;;) {
    pending_signal = 0;
    const auto write = [](std::string_view text) { return ::write(STDERR_FILENO, text.data(), text.size()); };
    base::Secret secret;
    {
      const EchoOff off;  // first: who types at once, as a program does, is not shown either
      (void)!write(prompt);
      secret = read_line_secretly();
    }
    (void)!write("\n");
    const int signal = pending_signal;
    if (signal == 0) return secret;
    if (signal == SIGINT) throw base::Error(base::ErrorCode::interrupted, "interrupted");
    ::raise(signal);  // stopped: asks again once it is continued
  }
}

void ProgressBar::show(std::string_view what, std::uint64_t done, std::uint64_t total) {
  if (!enabled_) return;
  const auto now = clock_.now();
  if (what != what_) {
    what_ = what;
    started_ = now;
  } else if (now - drawn_ < std::chrono::milliseconds(100) && done != total) {
    return;
  }
  drawn_ = now;
  const double seconds = std::max(0.001, static_cast<double>((now - started_).count()) / 1000.0);
  const double rate = static_cast<double>(done) / seconds;
  std::string line = "\r\x1b[K" + what_ + " " + std::to_string(done);
  if (total > 0) {
    const std::uint64_t share = std::min<std::uint64_t>(done, total) * 20 / total;
    line += "/" + std::to_string(total) + " [" + std::string(share, '#') + std::string(20 - share, '.') + "]";
  }
  line += " " + std::to_string(static_cast<std::uint64_t>(rate)) + "/s";
  if (total > done && rate > 0) {
    line +=
        " " + duration_text(static_cast<std::uint64_t>(static_cast<double>(total - done) / rate)) + " left";
  }
  err_ << line << std::flush;
}

void ProgressBar::clear() {
  if (enabled_ && !what_.empty()) err_ << "\r\x1b[K" << std::flush;
  what_.clear();
}

bool interrupt_requested() {
  somebody_asks = 1;
  return interrupted_flag != 0;
}

void handle_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  ::sigaction(SIGINT, &action, nullptr);
}

}  // namespace authctl::cli
