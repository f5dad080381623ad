#!/bin/bash
# In a guest, by root: what run.sh asks of it.
. /opt/inside/ground.sh

# a transaction has begun its switch
is_at_work() { grep -qsx open /home/tester/.openclaw/openclaw-setup/transactions/*/state; }

# what the gateway's unit runs, in the home, before each start
before_its_start() {
  as_login tester sh -c "mkdir -p .config/systemd/user/$UNIT.d && cat >.config/systemd/user/$UNIT.d/50-broken.conf" <<UNIT
[Service]
WorkingDirectory=%h
ExecStartPre=/bin/sh -c '$1'
UNIT
  as_login tester systemctl --user daemon-reload
}

case $1 in
furnish) furnish "${2:-tester}" "${3:-18789}" ;;
state) # version of the connector, exit code of status, process of the gateway, transactions
  code=0
  as_login tester openclaw-setup status --json >/run/status.json || code=$?
  echo "$(answer '["connector"]["version"]' cat /run/status.json) $code $(pid_of tester)" \
    "$(answer '["transactions"].__len__()' as_login tester openclaw-setup history --json)"
  ;;
works) works "${2:-tester}" "${3:-18789}" ;;
break) # the gateway does not start with the connector of this version
  before_its_start "! grep -qF $2 $CONNECTOR/package.json"
  ;;
silence) # the bot does not answer with the connector of this version
  as_login tester sh -c 'echo "{\"answer\": 401}" >.openclaw/silent.json'
  before_its_start "if grep -qF $2 $CONNECTOR/package.json; then cp .openclaw/silent.json .openclaw/stand-in.json; else rm -f .openclaw/stand-in.json; fi"
  ;;
mend) as_login tester sh -c "rm -f .config/systemd/user/$UNIT.d/50-broken.conf .openclaw/silent.json .openclaw/stand-in.json; systemctl --user daemon-reload" ;;
repository) # from now on packages come from it alone
  cp "$DEBS/repository/openclaw-setup.gpg" /usr/share/keyrings/
  rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
  echo "deb [signed-by=/usr/share/keyrings/openclaw-setup.gpg] file:$DEBS/repository ./" >/etc/apt/sources.list.d/openclaw-setup.list
  expect 0 dpkg --purge openclaw-connector-dingtalk
  expect 0 apt-get --quiet update
  ;;
slow) as_login tester sh -c 'echo "{\"listen_after\": 15}" >.openclaw/stand-in.json' ;;
swift) as_login tester rm .openclaw/stand-in.json ;;
cut) # Ansible takes its time until then
  for _ in $(seq 3000); do
    ! is_at_work || exit 0
    sleep 0.1
  done
  fail "nothing was begun"
  ;;
rights) # root has written where root writes, and the program as the user; nobody else reads a secret
  is "$(find /home/tester ! -user tester; find /home/second ! -user second)" ""
  is "$(stat -c '%U %a' /etc/openclaw-setup/tester)" "root 755"
  is "$(find /etc/openclaw-setup/tester -type f -printf '%f %u %m\n' | sort)" $'clientSecret tester 400\ndesired.json5 tester 400'
  ;;
up) wait_for manager_is_up tester && wait_for manager_is_up second ;;
cost) # what one run that changes nothing takes: seconds, and KiB of memory at most
  python3 - <<'PYTHON'
import resource, subprocess, time
begin = time.monotonic()
subprocess.run(["openclaw-setup", "--user", "tester", "--json", "apply", "/etc/openclaw-setup/tester/desired.json5"], check=True, stdout=subprocess.DEVNULL)
print(f"{time.monotonic() - begin:.2f} {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}")
PYTHON
  ;;
esac
