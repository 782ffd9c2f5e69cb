// SQLite behind the port: one connection, linked statically, the default engine.
// Invariant: nothing is written to a file, or beside it, before its bytes say that it is a store of ours that
// this program understands; files are 0600 from their first byte.
#pragma once
#include <memory>
#include <string>

#include "core/store/database.h"

namespace authctl::store {

// "auth" in the header of the file: what makes it one of ours (https://www.sqlite.org/fileformat.html
// section 1.3.17).
inline constexpr std::uint32_t sqlite_application_id = 0x61757468;

// What stands at the path, judged without opening it. Error unavailable for a symbolic link, a folder or
// device, or a file (or side file) that others can read or change.
bool sqlite_file_exists(const std::string& path);

// Opens a file that is there; the schema version it has is in `version`. Error unavailable for anything that
// is not ours, is damaged, or is newer than this program.
std::unique_ptr<Database> open_sqlite(const std::string& path, OpenMode mode, int& version);

// Makes the store, with its schema, under a name of its own and moves it into place when it is whole; where
// another process was first, theirs stays.
void create_sqlite(const std::string& path);
// A new file at an earlier schema, open: what a backup of that time is read into.
std::unique_ptr<Database> create_sqlite_at(const std::string& path, int schema);

}  // namespace authctl::store
