// Where a new secret goes: to standard output, once, or with `--out FILE` (--png, --svg) to a new file (mode
// 0600).
// Invariant: a file that is named is looked at before anything is done, and is written before the change that
// makes the secret is committed, so that there is never a secret that nobody saw.
#pragma once
#include "commands/command.h"
#include "core/base/secret.h"

namespace authctl::commands {

struct SecretFile {
  std::string path;  // empty: standard output
  bool force = false;

  bool given() const { return !path.empty(); }
  // Error conflict where the file is there and may not be replaced; asks where it may.
  void prepare(Invocation& in) const;
  void write(std::string_view text) const;
  // For a change that failed after the file was written.
  void take_back() const;
  std::string notice(bool dry_run, const std::string& what) const;
};

// --out FILE and --force.
void add_secret_file(CLI::App& verb, SecretFile& file, const std::string& what);

}  // namespace authctl::commands
