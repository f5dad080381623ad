#!/bin/bash
# Boots a guest of SUITE and takes the packages through their life in it.
#
#   run.sh SUITE GUESTS DEBS
#
#   GUESTS   where root file systems are kept (rootfs.sh); MIRROR and KEYRING are for it
#   DEBS     openclaw-setup_*.deb, first/ and second/ (payloads.sh), repository/ (signed-repository.sh)
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
checkout=$(readlink -f "$here/../..")
suite=$1 guests=$2 debs=$(readlink -f "$3")
guest=$here/guest.sh
name=openclaw-$suite-$$

"$here/rootfs.sh" "$suite" "$guests/$suite"
trap '"$guest" down "$name"' EXIT
"$guest" up "$name" "$guests/$suite/root" --bind-ro="$debs:/opt/debs" --bind-ro="$checkout/packaging/sandbox:/opt/sandbox" \
  --bind-ro="$here/inside:/opt/inside" --bind-ro="$checkout/README.md:/opt/readme/README.md" \
  --bind-ro="$checkout/README.zh-CN.md:/opt/readme/README.zh-CN.md"
"$guest" root "$name" systemctl --version | head -n 1
"$guest" root "$name" /opt/inside/1-install.sh
"$guest" reboot "$name"
"$guest" root "$name" /opt/inside/2-after-reboot.sh
echo "$suite: all is well"
