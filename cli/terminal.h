// The three standard streams, what is known about the terminal behind them, and questions to a person.
// Invariant: nothing is asked, coloured or drawn on a stream that is no terminal.
#pragma once
#include <array>
#include <functional>
#include <istream>
#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/secret.h"

namespace authctl::cli {

// Handed to run(): the process's own streams, or a test's.
struct Console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool in_is_terminal = false, out_is_terminal = false, err_is_terminal = false;
  std::size_t width = 80;
  std::size_t height = 0;  // lines that the terminal shows; 0: not known, and then nothing is paged
  // Reads a line that is not shown; without it the line is read from `in`.
  std::function<base::Secret(const std::string& prompt)> ask_hidden = {};
  // The errno of a failed write to `out`; without it a failed write has no reason.
  std::function<int()> out_error = {};
};

// A stream over a file descriptor that remembers why writing failed.
class DescriptorBuffer final : public std::streambuf {
 public:
  explicit DescriptorBuffer(int fd);
  ~DescriptorBuffer() override;
  int error() const { return error_; }

 protected:
  int_type underflow() override;
  int_type overflow(int_type c) override;
  int sync() override;
  std::streamsize xsputn(const char* data, std::streamsize size) override;

 private:
  bool write_all(const char* data, std::size_t size);

  int fd_;
  int error_ = 0;
  std::array<char, 16384> buffer_;
};

bool is_terminal(int fd);
std::size_t terminal_width(int fd);   // 80 where it is not known
std::size_t terminal_height(int fd);  // 0 where it is not known

// Asks on standard error and reads a line from standard input with the echo off. The terminal is put back as
// it was when a signal ends the program too.
base::Secret ask_hidden_on_terminal(const std::string& prompt);

// A line that is redrawn on a terminal while long work goes on: what, how far, how fast, how much longer.
class ProgressBar {
 public:
  ProgressBar(std::ostream& err, bool enabled, const base::Clock& clock)
      : err_(err), enabled_(enabled), clock_(clock) {}
  ~ProgressBar() { clear(); }
  void show(std::string_view what, std::uint64_t done, std::uint64_t total);
  void clear();

 private:
  std::ostream& err_;
  bool enabled_;
  const base::Clock& clock_;
  base::Timestamp started_{}, drawn_{};
  std::string what_;
};

// Whether Ctrl-C was typed. Until somebody asks, Ctrl-C ends the program at once with 130; whoever asks
// promises to stop soon, and a second Ctrl-C still ends it.
bool interrupt_requested();
void handle_interrupts();

}  // namespace authctl::cli
