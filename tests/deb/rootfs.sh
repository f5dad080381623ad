#!/bin/bash
# Makes the root file system of a test guest, once: a minimal Debian or Ubuntu that boots.
#
#   rootfs.sh SUITE DIR      (bookworm, trixie, noble, …)
#
#   MIRROR=URL     where the suite comes from, if not where this machine's own packages do (Ubuntu on Debian, and the other way)
#   KEYRING=FILE   the keys that sign it, if this machine's apt does not know them
#
# Root; 150 to 200 MB, a minute or two of network. Users inside: tester (1000) and second (1001).
set -euo pipefail
suite=$1
mkdir -p "$2"
dir=$(readlink -f "$2")

exec {lock}>"$dir/lock"
flock $lock
# what this file asks for is part of what was made
wanted=$(sha256sum "${BASH_SOURCE[0]}" | cut -d' ' -f1)
[ "$(cat "$dir/complete" 2>/dev/null)" != "$wanted" ] || exit 0
rm -rf "$dir/root" "$dir/complete"

packages=apt,apt-utils,systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,passwd,util-linux,procps,login,python3,python3-apt,sudo
case $suite in noble | jammy | plucky | questing | resolute) ubuntu=yes ;; *) ubuntu='' ;; esac

mmdebstrap --quiet ${KEYRING:+--keyring="$KEYRING"} --mode=root --variant=minbase --include="$packages" \
  ${ubuntu:+--components=main,universe} \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --dpkgopt='path-include=/usr/share/doc/openclaw-*' \
  --aptopt='Acquire::Languages "none"' \
  --customize-hook='chroot "$1" useradd -m -u 1000 -s /bin/bash tester' \
  --customize-hook='chroot "$1" useradd -m -u 1001 -s /bin/bash second' \
  --customize-hook='echo "tester ALL=(ALL) NOPASSWD: ALL" >"$1/etc/sudoers.d/tester"' \
  --customize-hook='echo test-guest >"$1/etc/hostname"' \
  --customize-hook='chroot "$1" systemctl mask systemd-resolved.service systemd-networkd.service systemd-timesyncd.service getty@tty1.service console-getty.service >/dev/null 2>&1 || true' \
  "$suite" "$dir/root" ${MIRROR:+"$MIRROR"}
echo "$wanted" >"$dir/complete"
