#!/bin/bash
# Builds the .deb from a copy of the checkout, and checks what it must keep to.
#
#   build.sh DIR          →  DIR/openclaw-setup_VERSION_ARCH.deb
#   build.sh DIR ARCH     →  DIR/ARCH/…, for another architecture: rustc has its std, and there is a cross compiler
#
# The copy is needed because dpkg-buildpackage writes beside its source. DIR/cargo keeps cargo's work for the next time.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
checkout=$(readlink -f "$here/../..")
mkdir -p "$1"
out=$(readlink -f "$1")
arch=${2-$(dpkg --print-architecture)}
results=$out${2+/$2}
source=$out/source
# the build goes on below: a target folder of the caller's holds objects made with other flags
export CARGO_TARGET_DIR=$out/cargo

rm -rf "$source" "$results"/openclaw-setup_* "$results"/openclaw-setup-dbgsym_*
mkdir -p "$source" "$results"
tar -C "$checkout" --exclude=./target --exclude=./build --exclude=./.git --exclude=__pycache__ -c . | tar -C "$source" -x

cd "$source"
# -d: cargo may come from rustup, of which dpkg knows nothing
DEB_BUILD_OPTIONS="nocheck ${DEB_BUILD_OPTIONS-}" dpkg-buildpackage --unsigned-source --unsigned-changes --build=binary \
  --host-arch "$arch" --no-check-builddeps >"$out/build.log" 2>&1 || { tail -n 60 "$out/build.log" >&2; exit 1; }
[ "$results" = "$out" ] || mv "$out"/openclaw-setup{,-dbgsym}_*_"$arch".* "$results"
"$here/limits.sh" "$results"/openclaw-setup_*.deb
