#!/bin/bash
# Makes what the page of a release carries.
#
#   release.sh DIR DEBS     DEBS holds the package of this machine's architecture (packaging/deb/build.sh)
#   release.sh --targets    says what it would build, and what it would leave out, and why
#
#   →  DIR/{*.deb, openclaw-setup-VERSION-CPU-linux.tar.gz, CHANGES.md, SHA256SUMS}
#
# For the other architecture, too, where rustc has its std and the cross compiler is there (Debian: libstd-rust-dev:arm64
# and crossbuild-essential-arm64).
#
#   KEY=ID     sign SHA256SUMS with that key of gpg: SHA256SUMS.asc
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
checkout=$(readlink -f "$here/../..")
own=$(dpkg --print-architecture)
std=$(rustc --print sysroot)/lib/rustlib

cpu_of() {
  case $1 in
  amd64) echo x86_64 ;;
  arm64) echo aarch64 ;;
  esac
}

# A line for each architecture: what cargo builds the static program for, with musl where its target is installed, else with
# glibc's own archives. Who lacks something is named on standard error.
targets() {
  local arch cpu
  for arch in amd64 arm64; do
    cpu=$(cpu_of $arch)
    if [ ! -d "$std/$cpu-unknown-linux-gnu/lib" ]; then
      echo "left out: $arch, because rustc has no std for $cpu-unknown-linux-gnu" >&2
    elif [ $arch != "$own" ] && ! command -v "$cpu-linux-gnu-gcc" >/dev/null; then
      echo "left out: $arch, because there is no $cpu-linux-gnu-gcc" >&2
    elif [ -d "$std/$cpu-unknown-linux-musl/lib" ]; then
      echo "$arch $cpu-unknown-linux-musl"
    else
      echo "$arch $cpu-unknown-linux-gnu"
    fi
  done
}

[ "$1" != --targets ] || { targets; exit; }

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

# Manual pages and completions are the same for every architecture.
dpkg-deb --fsys-tarfile "$debs/openclaw-setup_${version}_$own.deb" | tar -C "$work" -x ./usr/share
epoch=$(dpkg-parsechangelog --show-field Timestamp)

# A program that needs no library of the machine.
tarball() { # ARCHITECTURE TARGET
  local cpu name tree share
  cpu=$(cpu_of "$1")
  CARGO_TARGET_DIR=$debs/static RUSTFLAGS='-C target-feature=+crt-static' \
    cargo build --release --locked --target "$2" --config "target.$2.linker='$cpu-linux-gnu-gcc'" --bin openclaw-setup

  name=openclaw-setup-$version-$cpu-linux
  tree=$work/$name
  install -D --strip --strip-program="$cpu-linux-gnu-strip" "$debs/static/$2/release/openclaw-setup" "$tree/bin/openclaw-setup"
  mkdir "$tree/share"
  for share in man bash-completion zsh fish; do
    cp -R "$work/usr/share/$share" "$tree/share/"
  done
  install -m 644 -t "$tree" README.md README.zh-CN.md LICENSE-MIT LICENSE-APACHE debian/copyright "$out/CHANGES.md"
  install -m 755 "$here/install.sh" "$tree"
  tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$epoch" -c "$name" | gzip -9n >"$out/$name.tar.gz"
}

mapfile -t wanted < <(targets)
for line in "${wanted[@]}"; do
  read -r arch target <<<"$line"
  if [ "$arch" = "$own" ]; then
    cp "$debs/openclaw-setup_${version}_$arch.deb" "$out"
  else
    "$here/../deb/build.sh" "$debs" "$arch"
    cp "$debs/$arch/openclaw-setup_${version}_$arch.deb" "$out"
  fi
  tarball "$arch" "$target"
done

cd "$out"
sha256sum -- *.deb *.tar.gz CHANGES.md >SHA256SUMS
if [ -n "${KEY-}" ]; then
  gpg --batch --yes --local-user "$KEY" --armor --detach-sign --output SHA256SUMS.asc SHA256SUMS
else
  echo "$out: not signed (KEY=… signs it)"
fi
ls -l "$out"
