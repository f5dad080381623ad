"""Commands measured in turn, as whole processes: A B, B A, A B …, so that a ratio holds while the machine's speed drifts.

GNU time forks each command: a child of ours would never show less memory than Python held when it was started.
"""

import atexit
import dataclasses
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
PATIENCE = 300  # seconds; ten times what the slowest command took on two busy cores


@dataclasses.dataclass
class Side:
    """A command with others beside it: its name in the table, its line, and what is made ready before each run, uncounted."""

    name: str
    line: list
    prepare: list = dataclasses.field(default_factory=list)
    may_end: tuple = (0,)


@dataclasses.dataclass
class Run:
    """What one run took."""

    seconds: float
    megabytes: float
    cpu: float  # seconds, in user space and in the kernel


def run(side):
    for line in side.prepare:
        subprocess.run(line, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=PATIENCE)
    with tempfile.NamedTemporaryFile("r") as peak, tempfile.TemporaryFile("r") as said:
        begin, before = time.monotonic(), spent()
        line = ["/usr/bin/time", "--quiet", "--format=%M", "--output", peak.name, *side.line]
        with subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=said, stderr=said) as process:
            # a timeout of wait's own would look only every 50 ms whether it has ended
            watchdog = threading.Timer(PATIENCE, process.kill)
            watchdog.start()
            code = process.wait()
            watchdog.cancel()
        seconds = time.monotonic() - begin
        if code not in side.may_end:
            said.seek(0)
            sys.exit(f"{side.name} ended with {code}:\n{said.read()}")
        return Run(seconds, int(peak.read().split()[-1]) / 1024, spent() - before)


def spent():
    """CPU time of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def in_turn(measure, *sides, rounds=ROUNDS):
    """What `measure` says of each side: a list for each, all of one length, after one round that is not counted."""
    seen = {side.name: [] for side in sides}
    for number in range(rounds + 1):
        for side in sides if number % 2 == 0 else reversed(sides):
            seen[side.name].append(measure(side))
    return [seen[side.name][1:] for side in sides]


# What `BENCH_JSON` gets: every row with each of its runs.
TABLE = []


def heading(title, unit):
    TABLE.append({"title": title, "unit": unit, "rows": []})
    print(f"\n{title}\n{'the program':40} {unit:>22}   {'the other':44} {unit:>22}   ratio", flush=True)


def row(one, mine, other, yours):
    """Medians with the spread of each side, and the median of the ratios round by round with theirs."""
    ratios = [a / b for a, b in zip(mine, yours)]
    TABLE[-1]["rows"].append({"program": one.name, "runs": mine, "other": other.name, "otherRuns": yours, "ratio": statistics.median(ratios)})
    print(f"{one.name:40} {spread(mine, 3):>22}   {other.name:44} {spread(yours, 3):>22}   {spread(ratios, 2)}", flush=True)


@atexit.register
def save():
    """Adds the tables to those that are in the file already."""
    if place := os.environ.get("BENCH_JSON"):
        file = pathlib.Path(place)
        file.write_text(json.dumps(json.loads(file.read_text() or "[]") + TABLE, indent=1) + "\n")


def spread(values, digits):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"
