#!/bin/bash
# Furnishes a fresh home as a machine on which OpenClaw runs (2026.3.13, or the real one that is given) and DingTalk has not been
# set up yet.
# To be run inside user-manager.sh, as its user.
#
#   furnish.sh [--openclaw DIR] [--port N] [--proxy URL] [--no-start]
#
#   --openclaw DIR  the real OpenClaw that tests/bench/openclaw.sh put into DIR (else: the gateway stand-in); it writes its unit
#                   itself, and on that occasion rewrites openclaw.json in its own way: no comments, a gateway token. From 2026.8
#                   on it would ask the system's own systemd whether the unit is one of its, and there is none in a sandbox:
#                   the unit is written as it would, and its first start brings the config into its own form
#   --port N        the port baked into the unit (18789)
#   --proxy URL     put http_proxy and https_proxy into the unit, as `openclaw gateway install` does in a shell that has them
#   --no-start      write the unit, but neither enable nor start it
#
# Afterwards: ~/.openclaw/openclaw.json, the unit openclaw-gateway.service, the command `openclaw`, and in ~/payload the
# sample connector (payload.sh says in which shapes).
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
state=$HOME/.openclaw
units=$HOME/.config/systemd/user
unit=openclaw-gateway.service
real='' port=18789 proxy='' start=yes version=2026.3.13 writes_unit=yes
policy='|TimeoutStopSec=30
KillMode=control-group'
newer_policy='StartLimitBurst=10
StartLimitIntervalSec=300
|RestartPreventExitStatus=78
TimeoutStopSec=330
OOMPolicy=continue
KillMode=mixed'
while [ $# -gt 0 ]; do
  case $1 in
  --openclaw) real=$2; shift ;;
  --port) port=$2; shift ;;
  --proxy) proxy=$2; shift ;;
  --no-start) start='' ;;
  *) echo "furnish.sh: there is no option $1" >&2; exit 2 ;;
  esac
  shift
done

write_config() {
  install -d -m 700 "$state" "$state/workspace"
  install -m 600 "$here/home/openclaw.json" "$state/openclaw.json"
  sed -i "s/\"port\": 18789/\"port\": $port/" "$state/openclaw.json"
}

# dist/index.js beside a package.json: that is where a program looks for OpenClaw's version.
install_stand_in() {
  package=$HOME/.local/lib/node_modules/openclaw
  mkdir -p "$package/dist"
  echo '{"name": "openclaw", "version": "2026.3.13", "bin": {"openclaw": "dist/index.js"}}' >"$package/package.json"
  cp "$here"/gateway/*.py "$package/dist/"
  mv "$package/dist/index.py" "$package/dist/index.js"
  interpreter=/usr/bin/python3
}

use_real_openclaw() {
  package=$real/node_modules/openclaw
  interpreter=$(echo "$real"/node_modules/node-linux-*/bin/node)
  version=$(sed -n 's/^ *"version": "\(.*\)",$/\1/p' "$package/package.json")
  mkdir -p /tmp/jiti
  cp -R "$real/jiti/." /tmp/jiti # what it would compile at its first start, for 40 s
  case $version in 2026.[3-7].*) ;; *) writes_unit='' policy=$newer_policy ;; esac
}

add_command() {
  mkdir -p "$HOME/.local/bin"
  printf '#!/bin/sh\nPATH=%s:$PATH exec %s %s "$@"\n' "$(dirname "$interpreter")" "$interpreter" "$package/dist/index.js" >"$HOME/.local/bin/openclaw"
  chmod 755 "$HOME/.local/bin/openclaw"
}

real_unit() {
  [ -z "$proxy" ] || export http_proxy=$proxy https_proxy=$proxy
  "$HOME/.local/bin/openclaw" gateway install --port "$port"
  [ -n "$start" ] || systemctl --user --quiet disable --now "$unit"
}

# Word for word what `openclaw gateway install` of 2026.3.13 writes; the policy of a later one as 2026.9.6 has it.
write_unit() {
  mkdir -p "$units"
  cat >"$units/$unit" <<UNIT
[Unit]
Description=OpenClaw Gateway (v$version)
After=network-online.target
Wants=network-online.target
${policy%%|*}
[Service]
ExecStart=$interpreter $package/dist/index.js gateway --port $port
Restart=always
RestartSec=5
TimeoutStartSec=30
SuccessExitStatus=0 143
${policy##*|}
Environment=HOME=$HOME
Environment=TMPDIR=/tmp
${proxy:+Environment=http_proxy=$proxy
Environment=https_proxy=$proxy
}Environment=PATH=$HOME/.local/bin:/usr/local/bin:/usr/bin:/bin
Environment=OPENCLAW_GATEWAY_PORT=$port
Environment=OPENCLAW_SYSTEMD_UNIT=$unit
Environment="OPENCLAW_WINDOWS_TASK_NAME=OpenClaw Gateway"
Environment=OPENCLAW_SERVICE_MARKER=openclaw
Environment=OPENCLAW_SERVICE_KIND=gateway
Environment=OPENCLAW_SERVICE_VERSION=$version

[Install]
WantedBy=default.target
UNIT
}

start_unit() {
  systemctl --user daemon-reload
  systemctl --user --quiet enable "$unit"
  systemctl --user start "$unit" # the real OpenClaw has done all this itself
  /usr/bin/python3 "$here/gateway-client.py" ready "$port"
}

write_config
if [ -n "$real" ]; then use_real_openclaw; else install_stand_in; fi
add_command
if [ -n "$real" ] && [ -n "$writes_unit" ]; then real_unit; else write_unit; fi
"$here/payload.sh" "$HOME/payload"
[ -z "$start" ] || start_unit
