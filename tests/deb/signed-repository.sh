#!/bin/bash
# Makes a repository of the packages in DIR, signed with a key that is thrown away at once.
#
#   signed-repository.sh DIR     →  DIR/repository
set -euo pipefail
checkout=$(readlink -f "$(dirname "$0")/../..")
dir=$(readlink -f "$1")
GNUPGHOME=$(mktemp -d)
export GNUPGHOME
trap 'gpgconf --kill all; rm -rf "$GNUPGHOME"' EXIT
gpg --batch --quiet --passphrase '' --quick-generate-key 'Test of openclaw-setup <test@openclaw-setup.example>' rsa3072 sign never
KEY=test@openclaw-setup.example "$checkout/packaging/deb/repository.sh" "$dir/repository" \
  "$dir"/openclaw-setup_*.deb "$dir"/first/*.deb "$dir"/second/*.deb
