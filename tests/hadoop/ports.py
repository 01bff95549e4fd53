"""Free TCP ports of loopback that stay ours while daemons are down.

A killed daemon must find its port free when it is started again, and two
clusters may start at once. So a cluster takes whole blocks of ports below the
kernel's ephemeral range and holds a lock on each block for as long as it lives.
"""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path
from typing import IO

FIRST, LAST, BLOCK = 10000, 32000, 50


class PortError(RuntimeError):
    """No block of ports is left."""


class Ports:
    """Hands out ports of locked blocks; `close` gives the blocks back."""

    def __init__(self) -> None:
        folder = Path(tempfile.gettempdir()) / f"knit-test-ports-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        self._folder = folder
        self._locks: list[IO[str]] = []
        self._free: list[int] = []

    def take(self) -> int:
        while True:
            if not self._free:
                self._free = self._lock_block()
            port = self._free.pop(0)
            if is_free(port):
                return port

    def close(self) -> None:
        for lock in self._locks:
            lock.close()
        self._locks = []
        self._free = []

    def _lock_block(self) -> list[int]:
        starts = list(range(FIRST, LAST, BLOCK))
        random.shuffle(starts)
        for start in starts:
            lock = open(self._folder / str(start), "w")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                continue
            self._locks.append(lock)
            return list(range(start, start + BLOCK))
        raise PortError(f"every block of ports from {FIRST} to {LAST} is locked in {self._folder}")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
