// What lies on this machine's disk, and who else can read or replace it.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "core/base/file.h"
#include "core/base/shell_word.h"
#include "core/base/text.h"
#include "core/base/url.h"
#include "core/service/checkup_checks.h"
#include "core/store/migrations.h"
#include "core/store/postgres.h"
#include "core/store/store_url.h"

namespace authctl::service {
namespace {
namespace fs = std::filesystem;

// Empty where the store is no file.
std::string store_path(const Patient& patient) {
  const auto& url = patient.settings().text("store");
  return url.starts_with("sqlite:") ? url.substr(7) : std::string();
}

std::string folder_of(const std::string& path) {
  const auto folder = fs::path(path).parent_path();
  return folder.empty() ? "." : folder.string();
}

std::string key_file(const Patient& patient) {
  const auto source = master_key_source(patient.settings());
  return source.command.empty() ? source.file : std::string();
}

// Follows links: what counts is the file behind them.
std::optional<mode_t> mode_behind(const std::string& path) {
  struct stat info {};
  if (path.empty() || ::stat(path.c_str(), &info) != 0) return std::nullopt;
  return info.st_mode;
}

std::string octal(mode_t mode) {
  std::string digits;
  for (int shift = 6; shift >= 0; shift -= 3) digits += static_cast<char>('0' + ((mode >> shift) & 7));
  return digits;
}

std::string chmod(std::string_view mode, const std::string& path) {
  return "chmod " + std::string(mode) + " " + base::shell_word(path);
}

// `forbidden`: the bits that nobody but the owner may have.
Judgement judge_mode(const std::string& what, const std::string& path, mode_t forbidden,
                     std::string_view wanted) {
  const auto mode = mode_behind(path);
  if (!mode) return skipped(what + " is not here");
  if ((*mode & forbidden) != 0)
    return failing(what + " " + base::quote(path) + " has mode " + octal(*mode) + ": others reach it",
                   chmod(wanted, path));
  return well(what + " is its owner's alone");
}

// A folder with the sticky bit lets nobody replace another's file.
Judgement judge_folder(const std::string& what, const std::string& path) {
  const auto folder = folder_of(path);
  const auto mode = mode_behind(folder);
  if (!mode) return skipped(what + " is not here");
  if ((*mode & S_ISVTX) == 0 && (*mode & 022) != 0)
    return failing("others can replace what is in " + base::quote(folder) + " (mode " + octal(*mode) + ")",
                   chmod("go-w", folder));
  return well("nobody else can replace what is in the folder of " + what);
}

}  // namespace

Judgement check_store_mode(const Patient& patient) {
  const auto path = store_path(patient);
  if (path.empty()) return skipped("the store is no file");
  for (const char* suffix : {"-wal", "-shm"}) {
    auto side = judge_mode("the store's side file", path + suffix, 077, "600");
    if (side.severity == Severity::fail) return side;
  }
  return judge_mode("the store", path, 077, "600");
}

Judgement check_store_folder(const Patient& patient) {
  const auto path = store_path(patient);
  return path.empty() ? skipped("the store is no file") : judge_folder("the store", path);
}

Judgement check_master_key_mode(const Patient& patient) {
  const auto path = key_file(patient);
  if (path.empty()) return skipped("a command gives the master key");
  struct stat info {};
  const bool handed = ::stat(path.c_str(), &info) == 0 && info.st_uid == 0 && ::geteuid() != 0;
  return judge_mode("the master key", path, handed ? 037 : 077, "600");
}

Judgement check_master_key_folder(const Patient& patient) {
  const auto path = key_file(patient);
  return path.empty() ? skipped("a command gives the master key") : judge_folder("the master key", path);
}

Judgement check_master_key_place(const Patient& patient) {
  const auto key = key_file(patient), store = store_path(patient);
  if (key.empty() || store.empty()) return skipped("master key and store are not both files");
  std::error_code failed;
  if (fs::equivalent(folder_of(key), folder_of(store), failed) && !failed)
    return warning("the master key lies beside the store: who copies the folder has both",
                   "move it, and set master_key_file, or master_key_command to fetch it from elsewhere");
  return well("the master key lies apart from the store");
}

Judgement check_settings_mode(const Patient& patient) {
  const auto& file = patient.request.settings_file;
  if (file.empty()) return skipped("there is no settings file");
  return judge_mode("the settings file", file, 022, "go-w");
}

Judgement check_auth_log_mode(const Patient& patient) {
  const auto& file = patient.settings().text("auth_log");
  if (file.empty()) return skipped("no log file for refused sign-ins is set");
  return judge_mode("the log file of refused sign-ins", file, 027, "640");
}

Judgement check_store_schema(const Patient& patient) {
  try {
    const auto db = store::open_database(patient.settings().text("store"), store::OpenMode::read_only);
    const int has = store::applied_version(*db), newest = store::newest_schema();
    if (has < newest)
      return warning(
          "the store has schema " + std::to_string(has) + ", this program " + std::to_string(newest),
          "authctl store migrate");
    return well("the store has the newest schema");
  } catch (const base::Error& error) {
    return skipped("the store cannot be opened: " + std::string(error.message()));
  }
}

Judgement check_store_tls(const Patient& patient) {
  const auto& url = patient.settings().text("store");
  if (url.starts_with("sqlite:")) return skipped("the store is no PostgreSQL");
  try {
    const auto link = store::postgres_link(url);
    if (link.is_local) return well("PostgreSQL is on this machine, behind a Unix socket");
    if (link.ssl_mode == "verify-full")
      return well("PostgreSQL is asked for its certificate, and for the name in it");
  } catch (const base::Error& error) {
    return failing(error.message(), error.hint());
  }
  return failing("the connection to PostgreSQL is not checked: no sslmode=verify-full",
                 "add ?sslmode=verify-full&sslrootcert=FILE to the URL of the store");
}

Judgement check_store_password(const Patient& patient) {
  const auto& store = patient.settings().get("store");
  if (!base::holds_password(store.value)) return well("no password stands in the store's URL");
  const auto& file = patient.request.store_url_file;
  if (store.origin == base::Origin::environment && !file.empty())
    return judge_mode("the file with the store's URL", file, 077, "600");
  return warning("the store's URL holds a password (" + base::printable(store.where) + ")",
                 "put it into ~/.pgpass, or the URL into a file that AUTHCTL_STORE_FILE names");
}

}  // namespace authctl::service
