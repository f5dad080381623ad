"""Runs the program in real terminals and draws what they show.

To be run inside the sandbox (`make pictures`). On stdout: one JSON object, the name of each picture to its SVG. Beside the drawing
each has the commands and the lines as text (<desc>), which a test holds against the program.
"""

import html
import json
import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import time
import unicodedata

import pyte

HERE = pathlib.Path(__file__).resolve().parent
SANDBOX = HERE.parent / "sandbox"
HOME = pathlib.Path.home()
COLUMNS, ROWS = 110, 400
LIMIT = 120
LANGUAGES = {"en": "C.UTF-8", "zh-CN": "zh_CN.UTF-8"}
CLOUD = "127.0.0.1:8090"
COLORS = {"default": "#d4d4d4", "red": "#f14c4c", "green": "#4ec970", "brown": "#d7ba4f", "yellow": "#d7ba4f", "blue": "#569cd6",
          "magenta": "#c586c0", "cyan": "#4ec9d4", "white": "#e5e5e5", "black": "#767676"}
CELL, LINE, MARGIN = 8.4, 19, 14


class Terminal:
    def __init__(self, language):
        self.language = language
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.stream = pyte.ByteStream(self.screen)
        self.commands = []

    def run(self, line, answers=()):
        """Types the line, and each answer at its prompt."""
        self.commands.append(line)
        self.stream.feed(f"$ {line}\r\n".encode())
        environment = os.environ | {"TERM": "xterm-256color", "LANG": LANGUAGES[self.language], "LC_ALL": "C.UTF-8",
                                    "OPENCLAW_SETUP_LANG": self.language, "DINGTALK_REGISTRATION_BASE_URL": f"http://{CLOUD}"}
        environment.pop("NO_COLOR", None)
        pid, master = pty.fork()
        if pid == 0:
            os.execvpe("/bin/sh", ["sh", "-c", f"stty rows 60 cols {COLUMNS}; {line} --lang {self.language}"], environment)
        answers, end = list(answers), time.monotonic() + LIMIT
        while time.monotonic() < end:
            ready, _, _ = select.select([master], [], [], 1.5)
            if ready:
                try:
                    data = os.read(master, 65536)
                except OSError:
                    data = b""
                if not data:
                    break
                self.stream.feed(data)
            elif answers and self.screen.display[self.screen.cursor.y].rstrip().endswith("]"):
                os.write(master, answers.pop(0).encode() + b"\r")
        else:
            sys.exit(f"{line}: not finished after {LIMIT} s")
        os.close(master)
        os.waitpid(pid, 0)
        self.stream.feed(b"\r\n")

    def rows(self):
        rows = [self.screen.buffer[y] for y in range(self.screen.cursor.y)]
        return rows[:-1] if rows else rows

    def svg(self):
        rows = self.rows()
        width, height = COLUMNS * CELL + 2 * MARGIN, len(rows) * LINE + 2 * MARGIN + 22
        out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}">',
               f"<desc>{html.escape(self.text())}</desc>",
               f'<rect width="100%" height="100%" rx="8" fill="#1e1e1e"/>']
        out += [f'<circle cx="{MARGIN + 6 + 18 * n}" cy="18" r="6" fill="{c}"/>' for n, c in enumerate(["#ff5f57", "#febc2e", "#28c840"])]
        out.append('<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,\'Noto Sans Mono CJK SC\',monospace" font-size="14" '
                   'xml:space="preserve">')
        for y, row in enumerate(rows):
            top = MARGIN + 22 + y * LINE
            blocks = [blocks_of(row, top + half * LINE / 2, drawn) for half, drawn in enumerate(["▀█", "▄█"])]
            out += sum(blocks, []) or [self.span(run, x, top + 14) for x, run in runs(row)]
        return "\n".join([*out, "</g>", "</svg>", ""])

    @staticmethod
    def span(cells, x, y):
        style = cells[0]
        text = "".join(cell.data for cell in cells)
        color = COLORS.get(style.fg, f"#{style.fg}")
        weight = ' font-weight="bold"' if style.bold else ""
        length = sum(width_of(cell.data) for cell in cells) * CELL
        return (f'<text x="{MARGIN + x * CELL:.1f}" y="{y}" fill="{color}"{weight} textLength="{length:.1f}" '
                f'lengthAdjust="spacingAndGlyphs">{html.escape(text)}</text>')

    def text(self):
        return "\n".join("".join(row[x].data for x in range(COLUMNS)).rstrip() for row in self.rows())


