#!/bin/bash
# Installs what a task of the Makefile needs and the machine lacks; touches nothing, and asks nobody, when all is there.
#
#   needs.sh build|sandbox|pictures|bench|test|package|test-deb|fleet
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")

# A command or a file that must be there, and the package that brings it (Debian 12 and later, Ubuntu 24.04 and later).
needed() {
  cat <<LIST
cc                                   gcc
/usr/include/features.h              libc6-dev
/etc/ssl/certs/ca-certificates.crt   ca-certificates
LIST
  case $1 in
  build) return 0 ;;
  fleet) echo "virtualenv virtualenv"; return 0 ;;
  package | test-deb) needed_for_packages "$1"; return 0 ;;
  esac
  cat <<LIST
/usr/bin/python3                     python3
/lib/systemd/systemd                 systemd
/usr/lib/systemd/user/dbus.socket    dbus-user-session
dbus-uuidgen                         dbus-bin
unshare                              util-linux
ip                                   iproute2
LIST
  [ "$1" != bench ] || echo "/usr/bin/time time"
  [ "$1" != pictures ] || printf '%s\n' "/usr/lib/python3/dist-packages/pyte python3-pyte" "node nodejs"
  { [ "$1" = test ] || [ "${OPENCLAW-}" = real ]; } || return 0
  echo "npm npm"
  [ "$1" = test ] || return 0
  cat <<LIST
/usr/lib/polkit-1/polkitd            polkitd
openssl      openssl
zsh          zsh
fish         fish
strace       strace
mkfs.ext4    e2fsprogs
mkfs.xfs     xfsprogs
mkfs.btrfs   btrfs-progs
modprobe     kmod
mount        mount
LIST
}

needed_for_packages() {
  cat <<LIST
/usr/bin/python3                     python3
dpkg-buildpackage                    dpkg-dev
dh                                   debhelper
apt-ftparchive                       apt-utils
LIST
  [ "$1" = test-deb ] || return 0
  cat <<LIST
/usr/lib/systemd/user/dbus.socket    dbus-user-session
mmdebstrap                           mmdebstrap
systemd-nspawn                       systemd-container
unshare                              util-linux
pgrep                                procps
gpg                                  gpg
gpg-agent                            gpg-agent
lintian                              lintian
piuparts                             piuparts
autopkgtest                          autopkgtest
LIST
}

missing_packages() {
  needed "$1" | while read -r sign package; do
    case $sign in
    /*) [ -e "$sign" ] ;;
    *) PATH=$PATH:/usr/sbin:/sbin command -v "$sign" >/dev/null ;;
    esac || echo "$package"
  done
}

install_packages() {
  echo "Installing: $*" >&2
  "$here/sandbox/as-root.sh" apt-get update -qq
  "$here/sandbox/as-root.sh" env DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "$@" >/dev/null
}

rust_is_recent() {
  local have
  have=$(cargo --version 2>/dev/null | awk '{print $2}')
  [ -n "$have" ] && [ "$(printf '%s\n' "$1" "$have" | sort -V | head -n 1)" = "$1" ]
}

rust_tools() { cargo fmt --version && cargo clippy --version; } >/dev/null 2>&1

get_rust() {
  local wanted
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$here/../Cargo.toml")
  if ! rust_is_recent "$wanted"; then
    command -v rustup >/dev/null || install_rustup "$wanted"
    rustup toolchain install stable --profile minimal
    rustup default stable
    rust_is_recent "$wanted"
  fi
  # packages are built with a distribution's toolchain, too, which may have neither
  [ "$1" != test ] || rust_tools || rustup component add rustfmt clippy
}

install_rustup() {
  # a fresh container image comes without package lists
  [ -n "$(apt-cache madison gcc 2>/dev/null)" ] || "$here/sandbox/as-root.sh" apt-get update -qq
  if [ -n "$(apt-cache madison rustup 2>/dev/null)" ]; then
    install_packages rustup
    return
  fi
  cat >&2 <<TEXT
This needs Rust $1 or newer, and this distribution has neither that nor rustup. One line gets it:
  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y
TEXT
  exit 1
}

mapfile -t packages < <(missing_packages "$1")
[ ${#packages[@]} = 0 ] || install_packages "${packages[@]}"
get_rust "$1"
