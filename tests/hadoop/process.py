"""One daemon as a process: started, killed, ended, and never outliving us."""

from __future__ import annotations

import concurrent.futures
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Callable, Optional

# Java 17 closes its own packages; Hadoop still looks into these
OPENED = ["java.base/java.io", "java.base/java.lang", "java.base/java.lang.reflect",
          "java.base/java.math", "java.base/java.net", "java.base/java.nio", "java.base/java.text",
          "java.base/java.util", "java.base/java.util.concurrent", "java.base/java.util.zip",
          "java.base/sun.nio.ch", "java.base/sun.security.util", "java.base/sun.security.x509"]
OPTIONS = [f"--add-opens={package}=ALL-UNNAMED" for package in OPENED]
SMALL = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xss512k", "-XX:-UsePerfData"]
# of Java in a container, which must stay below its virtual memory: 2.1 times its size
CONTAINER = [*OPTIONS, *SMALL, "-XX:CompressedClassSpaceSize=32m", "-XX:ReservedCodeCacheSize=32m"]

# The kernel ends a child when the *thread* that made it ends, so one thread that
# lives as long as the interpreter makes them all.
_maker = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawn")


class DaemonError(RuntimeError):
    """A daemon is not there, or ended by itself. Carries the tail of its log."""


def java() -> str:
    home = os.environ.get("JAVA_HOME")
    found = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if not found or not os.access(found, os.X_OK):
        raise DaemonError("no java: install openjdk-17-jdk-headless or set JAVA_HOME")
    return found


def clean_environment() -> dict[str, str]:
    """Ours without what would change whom or what a Hadoop process takes itself for."""
    kept = {key: value for key, value in os.environ.items()
            if not key.startswith(("HADOOP_", "YARN_", "HDFS_", "JAVA_TOOL_", "JDK_JAVA_", "KNIT_"))}
    kept["JAVA_HOME"] = str(Path(os.path.realpath(java())).parent.parent)
    return kept


def tail(path: Path, size: int = 3000) -> str:
    try:
        return path.read_bytes()[-size:].decode(errors="replace")
    except OSError:
        return "(no log)"


class Daemon:
    """A named process with a log file that every start appends to."""

    def __init__(self, name: str, command: Callable[[], list[str]], log: Path) -> None:
        self.name = name
        self.log = log
        self.started_ms = 0  # since the epoch: of the last start
        self.wanted = False  # started, and not ended by us since
        self._command = command  # asked at every start
        self._process: Optional[subprocess.Popen[bytes]] = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise DaemonError(f"{self.name} was never started")
        return self._process.pid

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        if self.running():
            raise DaemonError(f"{self.name} runs already")
        self.started_ms = int(time.time() * 1000)
        self._process = _maker.submit(self._make).result()
        self.wanted = True

    def check(self) -> None:
        """Raises with the tail of the log when the daemon ended by itself."""
        if not self.running():
            raise DaemonError(f"{self.name} ended; {self.log} ends with:\n{tail(self.log)}")

    def kill(self) -> None:
        """Ends it the hard way; returns when it is gone."""
        self.wanted = False
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def pause(self) -> None:
        """Stops it without ending it: its connections stay open and nobody answers."""
        self.check()
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def terminate(self) -> None:
        self.wanted = False
        if self.running() and self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self.resume()

    def wait(self, timeout_s: float) -> None:
        """Waits for the end that `terminate` asked for; kills at the deadline."""
        if self._process is None:
            return
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def _make(self) -> subprocess.Popen[bytes]:
        command = ["setpriv", "--pdeathsig", "KILL", *self._command()]
        with open(self.log, "ab") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    env=clean_environment(), start_new_session=True,
                                    cwd=self.log.parent)
