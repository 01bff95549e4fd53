"""A master that is killed: what runs goes on, what has ended well is not run again."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from pathlib import Path
from typing import Any, Callable, Iterator, Optional

import pytest

from hadoop import rest
from hadoop.cluster import MiniHadoop
from hadoop.containers import (LAST_BEAT, application, arguments, end_all, expect_nothing_left, kill_master,
                               processes, read_until, wait_for)
from hadoop.plugin import Knit
from hadoop.rm_view import RmView

SMALL = ("--memory", "128MiB")
# What the ResourceManager notes of containers that it ends because their master has died.
ENDED_WITH_MASTER = r"not known|Container .* completed with event|unknown container|doesn't exist"


@pytest.fixture(autouse=True)
def ended(hadoop: MiniHadoop) -> Iterator[None]:
    yield
    end_all(hadoop)


def describe(knit: Knit, app_id: str) -> dict[str, Any]:
    done = knit("describe", app_id, "-o", "json")
    return json.loads(done.stdout) if done.returncode == 0 else {}


def states(knit: Knit, app_id: str) -> list[str]:
    return [instance["state"] for instance in describe(knit, app_id).get("instances") or []]


def master_address(hadoop: MiniHadoop, app_id: str) -> str:
    app = rest.get(hadoop.layout.address("rm.http"), f"/ws/v1/cluster/apps/{app_id}")["app"]
    return app.get("amRPCAddress", "")


def attempt_runs(knit: Knit, app_id: str, number: int) -> bool:
    done = knit("containers", app_id, "-o", "json")
    return done.returncode == 0 and any(f"_{number:02}_000001" in (one["container"] or "")
                                        and one["state"] == "running" for one in json.loads(done.stdout))


def test_what_runs_is_taken_over(hadoop: MiniHadoop, knit: Knit, tmp_path: Path):
    """Two are done and two run when the master dies; then it is scaled, and one fails and is restarted."""
    tmp_path.chmod(0o777)
    script = ('touch %s/started-$KNIT_INSTANCE-$KNIT_RESTART_COUNT; echo instance $KNIT_INSTANCE run '
              '$KNIT_RESTART_COUNT; test $KNIT_INSTANCE -lt 2 && exit; while ! test -e %s/go; do sleep 0.1; '
              'done; echo end of $KNIT_INSTANCE; test $KNIT_INSTANCE = 3 && exit $((1 - KNIT_RESTART_COUNT)); '
              'exit 0') % (tmp_path, tmp_path)
    run = knit.start("run", *SMALL, "-n", "4", "--name", "heir", "--no-prefix", "--max-restarts", "1", "-c",
                     script)
    app_id = application(hadoop, "heir")
    wait_for("two are done and two run",
             lambda: states(knit, app_id) == ["succeeded"] * 2 + ["running"] * 2)
    address = master_address(hadoop, app_id)
    kill_master(hadoop, app_id, 1)
    err = read_until(run.stderr, "the master was started again (attempt 2)")
    wait_for("the next master can be asked", lambda: attempt_runs(knit, app_id, 2))
    assert states(knit, app_id) == ["succeeded"] * 2 + ["running"] * 2
    scaled = knit("scale", app_id, "+1")
    assert scaled.returncode == 0, scaled.stderr
    wait_for("another instance runs", lambda: (tmp_path / "started-4-0").exists())
    assert master_address(hadoop, app_id) == address, "on the same node it has the same address"
    (tmp_path / "go").touch()
    out, rest_of_err = run.communicate(timeout=60)
    err += rest_of_err
    assert run.returncode == 0, err
    started = {path.name for path in tmp_path.iterdir()} - {"go"}
    assert started == {f"started-{run}" for run in ("0-0", "1-0", "2-0", "3-0", "3-1", "4-0")}
    assert sorted(out.splitlines()) == sorted(
        [f"instance {i} run 0" for i in range(5)] + ["instance 3 run 1"]
        + [f"end of {i}" for i in (2, 3, 3, 4)]), out
    assert "instance 3 ended with exit status 1" in err and "it is started again" in err
    instances = describe(knit, app_id)["instances"]
    assert [(i["state"], i["restarts"]) for i in instances] == [
        ("succeeded", int(number == 3)) for number in range(5)]
    expect_nothing_left(hadoop, knit, app_id, 8, LAST_BEAT)


def test_a_stop_goes_on_when_the_master_dies(hadoop: MiniHadoop, knit: Knit, tmp_path: Path):
    tmp_path.chmod(0o777)
    app_id = knit("run", "-d", *SMALL, "-n", "2", "-c",
                  f"trap 'echo > {tmp_path}/asked-$KNIT_INSTANCE' TERM; echo > {tmp_path}/up-$KNIT_INSTANCE; "
                  "while :; do sleep 0.1; done").stdout.strip()
    wait_for("both listen", lambda: len(list(tmp_path.glob("up-*"))) == 2)
    stop = knit.start("stop", app_id, "--grace", "8s")
    wait_for("both were asked", lambda: len(list(tmp_path.glob("asked-*"))) == 2)
    kill_master(hadoop, app_id, 1)
    stop.communicate(timeout=90)
    done = knit("wait", app_id)
    assert done.returncode == 3, done.stderr
    assert "stopped on request: 2 of 2 instances were stopped" in knit("status", app_id).stdout
    expect_nothing_left(hadoop, knit, app_id, 4, LAST_BEAT)


class Reaper:
    """Kills the first master of each application so long after it was first seen."""

    def __init__(self, hadoop: MiniHadoop, delays: dict[str, float]):
        self._hadoop, self._delays = hadoop, delays
        self._seen: dict[str, float] = {}
        self.killed: set[str] = set()

    def look(self) -> None:
        for app_id, delay in self._delays.items():
            if app_id in self.killed:
                continue
            pid = self._master(app_id)
            if pid is None:
                continue
            seen = self._seen.setdefault(app_id, time.monotonic())
            if time.monotonic() - seen < delay:
                continue
            os.kill(pid, signal.SIGKILL)
            self.killed.add(app_id)

    def _master(self, app_id: str) -> Optional[int]:
        return next((pid for pid, container in processes(self._hadoop, app_id).items()
                     if container.endswith("_01_000001") and "knit-master" in arguments(pid)[0]), None)


def test_killed_at_many_moments_nothing_runs_twice(hadoop: MiniHadoop, knit: Knit, tmp_path: Path):
    """From before it registers to after its farewell. Every instance says when it begins and when it ends, and
    holds a lock meanwhile."""
    tmp_path.chmod(0o777)
    script = ('f=%s/$KNIT_APPLICATION_ID.$KNIT_INSTANCE; exec 9>>$f.lock; flock -n 9 || echo twice >> $f; '
              'echo begin >> $f; sleep 1.5; echo end >> $f') % tmp_path
    delays = {}
    for tenths in (0, 1, 2, 3, 5, 8, 12, 16, 18, 19, 20, 22):
        app_id = knit("run", "-d", *SMALL, "--master-memory", "128MiB", "-n", "2", "-c", script).stdout.strip()
        delays[app_id] = tenths / 10
    reaper = Reaper(hadoop, delays)
    view = RmView(hadoop)

    def all_over() -> bool:
        reaper.look()
        return not view.unfinished()
    wait_for("all have ended", all_over, timeout_s=120)
    for app_id, delay in delays.items():
        assert view.application(app_id)["finalStatus"] == "SUCCEEDED", f"{app_id}, killed after {delay} s"
        for instance in (0, 1):
            lines = (tmp_path / f"{app_id}.{instance}").read_text().split()
            # What YARN did not yet know to run it ends with the master that asked for it.
            assert lines in (["begin", "end"], ["begin", "begin", "end"]), f"{app_id}, {delay} s: {lines}"
        assert knit("wait", app_id).returncode == 0
        expect_nothing_left(hadoop, knit, app_id, None, LAST_BEAT)
    assert len(reaper.killed) >= len(delays) // 2, "most were killed before they were over"
