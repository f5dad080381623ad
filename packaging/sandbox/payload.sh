#!/bin/bash
# Makes the sample connector's payload, as a directory and as an archive, each with its SHA256SUMS.
#
#   payload.sh DIR      →  DIR/dingtalk-connector/{…,SHA256SUMS}   DIR/dingtalk-connector-0.6.0.tgz   DIR/SHA256SUMS
set -euo pipefail
source=$(dirname "$(readlink -f "$0")")/connector
out=$1
tree=$out/dingtalk-connector

mkdir -p "$tree"
cp -R "$source/." "$tree"
(cd "$tree" && find . -type f ! -name SHA256SUMS -printf '%P\n' | LC_ALL=C sort | xargs sha256sum >SHA256SUMS)
version=$(sed -n 's/^ *"version": "\(.*\)",$/\1/p' "$tree/package.json")
archive=dingtalk-connector-$version.tgz
tar -C "$tree" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --exclude=./SHA256SUMS --transform='s,^\.,package,' \
  -czf "$out/$archive" .
(cd "$out" && sha256sum "$archive" >SHA256SUMS)
