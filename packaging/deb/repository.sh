#!/bin/bash
# Makes a static apt repository of packages: any web server, or a directory, can hold it.
#
#   repository.sh DIR DEB…     →  DIR/{Packages,Packages.gz,Packages.xz,Release,by name the packages}
#
#   KEY=ID     sign with that key of gpg: InRelease, Release.gpg, and the public key as openclaw-setup.gpg
set -euo pipefail
mkdir -p "$1"
dir=$(readlink -f "$1")
shift
rm -f "$dir"/{Packages*,Release*,InRelease,openclaw-setup.gpg,*.deb}
cp -- "$@" "$dir"
cd "$dir"
# several versions of one package may stand side by side
dpkg-scanpackages --multiversion . >Packages
gzip -9nk Packages
xz -k Packages
apt-ftparchive -o APT::FTPArchive::Release::Origin=openclaw-setup -o APT::FTPArchive::Release::Label=openclaw-setup \
  -o APT::FTPArchive::Release::Suite=stable release . >Release.new
mv Release.new Release
[ -n "${KEY-}" ] || { echo "$dir: not signed (KEY=… signs it)"; exit 0; }
gpg --batch --yes --local-user "$KEY" --clearsign --output InRelease Release
gpg --batch --yes --local-user "$KEY" --armor --detach-sign --output Release.gpg Release
gpg --batch --yes --output openclaw-setup.gpg --export "$KEY"
echo "$dir: signed by $KEY"
