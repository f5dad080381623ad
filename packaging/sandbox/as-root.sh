#!/bin/bash
# Runs a command as root: at once if we are root, through sudo if not.
#
#   as-root.sh CMD…
#
# sudo starts from an empty environment, so the variables that tests and builds look at are handed over by name.
# cargo can use it as a runner: CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER=$PWD/packaging/sandbox/as-root.sh
set -eu

[ "$EUID" -ne 0 ] || exec "$@"
command -v sudo >/dev/null || { echo "as-root.sh: this needs root, and there is no sudo here: run it as root" >&2; exit 77; }

kept=(PATH="$PATH")
while IFS= read -r name; do
  case $name in
  RUST_* | NEXTEST* | CARGO_* | OPENCLAW_* | PROPTEST_* | SANDBOX_* | TERM | NO_COLOR | LANG | LC_ALL | CI | TMPDIR | http_proxy | https_proxy | no_proxy)
    kept+=("$name=${!name}") ;;
  esac
done < <(compgen -e)
exec sudo env "${kept[@]}" "$@"
