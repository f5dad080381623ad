"""How long it takes from Enter to the proof that the bot answers, where only a setting changes, beside the gateway's own restart.

  proof.py ROUNDS OPENCLAW     in the sandbox (`make bench`), with the real OpenClaw that openclaw.sh put into OPENCLAW
"""

import glob
import itertools
import pathlib
import subprocess
import sys
import time

from downtime import UNIT
from turns import PATIENCE, ROUNDS, Side, heading, in_turn, row, run

BENCH = pathlib.Path(__file__).resolve().parent
SANDBOX = BENCH.parents[1] / "packaging/sandbox"
HOME = pathlib.Path.home()
OPENCLAW = str(HOME / ".local/bin/openclaw")
PROOF = "the model answers."
CONNECTED = "connect success"


def main():
    for line in (["model-provider.py", "8080"], ["proxy.py", "3128", HOME / "proxy.log", "model.example=127.0.0.1:8080"]):
        subprocess.Popen(["/usr/bin/python3", BENCH / line[0], *line[1:]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.run([SANDBOX / "furnish.sh", "--openclaw", sys.argv[2], "--proxy", "http://127.0.0.1:3128"], check=True, stdout=subprocess.DEVNULL)
    secret = HOME / "client-secret"
    secret.write_text("sandbox-client-secret\n")
    secret.chmod(0o600)
    settings = ["--client-id", "sandbox", "--client-secret-file", str(secret), "--gateway-auth", "none", "--yes", "--lang", "en"]
    install = Side("a setting changed, to the answer", ["openclaw-setup", "install", str(HOME / "payload/dingtalk-connector"), *settings])
    restart = Side("systemctl --user restart, to the connection", ["systemctl", "--user", "restart", UNIT])
    timeouts = itertools.count(600_000, 1000)

    def reached(side):
        return until_said([*side.line, "--session-timeout", str(next(timeouts))]) if side is install else until_logged(side.line)

    reached(install)
    mine, yours = in_turn(reached, install, restart)
    heading("How long it takes on the real OpenClaw", "s")
    row(install, mine, restart, yours)
    beside_openclaw(install.line)


def beside_openclaw(install):
    """OpenClaw's own commands for the same, which neither restart the gateway nor prove anything."""
    config, connector = HOME / ".openclaw/openclaw.json", HOME / ".openclaw/extensions/dingtalk-connector"
    doctor = Side("doctor", ["openclaw-setup", "doctor"], may_end=(0, 3))
    theirs = Side("openclaw doctor --non-interactive", [OPENCLAW, "doctor", "--non-interactive"])
    of_doctors = in_turn(run, doctor, theirs, rounds=min(ROUNDS, 3))

    taken_out = ["/bin/sh", "-ec", 'openclaw-setup uninstall --purge --yes; rm -rf "$1"; cp "$2.bare" "$2"', "sh", str(connector), str(config)]
    subprocess.run(["openclaw-setup", "uninstall", "--purge", "--yes"], check=True, capture_output=True)
    config.with_name("openclaw.json.bare").write_bytes(config.read_bytes())
    running = Side("install, the gateway's restart and the proof", install, [taken_out, ["systemctl", "--user", "restart", UNIT]])
    stopped = Side("install, the gateway stopped", [*install, "--offline"], [["systemctl", "--user", "stop", UNIT], taken_out])
    plugin = Side("openclaw plugins install", [OPENCLAW, "plugins", "install", str(HOME / "payload/dingtalk-connector")], stopped.prepare)
    of_running, of_stopped, of_plugin = in_turn(run, running, stopped, plugin, rounds=min(ROUNDS, 3))

    heading("Beside OpenClaw's own commands", "s")
    for side, runs, other, others in (
        (doctor, of_doctors[0], theirs, of_doctors[1]),
        (running, of_running, plugin, of_plugin),
        (stopped, of_stopped, plugin, of_plugin),
    ):
        row(side, [run.seconds for run in runs], other, [run.seconds for run in others])


def until_said(line):
    """Seconds until the proof is told; what comes after that is waited for, and not counted."""
    begin, told = time.monotonic(), None
    with subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as program:
        said = []
        for text in program.stdout:
            said.append(text)
            if PROOF in text:
                told = time.monotonic()
    if program.returncode != 0 or told is None:
        sys.exit(f"{line} ended with {program.returncode}:\n{''.join(said)}")
    return told - begin


def until_logged(line):
    """Seconds until the connector tells its log that the Stream connection stands."""
    before, begin = connections(), time.monotonic()
    subprocess.run(line, check=True)
    while connections() == before:
        if time.monotonic() - begin > PATIENCE:
            sys.exit("the connector has not told of a connection")
        time.sleep(0.01)
    return time.monotonic() - begin


def connections():
    return sum(pathlib.Path(file).read_text(encoding="utf-8").count(CONNECTED) for file in glob.glob("/tmp/openclaw/*.log"))


if __name__ == "__main__":
    main()
