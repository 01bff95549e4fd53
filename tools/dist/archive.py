#!/usr/bin/env python3
"""Packs the portable archive from what `./dev dist` has built, after checking what was promised of it.

    archive.py DIST_DIR [--release BUILD]

writes DIST_DIR/knit-VERSION-linux-x86_64.tar.gz. The same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import components
import elf

ROOT = Path(__file__).resolve().parents[2]
GLIBC = (2, 17)
# What every glibc brings. Others would have to be installed on the user's machine.
GLIBC_LIBRARIES = {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libresolv.so.2",
                   "ld-linux-x86-64.so.2"}
README = """# Knit {version} for Linux on x86-64

Knit launches distributed applications on Apache Hadoop YARN, without a JVM.

    tar xzf {name}.tar.gz
    {name}/bin/knit --help

Unpack it where you like and call `bin/knit`, or link it into a folder of your PATH; keep the folders together, for
`knit` finds the application masters, `libexec/knit/knit-master-*`, beside itself and ships them to the cluster.

`knit` needs glibc 2.17 or later (RHEL 7, Debian 8, Ubuntu 14.04 and what came after them). The masters are one static
program for each architecture of the cluster's nodes, x86-64 (Linux 3.2 or later) and aarch64 (3.7 or later), and need
nothing else there.

`sha256sum -c SHA256SUMS` checks the files. `components.json` (CycloneDX) lists what is linked into the programs; its
licences are in `licenses/`.
"""


class Refused(RuntimeError):
    """What was built is not what the archive promises."""


def check_client(path: Path) -> tuple[int, ...]:
    """It runs on every glibc since GLIBC, and needs no other library. The highest version it asks for."""
    program = elf.read(path)
    if foreign := program.needed - GLIBC_LIBRARIES:
        raise Refused(f"{path} needs {', '.join(sorted(foreign))}")
    if program.runpath:
        raise Refused(f"{path} looks for libraries in {program.runpath}")
    versions = {version for version in program.versions if version.startswith("GLIBC_")}
    if others := program.versions - versions:
        raise Refused(f"{path} needs {', '.join(sorted(others))}")
    highest = max(tuple(int(part) for part in version[6:].split(".")) for version in versions)
    if highest > GLIBC:
        raise Refused(f"{path} needs glibc {'.'.join(map(str, highest))}; the archive promises "
                      f"{'.'.join(map(str, GLIBC))}")
    return highest


def check_master(path: Path) -> None:
    """It is one static program."""
    program = elf.read(path)
    if program.interpreter or program.needed:
        raise Refused(f"{path} is not static: it needs {program.interpreter} {sorted(program.needed)}")


def timestamp() -> int:
    """When the source was committed: times of building would differ each time."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    return int(subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, check=True, capture_output=True,
                              text=True).stdout)


def pack(tree: Path, target: Path, when: int) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in [tree, *sorted(tree.rglob("*"))]:
            info = archive.gettarinfo(str(path), str(path.relative_to(tree.parent)))
            info.uid = info.gid = 0
            info.uname = info.gname = "root"
            info.mtime = when
            info.mode = 0o755 if path.is_dir() or info.mode & 0o100 else 0o644
            with open(path, "rb") if path.is_file() else io.BytesIO() as content:
                archive.addfile(info, content if path.is_file() else None)
    with open(target, "wb") as out, gzip.GzipFile("", "wb", 9, out, mtime=when) as zipped:
        zipped.write(buffer.getvalue())


def sums(tree: Path) -> str:
    files = sorted(path for path in tree.rglob("*") if path.is_file())
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(tree)}\n" for path in files)


def install(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["strip", "-o", str(target), str(source)], check=True)
    target.chmod(0o755)


def main() -> int:
    parser = argparse.ArgumentParser(description="Packs the portable archive.")
    parser.add_argument("dist", type=Path, help="build/dist, as ./dev dist leaves it")
    parser.add_argument("--release", type=Path, default=ROOT / "build/release", help="the build that made the master")
    args = parser.parse_args()
    client = args.dist / "client/bin/knit"
    masters = [args.release / "libexec/knit/knit-master-x86_64",
               args.dist / "master-aarch64/libexec/knit/knit-master-aarch64"]
    version = components.version(args.dist / "client")
    name = f"knit-{version}-linux-x86_64"
    tree = args.dist / name
    shutil.rmtree(tree, ignore_errors=True)

    highest = check_client(client)
    for master in masters:
        check_master(master)
    install(client, tree / "bin/knit")
    (tree / "libexec/knit").mkdir(parents=True)
    for master in masters:
        shutil.copy(master, tree / "libexec/knit")  # as it is: the client knows its digest
    shutil.copy(ROOT / "LICENSE", tree / "LICENSE")
    (tree / "README.md").write_text(README.format(version=version, name=name))
    when = timestamp()
    components.write(tree, args.dist, args.release, version, when)
    (tree / "SHA256SUMS").write_text(sums(tree))

    target = args.dist / f"{name}.tar.gz"
    pack(tree, target, when)
    print(f"dist: {target}: {target.stat().st_size / 1e6:.1f} MB; "
          f"knit {(tree / 'bin/knit').stat().st_size / 1e6:.1f} MB, needs glibc {'.'.join(map(str, highest))}; " +
           "; ".join(f"{path.name} {path.stat().st_size / 1e6:.1f} MB, static" for path in masters))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Refused, components.Unknown) as error:
        sys.exit(f"dist: {error}")
