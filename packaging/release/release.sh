#!/bin/bash
# Makes what the page of a release carries.
#
#   release.sh DIR DEBS     DEBS holds the package of this machine's architecture (packaging/deb/build.sh)
#
#   →  DIR/{*.deb, openclaw-setup-VERSION-ARCH-linux.tar.gz, CHANGES.md, SHA256SUMS}
#
#   KEY=ID     sign SHA256SUMS with that key of gpg: SHA256SUMS.asc
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
checkout=$(readlink -f "$here/../..")
debs=$(readlink -f "$2")
rm -rf "$1"
mkdir -p "$1"
out=$(readlink -f "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$checkout"

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
packaged=$(dpkg-parsechangelog --show-field Version)
[ "$version" = "$packaged" ] || { echo "release.sh: Cargo.toml says $version, debian/changelog says $packaged" >&2; exit 1; }

# The section of this version, without its heading.
awk -v heading="## $version " 'index($0, "## ") == 1 { inside = index($0, heading) == 1; next } inside' CHANGELOG.md |
  sed '/./,$!d' >"$out/CHANGES.md"
[ -s "$out/CHANGES.md" ] || { echo "release.sh: CHANGELOG.md has no section for $version" >&2; exit 1; }

cp "$debs/openclaw-setup_${version}"_*.deb "$out"

# Without any library of the machine: with musl where its target is installed, else with glibc's own archives.
arch=$(uname -m)
target=$arch-unknown-linux-musl
[ -d "$(rustc --print sysroot)/lib/rustlib/$target" ] || target=$arch-unknown-linux-gnu
CARGO_TARGET_DIR=$debs/static RUSTFLAGS='-C target-feature=+crt-static' \
  cargo build --release --locked --target "$target" --bin openclaw-setup

name=openclaw-setup-$version-$arch-linux
tree=$work/$name
install -D --strip "$debs/static/$target/release/openclaw-setup" "$tree/bin/openclaw-setup"
dpkg-deb --fsys-tarfile "$out"/openclaw-setup_*_"$(dpkg --print-architecture)".deb | tar -C "$work" -x ./usr/share
for share in man bash-completion zsh fish; do
  mkdir -p "$tree/share" && mv "$work/usr/share/$share" "$tree/share/"
done
install -m 644 -t "$tree" README.md README.zh-CN.md LICENSE-MIT LICENSE-APACHE debian/copyright "$out/CHANGES.md"
install -m 755 "$here/install.sh" "$tree"
epoch=$(dpkg-parsechangelog --show-field Timestamp)
tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$epoch" -c "$name" | gzip -9n >"$out/$name.tar.gz"

cd "$out"
sha256sum -- *.deb *.tar.gz CHANGES.md >SHA256SUMS
if [ -n "${KEY-}" ]; then
  gpg --batch --yes --local-user "$KEY" --armor --detach-sign --output SHA256SUMS.asc SHA256SUMS
else
  echo "$out: not signed (KEY=… signs it)"
fi
ls -l "$out"
