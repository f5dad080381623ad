"""How fast the program is and how little memory it needs, as ratios: each against a named alternative, in turn, on the same tree.

Run inside the sandbox (`make bench`). The state directory lies on the machine's own disk, not on the sandbox's tmpfs: durable
writes are part of what is measured. Nothing here passes or fails; it fails only if a command does.
"""

import contextlib
import itertools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from downtime import PORT, UNIT, Downtime
from payloads import archived, grown
from turns import ROUNDS, Side, heading, in_turn, row, run

SANDBOX = pathlib.Path(__file__).resolve().parents[2] / "packaging/sandbox"
HOME = pathlib.Path.home()
STATE = HOME / ".openclaw"
LIVE = STATE / "extensions/dingtalk-connector"
# The first promises what the program promises; the second flushes strangers' data, too.
SYNCS = [
    ("find . -type f -exec sync {} +; find . -depth -type d -exec sync {} +", "sync of each file"),
    ("sync -f .", "sync -f"),
]
# --offline: DingTalk is not asked whether it takes the bot, which is Node's work and the network's
SETTINGS = ["--client-id", "sandbox", "--client-secret-file", str(HOME / "client-secret"), "--gateway-auth", "none", "--offline", "--yes"]


def main():
    with tempfile.TemporaryDirectory(prefix="openclaw-setup-bench-", dir="/var/tmp") as disk:
        disk = pathlib.Path(disk)
        furnish(disk)
        large = grown(HOME / "payload/dingtalk-connector", disk / "large", files=3000, size=120_000_000)
        small = grown(HOME / "payload/dingtalk-connector", disk / "small", files=3000, size=12_000_000)
        few = grown(HOME / "payload/dingtalk-connector", disk / "few", files=300, size=12_000_000)
        describe(disk, large)
        the_disk(disk)
        with the_gateway_stopped():
            installing(disk, large, small, few)
            looking(large)
            beside_dpkg(disk, large)
            upgrading(disk, large)
            growing(disk)
        at_a_glance()
        applying()
        downtime(small, large)
        the_disk(disk)


def furnish(disk):
    (disk / "state").mkdir()
    STATE.symlink_to(disk / "state")
    # the health gate watches a gateway for longer than RestartSec=, and this is not about waiting
    brisk = HOME / f".config/systemd/user/{UNIT}.d/10-brisk.conf"
    brisk.parent.mkdir(parents=True)
    brisk.write_text("[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestartSec=100ms\n")
    subprocess.run([SANDBOX / "furnish.sh"], check=True)
    (HOME / "client-secret").write_text("sandbox-client-secret\n")
    (HOME / "client-secret").chmod(0o600)


