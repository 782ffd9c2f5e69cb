#!/bin/sh
# Three in the morning: the key that signs is in the wrong hands. Another one signs at once, the old one verifies
# nothing any more, what it signed is over, and there is a receipt.
#
# usage: rotate-now.sh FOLDER [KID]     a new folder for what is to be kept; without KID, the key that signs now
# environment: SERVER, the URL of a running server that is to be looked at too (https://auth.example.com)
# It may be run again, also after an interruption.
set -eu
folder=$1
(umask 077 && mkdir -p "$folder")
# The same key in every run: after the first one another signs.
if [ ! -e "$folder/kid" ]; then
  plan=$(authctl key plan --use jwt --json)
  kid=${2:-$(printf '%s' "$plan" | sed -n 's/.*"active_kid":"\([^"]*\)".*/\1/p')}
  [ -n "$kid" ] || { echo "rotate-now: no key signs" >&2; exit 5; }
  authctl key show "$kid" --quiet >/dev/null  # exit 3: a slip of the pen is not kept
  echo "$kid" >"$folder/kid"
fi
kid=$(cat "$folder/kid")
[ "${2:-$kid}" = "$kid" ] || { echo "rotate-now: $folder is about the key $kid: name another folder" >&2; exit 5; }

rm -f "$folder/receipt.json"  # of a run before; the same receipt comes again
authctl incident contain --kid "$kid" --yes --reason 'the signing key leaked' --out "$folder/receipt.json"
authctl key export --all --format jwks >"$folder/jwks.json"
[ -e "$folder/log.vkey" ] || authctl audit checkpoint --public-key --out "$folder/log.vkey" --quiet
authctl audit verify "$folder/receipt.json" --public-key "$folder/log.vkey" --quiet

if grep -qF "$kid" "$folder/jwks.json"; then
  echo "rotate-now: the old key is still published" >&2
  exit 1
fi
if [ -n "${SERVER:-}" ]; then
  sleep 1  # it notices within 100 ms
  published=$(curl -fsS "$SERVER/.well-known/jwks.json")
  case $published in *"$kid"*)
    echo "rotate-now: $SERVER still publishes the old key" >&2
    exit 1
    ;;
  esac
fi
echo "What others keep of the old key set they keep for up to 15 minutes (jwks_max_age): tell who verifies by itself."
