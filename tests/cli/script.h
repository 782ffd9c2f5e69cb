// Sessions as typed (tests/scripts/*.txt), each a test of its own: every line that starts with `$ ` is run in
// a fresh Shell, and what it prints must be what stands below it, to the byte.
//
//   # a comment; blank lines part one command from the next
//   $ authctl role show nobody
//   stderr> authctl: role "nobody" does not exist
//   stderr> hint: authctl role list
//   [exit 3]
//
//   $ cat > settings.toml <<EOF
//   access_ttl = "5m"
//   EOF
//   @ advance 1h                       the clock goes on
//   @ now 2026-02-01T00:00:00Z         … or is set
//   @ env AUTHCTL_OUTPUT=json          a variable, for the rest of the session
//
// `…` in an expected line stands for any run of characters (a random id). The session's folder is written
// $FOLDER. With AUTHCTL_UPDATE_SCRIPTS=1 in the environment the expectations are rewritten to what was
// printed; lines with `…` that still fit are kept.
#pragma once
#include <string>

namespace authctl::test {

void run_script(const std::string& file);

}  // namespace authctl::test