def width_of(text):
    return 2 if text and unicodedata.east_asian_width(text[0]) in "WF" else len(text[:1])


def blocks_of(row, y, drawn):
    """Half a line of a QR code: where it is drawn, as it has to be seen by a telephone, without gaps."""
    line = "".join(row[x].data for x in range(COLUMNS))
    shape = "".join("#" if c in drawn else " " for c in line)
    return [f'<rect x="{MARGIN + m.start() * CELL:.1f}" y="{y}" width="{len(m[0]) * CELL:.1f}" height="{LINE / 2}" fill="#fff" shape-rendering="crispEdges"/>'
            for m in re.finditer("#+", shape)]


def runs(row):
    """Neighbouring cells of one look, without the blanks between them."""
    found, start = [], 0
    cells = [row[x] for x in range(COLUMNS)]
    while start < COLUMNS:
        if cells[start].data in (" ", ""):
            start += 1
            continue
        end = start
        look = (cells[start].fg, cells[start].bold)
        while end < COLUMNS and (cells[end].fg, cells[end].bold) == look and cells[end:end + 2] and not all(
                cell.data == " " for cell in cells[end:end + 2]):
            end += 1
        end = max(end, start + 1)
        found.append((start, cells[start:end]))
        start = end
    return found


def sh(script):
    subprocess.run(["bash", "-euc", script], check=True, stdout=subprocess.DEVNULL)


def break_it():
    """What goes wrong by hand: the bypass is gone, the endpoint off, the plugin not enabled."""
    sh(r"""rm ~/.config/systemd/user/openclaw-gateway.service.d/override.conf
sed -i '/"chatCompletions"/,/}/s/true/false/; /"entries": {/,/}/s/"enabled": true/"enabled": false/' ~/.openclaw/openclaw.json
systemctl --user daemon-reload
systemctl --user restart openclaw-gateway""")
    sh(f"/usr/bin/python3 {SANDBOX}/gateway-client.py ready 18789")


def pictures(language):
    install = Terminal(language)
    install.run("openclaw-setup install payload/dingtalk-connector", ["", "y"])
    break_it()
    doctor = Terminal(language)
    doctor.run("openclaw-setup doctor --fix", ["y"])
    rollback = Terminal(language)
    rollback.run("openclaw-setup install --session-timeout 3600000", ["y"])
    rollback.run("openclaw-setup rollback", ["y"])
    rollback.run("openclaw-setup history")
    sh("openclaw-setup uninstall --purge --yes")
    return {"install": install, "doctor": doctor, "rollback": rollback}


def main():
    sh(f"{SANDBOX}/furnish.sh --proxy http://127.0.0.1:9")
    # somebody scans at once
    (HOME / "cloud.json").write_text('{"registration": "SUCCESS"}')
    cloud = [HERE.parents[1] / "tests/bench/dingtalk-cloud.py", CLOUD, "-", "-", HOME / "cloud.log", HOME / "cloud.json"]
    subprocess.Popen(["/usr/bin/python3", *cloud])
    drawn = {}
    for language in LANGUAGES:
        for name, terminal in pictures(language).items():
            drawn[f"{name}.{language}.svg"] = terminal.svg()
    json.dump(drawn, sys.stdout, ensure_ascii=False)


main()
