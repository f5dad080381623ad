#!/bin/bash
# Makes a payload package of a connector: one ready tree, its npm dependencies included, checked by `sha256sum -c`.
#
#   build-deb.sh STAGER CONNECTOR DIR [OPTION]…   →  DIR/openclaw-connector-dingtalk_VERSION_ARCH.deb
#
#   STAGER      the program of main.rs beside this script
#   CONNECTOR   a directory, an archive, or npm:NAME[@VERSION], with checksums as `install` wants them
#   OPTION      for STAGER: --sha256 HEX, --checksums FILE, --allow-unverified
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
checkout=$(readlink -f "$here/../..")
stager=$(readlink -f "$1") connector=$2
mkdir -p "$3"
out=$(readlink -f "$3")
shift 3
name=openclaw-connector-dingtalk
# the same payload makes the same bytes
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(dpkg-parsechangelog -l "$checkout/debian/changelog" -S Timestamp)}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022
root=$work/root
payloads=$root/usr/share/openclaw-setup/connectors/dingtalk-connector
doc=$root/usr/share/doc/$name
mkdir -p "$payloads" "$doc" "$root/DEBIAN"

version=$("$stager" "$connector" "$work/tree" "$@")
mv "$work/tree" "$payloads/$version"
(cd "$payloads/$version" && sha256sum --check --strict --quiet SHA256SUMS)

# A pre-release sorts before its release: 1.0.0-beta.1 is Debian's 1.0.0~beta.1.
debian_version=${version/-/\~}

# Machine code binds the package to one architecture; a tree with that of several is for the one we build on.
architecture_of() {
  local found file
  found=$(find "$1" -type f -size +64c -print0 | while IFS= read -r -d '' file; do
    [ "$(head -c 4 "$file" | od -An -tx1)" = " 7f 45 4c 46" ] || continue
    case $(od -An -tx2 -j18 -N2 --endian=little "$file") in
    *003e) echo amd64 ;;
    *00b7) echo arm64 ;;
    esac
  done | sort -u)
  case $found in
  '') echo all ;;
  *$'\n'*) dpkg --print-architecture ;;
  *) echo "$found" ;;
  esac
}
architecture=$(architecture_of "$payloads/$version")

field() { sed -n "s/^  *\"$1\": *\"\(.*\)\",\{0,1\}\$/\1/p" "$payloads/$version/package.json" | head -n 1; }
maintainer=$(dpkg-parsechangelog -l "$checkout/debian/changelog" -S Maintainer)

cat >"$root/DEBIAN/control" <<CONTROL
Package: $name
Version: $debian_version
Architecture: $architecture
Maintainer: $maintainer
Installed-Size: $(du -k --apparent-size -s "$root" | cut -f1)
Depends: openclaw-setup
Section: contrib/net
Priority: optional
Description: DingTalk connector for OpenClaw, as openclaw-setup installs it
 $(field name) $version
 .
 The connector with its npm dependencies, ready to be copied: "openclaw-setup
 install" and "openclaw-setup upgrade" take it from here and need no network.
 Installing or upgrading this package changes nobody's OpenClaw.
CONTROL

cat >"$doc/copyright" <<TEXT
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: $(field name)
Comment:
 Made from $(field name) $version by openclaw-setup's make connector-deb.
 Each package of npm below node_modules brings its own licence file.

Files: *
Copyright: $(LC_ALL=C date -u -d "@$SOURCE_DATE_EPOCH" +%Y) the authors of $(field name)
License: $(field license | sed 's/ OR / or /g; s/ AND / and /g')
 This is the licence that the connector's package.json names. Debian systems
 have the text of the Apache License in /usr/share/common-licenses/Apache-2.0.
TEXT

gzip -9n >"$doc/changelog.gz" <<TEXT
$name ($debian_version) unstable; urgency=medium

  * $(field name) $version, packed by openclaw-setup.

 -- $maintainer  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
TEXT

(cd "$root" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
dpkg-deb -Zxz --root-owner-group --build "$root" "$out/${name}_${debian_version}_${architecture}.deb" >/dev/null
echo "$out/${name}_${debian_version}_${architecture}.deb"
