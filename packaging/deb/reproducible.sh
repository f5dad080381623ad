#!/bin/bash
# Builds the .deb a second time with everything else that could differ, and compares byte for byte.
#
#   reproducible.sh DIR     DIR holds the first build, by build.sh
#
# Other are: the folder, the user's id and home, cargo's home, umask, time zone, locale, and the number of jobs.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
first=$(readlink -f "$1")
work=$(mktemp -d /var/tmp/reproducible.XXXXXX)
trap 'rm -rf "$work"' EXIT
cargo_home=${CARGO_HOME:-$HOME/.cargo}
toolchain=$(rustc --print sysroot)

mkdir -p "$work/home" "$work/cargo-home" "$work/another-folder/with-a-longer-name"
# the sources that the first build fetched; nothing else of cargo's home
cp -a --reflink=auto "$cargo_home/registry" "$work/cargo-home/registry"

env HOME="$work/home" CARGO_HOME="$work/cargo-home" RUSTUP_HOME="${RUSTUP_HOME:-$HOME/.rustup}" PATH="$toolchain/bin:$PATH" \
  CARGO_NET_OFFLINE=true DEB_BUILD_OPTIONS=parallel=3 TZ=Pacific/Kiritimati LC_ALL=C LANG=tr_TR.UTF-8 \
  unshare --user --map-user=4321 --map-group=4321 \
  bash -c 'umask 027; exec "$@"' build "$here/build.sh" "$work/another-folder/with-a-longer-name"

differ=0
for deb in "$first"/openclaw-setup_*.deb; do
  other="$work/another-folder/with-a-longer-name/${deb##*/}"
  sha256sum "$deb" "$other"
  cmp "$deb" "$other" || differ=1
done
exit $differ
