"""Daemons of YARN that die under a running application, on a cluster whose managers recover.

Each instance says when it begins and when it ends: none may begin twice, for nothing of this is its end.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Iterator

import pytest

from hadoop import rest, sites
from hadoop.cluster import MiniHadoop
from hadoop.containers import LAST_BEAT, application, arguments, end_all, expect_nothing_left, processes, wait_for
from hadoop.plugin import Knit
from hadoop.rm_view import RmView

SMALL = ("--memory", "128MiB")
START_S = 120.0  # of a Java daemon, on a machine that does much else
# What the ResourceManager notes of a master that speaks to it before it has registered again.
FORGOTTEN = (r"AM is not registered for known application attempt|Application not registered"
             r"|trying to unregister before registering for")


@pytest.fixture(scope="module")
def cluster(hadoop_version: str) -> Iterator[MiniHadoop]:
    # A NodeManager that is slow to come back must not be taken for lost: that would end its containers.
    patient = {"yarn.nm.liveness-monitor.expiry-interval-ms": 180_000}
    with MiniHadoop(version=hadoop_version, nodes=2, rm_recovery=True, nm_recovery=True,
                    overrides={"yarn-site": patient}) as cluster:
        yield cluster


@pytest.fixture
def knit(cluster: MiniHadoop) -> Iterator[Knit]:
    yield Knit(cluster)
    end_all(cluster)


class Work:
    """Instances that wait for a word, and write down what becomes of them."""

    def __init__(self, knit: Knit, folder: Path, name: str, instances: int):
        folder.chmod(0o777)
        self._folder = folder
        script = (f"echo begin >> {folder}/$KNIT_INSTANCE; while ! test -e {folder}/go; do sleep 0.1; done; "
                  f"echo end >> {folder}/$KNIT_INSTANCE")
        self.run = knit.start("run", *SMALL, "--name", name, "-n", str(instances), "-c", script)
        wait_for("all run", lambda: len(self.lines()) == instances)

    def lines(self) -> dict[str, list[str]]:
        return {path.name: path.read_text().split() for path in self._folder.glob("[0-9]*")}

    def go(self) -> None:
        (self._folder / "go").touch()

    def finish(self) -> str:
        """Ends well, everything once; what the client has said."""
        self.go()
        _, err = self.run.communicate(timeout=120)
        assert self.run.returncode == 0, err
        assert set(map(tuple, self.lines().values())) == {("begin", "end")}, f"{self.lines()}\n{err}"
        return err


def master(cluster: MiniHadoop, app_id: str) -> tuple[int, str]:
    return next((pid, container) for pid, container in processes(cluster, app_id).items()
                if container.endswith("_000001") and "knit-master" in arguments(pid)[0])


def master_notes(cluster: MiniHadoop, app_id: str) -> str:
    return "".join(path.read_text() for path in
                   cluster.layout.root.glob(f"nm*/containers/{app_id}/*_000001/stderr"))


def test_the_resource_manager_dies_twice(cluster: MiniHadoop, knit: Knit, tmp_path: Path):
    work = Work(knit, tmp_path, "orphan", 3)
    app_id = application(cluster, "orphan")
    for times in (1, 2):
        cluster.kill("rm")
        cluster.restart("rm")
        wait_for("the master has registered again",
                 lambda: master_notes(cluster, app_id).count("registered with the ResourceManager") == 1 + times)
    work.finish()
    expect_nothing_left(cluster, knit, app_id, None, FORGOTTEN, LAST_BEAT)


def test_the_resource_manager_dies_before_the_farewell_is_heard(cluster: MiniHadoop, knit: Knit, tmp_path: Path):
    work = Work(knit, tmp_path, "farewell", 1)
    app_id = application(cluster, "farewell")
    cluster.pause("nn")  # the journal cannot be made the record, so the farewell waits
    work.go()
    wait_for("the application ends", lambda: "the application ends SUCCEEDED" in master_notes(cluster, app_id))
    cluster.kill("rm")
    cluster.resume("nn")
    wait_for("the farewell is tried", lambda: "unregistering:" in master_notes(cluster, app_id), timeout_s=START_S)
    cluster.restart("rm")
    work.finish()
    assert RmView(cluster).application(app_id)["finalStatus"] == "SUCCEEDED"
    expect_nothing_left(cluster, knit, app_id, None, FORGOTTEN, LAST_BEAT)


def test_node_managers_that_restart_keep_their_containers(cluster: MiniHadoop, knit: Knit, tmp_path: Path):
    work = Work(knit, tmp_path, "patient", 3)
    app_id = application(cluster, "patient")
    for name in cluster.names("nm"):
        cluster.kill(name)
    for name in cluster.names("nm"):
        cluster.restart(name, wait=False)
    cluster.wait_ready()
    work.finish()
    expect_nothing_left(cluster, knit, app_id, 4, LAST_BEAT)


def test_a_resource_manager_that_remembers_nothing_ends_the_master(cluster: MiniHadoop, knit: Knit, tmp_path: Path):
    """The last of this cluster: its ResourceManager comes back without recovery."""
    work = Work(knit, tmp_path, "forgotten", 2)
    app_id = application(cluster, "forgotten")
    pid, _ = master(cluster, app_id)
    notes = Path(f"/proc/{pid}/fd/2").resolve()
    with open(notes) as stderr:  # the NodeManager removes it
        overrides: dict[str, Any] = {"yarn.resourcemanager.recovery.enabled": False}
        cluster.options.overrides["rm/yarn-site"] = overrides
        sites.write_conf(cluster.layout, cluster.options, "rm")
        for name in cluster.names("nm"):
            cluster.pause(name)  # or they, told by the ResourceManager, might end the master before it has asked
        cluster.kill("rm")
        cluster.restart("rm", wait=False)
        wait_for("it is there", lambda: rest.get(cluster.layout.address("rm.http"), "/ws/v1/cluster/info"),
                 timeout_s=START_S)
        back = time.monotonic()
        wait_for("the master has ended", lambda: pid not in processes(cluster, app_id))
        assert time.monotonic() - back < 30
        for name in cluster.names("nm"):
            cluster.resume(name)
        wait_for("nothing of it runs", lambda: not processes(cluster, app_id))
        said = stderr.read()
    assert "this attempt is over" in said, said
    _, err = work.run.communicate(timeout=60)
    assert work.run.returncode != 0, err
    assert f"the ResourceManager has forgotten {app_id} while it ran; it was restarted without recovery" in err, err
    assert set(map(tuple, work.lines().values())) == {("begin",)}
