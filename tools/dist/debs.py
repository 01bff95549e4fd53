#!/usr/bin/env python3
"""Debian packages of another architecture or release, fetched and unpacked beside the system, which is not changed.

    debs.py FOLDER ARCHITECTURE PACKAGE...

leaves FOLDER/root: these packages of this machine's release, and what they depend on, unpacked and not installed; and
FOLDER/packages.txt, one line each: NAME VERSION.
Fetched again when the list changes or the machine's own packages of these names do; else this needs no network.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Sequence

# As installed machines have it.
MERGED = ("bin", "lib", "lib64", "sbin")


class Unavailable(RuntimeError):
    """apt cannot fetch them, or a package cannot be unpacked."""


def run(*command: object, **options: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)  # type: ignore
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(map(str, command))}:\n{done.stderr}")
    return done.stdout


def indexes(form: str, *filters: str) -> list[str]:
    """What this machine's apt knows of Debian, one line each; `form` and `filters` as in apt-get indextargets."""
    found = run("apt-get", "indextargets", "--format", form, "Created-By: Packages", "Origin: Debian",
                *filters).splitlines()
    if not found:
        raise Unavailable("apt on this machine knows no Debian packages: call apt-get update")
    return sorted(set(found), reverse=True)  # security last: mirrors lack some of it


class Apt:
    """apt, which checks signatures, with lists and a (clean) record of installed packages of its own in `folder`."""

    def __init__(self, folder: Path, architecture: str) -> None:
        self._folder = folder
        for name in ("state/lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "status").write_text("")
        (folder / "apt.conf").write_text(f"""
APT::Architecture "{architecture}";
APT::Architectures "{architecture}";
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/nonexistent";
APT::Sandbox::User "";
APT::Install-Recommends "false";
APT::Update::Error-Mode "any";
Debug::NoLocking "true";
Acquire::Languages "none";
""")
        self._environment = {**os.environ, "APT_CONFIG": str(folder / "apt.conf")}

    def update(self, sources: Sequence[str]) -> None:
        (self._folder / "sources.list").write_text("".join(f"{line}\n" for line in sources))
        run("apt-get", "update", "-qq", env=self._environment)

    def download(self, packages: Sequence[str]) -> list[Path]:
        """The files of these packages and of all that they depend on."""
        run("apt-get", "install", "-qq", "--download-only", "--yes", *packages, env=self._environment)
        return sorted((self._folder / "cache/archives").glob("*.deb"))


def unpack(debs: Sequence[Path], root: Path) -> None:
    for folder in MERGED:
        (root / "usr" / folder).mkdir(parents=True)
        (root / folder).symlink_to(f"usr/{folder}")
    for deb in debs:
        run("/bin/sh", "-c", 'dpkg-deb --fsys-tarfile "$1" | tar -C "$2" -x --keep-directory-symlink', "sh", deb, root)


def own_versions(packages: Sequence[str]) -> str:
    return subprocess.run(["dpkg-query", "-W", "-f=${Package} ${Version}\n", *packages], capture_output=True,
                          text=True).stdout  # those that are not installed have no line


def main() -> int:
    parser = argparse.ArgumentParser(description="Fetches and unpacks Debian packages of another architecture.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("architecture", help="Debian's name of it, as arm64")
    parser.add_argument("package", nargs="+")
    args = parser.parse_args()
    folder = args.folder.resolve()
    stamp = folder / "made"
    wanted = f"{args.architecture}\n{args.package}\n{own_versions(args.package)}"
    if stamp.is_file() and stamp.read_text() == wanted:
        return 0
    shutil.rmtree(folder, ignore_errors=True)
    apt = Apt(folder / "apt", args.architecture)
    apt.update(indexes("deb $(REPO_URI) $(RELEASE) main"))
    debs = apt.download(args.package)
    unpack(debs, folder / "root")
    (folder / "packages.txt").write_text("".join(
        run("dpkg-deb", "--show", "--showformat=${Package} ${Version}\n", deb) for deb in debs))
    shutil.rmtree(folder / "apt")
    stamp.write_text(wanted)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Unavailable as error:
        sys.exit(f"debs: {error}")
