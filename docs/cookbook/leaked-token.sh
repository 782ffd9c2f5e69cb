#!/bin/sh
# A token was seen where it should not be: in a log, a ticket, a chat. Ends it and its session, and shows what was
# done with the account since.
#
# usage: leaked-token.sh FILE [WHERE]     the token; where it was seen, for the log
# status: 0 it does not work (any more), 7 it is none of this store's
set -eu
file=$1 reason="token seen in ${2:-the wrong place}"

# What it says of itself; nothing of that is verified.
said=$(authctl token inspect "$file" --json 2>/dev/null || true)
member() { printf '%s' "$said" | sed -n 's/.*"'"$1"'":"\([^"]*\)".*/\1/p'; }
session=$(member sid) user=$(member sub)

# Refused with 7 where none of our keys signed it. One that has expired is no harm, and that is said.
authctl token revoke "$file" --reason "$reason"
# It came with a refresh token that is now in the same hands.
if [ -n "$session" ]; then
  authctl session revoke "$session" --reason "$reason" 2>/dev/null || [ $? -eq 3 ]
fi
if authctl token verify "$file" --quiet --any-issuer --any-audience >/dev/null 2>&1; then
  echo "leaked-token: it still works" >&2
  exit 1
fi
[ -z "$user" ] || authctl audit query --target "$user" --since 7d
echo "Where the account itself may be in other hands: authctl incident contain --user $user"
