#!/bin/sh
# A new service: an API client with a secret of its own, a role with what it is for, and all that it needs to verify
# tokens by itself.
#
# usage: onboard-service.sh NAME PERMISSION FOLDER
#   for example: onboard-service.sh shop read:orders /run/shop
# In FOLDER: client.secret (0600, once), jwks.json, service.env. Run again, it changes nothing but the last two.
set -eu
name=$1 permission=$2 folder=$3
(umask 077 && mkdir -p "$folder")

# The secret has its name once the client is in the store: a run that was interrupted is made good by the next.
secret=$folder/client.secret
status=0
said=$(authctl client show "$name" --quiet 2>&1 >/dev/null) || status=$?
[ $status -eq 0 ] || [ $status -eq 3 ] || { echo "$said" >&2; exit $status; }
if [ $status -eq 3 ]; then
  rm -f "$secret.new"
  authctl client create "$name" --grant client_credentials --scope "$permission" --out "$secret.new" --quiet \
    --reason "onboarding $name" >"$folder/client.id"
fi
if [ -e "$secret.new" ]; then
  mv "$secret.new" "$secret"
  echo "the secret is in $secret" >&2
fi
[ -e "$secret" ] || echo "$secret is not there: where nobody has it, authctl client rotate-secret $name" >&2
authctl role show "$name" --quiet >/dev/null 2>&1 ||
  authctl role create "$name" --description "may use $name" --reason "onboarding $name" --quiet >/dev/null
authctl role grant "$name" "$permission" --reason "onboarding $name" --quiet >/dev/null

# It verifies offline with these; they change with each rotation, so it has to ask again every jwks_max_age.
authctl key export --all --format jwks >"$folder/jwks.json"
{
  echo "CLIENT_ID=$(authctl client show "$name" --json | sed -n 's/^{"id":"\([^"]*\)".*/\1/p')"
  echo "TOKEN_AUDIENCE=$name"
} >"$folder/service.env"
echo "$name may use $permission. People get in with: authctl role assign USER $name"
