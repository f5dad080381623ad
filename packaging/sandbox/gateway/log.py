"""What OpenClaw 2026.3.13 writes, where it writes it: lines on standard output, and JSON lines in `logging.file`, or under
/tmp/openclaw (for whoever comes second, /tmp/openclaw-UID)."""

import datetime
import json
import os
import threading


class Log:
    def __init__(self, file=None):
        self.path = file or self._of_today()
        self._lock = threading.Lock()

    @staticmethod
    def _of_today():
        directory = "/tmp/openclaw"
        os.makedirs(directory, mode=0o700, exist_ok=True)
        if os.stat(directory).st_uid != os.getuid():
            directory = f"/tmp/openclaw-{os.getuid()}"
            os.makedirs(directory, mode=0o700, exist_ok=True)
        return f"{directory}/openclaw-{datetime.date.today().isoformat()}.log"

    def line(self, subsystem, text, level="INFO"):
        """A line of a subsystem; the console leaves out what precedes the last part of `gateway/channels/NAME`."""
        now = self._now()
        print(f"{now} [{subsystem.removeprefix('gateway/').removeprefix('channels/')}] {text}", flush=True)
        name = json.dumps({"subsystem": subsystem}, separators=(",", ":"))
        self._append({"0": name, "1": text}, name, ["openclaw"], level, now)

    def console(self, text, level="ERROR"):
        """A line that OpenClaw prints without time or subsystem."""
        print(text, flush=True)
        self._append({"0": text}, "openclaw", None, level, self._now())

    @staticmethod
    def _now():
        return datetime.datetime.now().astimezone().isoformat(timespec="milliseconds")

    def _append(self, arguments, name, parents, level, now):
        meta = {"runtime": "python", "hostname": "unknown", "name": name}
        if parents:
            meta["parentNames"] = parents
        date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        meta |= {"date": date, "logLevelId": {"INFO": 3, "WARN": 4, "ERROR": 5}[level], "logLevelName": level}
        entry = json.dumps(arguments | {"_meta": meta, "time": now}, separators=(",", ":"), ensure_ascii=False)
        with self._lock, open(self.path, "a", encoding="utf-8") as file:
            file.write(entry + "\n")
