#!/bin/sh
# Rotates what the policy says is due, says what is wrong, and keeps a signed tree head elsewhere. For cron:
#
#   7 * * * *  authctl  /usr/share/doc/authctl/cookbook/rotate-by-cron.sh /mnt/elsewhere
#
# usage: rotate-by-cron.sh FOLDER     where tree heads are kept; better on another machine
# Prints what is to be mailed: nothing where nothing was done and nothing is wrong. Run at any time, twice at once too.
set -eu
keep=$1

done=$(authctl key rotate --due --quiet --reason 'rotation by cron' 2>&1) || { status=$?; echo "$done"; exit "$status"; }
case $done in *'nothing is due'*) ;; *) echo "$done" ;; esac

# A head a day. One that is there already stays as it is: it is what a later log is held against.
head=$keep/$(date -u +%F).note
checkpoint() { authctl audit checkpoint --out "$head" --quiet >/dev/null; }
[ -e "$head" ] || checkpoint 2>/dev/null || [ -e "$head" ] || checkpoint  # another run may have made it just now
authctl audit verify --checkpoint "$head" --quiet >/dev/null || { authctl audit verify --checkpoint "$head"; exit 7; }

# Exit 4, and cron mails what it printed, where a check of the keys fails.
authctl doctor --only keys --quiet >/dev/null || { authctl doctor --only keys; exit 4; }
