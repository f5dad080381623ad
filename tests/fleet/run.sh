#!/bin/bash
# Many booted guests at once, each with a user manager and a gateway, kept by Ansible as a fleet is.
#
#   run.sh SUITE GUESTS DEBS ANSIBLE [COUNT]
#
#   GUESTS, DEBS   as for ../deb/run.sh
#   ANSIBLE        a folder with bin/ansible-playbook and bin/ansible-lint
#   COUNT          how many guests (5, at least 4)
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
checkout=$(readlink -f "$here/../..")
suite=$1 guests=$2 debs=$(readlink -f "$3") ansible=$(readlink -f "$4") count=${5:-5}
export GUEST_SH=$checkout/tests/deb/guest.sh
work=$(mktemp -d)
export GUEST_STATE=$work/guests TRAFFIC=$work/traffic
mkdir -p "$TRAFFIC" "$work/collections/ansible_collections/openclaw"
ln -s "$checkout/packaging/ansible" "$work/collections/ansible_collections/openclaw/setup"
fleet=() && for n in $(seq "$count"); do fleet+=("fleet$n"); done
first=${fleet[0]} ill=${fleet[2]} last=${fleet[-1]}

say() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
is() { [ "$1" = "$2" ] || fail "“$1” instead of “$2”"; }
all() { # the same in each guest, at once
  local guest pids=()
  for guest in "${fleet[@]}"; do inside "$guest" "$@" & pids+=($!); done
  for pid in "${pids[@]}"; do wait "$pid"; done
}
inside() { "$GUEST_SH" root "$1" /opt/fleet/inside.sh "${@:2}"; }
version() { inside "$1" state | cut -d' ' -f1; }
end() {
  for guest in "${fleet[@]}"; do "$GUEST_SH" down "$guest" & done
  wait
  rm -rf "$work"
}

# play NAME [OPTION…]; what it did to each host is in $recap afterwards: host, changed, failed
play() {
  local code=0
  ansible-playbook -i "$work/inventory.yml" "openclaw.setup.$1" "${@:2}" >"$work/play.log" 2>&1 || code=$?
  recap=$(sed -n 's/^\(fleet[0-9]*\) .*changed=\([0-9]*\).*failed=\([0-9]*\).*/\1 \2 \3/p' "$work/play.log")
  return $code
}
run() { play "$@" || { cat "$work/play.log"; fail "$*"; }; }
nothing_changed() {
  is "$(cut -d' ' -f2 <<<"$recap" | sort -u)" 0
  is "$(wc -l <<<"$recap")" "$count"
}
of_version() { # VERSION GUEST…
  local guest
  for guest in "${@:2}"; do is "$guest $(version "$guest")" "$guest $1"; done
}
describe() { # VERSION SESSION-TIMEOUT
  local debs_of=first
  [ "$1" = 0.6.0 ] || debs_of=second
  cat >"$work/inventory.yml" <<YAML
openclaw:
  hosts:
$(printf '    %s:\n' "${fleet[@]}")
  vars:
    ansible_ssh_executable: $here/ssh
    ansible_ssh_transfer_method: piped
    ansible_python_interpreter: /usr/bin/python3
    ansible_user: root
    bot_debs: [$(ls "$debs"/openclaw-setup_*.deb), $(ls "$debs/$debs_of"/openclaw-connector-dingtalk_*.deb)]
    bot_connector: {version: "$1"}
    bot_users:
      - name: tester
        settings: {clientId: fleet-client-id, gatewayAuth: none, sessionTimeout: $2}
        secrets: {clientSecret: fleet-client-secret}
YAML
}

export PATH=$ansible/bin:$PATH ANSIBLE_COLLECTIONS_PATH=$work/collections ANSIBLE_PIPELINING=true ANSIBLE_FORKS=$count \
  ANSIBLE_NOCOLOR=true ANSIBLE_LOCAL_TEMP=$work/ansible ANSIBLE_RETRY_FILES_ENABLED=false

