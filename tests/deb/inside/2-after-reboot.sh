#!/bin/bash
# After the reboot: the gateway is back by itself; root for itself and for another; taking out, removing, purging.
. "$(dirname "$0")/ground.sh"

say "After a reboot the lingering gateway runs with its connector, and nobody logged in"
wait_for manager_is_up tester
wait_for python3 "$SANDBOX/gateway-client.py" ready 18789
works tester 18789
is "$(visible tester)" "$(cat /var/tmp/upgraded)"
expect 0 as_login tester openclaw-setup verify

say "The past outlives the reboot: rollback"
expect 0 as_cron tester openclaw-setup rollback --yes
is "$(connector_of tester)" 0.6.0
works tester 18789

say "Lingering, switched on through logind and off again"
furnish root 18790
note=/var/lib/systemd/linger/root
loginctl disable-linger root
expect 0 as_login root openclaw-setup doctor --fix --yes service.linger
[ -e $note ]
expect 0 as_login root openclaw-setup rollback --yes
[ ! -e $note ]
expect 0 as_login root openclaw-setup rollback --yes
[ -e $note ]
wait_for manager_is_up root
wait_for python3 "$SANDBOX/gateway-client.py" ready 18790
# here is no polkit, and without it logind obeys nobody but root; on the usual port another user's gateway would be seen
expect 0 as_login second env OPENCLAW_GATEWAY_PORT=18791 openclaw-setup doctor --fix --yes --lang en service.linger 2>&1 | grep "sudo loginctl enable-linger second"
[ ! -e /var/lib/systemd/linger/second ]

say "Root for itself"
# shellcheck disable=SC2046
expect 0 as_cron root openclaw-setup install $(settings root)
works root 18790
[ -d /root/$CONNECTOR ]

say "Root for another user: every file is theirs"
furnish second 18791
# shellcheck disable=SC2046
expect 0 as_cron root openclaw-setup --user second install $(settings second)
works second 18791
is "$(find /home/second ! -user second | wc -l)" 0
expect 0 as_cron root openclaw-setup --user second status

say "uninstall"
expect 0 as_login tester openclaw-setup uninstall --yes
[ ! -e /home/tester/$CONNECTOR ]
is "$(grep -c dingtalk /home/tester/.openclaw/openclaw.json)" 0
wait_for python3 "$SANDBOX/gateway-client.py" ready 18789

for how in --remove --purge; do
  say "dpkg $how: the gateways go on working"
  before="$(managed root)$(managed second)$(pid_of root)$(pid_of second)"
  expect 0 dpkg $how openclaw-connector-dingtalk openclaw-setup
  is "$(managed root)$(managed second)$(pid_of root)$(pid_of second)" "$before"
  for port in 18790 18791; do
    is "$(python3 "$SANDBOX/gateway-client.py" chat $port)" 400
  done
  [ ! -e /usr/bin/openclaw-setup ]
  [ ! -e /usr/share/openclaw-setup ]
done
is "$(dpkg --list | grep -c openclaw)" 0

say "apt takes the packages from the signed repository, and no others"
cp "$DEBS/repository/openclaw-setup.gpg" /usr/share/keyrings/
echo "deb [signed-by=/usr/share/keyrings/openclaw-setup.gpg] file:$DEBS/repository ./" >/etc/apt/sources.list.d/openclaw-setup.list
apt="apt-get --quiet --yes --option Dir::Etc::SourceList=/dev/null"
expect 0 apt-get --quiet --option Dir::Etc::SourceList=/dev/null --option APT::Update::Error-Mode=any update
# shellcheck disable=SC2086
expect 0 $apt install openclaw-connector-dingtalk=0.6.0
[ -x /usr/bin/openclaw-setup ]
# shellcheck disable=SC2086
expect 0 $apt upgrade
is "$(ls /usr/share/openclaw-setup/connectors/dingtalk-connector)" 0.7.10

say "Installed again, the program knows what it did: uninstall, purge of the records"
expect 0 as_login second openclaw-setup verify
expect 0 as_login second openclaw-setup uninstall --purge --yes
[ ! -e /home/second/.openclaw/openclaw-setup ]
expect 0 as_cron root openclaw-setup rollback --yes
[ ! -e /root/$CONNECTOR ]

# The commands of the N-th block of a README, without comments: block N README
block() { awk -v wanted="$1" '/^```/ { inside = !inside; number += inside; next } inside && number == wanted { sub(/ +#.*/, ""); print }' "$2"; }
# Gives tester's command at a terminal, in a folder of theirs: at_terminal FOLDER COMMAND
at_terminal() {
  as_login tester env OPENCLAW_SETUP_CLIENT_ID=guest-client-id OPENCLAW_SETUP_CLIENT_SECRET_FILE=/home/tester/client-secret \
    OPENCLAW_SETUP_GATEWAY_AUTH=none TERM=xterm python3 /opt/inside/at-terminal.py "cd $1 && $2"
}
uninstalled() {
  expect 0 as_login tester openclaw-setup uninstall --purge --yes
  [ ! -e /home/tester/$CONNECTOR ]
}

for readme in /opt/readme/*; do
  say "The quick starts of ${readme##*/}, word for word, from the repository's packages"
  expect 0 dpkg --purge openclaw-connector-dingtalk openclaw-setup
  folder=$(as_login tester mktemp -d)
  expect 0 as_login tester env -C "$folder" apt-get --quiet download openclaw-setup openclaw-connector-dingtalk
  block 1 "$readme" >"$folder/commands"
  is "$(cut -d' ' -f1 "$folder/commands" | xargs)" "sudo openclaw-setup openclaw-setup"
  while read -r command; do
    expect 0 at_terminal "$folder" "$command" </dev/null
  done <"$folder/commands"
  works tester 18789
  uninstalled

  as_login tester "$SANDBOX/payload.sh" "$folder"
  digest=$(cut -d' ' -f1 "$folder/SHA256SUMS")
  command=$(block 2 "$readme" | sed "s/HEX/$digest/; s/-[0-9.]*\.tgz/-0.6.0.tgz/")
  expect 0 at_terminal "$folder" "$command"
  works tester 18789
  uninstalled
done
