// Options that the verbs of `fernet` share.
#pragma once
#include <optional>
#include <string>

#include "commands/command.h"
#include "core/service/fernet_ring.h"

namespace authctl::commands {

struct FernetOptions {
  std::string file;  // FILE or -
  std::string key_file;
  std::string now;
};

void add_fernet_options(CLI::App& verb, FernetOptions& options, const std::string& file_is);

// The key file's keys, or the store's. `from`: a revoked key that is to open.
service::FernetKeys keys_of(Invocation& in, const FernetOptions& options, const std::string& from = {});
// --now, or the clock. Error usage.
base::Timestamp now_of(Invocation& in, const FernetOptions& options);

// rotate, and inspect --stats.
void declare_fernet_rotate(Noun& noun);
struct FieldOptions {
  std::string field, column;
  unsigned jobs = 0;
};
void add_field_options(CLI::App& verb, FieldOptions& options);
Output fernet_stats(Invocation& in, const FernetOptions& options, const FieldOptions& fields);

}  // namespace authctl::commands
