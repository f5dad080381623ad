#!/bin/bash
# What Debian's own tools say of the package: autopkgtest in a booted guest, piuparts in a chroot of the same suite.
#
#   judged.sh SUITE GUESTS DEBS
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
suite=$1 guests=$2 debs=$(readlink -f "$3")
"$here/rootfs.sh" "$suite" "$guests/$suite"
root=$(readlink -f "$guests/$suite/root")
deb=$(echo "$debs"/openclaw-setup_*.deb)

autopkgtest --no-built-binaries "$deb" "$debs/source" -- "$here/autopkgtest-virt-guest" "autopkgtest-$suite-$$" "$root"

# Nothing of the archive is needed: the guest has all that the package depends on. The ignored folder is of apt-utils, at
# any package's first installation.
piuparts --existing-chroot "$root" --distribution "$suite" --no-upgrade-test --skip-logrotatefiles-test --skip-cronfiles-test \
  --warn-on-usr-move=disabled '--ignore-regex=/var/cache/debconf/tmp\.ci.*' --log-level=info "$deb"
