#!/usr/bin/env bash
# A manifest of 10,000 users, 500 roles and 5,000 grants: plan, apply, and apply again, from exec to exit.
# Usage: bench/manifest.sh PATH-OF-AUTHCTL [USERS]
set -eu
authctl=$(realpath "${1:?usage: bench/manifest.sh PATH-OF-AUTHCTL [USERS]}")
users=${2:-10000}
folder=$(mktemp -d "${TMPDIR:-/tmp}/authctl-manifest-XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export AUTHCTL_STORE="${AUTHCTL_BENCH_STORE:-sqlite:$folder/s/a.db}" AUTHCTL_MASTER_KEY_FILE="$folder/master.key" XDG_CONFIG_HOME="$folder" XDG_DATA_HOME="$folder"
"$authctl" init -q >/dev/null 2>&1
awk -v users="$users" 'BEGIN {
  print "version: 1\nroles:"
  for (r = 0; r < 500; r++) {
    printf "  - {name: role%d, description: Role %d, permissions: [", r, r
    for (g = 0; g < 10; g++) printf "%s\"do:thing%d:%d\"", g ? ", " : "", r, g
    print "]" (r % 10 ? sprintf(", inherits: [role%d]", r - r % 10) : "") "}"
  }
  print "users:"
  for (u = 0; u < users; u++) printf "  - {name: user%d, email: user%d@example.com, status: active, roles: [role%d]}\n", u, u, u % 500
}' >m.yaml
row() {  # NAME COMMAND…: wall and processor seconds, peak of memory
  local name=$1; shift
  /usr/bin/env time -f "%e %U %M" -o figures "$@" >/dev/null 2>&1 || true
  awk -v name="$name" 'END { printf "%-36s %6.2f s  (%.2f s of processor)  peak %.0f MiB\n", name, $1, $2, $3 / 1024 }' figures
}
echo "$users users, 500 roles, 5,000 grants: $(stat -c %s m.yaml) bytes of YAML"
row "plan (diff, everything is new)" "$authctl" diff -f m.yaml
row "apply" "$authctl" apply -f m.yaml -q
row "apply again (nothing to change)" "$authctl" apply -f m.yaml
row "export" "$authctl" export
