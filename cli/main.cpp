// The process around a run: what protects its memory and its files, its streams, its signals.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "cli/run.h"

namespace {

// No secret in a core file, none to be read by a debugger of the same user; files are private from the first
// byte.
void protect() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  ::umask(077);
}

// A standard stream that was closed must not become the store's descriptor. It is opened the wrong way round,
// so that using it still fails.
void hold_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) < 0) ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace authctl;
  protect();
  hold_standard_descriptors();
  ::signal(SIGPIPE, SIG_IGN);
  cli::handle_interrupts();
  cli::DescriptorBuffer in_buffer(STDIN_FILENO), out_buffer(STDOUT_FILENO), err_buffer(STDERR_FILENO);
  std::istream in(&in_buffer);
  in.exceptions(std::ios::badbit);  // a failed read says why
  std::ostream out(&out_buffer), err(&err_buffer);
  const bool out_is_terminal = cli::is_terminal(STDOUT_FILENO);
  const base::SystemClock clock;
  base::SystemRandom random;
  cli::World world{
      environment,
      {in, out, err, cli::is_terminal(STDIN_FILENO), out_is_terminal, cli::is_terminal(STDERR_FILENO),
       out_is_terminal ? cli::terminal_width(STDOUT_FILENO) : 80,
       out_is_terminal ? cli::terminal_height(STDOUT_FILENO) : 0, cli::ask_hidden_on_terminal,
       [&out_buffer] { return out_buffer.error(); }},
      clock,
      random};
#ifndef NDEBUG
  world.strict_shapes = true;
#endif
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return cli::run(arguments, world);
}