def describe(disk, large):
    files = [path for path in large.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    kind = subprocess.run(["stat", "--file-system", "--format=%T", disk], capture_output=True, text=True, check=True).stdout.strip()
    print(f"The tree: {len(files)} files, {size / 1e6:.0f} MB, on {kind}. Medians of {ROUNDS} runs in turn after one uncounted; (least–most).")


def the_disk(disk):
    """Where the disk holds everything to its own rate, a ratio says nothing of the programs."""
    zeros, begin = bytes(1 << 20), time.monotonic()
    with open(disk / "rate", "wb", buffering=0) as file:
        for _ in range(120):
            file.write(zeros)
        os.fsync(file)
    print(f"The disk itself: {120 * 1.048576 / (time.monotonic() - begin):.0f} MB/s (126 MB written in order, one flush).", flush=True)
    (disk / "rate").unlink()


@contextlib.contextmanager
def the_gateway_stopped():
    """A gateway that does not run is not started: no health gate, nothing but the work itself."""
    subprocess.run(["systemctl", "--user", "stop", UNIT], check=True)
    yield
    subprocess.run(["systemctl", "--user", "start", UNIT], check=True)
    subprocess.run(["/usr/bin/python3", SANDBOX / "gateway-client.py", "ready", str(PORT)], check=True)


def shell(script, *arguments):
    return ["/bin/sh", "-ec", script, "sh", *map(str, arguments)]


def ours(name, source):
    """An installation from nothing: the records of the one before go first, and what is left to write of them."""
    prepare = [shell('openclaw-setup uninstall --purge --yes; sync -f "$1"', STATE / "openclaw.json")]
    return Side(name, ["openclaw-setup", "install", str(source), *SETTINGS], prepare)


def theirs(name, disk, script, *arguments):
    """The same by hand, into a folder of its own on the same disk."""
    target = disk / "by-hand"
    return Side(name, shell(script, target, *arguments), [shell('rm -rf "$1"; sync -f "$2"', target, disk)])


def by_copying(disk, tree, sync, name):
    return theirs(f"cp -a, sha256sum -c, {name}", disk, f'cp -a "$2" "$1"; cd "$1"; sha256sum --quiet -c SHA256SUMS; {sync}', tree)


def by_unpacking(disk, archive, sync, name):
    script = f'mkdir "$1"; cd "${{2%/*}}"; sha256sum --quiet -c SHA256SUMS; tar -C "$1" -xzf "$2"; cd "$1"; {sync}'
    return theirs(f"sha256sum -c, tar xzf, {name}", disk, script, archive)


def installing(disk, large, small, few):
    """Whole installations: look, check, copy, make durable, write the config, commit."""
    archive = archived(large)
    directory, packed = ours("install DIRECTORY", large), ours("install ARCHIVE.tgz", archive)
    copies = [by_copying(disk, large, *sync) for sync in SYNCS]
    unpackings = [by_unpacking(disk, archive, *sync) for sync in SYNCS]
    of_directory, *of_copies = in_turn(run, directory, *copies)
    of_archive, *of_unpackings = in_turn(run, packed, *unpackings)
    less = [ours("… a tenth of the bytes", small), ours("… a tenth of the bytes and of the files", few)]
    of_less = in_turn(run, *less, rounds=2)
    heading("How long it takes", "s")
    for other, runs in zip(copies, of_copies):
        row(directory, seconds(of_directory), other, seconds(runs))
    for other, runs in zip(unpackings, of_unpackings):
        row(packed, seconds(of_archive), other, seconds(runs))
    heading("How much memory the largest process needs", "MB")
    for other, runs in zip(less, of_less):
        row(directory, megabytes(of_directory), other, megabytes(runs))
    row(directory, megabytes(of_directory), copies[0], megabytes(of_copies[0]))
    row(packed, megabytes(of_archive), unpackings[0], megabytes(of_unpackings[0]))


def looking(large):
    """What reads and writes nothing, beside sha256sum over the same files."""
    run(ours("install DIRECTORY", large))
    check = 'cd "$1"; sha256sum --quiet -c "$2/SHA256SUMS"'
    # `verify` leaves with 3 where the stopped gateway gives it something to say
    verify = Side("verify", ["openclaw-setup", "verify"], may_end=(0, 3))
    again = Side("install DIRECTORY again: nothing to do", ["openclaw-setup", "install", str(large), *SETTINGS])
    one = Side("sha256sum -c of the same tree", shell(check, LIVE, large))
    both = Side("sha256sum -c of source and tree", shell(f'{check}; {check.replace("$1", "$2")}', LIVE, large))
    heading("Where there is nothing to write", "s")
    for mine, yours in [(verify, one), (again, both)]:
        ran = in_turn(run, mine, yours)
        row(mine, seconds(ran[0]), yours, seconds(ran[1]))


def beside_dpkg(disk, large):
    """dpkg unpacks the same tree out of a package that is not compressed."""
    tree, package, root = disk / "package", disk / "tree.deb", disk / "dpkg"
    shutil.copytree(large, tree / "usr/share/connector")
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN/control").write_text("Package: tree\nVersion: 1\nArchitecture: all\nMaintainer: Bench <bench@example.org>\nDescription: a tree\n")
    subprocess.run(["dpkg-deb", "-Znone", "--build", tree, package], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(tree)
    empty = 'rm -rf "$1"; mkdir -p "$1/var/lib/dpkg/info" "$1/var/lib/dpkg/updates" "$1/var/lib/dpkg/triggers"; : >"$1/var/lib/dpkg/status"; sync -f "$1"'
    dpkg = ["dpkg", "--force-not-root", "--force-bad-path", f"--root={root}", f"--log={root}/log", "--install", package]
    mine, yours = ours("install DIRECTORY", large), Side("dpkg --root -i, the same tree as a .deb", dpkg, [shell(empty, root)])
    ran = in_turn(run, mine, yours)
    heading("Beside dpkg", "s")
    row(mine, seconds(ran[0]), yours, seconds(ran[1]))


def upgrading(disk, large):
    """A newer connector of which one file in twenty differs."""
    newer = disk / "newer"
    shutil.copytree(large, newer)
    for name in ("package.json", "openclaw.plugin.json"):
        text = (newer / name).read_text()
        (newer / name).write_text(text.replace('"version": "0.6.0"', '"version": "0.7.10"'))
    for path in sorted(newer.glob("node_modules/*/*.js"))[::20]:
        path.write_bytes(path.read_bytes()[::-1])
    sums = "find . -type f ! -name SHA256SUMS -printf '%P\n' | xargs sha256sum >SHA256SUMS"
    subprocess.run(["/bin/sh", "-ec", sums], cwd=newer, check=True)
    whole = ours("install DIRECTORY", newer)
    before = ours("", large)
    upgrade = Side("upgrade, one file in twenty differs", ["openclaw-setup", "upgrade", str(newer), "--offline", "--yes"], [*before.prepare, before.line])
    ran = in_turn(run, upgrade, whole)
    heading("An upgrade", "s")
    row(upgrade, seconds(ran[0]), whole, seconds(ran[1]))


def growing(disk):
    """Time and memory as the number of files grows; each file has 4 kB."""
    sizes = [10, 300, 3000, 20000]
    trees = [grown(HOME / "payload/dingtalk-connector", disk / f"files-{files}", files=files, size=files * 4000) for files in sizes]
    sides = [ours(f"install of {files} files", tree) for files, tree in zip(sizes, trees)]
    ran = in_turn(run, *sides, rounds=min(ROUNDS, 3))
    for title, unit, figures in (("More files: time", "s", seconds), ("More files: memory of the largest process", "MB", megabytes)):
        heading(title, unit)
        for (fewer, of_fewer), (more, of_more) in itertools.pairwise(zip(sides, ran)):
            row(more, figures(of_more), fewer, figures(of_fewer))


def at_a_glance():
    """Commands that only look, each a hundred times or once in one run."""
    often = 'for _ in $(seq 100); do "$@" >/dev/null; done'
    version, true = Side("--version, a hundred times", shell(often, "openclaw-setup", "--version")), Side("/bin/true, a hundred times", shell(often, "/bin/true"))
    status = Side("status", ["openclaw-setup", "status"], may_end=(0, 3))
    show = Side("systemctl --user show", ["systemctl", "--user", "show", UNIT])
    heading("At a glance", "s")
    for mine, yours in [(version, true), (status, show)]:
        ran = in_turn(run, mine, yours)
        row(mine, seconds(ran[0]), yours, seconds(ran[1]))


def applying():
    """What a host of a fleet pays for each run, with its gateway at work: docs/FLEET.md multiplies it."""
    run(ours("", HOME / "payload/dingtalk-connector"))
    file = HOME / "desired.json5"
    file.write_text("{connector: {}, settings: {clientId: 'sandbox', clientSecret: {file: 'client-secret'}, gatewayAuth: 'none', sessionTimeout: 600000}}\n")
    swap = shell("sed -i 's/600000/@/; s/700000/600000/; s/@/700000/' \"$1\"", file)
    line = ["openclaw-setup", "--offline", "--yes", "apply", str(file)]
    changed = Side("apply, a setting changes", line, [swap])
    unchanged, check = Side("apply, nothing changes", line), Side("apply --check, nothing would", [*line, "--check"])
    ready = shell('systemctl --user restart "$1"; exec /usr/bin/python3 "$2" ready "$3"', UNIT, SANDBOX / "gateway-client.py", PORT)
    restart, show = Side("systemctl --user restart, until it is ready", ready), Side("systemctl --user show", ["systemctl", "--user", "show", UNIT])
    sides = [changed, unchanged, check, restart, show]
    ran = dict(zip((side.name for side in sides), in_turn(run, *sides)))
    for title, unit, figures in (("What a host of a fleet pays", "s", seconds), ("… of it CPU", "s", cpu), ("… memory of the largest process", "MB", megabytes)):
        heading(title, unit)
        for mine, other in [(changed, restart), (unchanged, show), (check, show)]:
            row(mine, figures(ran[mine.name]), other, figures(ran[other.name]))


def cpu(runs):
    return [run.cpu for run in runs]


def seconds(runs):
    return [run.seconds for run in runs]


def megabytes(runs):
    return [run.megabytes for run in runs]


def downtime(*trees):
    """From the last answer of the old gateway to the first of the new one, then systemd's own part of it."""
    restart = Side("systemctl --user restart", ["systemctl", "--user", "restart", UNIT])
    install = Side("install of another tree", [])
    sources = itertools.cycle(trees)
    watch = Downtime(SANDBOX / "gateway-client.py")

    def away(side):
        if side is install:
            side.line = ["openclaw-setup", "install", str(next(sources)), *SETTINGS]
        return watch.of(side)

    mine, yours = in_turn(away, install, restart)
    heading("How long the gateway is away", "s")
    row(install, [run.unanswered for run in mine], restart, [run.unanswered for run in yours])
    heading("… of it between the end of the stop and the beginning of the start, by systemd's clock", "s")
    row(install, [run.between for run in mine], restart, [run.between for run in yours])


if __name__ == "__main__":
    if not shutil.which("openclaw-setup"):
        sys.exit("openclaw-setup is not on the PATH: `make bench` runs this in the sandbox")
    main()
