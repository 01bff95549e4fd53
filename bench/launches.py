"""What the daemons' logs say of one application's containers: the same for whoever launches them."""

from __future__ import annotations

import collections
import re
from dataclasses import dataclass
from datetime import datetime

from hadoop.cluster import MiniHadoop

STAMP = r"^([\d-]+ [\d:]+,\d+) .*"
# The first container of an attempt is its master's.
CONTAINER = r"(container_(?:e\d+_)?{app}_\d+_(?!000001\b)\d+)"
SUBMITTED = STAMP + r"application_{app} State change from NEW to NEW_SAVING"
GRANTED = STAMP + CONTAINER + r" Container Transitioned from ALLOCATED to ACQUIRED"
START_CALL = STAMP + r"Start request for " + CONTAINER
RUNNING = STAMP + CONTAINER.replace("container_", "[Cc]ontainer_", 1) + r" transitioned from \w+ to RUNNING"


@dataclass
class Launches:
    """Milliseconds."""

    all_running: float         # from the submission
    most_on_one_node: int      # containers
    granted_to_call: list[float]  # from the answer that gives a container to startContainers at its node


def launches(cluster: MiniHadoop, app: str) -> Launches:
    """`app` is an application's id without its first word."""
    resource_manager = cluster.log("rm").read_text(errors="replace")
    nodes = [cluster.log(name).read_text(errors="replace") for name in cluster.names("nm")]
    submitted = stamp(re.findall(SUBMITTED.format(app=app), resource_manager, re.M)[0])
    granted = times(GRANTED, app, resource_manager)
    calls: dict[str, datetime] = {}
    running: dict[str, datetime] = {}
    count: collections.Counter[int] = collections.Counter()
    for number, log in enumerate(nodes):
        calls.update(times(START_CALL, app, log))
        here = times(RUNNING, app, log)
        running.update(here)
        count[number] = len(here)
    return Launches((max(running.values()) - submitted).total_seconds() * 1000, max(count.values()),
                    [(calls[name] - when).total_seconds() * 1000 for name, when in granted.items() if name in calls])


def times(pattern: str, app: str, log: str) -> dict[str, datetime]:
    """Container -> when it was said first."""
    found: dict[str, datetime] = {}
    for when, name in re.findall(pattern.format(app=app), log, re.M):
        found.setdefault(name.lower(), stamp(when))
    return found


def stamp(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S,%f")


def percentile(values: list[float], share: float) -> float:
    """The least value that `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
