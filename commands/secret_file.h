// Where a new secret goes: to standard output, once, or with `--out FILE` (--png, --svg) to a new file (mode
// 0600).
// Invariant: a file that is named is looked at before anything is done, and is written before the change that
// makes the secret is committed, so that there is never a secret that nobody saw.
#pragma once
#include "commands/command.h"
#include "core/base/file.h"
#include "core/base/secret.h"

namespace authctl::commands {

// A file named - is what nobody wants who writes `--out -`.
void refuse_dash(std::string_view path);

struct SecretFile {
  std::string path;  // empty: standard output
  bool force = false;

  bool given() const { return !path.empty(); }
  // Error conflict where the file is there and may not be replaced, io where its folder takes none; asks
  // where it may be replaced.
  void prepare(Invocation& in) const {
    prepare(in, force ? base::IfExists::replace : base::IfExists::refuse);
  }
  // The same where a file that is there is no reason to stop yet.
  void prepare(Invocation& in, base::IfExists if_exists) const;
  void write(std::string_view text) const;
  // Runs `make`, which is handed what writes the secret and calls it before its change is committed. Where
  // that fails the file goes, too.
  template <class Make>
  auto deliver(Make make) const {
    bool written = false;
    try {
      return make([&](std::string_view text) {
        if (!given()) return;
        write(text);
        written = true;
      });
    } catch (...) {
      if (written) take_back();
      throw;
    }
  }
  // For a change that failed after the file was written.
  void take_back() const;
  std::string notice(bool dry_run, const std::string& what) const;
};

// --out FILE and --force.
void add_secret_file(CLI::App& verb, SecretFile& file, const std::string& what);

}  // namespace authctl::commands
