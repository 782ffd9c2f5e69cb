#!/bin/sh
# A step of a pipeline that rotates the signing keys, and proves the result before others see it.
#
# usage: rotate-by-ci.sh plan             what would be done; for a pull request
#        rotate-by-ci.sh apply [FOLDER]   does it; leaves jwks.json in the folder, to be kept with the run
# environment: AUTHCTL_STORE_FILE (a file with the store's URL), AUTHCTL_MASTER_KEY_COMMAND or _FILE;
#              PROBE, a user that a token is issued to for a minute, without roles (ci-probe)
set -eu
reason="rotation by ${CI_JOB_URL:-CI}"
probe=${PROBE:-ci-probe}

case ${1:-} in
  plan)
    authctl key plan --use jwt
    authctl key rotate --due --dry-run
    ;;
  apply)
    folder=${2:-.}
    mkdir -p "$folder"
    authctl key rotate --due --reason "$reason"
    # What others verify with. No private half is in it.
    authctl key export --all --format jwks >"$folder/jwks.json"
    # The key that signs now is one that this set knows.
    authctl token issue "$probe" --ttl 1m --audience ci-probe |
      authctl token verify --jwks "$folder/jwks.json" --any-issuer --audience ci-probe --quiet
    authctl audit verify --quiet
    ;;
  *)
    echo "usage: rotate-by-ci.sh plan | apply [FOLDER]" >&2
    exit 2
    ;;
esac
