#!/bin/sh
# A laptop is gone, with everything its owner was signed in to. Locks the account and ends what is on the laptop; later
# lets the owner in again.
#
# usage: stolen-laptop.sh lock USER FOLDER      FOLDER: new, for the receipt and the evidence
#        stolen-laptop.sh let-in USER FOLDER    a new password and new backup codes, in files in FOLDER
# Each may be run again, also after an interruption. What a lock before left is kept: evidence, evidence-2, …
set -eu
what=${1:-} user=${2:-} folder=${3:-}
[ -n "$folder" ] || { echo "usage: stolen-laptop.sh lock|let-in USER FOLDER" >&2; exit 2; }
(umask 077 && mkdir -p "$folder")

# new FILE COMMAND…    What the command writes with --out is FILE once it is in the store too; before that it is FILE.new.
new() {
  file=$1
  shift
  [ ! -e "$file" ] || return 0
  rm -f "$file.new"
  "$@" --out "$file.new" --reason 'laptop stolen' --quiet
  mv "$file.new" "$file"
}

# A name in the folder that nothing has yet: free evidence, free receipt .json
free() {
  path=$folder/$1${2:-} n=1
  while [ -e "$path" ]; do
    n=$((n + 1))
    path=$folder/$1-$n${2:-}
  done
  echo "$path"
}

case $what in
  lock)
    receipt=$(free receipt .json) evidence=$(free evidence)
    rm -f "$folder/password" "$folder/codes"  # of a theft before: they open nothing now
    authctl incident contain --user "$user" --yes --reason 'laptop stolen' --out "$receipt"
    # What the account did lately, for whoever has to look into it.
    authctl incident report --since 7d --out "$evidence" --quiet >/dev/null
    [ -e "$folder/log.vkey" ] || authctl audit checkpoint --public-key --out "$folder/log.vkey" --quiet >/dev/null
    authctl audit verify "$evidence" --public-key "$folder/log.vkey" --quiet >/dev/null
    ;;
  let-in)
    # Before the account is open: the password may have been on the laptop.
    new "$folder/password" authctl user password "$user" --generate --must-change
    new "$folder/codes" authctl backup-code generate "$user" --print text
    authctl user enable "$user" --reason "password is new" --quiet >/dev/null
    echo "Hand over $folder/password and $folder/codes in person, then delete them."
    echo "Where the phone is gone too: authctl totp disable $user, and enrol another."
    ;;
  *) echo "usage: stolen-laptop.sh lock|let-in USER FOLDER" >&2; exit 2 ;;
esac
