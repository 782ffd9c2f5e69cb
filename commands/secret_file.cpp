#include "commands/secret_file.h"

#include <unistd.h>

#include "core/base/error.h"
#include "core/base/text.h"

namespace authctl::commands {

void refuse_dash(std::string_view path) {
  if (path == "-")
    throw base::Error(base::ErrorCode::usage, "\"-\" is no file to write to",
                      "name a file, or leave the option out");
}

void SecretFile::prepare(Invocation& in, base::IfExists if_exists) const {
  if (!given()) return;
  refuse_dash(path);
  base::check_place(path, if_exists);
  if (force) in.confirm("write over " + base::quote(path) + "?");
}

void SecretFile::write(std::string_view text) const {
  base::write_private_file(path, text, force ? base::IfExists::replace : base::IfExists::refuse);
}

void SecretFile::take_back() const { ::unlink(path.c_str()); }

std::string SecretFile::notice(bool dry_run, const std::string& what) const {
  return what + (dry_run ? " would be written to " : " is in ") + base::quote(path);
}

void add_secret_file(CLI::App& verb, SecretFile& file, const std::string& what) {
  auto* out = verb.add_option("--out", file.path, "write " + what + " to a new file (mode 0600) instead")
                  ->type_name("FILE");
  verb.add_flag("--force", file.force, "write over a file that exists; asks")->needs(out);
}

}  // namespace authctl::commands
