"""What the ResourceManager thinks after a scenario: its view must be clean.

    view = RmView(cluster)
    ...
    view.check(app_id, assigned=4)      # raises AssertionError with every complaint
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Iterable, Optional

from hadoop import rest

if TYPE_CHECKING:
    from hadoop.cluster import MiniHadoop

IDLE_TIMEOUT_S = 20.0
UNFINISHED = "NEW,NEW_SAVING,SUBMITTED,ACCEPTED,RUNNING"
# what must be nothing when no application runs
BUSY = ["appsPending", "appsRunning", "containersAllocated", "containersPending",
        "containersReserved", "allocatedMB", "pendingMB", "reservedMB"]
LINE = re.compile(r"^\d{4}-\d\d-\d\d [\d:,]+ (?P<level>[A-Z]+) ")


@dataclass
class Allowed:
    """A complaint that every ResourceManager makes about a healthy application."""

    pattern: str
    reason: str


ALLOWED: list[Allowed] = []


@dataclass
class AppIds:
    """How a log names one application: by its id, its attempts' and its containers'."""

    app_id: str
    numbers: str = field(init=False)

    def __post_init__(self) -> None:
        match = re.fullmatch(r"application_(\d+_\d+)", self.app_id)
        if match is None:
            raise ValueError(f"{self.app_id!r} is not an application id")
        self.numbers = match.group(1)

    def mentioned(self, line: str) -> bool:
        return re.search(rf"(?<!\d){self.numbers}(?!\d)", line) is not None

    def containers(self, line: str) -> list[str]:
        return re.findall(rf"container_(?:e\d+_)?{self.numbers}_\d+_\d+", line)


class RmView:
    """Reads the ResourceManager's REST pages and log; changes nothing."""

    def __init__(self, cluster: "MiniHadoop") -> None:
        self._cluster = cluster

    def get(self, path: str) -> Any:
        """JSON of a REST page below /ws/v1/cluster."""
        address = self._cluster.layout.address("rm.http")
        answer = rest.get(address, f"/ws/v1/cluster{path}")
        if answer is None:
            raise rest.RestError(f"the ResourceManager at {address} gave no answer to {path}")
        return answer

    def application(self, app_id: str) -> dict[str, Any]:
        return self.get(f"/apps/{app_id}")["app"]

    def unfinished(self) -> list[str]:
        apps = (self.get(f"/apps?states={UNFINISHED}").get("apps") or {}).get("app", [])
        return [app["id"] for app in apps]

    def busy(self) -> dict[str, int]:
        """Those of the cluster's figures that are not nothing."""
        metrics = self.get("/metrics")["clusterMetrics"]
        return {name: metrics[name] for name in BUSY if metrics.get(name, 0) != 0}

    def assigned(self, app_id: str) -> int:
        """How many containers, masters included, the scheduler ever gave to an application."""
        ids = AppIds(app_id)
        found: set[str] = set()
        for line in self._lines("rm"):
            if "Assigned container" in line:
                found.update(ids.containers(line))
        return len(found)

    def complaints(self, app_id: str, allow: Iterable[str] = (),
                   daemons: Iterable[str] = ("rm",)) -> list[str]:
        """Lines of WARN and worse that mention the application, but for the allowed ones."""
        ids = AppIds(app_id)
        allowed = [allowance.pattern for allowance in ALLOWED] + list(allow)
        found = []
        for daemon in daemons:
            for line in self._lines(daemon):
                match = LINE.match(line)
                if match is None or match.group("level") not in ("WARN", "ERROR", "FATAL"):
                    continue
                if ids.mentioned(line) and not any(re.search(p, line) for p in allowed):
                    found.append(f"{daemon}: {line}")
        return found

    def check(self, app_id: str, assigned: Optional[int] = None, allow: Iterable[str] = ()) -> None:
        """Fails unless the application left nothing behind and nobody complained of it.

        `assigned` is instances, restarts and masters together. `allow` are patterns of the
        complaints that the scenario provokes. For clusters where nothing else runs.
        """
        problems = self._wait_idle() + self.complaints(app_id, allow)
        if assigned is not None and self.assigned(app_id) != assigned:
            problems.append(f"{self.assigned(app_id)} containers were assigned, not {assigned}")
        assert not problems, f"{app_id}:\n" + "\n".join(problems)

    def _wait_idle(self) -> list[str]:
        """Empty when all is quiet within the deadline, else what is not."""
        end = time.monotonic() + IDLE_TIMEOUT_S
        while True:
            problems = [f"{name} is {value}, not 0" for name, value in self.busy().items()]
            problems += [f"{app} has not ended" for app in self.unfinished()]
            if not problems or time.monotonic() > end:
                return problems
            time.sleep(0.1)

    def _lines(self, daemon: str) -> Iterable[str]:
        with open(self._cluster.log(daemon), errors="replace") as log:
            for line in log:
                yield line.rstrip("\n")
