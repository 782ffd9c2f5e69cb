#!/usr/bin/env bash
# P6: `audit query --limit 50` on a large log, from exec to exit, as a ratio to /bin/true, and its peak of memory.
# Usage: bench/query.sh PATH-OF-AUTHCTL PATH-OF-bench_audit [ENTRIES]
set -eu
authctl=$(realpath "${1:?usage: bench/query.sh PATH-OF-AUTHCTL PATH-OF-bench_audit [ENTRIES]}")
filler=$(realpath "${2:?the second is bench_audit}")
entries=${3:-10000000}
command -v hyperfine >/dev/null || { echo "query.sh: hyperfine is not installed" >&2; exit 1; }
folder=$(mktemp -d "${TMPDIR:-/tmp}/authctl-query-XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export AUTHCTL_STORE="sqlite:$folder/a.db" AUTHCTL_MASTER_KEY_FILE="$folder/master.key" XDG_CONFIG_HOME="$folder" XDG_DATA_HOME="$folder"
"$authctl" init -q 2>/dev/null
"$filler" --fill "$entries"
questions=("audit query --limit 50" "audit query --limit 50 --actor user:1500" "audit query --limit 50 --action key.* --since 1h"
           "audit query --limit 50 --outcome denied")
hyperfine -N --warmup 5 --runs 100 --export-csv times.csv /bin/true "${questions[@]/#/$authctl }" >/dev/null 2>&1
base=$(awk -F, 'NR == 2 { print $4 }' times.csv)
echo "$entries entries"
for i in "${!questions[@]}"; do
  # shellcheck disable=SC2086
  peak=$(/usr/bin/env time -f %M "$authctl" ${questions[$i]} 2>&1 >/dev/null | tail -1)
  awk -F, -v row=$((i + 3)) -v base="$base" -v name="${questions[$i]}" -v peak="$peak" \
    'NR == row { printf "%-55s %6.2f ms  %5.2f x /bin/true  peak %.1f MiB\n", name, $4 * 1000, $4 / base, peak / 1024 }' times.csv
done
