"""A shared archive of Hadoop's classes: halves the start of every JVM.

The first cluster of a version lets its processes write down which classes they
load and makes the archive when it stops; later ones map it. It is for one Java
and one class path, and a JVM that finds it unfit runs without it, silently.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
from pathlib import Path

from hadoop import process

DUMP_TIMEOUT_S = 120.0
# a JVM warns on standard output, where it would mix with what a client prints
QUIET = ["-Xlog:disable", "-Xlog:all=error:stderr"]


class SharedClasses:
    """The archive of the jars in `lib`; `scratch` takes the lists of classes."""

    def __init__(self, lib: Path, scratch: Path) -> None:
        self._lib = lib
        self._scratch = scratch
        java_home = Path(os.path.realpath(process.java())).parent.parent
        identity = f"{java_home} {(java_home / 'lib' / 'modules').stat().st_mtime_ns}"
        digest = hashlib.sha256(identity.encode()).hexdigest()[:12]
        self._archive = lib.parent / f"classes-{digest}.jsa"
        self._recording = not self._archive.exists() and os.access(lib.parent, os.W_OK)

    def options(self, name: str) -> list[str]:
        """Java's options for the process `name`: to use the archive, or to help make it."""
        if self._archive.exists():
            return [*QUIET, f"-XX:SharedArchiveFile={self._archive}"]
        if self._recording:
            self._scratch.mkdir(parents=True, exist_ok=True)
            return [*QUIET, f"-XX:DumpLoadedClassList={self._scratch / name}.classes"]
        return QUIET

    def make(self) -> None:
        """Makes the archive of what was recorded. Failing costs speed and nothing else."""
        lists = list(self._scratch.glob("*.classes")) if self._recording else []
        if not lists:
            return
        with open(self._archive.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._archive.exists():
                self._dump(lists)

    def _dump(self, lists: list[Path]) -> None:
        lines: dict[str, None] = {}
        for path in lists:
            # an "@" line names a call site and a partly written last line nothing at all
            lines.update((line, None) for line in path.read_text().split("\n")[:-1]
                         if not line.startswith(("#", "@")))
        merged = self._scratch / "merged"
        merged.write_text("\n".join(lines) + "\n")
        fresh = self._archive.with_suffix(".new")
        command = [process.java(), "-XX:+UseSerialGC", *QUIET, "-Xshare:dump",
                   f"-XX:SharedClassListFile={merged}", f"-XX:SharedArchiveFile={fresh}",
                   "-cp", f"{self._lib}/*"]
        try:
            with open(self._archive.with_suffix(".log"), "w") as log:
                subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                               timeout=DUMP_TIMEOUT_S, check=True)
            fresh.rename(self._archive)
        except (subprocess.SubprocessError, OSError):  # too slow or too full a machine: the next one tries again
            fresh.unlink(missing_ok=True)
