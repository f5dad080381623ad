#!/bin/bash
# Before the reboot: the packages, and every way in which an owner sets DingTalk up.
. "$(dirname "$0")/ground.sh"

say "The package touches no home"
before=$(find /home /root /etc/skel -printf '%p %T@ %m\n' | sort)
expect 0 dpkg -i "$DEBS"/openclaw-setup_*.deb
is "$(find /home /root /etc/skel -printf '%p %T@ %m\n' | sort)" "$before"
is "$(dpkg -L openclaw-setup | grep -E '^/(etc|lib|usr/lib)/systemd' | grep -c -E 'catalog/.|system/|user/.')" 4
is "$(journalctl --update-catalog 2>&1)" ""
journalctl --list-catalog | grep -q 'openclaw-setup has changed this OpenClaw' || fail "the catalog is not known to journalctl"
openclaw-setup --version
for file in man/man1/openclaw-setup.1.gz man/zh_CN/man1/openclaw-setup.1.gz bash-completion/completions/openclaw-setup \
  zsh/vendor-completions/_openclaw-setup fish/vendor_completions.d/openclaw-setup.fish doc/openclaw-setup/copyright \
  doc/openclaw-setup/README.Debian; do
  dpkg -L openclaw-setup | grep -qx "/usr/share/$file" || fail "the package lacks /usr/share/$file"
done

say "A connector as a package is a plain tree that sha256sum checks"
expect 0 dpkg -i "$DEBS"/first/openclaw-connector-dingtalk_*.deb
(cd /usr/share/openclaw-setup/connectors/dingtalk-connector/0.6.0 && sha256sum --check --strict SHA256SUMS)
[ -s /usr/share/openclaw-setup/compatibility.json ] && [ -s /usr/share/openclaw-setup/compatibility.schema.json ]

furnish tester 18789
original=$(visible tester)
for way in as_login as_service as_runuser as_cron; do
  say "install without SOURCE and network, then rollback: $way"
  # shellcheck disable=SC2046 # words
  expect 0 "$way" tester openclaw-setup install $(settings tester)
  works tester 18789
  is "$(connector_of tester)" 0.6.0
  is "$(find /home/tester/.openclaw ! -user tester | wc -l)" 0
  expect 0 "$way" tester openclaw-setup rollback --yes
  is "$(visible tester)" "$original"
  is "$(python3 "$SANDBOX/gateway-client.py" chat 18789)" 404
done

say "Plain sudo by the owner of an OpenClaw is refused"
expect 2 as_login tester sudo openclaw-setup install --yes --offline
is "$(visible tester)" "$original"

say "install, to stay"
# shellcheck disable=SC2046
expect 0 as_login tester openclaw-setup install $(settings tester)
expect 0 as_login tester openclaw-setup install --yes --offline
installed=$(visible tester)

say "The timer that applies a file is switched off; its service applies it"
is "$(as_login tester systemctl --user is-enabled openclaw-setup-apply.timer || true)" disabled
as_login tester sh -c 'mkdir -p .config/openclaw-setup; echo "{connector: {version: \"0.6.0\"}, settings: {sessionTimeout: 660000}}" >.config/openclaw-setup/desired.json5'
expect 0 as_login tester systemctl --user start openclaw-setup-apply.service
grep -q 660000 /home/tester/.openclaw/openclaw.json
expect 0 as_login tester openclaw-setup apply --check .config/openclaw-setup/desired.json5
expect 0 as_login tester openclaw-setup rollback --yes
is "$(visible tester)" "$installed"

say "A newer payload package changes nobody's OpenClaw; status tells of it"
before=$(managed tester)
expect 0 dpkg -i "$DEBS"/second/openclaw-connector-dingtalk_*.deb
is "$(managed tester)" "$before"
is "$(ls /usr/share/openclaw-setup/connectors/dingtalk-connector)" 0.7.10
is "$(answer '["connector"]["upgrade"]' as_login tester openclaw-setup status --json)" 0.7.10

say "upgrade, rollback, upgrade"
expect 0 as_login tester openclaw-setup upgrade --yes --offline
works tester 18789
is "$(connector_of tester)" 0.7.10
is "$(answer '["connector"]["upgrade"]' as_login tester openclaw-setup status --json)" None
expect 0 as_login tester openclaw-setup rollback --yes
is "$(visible tester)" "$installed"
works tester 18789
expect 0 as_login tester openclaw-setup upgrade --yes --offline
visible tester >/var/tmp/upgraded
