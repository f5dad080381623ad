"""Payloads as large as the real connector's with its dependencies, made of the sample connector."""

import hashlib
import random
import shutil
import subprocess

SEED = 1


def grown(sample, into, files, size):
    """The sample with `files` more files in node_modules, `size` bytes in all, more than half of them in one."""
    shutil.copytree(sample, into)
    chance = random.Random(SEED)
    sums = (into / "SHA256SUMS").read_text().splitlines()
    for number in range(files):
        length = size * 6 // 10 if number == 0 else size * 4 // 10 // files
        data = chance.randbytes(length // 2).hex().encode()  # gzip halves it, as it does with scripts
        path = into / f"node_modules/package-{number // 20}/file-{number}.js"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        sums.append(f"{hashlib.sha256(data).hexdigest()}  {path.relative_to(into)}")
    (into / "SHA256SUMS").write_text("\n".join(sums) + "\n")
    return into


def archived(tree):
    """The tree as npm packs one, with its checksum beside it; made once."""
    folder = tree.with_name(f"{tree.name}-archive")
    archive = folder / "dingtalk-connector-0.6.0.tgz"
    if not folder.exists():
        folder.mkdir()
        pack = ["tar", "-C", tree, "--exclude=./SHA256SUMS", "--transform=s,^\\.,package,", "-czf", archive, "."]
        subprocess.run(pack, check=True)
        sums = subprocess.run(["sha256sum", archive.name], cwd=folder, check=True, capture_output=True).stdout
        (folder / "SHA256SUMS").write_bytes(sums)
    return archive
