#!/bin/bash
# Shows openclaw-setup at work, in a sandbox that is gone afterwards.
#
#   demo.sh PROGRAM [DIR]     DIR: the real OpenClaw that tests/bench/openclaw.sh put there (else: the gateway stand-in)
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
exec "$here/../sandbox/user-manager.sh" --program "$1" ${2:+--show "$2"} -- "$here/show.sh" ${2:+"$(readlink -f "$2")"}