say "What ansible-lint says of the collection"
(cd "$checkout/packaging/ansible" && ansible-lint --offline --profile production)
"$checkout/tests/deb/rootfs.sh" "$suite" "$guests/$suite"
trap end EXIT
say "$count guests"
for guest in "${fleet[@]}"; do
  "$GUEST_SH" up "$guest" "$guests/$suite/root" --bind-ro="$checkout/packaging/sandbox:/opt/sandbox" \
    --bind-ro="$checkout/tests/deb/inside:/opt/inside" --bind-ro="$here:/opt/fleet" \
    --bind-ro="$debs:/opt/debs"
done
all furnish

say "They become what is described"
describe 0.6.0 600000
run site --check --limit "$first"
run site
of_version 0.6.0 "${fleet[@]}"
all works
all rights
grep -rq fleet-client-secret "$TRAFFIC" || fail "the secret was not handed over"
! grep -q fleet-client-secret "$work/play.log" || fail "the secret is in Ansible's log"

say "Again: nothing changes"
rm "$TRAFFIC"/*
begin=$SECONDS
run site
nothing_changed
echo "one run that changes nothing: $((SECONDS - begin)) s for $count hosts at once, $(cat "$TRAFFIC/$first.to" | wc -c) bytes to a host, $(cat "$TRAFFIC/$first.from" | wc -c) from it"
echo "of it openclaw-setup apply: $(inside "$first" cost) (seconds, KiB of memory)"

say "Check mode says what would change, and changes nothing"
describe 0.6.0 700000
run site --check --diff
is "$(cut -d' ' -f3 <<<"$recap" | sort -u)" 0
# of the file that is applied, and of openclaw.json
[ "$(grep -c '700000' "$work/play.log")" -ge $((2 * count)) ] || fail "no differences"
is "$(inside "$last" state | cut -d' ' -f4)" 1
describe 0.6.0 600000
run site
nothing_changed

say "An upgrade stops at the first host whose gateway does not come up: $ill"
point=$(date -u +%Y-%m-%dT%H:%M:%SZ)
inside "$ill" break 0.7.10
before=$(inside "$last" state)
describe 0.7.10 600000
! play upgrade -e '{"bot_batches": [1, 2, 1]}' || { cat "$work/play.log"; fail "it went on"; }
of_version 0.7.10 "$first" "${fleet[1]}"
of_version 0.6.0 "${fleet[@]:2}"
all works
is "$(inside "$last" state)" "$before"

say "Put right, the upgrade goes on"
inside "$ill" mend
run upgrade -e '{"bot_batches": [1, 2, 1]}'
of_version 0.7.10 "${fleet[@]}"
is "$(sed -n "s/^$first \([0-9]*\) .*/\1/p" <<<"$recap")" 0

say "The fleet goes back to before $point"
run rollback -e "bot_point=$point"
of_version 0.6.0 "${fleet[@]}"
all works
run rollback -e "bot_point=$point"
nothing_changed

say "It stops at a bot that falls silent, too, and that host returns: $first"
inside "$first" silence 0.7.10
! play upgrade --limit "$first,${fleet[1]}" || { cat "$work/play.log"; fail "it went on"; }
grep -q "answered before and no longer did" "$work/play.log" || { cat "$work/play.log"; fail "not for that"; }
of_version 0.6.0 "$first" "${fleet[1]}"
inside "$first" mend
inside "$first" works

say "A host that is cut off in the middle recovers on the next run: $last, with a second user, and packages of a repository"
inside "$last" repository
inside "$last" furnish second 18791
cat >"$work/last.yml" <<YAML
bot_debs: []
bot_packages: [openclaw-setup, openclaw-connector-dingtalk]
bot_settings: {clientId: fleet-client-id, gatewayAuth: none}
bot_users:
  - {name: tester, secrets: {clientSecret: fleet-client-secret}}
  - {name: second, secrets: {clientSecret: fleet-client-secret}, settings: {noProxy: "intra.example"}}
YAML
last_alone=(--limit "$last" -e "@$work/last.yml")
inside "$last" slow
play site "${last_alone[@]}" & cut=$!
inside "$last" cut
"$GUEST_SH" reboot "$last" --force --force
! wait "$cut" || fail "nothing was cut off"
inside "$last" up
inside "$last" swift
run site "${last_alone[@]}"
of_version 0.7.10 "$last"
inside "$last" works
inside "$last" works second 18791
inside "$last" rights
run site "${last_alone[@]}"
is "$recap" "$last 0 0"

say "all is well"
