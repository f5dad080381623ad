#!/bin/bash
# Draws the pictures of the READMEs from a real run in the sandbox.
#
#   pictures.sh PROGRAM DIR     →  DIR/{install,doctor,rollback}.{en,zh-CN}.svg
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
mkdir -p "$2"
drawn=$(mktemp)
trap 'rm -f "$drawn"' EXIT
"$here/../sandbox/user-manager.sh" --program "$1" -- /usr/bin/python3 "$here/record.py" >"$drawn"
/usr/bin/python3 - "$drawn" "$2" <<'END'
import json, pathlib, sys
for name, svg in json.load(open(sys.argv[1])).items():
    (pathlib.Path(sys.argv[2]) / name).write_text(svg)
END
