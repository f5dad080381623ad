#!/usr/bin/python3
"""Writes debian/copyright: this program's stanza, and one for every crate that is compiled into the binary.

    copyright.py            write debian/copyright
    copyright.py --check    exit with 1 if it is not current

The crates are those of Cargo.lock that the shipped program links on Linux; procedural macros, build scripts and tests
are not in the binary. Who holds the copyright stands in a crate's licence files, else in its Cargo.toml.
"""

import json
import pathlib
import re
import subprocess
import sys

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
TARGET = CHECKOUT / "debian/copyright"
TEXTS = pathlib.Path(__file__).resolve().parent / "licenses"

HEADER = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: openclaw-setup
Upstream-Contact: The openclaw-setup maintainers <no-mail@openclaw-setup.invalid>
Comment:
 The stanzas below crates/ are of the crates that are compiled into the
 program. Their source is not part of this package: Cargo.lock names each by
 version and checksum, and cargo fetches it. Made by packaging/deb/copyright.py.

Files: *
Copyright: 2026 The openclaw-setup maintainers
License: MIT or Apache-2.0
"""

# In Debian every system has the text.
COMMON = {
    "Apache-2.0": "On Debian systems, the full text of the Apache License, Version 2.0 is in the file\n"
    "/usr/share/common-licenses/Apache-2.0.",
    "LGPL-2.1-or-later": "On Debian systems, the full text of the GNU Lesser General Public License, Version\n"
    "2.1 is in the file /usr/share/common-licenses/LGPL-2.1.",
}


def cargo(*arguments):
    return subprocess.run(["cargo", *arguments], cwd=CHECKOUT, check=True, stdout=subprocess.PIPE, text=True).stdout


def linked():
    """Name and version of every crate in the binary, on either architecture that a server has."""
    found = set()
    for target in ("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"):
        tree = cargo("tree", "--locked", "--edges=normal,no-proc-macro", "--prefix=none", "--format={p}", f"--target={target}")
        for line in tree.splitlines():
            name, version = line.split()[:2]
            found.add((name, version.removeprefix("v")))
    return found


def holders(package):
    """The copyright lines of a crate's licence files, without the words around them."""
    folder = pathlib.Path(package["manifest_path"]).parent
    lines = []
    for file in sorted(folder.iterdir()):
        if not re.match(r"(licen[sc]e|copying|copyright|notice)", file.name, re.IGNORECASE) or not file.is_file():
            continue
        # "Copyright (c) 2016--2023," and the name on the next line
        text = re.sub(r"(copyright[^\n\w]+(?:c\W+)?[\d\s,-]+)\n\s*", r"\1 ", file.read_text(errors="replace"), flags=re.IGNORECASE)
        for line in text.splitlines():
            match = re.match(r"\W*copyright\s+(?:\(c\)|©)?\s*((?:\d{4}|[A-Z]).*)", line, re.IGNORECASE)
            # the Apache licence's own template, and sentences of licences that begin with the word
            if match and not re.search(r"yyyy|\[|\{|notice|holder|license|owner|statement", match[1], re.IGNORECASE):
                holder = re.sub(r"\s*all rights reserved\.?", "", match[1], flags=re.IGNORECASE).strip(" .")
                # years, and nobody named
                lines.append(holder if re.search("[A-Za-z]", holder) else f"{holder} The {package['name']} developers")
    unique = list(dict.fromkeys(lines))
    return unique or package["authors"] or [f"The {package['name']} developers"]


def expression(license):
    """SPDX in DEP-5's words; a slash is the old way to write `or`."""
    words = license.replace("/", " OR ").replace("(", " ( ").replace(")", " ) ").split()
    text = " ".join({"OR": "or", "AND": "and"}.get(word, word) for word in words)
    text = text.replace("WITH LLVM-exception", "with LLVM exception")
    # DEP-5 has no brackets: `and` binds tighter there, so the choice is made explicit
    match = re.fullmatch(r"\( (\S+) or (\S+) \) and (\S+)", text)
    return f"{match[1]} and {match[3]}, or {match[2]} and {match[3]}" if match else text


def single_licenses(text):
    text = text.replace(" with LLVM exception", "~with~LLVM~exception")
    return {word.replace("~", " ") for word in re.split(r"[,\s]+", text) if word not in ("or", "and", "")}


def indented(text):
    return "\n".join(f" {line}" if line.strip() else " ." for line in text.rstrip().splitlines())


def license_text(name):
    return COMMON.get(name) or (TEXTS / f"{name.replace(' ', '-')}.txt").read_text()


def document():
    packages = json.loads(cargo("metadata", "--locked", "--format-version=1"))["packages"]
    wanted = linked()
    names = {"MIT", "Apache-2.0"}
    stanzas = [HEADER]
    for package in sorted(packages, key=lambda package: (package["name"], package["version"])):
        if package["source"] is None or (package["name"], package["version"]) not in wanted:
            continue
        license = expression(package["license"])
        names |= single_licenses(license)
        who = "\n           ".join(holders(package))
        stanzas.append(f"Files: crates/{package['name']}-{package['version']}/*\nCopyright: {who}\nLicense: {license}\n")
    for name in sorted(names):
        stanzas.append(f"License: {name}\n{indented(license_text(name))}\n")
    return "\n".join(stanzas)


def main():
    text = document()
    if sys.argv[1:] != ["--check"]:
        TARGET.write_text(text)
    elif not TARGET.exists() or TARGET.read_text() != text:
        sys.exit("debian/copyright does not tell of the crates in Cargo.lock: run 'make copyright' and commit it")


main()
