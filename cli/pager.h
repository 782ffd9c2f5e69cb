// Long output on a terminal goes through the person's pager. Invariant: nothing is started before there is
// more than the terminal holds, and nothing on a stream that is no terminal.
#pragma once
#include <sys/types.h>

#include <memory>
#include <string>

#include "cli/terminal.h"
#include "core/base/config.h"

namespace authctl::cli {

// The program, as $AUTHCTL_PAGER, $PAGER or the system has it, with its arguments apart by blanks; empty:
// none.
std::string pager_of(const base::Environment& environment);

class Pager {
 public:
  // `program` empty: what is written goes to the console as it is.
  Pager(const Console& console, const std::string& program);
  Pager(const Pager&) = delete;
  Pager& operator=(const Pager&) = delete;
  // Waits until the person has seen enough.
  ~Pager();
  // The console to write to in the meantime.
  Console console();

 private:
  class Buffer;
  const Console& console_;
  std::unique_ptr<Buffer> buffer_;
  std::unique_ptr<std::ostream> out_;
};

}  // namespace authctl::cli
