"""How long a gateway is away while a command works: asked from outside, and told by systemd's own clock."""

import dataclasses
import http.client
import subprocess
import sys
import threading
import time

UNIT = "openclaw-gateway.service"
PORT = 18789
LOOK_EVERY = 0.002


@dataclasses.dataclass
class Away:
    """Seconds in which nobody answered, and seconds between the end of the stop and the beginning of the start."""

    unanswered: float
    between: float


class Downtime:
    """Measures one command after the other; each has to restart the gateway."""

    def __init__(self, client):
        self.client = client

    def of(self, side):
        subprocess.run(["/usr/bin/python3", self.client, "ready", str(PORT)], check=True)
        before = invocation()
        answers = Answers()
        code = subprocess.run(side.line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode
        # a plain restart returns before the gateway listens
        subprocess.run(["/usr/bin/python3", self.client, "ready", str(PORT)], check=True)
        unanswered = answers.longest_silence()
        if code != 0 or invocation() == before:
            sys.exit(f"{side.name} ended with {code}, and did not restart the gateway" if code == 0 else f"{side.name} ended with {code}")
        return Away(unanswered, between_stop_and_start())


class Answers(threading.Thread):
    """Asks the gateway all the time, and remembers when it answered."""

    def __init__(self):
        super().__init__(daemon=True)
        self.times = []
        self.enough = threading.Event()
        self.start()

    def run(self):
        while not self.enough.is_set():
            if is_ready():
                self.times.append(time.monotonic())
            time.sleep(LOOK_EVERY)

    def longest_silence(self):
        time.sleep(10 * LOOK_EVERY)
        self.enough.set()
        self.join()
        return max(later - earlier for earlier, later in zip(self.times, self.times[1:]))


def is_ready():
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=1)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    except http.client.HTTPException:
        return False
    finally:
        connection.close()


def invocation():
    return shown("InvocationID")[0]


def between_stop_and_start():
    left, entered = shown("InactiveExitTimestampMonotonic", "InactiveEnterTimestampMonotonic")
    return (int(left) - int(entered)) / 1e6


def shown(*names):
    line = ["systemctl", "--user", "show", UNIT, *(f"--property={name}" for name in names)]
    lines = subprocess.run(line, capture_output=True, text=True, check=True).stdout.split("\n")
    values = dict(line.split("=", 1) for line in lines if line)
    return [values[name] for name in names]
