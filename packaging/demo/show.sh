#!/bin/bash
# What the demonstration shows; to be run inside the sandbox, by demo.sh.
#
# The machine is the documentation's: behind a corporate proxy that refuses loopback, with a model provider on its far side.
set -euo pipefail
checkout=$(readlink -f "$(dirname "$0")/../..")
sandbox=$checkout/packaging/sandbox
bench=$checkout/tests/bench
client=(/usr/bin/python3 "$sandbox/gateway-client.py")

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
shown() { printf '$ %s\n' "$*"; "$@"; }

start_the_outside_world() {
  /usr/bin/python3 "$bench/model-provider.py" 8080 &
  /usr/bin/python3 "$bench/proxy.py" 3128 "$HOME/proxy.log" model.example=127.0.0.1:8080 &
}

say "A server with OpenClaw behind a proxy; DingTalk is not set up"
start_the_outside_world
"$sandbox/furnish.sh" --proxy http://127.0.0.1:3128 ${1:+--openclaw "$1"}
(umask 077 && echo sandbox-client-secret >"$HOME/client-secret")
shown "$HOME/.local/bin/openclaw" --version
echo "POST /v1/chat/completions answers $("${client[@]}" chat 18789)"

say "One command"
shown openclaw-setup install "$HOME"/payload/dingtalk-connector-*.tgz --client-id sandbox-client-id \
  --client-secret-file "$HOME/client-secret" --gateway-auth none --yes

say "What there is now"
shown openclaw-setup status

say "Two messages from DingTalk (before, the proxy would have eaten the second)"
for text in "Hello?" "Are you there?"; do
  answer=$("${client[@]}" message "$text")
  echo "$text → $answer"
  case $answer in *'"reply"'*) ;; *) exit 1 ;; esac
done

say "The same command again"
shown openclaw-setup install "$HOME"/payload/dingtalk-connector-*.tgz --yes
