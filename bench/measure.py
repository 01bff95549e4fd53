"""Running a program and saying what it cost."""

from __future__ import annotations

import filecmp
import os
import re
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Optional

from bench.launches import Launches, launches
from hadoop import peers
from hadoop.cluster import MiniHadoop

TIMEOUT_S = 300.0
APPLICATION_CLI = peers.YARN["application"]
# A master says in its environment which container it is; its attempt's first one.
MASTER = re.compile(rb"(?:^|\0)CONTAINER_ID=container_(?:e\d+_)?(\d+_\d+)_\d+_000001(?:\0|$)")
STATE_CHANGE = re.compile(r"^([\d-]+ [\d:]+,\d+) .*appattempt_(\d+_\d+)_\d+ State change from \w+ to (\w+) on", re.M)


class BenchError(RuntimeError):
    """A program did not do what was to be measured."""


@dataclass
class Cost:
    wall_ms: float  # the median
    peak_mib: float


@dataclass
class MasterCost:
    peak_mib: float
    registered_ms: float


class Bench:
    """The programs of both sides on one cluster."""

    def __init__(self, cluster: MiniHadoop, program: str, repeat: int, mib: int) -> None:
        self._cluster = cluster
        self._program = program
        self._repeat = repeat
        self.mib = mib

    # -- the two sides ------------------------------------------------------

    def knit_command(self, *args: str) -> list[str]:
        return [self._program, *args]

    def java_command(self, main: str, *args: str) -> list[str]:
        """Without Hadoop's shell scripts, and with an archive of its classes: faster than a user has it."""
        return self._cluster.java_command(main.rsplit(".", 1)[-1], "conf", main, *args)

    def distributed_shell(self, command: str, containers: int = 3) -> list[str]:
        return self._cluster.distributed_shell_arguments("-shell_command", command, "-num_containers",
                                                         str(containers), "-container_memory", "128")

    def client(self, *args: str) -> Cost:
        return self.cost(self.knit_command(*args))

    def java(self, main: str, *args: str) -> Cost:
        return self.cost(self.java_command(main, *args))

    # -- what is measured ---------------------------------------------------

    def cost(self, command: list[str], before: Optional[list[str]] = None) -> Cost:
        """One run that does not count, `repeat` timed ones, and one for the memory. `before` goes before each."""
        self.run(command, before)
        walls = [self.run(command, before) for _ in range(self._repeat)]
        return Cost(statistics.median(walls), self.peak(command, before))

    def run(self, command: list[str], before: Optional[list[str]] = None) -> float:
        """Milliseconds of the whole process."""
        if before:
            self.execute(before)
        started = time.monotonic()
        self.execute(command)
        return (time.monotonic() - started) * 1000

    def peak(self, command: list[str], before: Optional[list[str]] = None) -> float:
        """MiB. GNU time starts it, for a child of ours would begin with our own memory as its peak."""
        if before:
            self.execute(before)
        with tempfile.NamedTemporaryFile("r") as told:
            self.execute(["/usr/bin/time", "-f", "%M", "-o", told.name, *command])
            return int(told.read().split()[-1]) / 1024

    def execute(self, command: list[str]) -> str:
        done = subprocess.run(command, env=self._cluster.env(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=TIMEOUT_S, check=False)
        if done.returncode != 0:
            raise BenchError(f"{command[0]} ... {' '.join(command[-6:])} ended with {done.returncode}:\n{done.stderr}")
        return done.stdout

    def ended_application(self) -> str:
        app_id = self.execute(self.knit_command("run", "-d", "--", "true")).strip()
        self.execute(self.knit_command("wait", app_id))
        return app_id

    def launches(self, command: list[str]) -> list[Launches]:
        """Of the application that `command` runs each time, as the daemons' logs tell it."""
        found = []
        for _ in range(self._repeat):
            known = set(self._applications())
            self.execute(command)
            (app,) = set(self._applications()) - known
            found.append(launches(self._cluster, app))
        return found

    def _applications(self) -> list[str]:
        return re.findall(r"application_(\d+_\d+) State change from NEW to", self._cluster.log("rm").read_text())

    # -- masters ------------------------------------------------------------

    def master(self, command: list[str]) -> MasterCost:
        """Of the application that `command` runs: the kernel's peak of its first process, and what the
        ResourceManager's log says of its attempt."""
        known = set(self.masters())
        process = subprocess.Popen(command, env=self._cluster.env(), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        peak_kib, app_id = 0, ""
        while process.poll() is None:
            for app, pids in self.masters().items():
                if app not in known:
                    app_id = app
                    peak_kib = max([peak_kib, *map(high_water, pids)])
            time.sleep(0.05)
        if process.returncode != 0 or not app_id:
            raise BenchError(f"{command[0]} ended with {process.returncode}, and its master was {app_id or 'not seen'}")
        return MasterCost(peak_kib / 1024, self.launched_to_registered(app_id))

    def masters(self) -> dict[str, list[int]]:
        """Application's number -> processes of its master's container, the shell that becomes the master included."""
        here = os.fsencode(self._cluster.layout.root)  # there may be other clusters on this machine
        found: dict[str, list[int]] = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                environment = (folder / "environ").read_bytes()
            except OSError:
                continue  # it has ended, or is another user's
            match = MASTER.search(environment)
            if match and here in environment:
                found.setdefault(match[1].decode(), []).append(int(folder.name))
        return found

    def launched_to_registered(self, app: str) -> float:
        times = {state: datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S,%f")
                 for stamp, attempt, state in STATE_CHANGE.findall(self._cluster.log("rm").read_text())
                 if attempt == app}
        return (times["RUNNING"] - times["LAUNCHED"]).total_seconds() * 1000

    # -- files --------------------------------------------------------------

    def random_file(self, path: Path) -> Path:
        with open(path, "wb") as out:
            for _ in range(self.mib):
                out.write(os.urandom(1 << 20))
        return path

    def put(self, source: Path, ours: bool) -> Cost:
        """Each time a new file."""
        target = f"/tmp/bench-{'ours' if ours else 'theirs'}"
        remove = self.knit_command("fs", "rm", "--skip-trash", target)
        command = (self.knit_command("fs", "put", str(source), target) if ours
                   else self.java_command(peers.HDFS["dfs"], "-put", str(source), target))
        self.execute(command)
        cost = self.cost(command, before=remove)
        self.compare(source, target)
        return cost

    def get(self, source: Path, ours: bool) -> Cost:
        """Both read what Hadoop has written."""
        local = source.with_name("back")
        command = (self.knit_command("fs", "get", "/tmp/bench-theirs", str(local)) if ours
                   else self.java_command(peers.HDFS["dfs"], "-get", "/tmp/bench-theirs", str(local)))
        cost = self.cost(command, before=["rm", "-f", str(local)])
        if not filecmp.cmp(source, local, shallow=False):
            raise BenchError(f"{command[0]}: what came back is not what was written")
        local.unlink()
        return cost

    def compare(self, source: Path, target: str) -> None:
        back = source.with_name("compared")
        self.execute(self.java_command(peers.HDFS["dfs"], "-get", target, str(back)))
        if not filecmp.cmp(source, back, shallow=False):
            raise BenchError(f"{target} is not what was written")
        back.unlink()


def high_water(pid: int) -> int:
    """KiB; 0 when it has ended."""
    try:
        match = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.M)
    except OSError:
        return 0
    return int(match[1]) if match else 0
