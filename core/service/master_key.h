// Where the master key comes from: one file, or the output of one command, never a guess.
// Invariant: a source that is named and fails is an error; no other source is asked in its place.
#pragma once
#include <string>
#include <vector>

#include "core/base/config.h"
#include "core/base/random.h"
#include "core/base/secret.h"

namespace authctl::service {

struct MasterKeySource {
  std::string file;     // where it lies, or where init puts it
  std::string command;  // a program with its arguments; where it is set, the file is not looked at
};

// The settings `master_key_file` and `master_key_command`: the one whose origin weighs more, the file where
// they are even.
MasterKeySource master_key_source(const base::Settings& settings);

// Error unavailable: no such file, one that others can read, one that holds no key, a command that fails.
base::Secret read_master_key(const MasterKeySource& source);
// The same for init: a key is made (0600, on disk before this returns) where the source is a file that is not
// there.
struct MasterKey {
  base::Secret key;
  bool made = false;
};
// Whether init has to make one: the source is a file, and it is not there.
bool would_make_master_key(const MasterKeySource& source);
MasterKey read_or_make_master_key(const MasterKeySource& source, base::Random& random);

// `a 'b c' "d \" e"` as its words, without a shell: quotes group, a backslash takes the next character as it
// is (within single quotes it is none). Error invalid for a quote that does not end, or no word at all.
std::vector<std::string> split_command(std::string_view line);

}  // namespace authctl::service
