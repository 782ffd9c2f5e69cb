#!/bin/sh
# The master key is gone. Without it nothing that is sealed in the store opens: there is no way around it, and that is
# what it is for. What helps is a copy of it, or a backup that is sealed to a passphrase.
#
# usage: lost-master-key.sh copy FILE                    a copy of the key, put in its place if it is the right one
#        lost-master-key.sh backup FILE PASSPHRASE-FILE  a backup, restored over the store that does not open
# environment: AUTHCTL_MASTER_KEY_FILE, where the key belongs; nothing may be there
# Each may be run again, also after an interruption.
set -eu
place=${AUTHCTL_MASTER_KEY_FILE:?is where the key belongs}
mark=$place.restoring  # of a `backup` that has not come to its end: a key in the place is then the one it made
if [ -e "$place" ] && ! { [ "${1:-}" = backup ] && [ -e "$mark" ]; }; then
  echo "lost-master-key: there is a key at $place; move it away, it may be of use yet" >&2
  exit 5
fi

case ${1:-} in
  copy)
    # Exit 7 where it is another store's: nothing is changed then.
    authctl --master-key-file "$2" master-key verify --quiet
    (umask 077 && cp "$2" "$place.new" && mv "$place.new" "$place")
    rm -f "$mark"
    authctl master-key verify
    ;;
  backup)
    # A new key is made in its place. Sessions, tokens and codes of the past are over, and keys sign anew; what was
    # changed since the backup is lost, and is counted.
    [ -f "${2:-}" ] && [ -f "${3:-}" ] || { echo "lost-master-key: backup FILE PASSPHRASE-FILE, and both have to be there" >&2; exit 3; }
    : >"$mark"
    # Where the key opens the store, the run before was interrupted after the restore.
    if [ ! -e "$place" ] || ! authctl master-key verify --quiet 2>/dev/null; then
      authctl backup restore "$2" --passphrase-file "$3" --force --yes --reason 'master key lost' || {
        status=$?
        [ -e "$place" ] || rm -f "$mark"
        exit $status
      }
    fi
    authctl master-key verify
    authctl audit verify
    rm -f "$mark"
    echo "Copy $place away from here now, then start the servers again."
    ;;
  *)
    echo "usage: lost-master-key.sh copy FILE | backup FILE PASSPHRASE-FILE" >&2
    exit 2
    ;;
esac
