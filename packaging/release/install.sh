#!/bin/sh
# Puts openclaw-setup where it is found, or takes it away again. Touches no home directory and no gateway.
#
#   ./install.sh [--prefix DIR] [--remove]     DIR is /usr/local for root, else ~/.local
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
remove=
if [ "$(id -u)" = 0 ]; then prefix=/usr/local; else prefix=$HOME/.local; fi
while [ $# -gt 0 ]; do
  case $1 in
  --prefix) prefix=${2:?--prefix needs a directory}; shift 2 ;;
  --remove) remove=yes; shift ;;
  *) echo "usage: $0 [--prefix DIR] [--remove]" >&2; exit 2 ;;
  esac
done
cd "$here"
find bin share -type f | while read -r file; do
  if [ -n "$remove" ]; then
    rm -f "$prefix/$file"
  else
    mode=644
    case $file in bin/*) mode=755 ;; esac
    mkdir -p "$prefix/$(dirname "$file")"
    # a program that runs cannot be overwritten, but another file can take its name
    cp "$file" "$prefix/$file.new" && chmod $mode "$prefix/$file.new" && mv "$prefix/$file.new" "$prefix/$file"
  fi
done
if [ -n "$remove" ]; then
  echo "openclaw-setup is gone from $prefix; what it has set up goes on working."
  exit 0
fi
echo "openclaw-setup is in $prefix/bin. Next: openclaw-setup"
case :$PATH: in *:"$prefix/bin":*) ;; *) echo "$prefix/bin is not on your PATH: add it, or run $prefix/bin/openclaw-setup" ;; esac
