# What every part of the guest's test uses; sourced, in the guest, by root.

set -euo pipefail
export LC_ALL=C.UTF-8
DEBS=/opt/debs
SANDBOX=/opt/sandbox
UNIT=openclaw-gateway.service
CONNECTOR=.openclaw/extensions/dingtalk-connector

say() { printf '\n== %s\n' "$*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
trap 'echo "FAILED at ${BASH_SOURCE[0]##*/}:$LINENO: $BASH_COMMAND" >&2' ERR

# expect CODE CMD…
expect() {
  local wanted=$1 code=0
  shift
  "$@" || code=$?
  [ "$code" = "$wanted" ] || fail "exit code $code instead of $wanted: $*"
}

# answer FILTER CMD…    a value out of the JSON document that CMD prints
answer() {
  local filter=$1
  shift
  "$@" | python3 -c "import json, sys; print(json.load(sys.stdin)$filter)"
}

is() { [ "$1" = "$2" ] || fail "“$1” instead of “$2”"; }

wait_for() {
  local _
  for _ in $(seq 300); do
    ! "$@" >/dev/null 2>&1 || return 0
    sleep 0.1
  done
  fail "waited in vain for: $*"
}

manager_is_up() { [ -S "/run/user/$(id -u "$1")/systemd/private" ] && [ -S "/run/user/$(id -u "$1")/bus" ]; }

lingering() {
  loginctl enable-linger "$1"
  wait_for manager_is_up "$1"
}

home_of() { getent passwd "$1" | cut -d: -f6; }

# The ways in which an owner comes to run a command. None may need anything of the caller.
as_login() { # as over ssh: a PAM session with all its variables
  local user=$1
  shift
  runuser -l "$user" -c "$(printf '%q ' "$@")"
}
as_service() { systemd-run --quiet --collect --wait --pipe --uid="$1" --setenv=HOME="$(home_of "$1")" -- "${@:2}"; }
as_runuser() { env -u DBUS_SESSION_BUS_ADDRESS -u XDG_RUNTIME_DIR HOME="$(home_of "$1")" runuser -u "$1" -- "${@:2}"; }
as_cron() {
  local user=$1
  shift
  env -i HOME="$(home_of "$user")" LOGNAME="$user" SHELL=/bin/sh PATH=/usr/bin:/bin \
    setpriv --reuid="$user" --regid="$user" --init-groups "$@"
}

# A machine on which OpenClaw runs and DingTalk is not set up: furnish USER PORT
furnish() {
  lingering "$1"
  as_login "$1" "$SANDBOX/furnish.sh" --port "$2"
  as_login "$1" sh -c 'umask 077; echo guest-client-secret >~/client-secret'
}

settings() { echo --yes --offline --client-id guest-client-id --client-secret-file "$(home_of "$1")/client-secret" --gateway-auth none; }

# What nobody but the owner's own command may change: the managed files of a home.
managed() {
  local home
  home=$(home_of "$1")
  (cd "$home" && for path in .openclaw/openclaw.json "$CONNECTOR" .config/systemd/user .openclaw/openclaw-setup; do
    [ ! -e "$path" ] || find "$path" -printf '%p %y %m %u %s %T@\n' -type f -exec sha256sum {} +
  done) | LC_ALL=C sort
}

# The same, without what records tell: what a rollback must bring back.
visible() {
  local home
  home=$(home_of "$1")
  (cd "$home" && for path in .openclaw/openclaw.json "$CONNECTOR" .config/systemd/user; do
    [ ! -e "$path" ] || find "$path" -printf '%p %y %m %u\n' -type f -exec sha256sum {} +
  done) | LC_ALL=C sort
}

pid_of() { systemctl --user -M "$1@.host" show --property=MainPID --value "$UNIT"; }
connector_of() { answer '["connector"]["version"]' as_login "$1" openclaw-setup status --json; }

# DingTalk is set up for USER at PORT, by the program's own word and by the gateway's.
works() {
  expect 0 as_login "$1" openclaw-setup status
  is "$(python3 "$SANDBOX/gateway-client.py" chat "$2")" 400
}
