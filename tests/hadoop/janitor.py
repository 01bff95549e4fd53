"""Ends what a cluster left running, containers included, and nothing else.

A process belongs to a cluster when it is a daemon or a Java client that carries
the cluster's folder as a property, or when the NodeManager gave it local folders
inside of it. A shell that merely points HADOOP_CONF_DIR there does not belong.

As a program (`janitor.py FOLDER keep|remove`) it waits until its standard input
closes, which happens however the owner of the cluster dies; then it ends all of
it, and removes the folder where it is told to.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path


def property_of(root: str) -> str:
    """The argument that marks a Java process as part of the cluster at `root`."""
    return f"-Dknit.test.cluster={root}"


def content(pid: int, name: str) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes().split(b"\0")
    except OSError:  # ended meanwhile, or another user's
        return []


def belongs(pid: int, root: str) -> bool:
    if os.fsencode(property_of(root)) in content(pid, "cmdline"):
        return True
    prefixes = (os.fsencode(f"LOG_DIRS={root}/"), os.fsencode(f"LOCAL_DIRS={root}/"))
    return any(entry.startswith(prefixes) for entry in content(pid, "environ"))


def members(root: str) -> list[int]:
    pids = [int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit()]
    return [pid for pid in pids if pid != os.getpid() and belongs(pid, root)]


def sweep(root: str, deadline_s: float = 10.0) -> None:
    """Kills every member, again while new ones appear, until none is left."""
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        pids = members(root)
        if not pids:
            return
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.05)


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    sweep(sys.argv[1])
    if sys.argv[2:] == ["remove"]:
        shutil.rmtree(sys.argv[1], ignore_errors=True)


if __name__ == "__main__":
    main()
