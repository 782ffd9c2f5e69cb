#!/usr/bin/env bash
# P5: what a command costs from exec to exit, as a ratio to /bin/true in the same run.
# Usage: bench/cold.sh PATH-OF-AUTHCTL [RUNS]
set -eu
authctl=$(realpath "${1:?usage: bench/cold.sh PATH-OF-AUTHCTL [RUNS]}")
runs=${2:-300}
command -v hyperfine >/dev/null || { echo "cold.sh: hyperfine is not installed" >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export AUTHCTL_STORE="sqlite:$folder/a.db" AUTHCTL_MASTER_KEY_FILE="$folder/master.key" XDG_CONFIG_HOME="$folder" XDG_DATA_HOME="$folder"
"$authctl" init -q 2>/dev/null
"$authctl" user create ann -q >/dev/null

commands=(/bin/true "$authctl version")
names=(/bin/true version)
for alg in ES256 EdDSA RS256 HS256; do
  "$authctl" key rotate --use jwt --alg "$alg" -q >kid 2>/dev/null
  "$authctl" token issue ann --ttl 1d >"token.$alg"
  case $alg in
    HS256) "$authctl" key export "$(cat kid)" --format jwk --private >"key.$alg" ;;
    *) "$authctl" key export "$(cat kid)" --format jwk >"key.$alg" ;;
  esac
  "$authctl" token verify "token.$alg" --key "key.$alg" --any-issuer --any-audience >/dev/null
  commands+=("$authctl token verify token.$alg --key key.$alg --any-issuer --any-audience")
  names+=("token verify --key, $alg")
done
hyperfine -N --warmup 20 --runs "$runs" --export-csv times.csv "${commands[@]}" >/dev/null 2>&1
true_time=$(awk -F, 'NR == 2 { print $4 }' times.csv)
for i in "${!names[@]}"; do
  awk -F, -v row=$((i + 2)) -v base="$true_time" -v name="${names[$i]}" \
    'NR == row { printf "%-28s %6.2f ms  %5.2f x /bin/true\n", name, $4 * 1000, $4 / base }' times.csv
done
