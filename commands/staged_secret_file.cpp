#include "commands/staged_secret_file.h"

#include <unistd.h>

#include "core/base/error.h"
#include "core/base/shell_word.h"
#include "core/base/text.h"

namespace authctl::commands {

namespace {
constexpr std::size_t longest_left_over = 256 << 20;  // of a manifest of the largest size
}

std::string StagedSecretFile::staged_name(const std::string& path, std::string_view store_id) {
  return path + "." + std::string(store_id.substr(0, 8)) + ".partial";
}

StagedSecretFile::StagedSecretFile(const SecretFile& file, std::string_view store_id)
    : staged_(staged_name(file.path, store_id)),
      file_(file.path, file.force ? base::IfExists::replace : base::IfExists::refuse, base::Leftover::keep,
            staged_),
      left_over_(base::read_secret_file(staged_, longest_left_over)),
      worthless_(left_over_.empty()) {}

StagedSecretFile::~StagedSecretFile() {
  if (worthless_) ::unlink(staged_.c_str());
}

void StagedSecretFile::write(std::string_view text) {
  worthless_ = true;
  file_.cut(0);
  file_.append(text);
  file_.sync();
  base::sync_folder_of(staged_);
}

void StagedSecretFile::publish() {
  keep();
  try {
    file_.publish();
  } catch (const base::Error& error) {
    if (base::mode_of(staged_) == -1) throw;  // it has its place, and only the folder could not be synced
    throw base::Error(error.code(), error.message() + "; what is secret is in " + base::quote(staged_),
                      "mv " + base::shell_word(staged_) + " to where it is to be: it is in force");
  }
}

}  // namespace authctl::commands
