"""How long the program takes, and how much memory, with payloads like connector 0.6.0's and 0.6.1's; run inside the sandbox.

Each line: what, seconds, peak memory. The 121 MB tree must not need more memory than the small one.
"""

import hashlib
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time

SANDBOX = pathlib.Path(__file__).resolve().parents[2] / "packaging/sandbox"
HOME = pathlib.Path.home()
SETTINGS = ["--client-id", "sandbox", "--client-secret-file", str(HOME / "client-secret"), "--gateway-auth", "none", "--yes"]


def main():
    subprocess.run([SANDBOX / "furnish.sh"], check=True)
    (HOME / "client-secret").write_text("sandbox-client-secret\n")
    (HOME / "client-secret").chmod(0o600)
    small, big = HOME / "payload/dingtalk-connector", HOME / "payload/big"
    # in a process of its own: a child's peak counts what its parent held when it forked
    if os.fork() == 0:
        grow(small, big, files=2332, size=121_000_000)
        os._exit(0)
    os.wait()
    measure("status, nothing installed", "status")
    measure("install, 3 files", "install", str(small), *SETTINGS)
    measure("install again", "install", str(small), *SETTINGS)
    measure("status", "status")
    measure("verify", "verify")
    measure("install, 2,335 files, 121 MB", "install", str(big), *SETTINGS)
    measure("verify, 121 MB", "verify")
    print(f"{'between the stop and the start':32} {our_share_of_the_downtime():8.3f} s of ours (promise: 0.050)")


def our_share_of_the_downtime():
    """From the end of the gateway's stop to the beginning of its start, by systemd's own clock."""
    names = ["InactiveEnterTimestampMonotonic", "InactiveExitTimestampMonotonic"]
    shown = subprocess.run(["systemctl", "--user", "show", "openclaw-gateway", "--property=" + ",".join(names)], capture_output=True, text=True, check=True)
    stamps = dict(line.split("=") for line in shown.stdout.split())
    return (int(stamps[names[1]]) - int(stamps[names[0]])) / 1e6


def grow(tree, into, files, size):
    """The sample connector with `files` more files in node_modules, `size` bytes in all, most of them in one."""
    shutil.copytree(tree, into)
    chance = random.Random(1)
    sums = (into / "SHA256SUMS").read_text().splitlines()
    for number in range(files):
        data = chance.randbytes(size * 6 // 10 if number == 0 else size * 4 // 10 // files)
        path = into / f"node_modules/package-{number // 20}/file-{number}.js"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        sums.append(f"{hashlib.sha256(data).hexdigest()}  {path.relative_to(into)}")
    (into / "SHA256SUMS").write_text("\n".join(sums) + "\n")


def measure(what, *command):
    begin = time.monotonic()
    child = subprocess.Popen(["openclaw-setup", *command], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    print(f"{what:32} {time.monotonic() - begin:8.3f} s {used.ru_maxrss / 1024:8.1f} MB", flush=True)
    # `status` and `verify` leave with 3 where they find something to say.
    if os.waitstatus_to_exitcode(status) not in (0, 3):
        sys.exit(f"openclaw-setup {command[0]} ended with {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    main()
