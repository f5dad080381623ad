#!/bin/bash
# Makes two versions of the sample connector's payload package.
#
#   payloads.sh STAGER DIR     →  DIR/first/….deb (0.6.0)   DIR/second/….deb (0.7.10)
set -euo pipefail
checkout=$(readlink -f "$(dirname "$0")/../..")
pack=$checkout/packaging/connector/build-deb.sh
sample=$(mktemp -d)
trap 'rm -rf "$sample"' EXIT
rm -rf "$2/first" "$2/second"
cp "$checkout"/packaging/sandbox/connector/* "$sample"
"$pack" "$1" "$sample" "$2/first" --allow-unverified
sed -i 's/"version": "0\.6\.0"/"version": "0.7.10"/' "$sample"/*.json
"$pack" "$1" "$sample" "$2/second" --allow-unverified
