"""Processes in containers, found by what their NodeManagers put into their environments."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import IO, Any, Callable, Optional

from hadoop import janitor, sites, submit
from hadoop.cluster import MiniHadoop
from hadoop.plugin import read_line
from hadoop.rm_view import AppIds, RmView

TIMEOUT_S = 30.0
# What the ResourceManager notes of an application that fails, and of a master that beats once more.
AUDIT = r"RMAuditLogger: .*App failed with state: FAILED"
LAST_BEAT = (r"ApplicationMasterService: Application attempt \S+ doesn't exist in ApplicationMasterService cache"
             r"|DefaultAMSProcessor: \S+ is in \w+ state, ignore container allocate request")


def wait_for(what: str, condition: Callable[[], Any], timeout_s: float = TIMEOUT_S) -> Any:
    """What the condition gives once that is something; fails at the deadline."""
    end = time.monotonic() + timeout_s
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, f"after {timeout_s:.0f} s still not: {what}"
        time.sleep(0.02)


def read_until(stream: IO[str], words: str) -> str:
    """The lines up to the one with these words."""
    text = ""
    while line := read_line(stream):
        text += line
        if words in line:
            return text
    raise AssertionError(f"ended without '{words}':\n{text}")


def processes(cluster: MiniHadoop, app_id: str) -> dict[int, str]:
    """Process id to container id, of what runs in an application's containers now."""
    ids = AppIds(app_id)
    found = {}
    for pid in janitor.members(str(cluster.layout.root)):
        for entry in janitor.content(pid, "environ"):
            for container in ids.containers(entry.decode(errors="replace")):
                if entry.startswith(b"CONTAINER_ID="):
                    found[pid] = container
    return found


def arguments(pid: int) -> list[str]:
    return [word.decode(errors="replace") for word in janitor.content(pid, "cmdline")]


def program(cluster: MiniHadoop, app_id: str, *command: str) -> int:
    """The process that runs exactly this command in one of the containers, once it is there."""
    def find() -> Optional[int]:
        return next((pid for pid in processes(cluster, app_id)
                     if arguments(pid)[:-1] == list(command)), None)
    return wait_for(f"{' '.join(command)} runs", find)


def kill_master(cluster: MiniHadoop, app_id: str, attempt: int) -> None:
    """SIGKILL to an attempt's master, once an instance runs: one that it has started, or taken over."""
    def find() -> Optional[int]:
        found = processes(cluster, app_id)
        masters = [pid for pid, container in found.items() if container.endswith(f"_{attempt:02}_000001")]
        instances = [pid for pid, container in found.items() if not container.endswith("_000001")]
        return masters[0] if masters and instances else None
    os.kill(wait_for(f"attempt {attempt} of {app_id} has something that runs", find), signal.SIGKILL)


def application(cluster: MiniHadoop, name: str) -> str:
    """The id of the newest application of this name, once there is one."""
    def find() -> Optional[str]:
        apps = (RmView(cluster).get("/apps")["apps"] or {}).get("app", [])
        return max((app["id"] for app in apps if app["name"] == name), default=None)
    return wait_for(f"there is an application '{name}'", find)


def end_all(cluster: MiniHadoop) -> None:
    """Ends what a test that failed has left running, so that it alone fails."""
    for app_id in RmView(cluster).unfinished():
        submit.kill(cluster, app_id)


def expect_nothing_left(cluster: MiniHadoop, knit: Callable[..., Any], app_id: str, assigned: Optional[int],
                        *allow: str, record: bool = True) -> None:
    """Nothing at the ResourceManager, no process, no staged file; the journal is the record.

    `assigned` and `allow` are RmView.check's. Where no master has run there is no `record`.
    """
    RmView(cluster).check(app_id, assigned=assigned, allow=allow)
    wait_for(f"no process of {app_id} is left", lambda: not processes(cluster, app_id))
    home = f"/user/{sites.login_name()}/.knit"
    listed = [knit("fs", "ls", f"{home}/{folder}", "-o", "json") for folder in ("apps", "runs")]
    apps, runs = ([entry["path"].rsplit("/", 1)[1] for entry in json.loads(done.stdout)]
                  if done.returncode == 0 else [] for done in listed)
    assert app_id not in apps, "its folder in apps/ is left"
    if record and assigned != 0:
        assert app_id in runs, f"there is no record of it; {listed[1].stderr}"
