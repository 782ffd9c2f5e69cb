#include "core/service/master_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/shell_word.h"
#include "core/base/text.h"
#include "core/crypto/sealing.h"
#include "core/service/key_command.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t longest_key_text = 4096;

base::Secret parse(const base::Secret& text, const std::string& where) {
  try {
    return crypto::parse_master_key(text);
  } catch (const Error&) {
    throw Error(ErrorCode::unavailable, where + " gives no master key (32 bytes in base64url)",
                "put the copy that you kept back in its place");
  }
}

// A store of secrets keeps the newline of the file that it was given, and the program that prints the secret
// adds its own: as in a shell's $(…) none of them counts.
base::Secret without_newlines(const base::Secret& printed) {
  auto text = printed.reveal_text();
  for (auto shorter = base::without_newline(text); shorter.size() != text.size();
       shorter = base::without_newline(text)) {
    text = shorter;
  }
  return base::Secret(text);
}

void refuse_file(const std::string& path, const std::string& why, std::string hint = {}) {
  throw Error(ErrorCode::unavailable, "master key file " + base::quote(path) + " " + why, std::move(hint));
}

// Links are followed (Kubernetes mounts secrets through them); it is the file behind them that must be
// private.
void check_key_file(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno != ENOENT) refuse_file(path, std::string("cannot be read: ") + std::strerror(errno));
    refuse_file(path, "does not exist", "bring it back from where a copy is kept, or --master-key-file FILE");
  }
  if (S_ISDIR(info.st_mode)) refuse_file(path, "is a folder");
  // What root hands to a service (systemd's credentials, a Kubernetes secret) shows the group that may read
  // it.
  const bool handed_by_root = info.st_uid == 0 && ::geteuid() != 0;
  if (S_ISREG(info.st_mode) && (info.st_mode & (handed_by_root ? 037 : 077)) != 0) {
    refuse_file(path, "can be read or changed by others", "chmod 600 " + base::shell_word(path));
  }
}

}  // namespace

MasterKeySource master_key_source(const base::Settings& settings) {
  const auto& file = settings.get("master_key_file");
  const auto& command = settings.get("master_key_command");
  MasterKeySource source{file.value, {}};
  if (!command.value.empty() && command.origin > file.origin) source.command = command.value;
  return source;
}

base::Secret read_master_key(const MasterKeySource& source) {
  if (!source.command.empty())
    return parse(without_newlines(run_key_command(split_command(source.command), longest_key_text)),
                 "the master key command");
  if (source.file.empty())
    throw Error(ErrorCode::unavailable, "no master key is configured", "--master-key-file FILE");
  check_key_file(source.file);
  try {
    return parse(base::read_secret_file(source.file, longest_key_text),
                 "master key file " + base::quote(source.file));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::unavailable) throw;
    throw Error(ErrorCode::unavailable, "the master key cannot be read: " + error.message(), error.hint());
  }
}

bool would_make_master_key(const MasterKeySource& source) {
  return source.command.empty() && !source.file.empty() && base::mode_of(source.file) == -1;
}

MasterKey read_or_make_master_key(const MasterKeySource& source, base::Random& random) {
  if (!would_make_master_key(source)) return {read_master_key(source), false};
  auto key = crypto::make_sealing_key(random);
  std::string text = crypto::format_master_key(key) + "\n";
  base::make_private_folder(std::filesystem::path(source.file).parent_path());
  try {
    base::write_private_file(source.file, text, base::IfExists::refuse);
  } catch (const Error& error) {
    base::wipe(text.data(), text.size());
    if (error.code() != ErrorCode::conflict) throw;
    return {read_master_key(source), false};  // another init made it in this very moment
  }
  base::wipe(text.data(), text.size());
  return {std::move(key), true};
}

}  // namespace authctl::service
