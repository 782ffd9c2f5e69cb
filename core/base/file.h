// Files as a tool that holds keys handles them: private from the first byte, never through a symbolic link,
// whole or not at all.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/base/secret.h"

namespace authctl::base {

// The whole file, `-` for standard input; Error io where it cannot be read, invalid where it is longer than
// max_bytes.
std::string read_file(const std::string& path, std::size_t max_bytes);
Secret read_secret_file(const std::string& path, std::size_t max_bytes = 1 << 20);

enum class IfExists { refuse, replace };
// What write_private_file() would say of the place, before anything is made for it.
void check_place(const std::string& path, IfExists if_exists);
// Mode 0600, written beside its place, synced, then moved there; the folder is synced too. Refuses a symbolic
// link, and (conflict) a file that exists unless it is to be replaced.
void write_private_file(const std::string& path, std::string_view content, IfExists if_exists);
// The folder and those above it, 0700 where they are made here.
void make_private_folder(const std::filesystem::path& folder);
// The path from the root, for whoever reads it later in another folder; nothing has to be there. A `..` is
// resolved as the system does, up from where a link leads to.
std::string absolute_path(const std::string& path);
// Permission bits of what is there, not following a link; -1 where there is nothing.
int mode_of(const std::string& path);

}  // namespace authctl::base
