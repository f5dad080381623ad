#!/bin/bash
# Checks a .deb of the program: small, for Ubuntu 24.04, and without anything that runs at installation.
#
#   limits.sh FILE.deb
set -euo pipefail
deb=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dpkg-deb --raw-extract "$deb" "$work"
program=$work/usr/bin/openclaw-setup

at_most() { # WHAT FOUND LIMIT
  echo "$1: $2 (at most $3)"
  [ "$2" -le "$3" ] || { echo "limits.sh: $1 is too large" >&2; exit 1; }
}
at_most "package, bytes" "$(stat -c %s "$deb")" 2500000
at_most "program, bytes" "$(stat -c %s "$program")" 3900000

# Ubuntu 24.04 has glibc 2.39
glibc=$(readelf --wide --dyn-syms "$program" | grep -o 'GLIBC_2\.[0-9]*' | sort -V | tail -n 1)
at_most "highest symbol of glibc, 2.x" "${glibc#GLIBC_2.}" 39

for script in preinst postinst prerm postrm config triggers; do
  [ ! -e "$work/DEBIAN/$script" ] || { echo "limits.sh: the package brings a $script" >&2; exit 1; }
done
