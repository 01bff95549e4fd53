"""What is left of applications: the journal while it is written, the record afterwards, and nothing else.

On a cluster that uploads logs in the indexed format and whose ResourceManager forgets at once.
"""

from __future__ import annotations

import json
import os
import re
import time
from typing import Callable, Iterator

import pytest

from hadoop import rest, sites
from hadoop.cluster import MiniHadoop
from hadoop.logs_view import WAIT, assert_equal, wait_until
from hadoop.plugin import Knit

HOME = f"/user/{sites.login_name()}"
STAGING = f"{HOME}/.knit"
SMALL = ["--memory", "128MiB"]
INDEXED = "org.apache.hadoop.yarn.logaggregation.filecontroller.ifile.LogAggregationIndexedFileController"


@pytest.fixture(scope="module")
def forgetful(hadoop_version: str) -> Iterator[MiniHadoop]:
    yarn = {"yarn.log-aggregation.file-formats": "IFile",
            "yarn.log-aggregation.file-controller.IFile.class": INDEXED,
            "yarn.nodemanager.log-aggregation.compression-type": "gz",
            "yarn.resourcemanager.max-completed-applications": 1}
    with MiniHadoop(version=hadoop_version, nodes=2, overrides={"yarn-site": yarn}) as cluster:
        yield cluster


@pytest.fixture
def knit(forgetful: MiniHadoop) -> Knit:
    return Knit(forgetful)


def names(knit: Knit, folder: str) -> list[str]:
    done = knit("fs", "ls", folder, "-o", "json")
    assert done.returncode in (0, 7), done.stderr
    return [entry["path"].rsplit("/", 1)[1] for entry in json.loads(done.stdout or "[]")]


def entries(knit: Knit, path: str) -> list[dict]:
    done = knit("fs", "cat", path)
    return [json.loads(line) for line in done.stdout.splitlines(keepends=True) if line.endswith("\n")]


def touch(cluster: MiniHadoop, path: str, hours_ago: float) -> None:
    """Its modification time, as it will be."""
    ms = int((time.time() - hours_ago * 3600) * 1000)
    target = f"/webhdfs/v1{path}?op=SETTIMES&user.name={sites.login_name()}&modificationtime={ms}"
    status, body = rest.request("PUT", cluster.layout.address("nn.http"), target)
    assert status == 200, body


def test_from_the_journal_to_the_record(forgetful, knit, tmp_path):
    done = knit("run", "-d", "-n", "2", *SMALL, "--max-restarts", "1", "-e", f"GO={tmp_path}/go", "-c",
                f"seq 1 3000; test $KNIT_INSTANCE$KNIT_RESTART_COUNT != 10 || exit 5; {WAIT}; printf end")
    assert done.returncode == 0, done.stderr
    app_id = done.stdout.strip()
    journal = f"{STAGING}/apps/{app_id}/journal"

    def restarted() -> bool:
        return app_id in names(knit, f"{STAGING}/apps") and any(
            e["kind"] == "instance_started" for e in entries(knit, journal)[5:])
    wait_until(restarted, "the journal tells of the restart while it is written")
    written = entries(knit, journal)
    assert [e["kind"] for e in written].count("instance_starting") == 3
    ended = next(e for e in written if e["kind"] == "instance_ended")
    assert (ended["instance"], ended["restart"], ended["exit_status"], ended["final"]) == (1, 0, 5, False)
    assert ended["exit_class"] == "failed" and "5" in ended["reason"]
    starting = next(e for e in written if e["kind"] == "instance_starting")
    assert {"instance", "restart", "container", "node", "time_ms"} <= set(starting)
    (tmp_path / "go").touch()
    assert knit("wait", app_id, "--timeout", "60s").returncode == 0

    assert names(knit, f"{STAGING}/apps") == [] and app_id in names(knit, f"{STAGING}/runs")
    record = entries(knit, f"{STAGING}/runs/{app_id}")
    assert record[:len(written)] == written and record[-1]["kind"] == "application_ended"
    assert "OPENFORWRITE" not in forgetful.hdfs("fsck", STAGING, "-openforwrite").stdout
    assert_equal(forgetful, app_id, tmp_path / "yarn", containers=4)


def test_a_forgotten_application_is_told_from_its_record(forgetful, knit):
    done = knit("run", "-n", "2", *SMALL, "--name", "forgotten", "-c",
                "echo from $KNIT_INSTANCE; exit $KNIT_INSTANCE")
    assert done.returncode == 1
    app_id = re.search(r"application_\d+_\d+", done.stderr)[0]
    forgetful.wait_logs(app_id)
    for _ in range(2):
        assert knit("run", *SMALL, "--", "true").returncode == 0
    page = f"/ws/v1/cluster/apps/{app_id}"
    wait_until(lambda: rest.get(forgetful.layout.address("rm.http"), page) is None, "it is forgotten")

    assert knit("logs", app_id, "--instance", "1", "--log", "stdout").stdout == "from 1\n"
    described = json.loads(knit("describe", app_id, "-o", "json").stdout)
    assert described["known_to_resource_manager"] is False and described["name"] == "forgotten"
    assert [(i["exit_status"], i["exit_class"]) for i in described["instances"]] == [(0, "succeeded"), (1, "failed")]
    status = knit("status", app_id)
    assert status.returncode == 0 and "FAILED" in status.stdout
    waited = knit("wait", app_id)
    assert waited.returncode == 1 and "instance 1" in waited.stderr
    assert knit("wait", app_id, "--exit-code-from", "0").returncode == 0
    attached = knit("attach", app_id)
    assert attached.returncode == 1 and sorted(attached.stdout.splitlines()) == ["0 | from 0", "1 | from 1"]
    unknown = knit("status", app_id[:-4] + "9999")
    assert unknown.returncode == 7


def killed_at(cluster: MiniHadoop, knit: Knit, there: Callable[[], list[str]], *args: str) -> str:
    """Runs a client that is killed when a file appears; its first write to a DataNode never ends."""
    before = there()
    cluster.pause("dn0")
    try:
        process = knit.start("run", *SMALL, *args, "--", "true")
        wait_until(lambda: set(there()) - set(before), "the client writes")
        process.kill()
        process.communicate()
    finally:
        cluster.resume("dn0")
    return (set(there()) - set(before)).pop()


def test_what_dead_clients_left_is_swept(forgetful, knit, tmp_path):
    """One killed in the middle of an upload, one between its uploads and the submission."""
    assert knit("run", *SMALL, "--", "true").returncode == 0

    def applications() -> list[str]:
        return names(knit, f"{STAGING}/apps")

    def uploads() -> list[str]:
        return [f"{folder}/{name}" for folder in names(knit, f"{STAGING}/cache")
                for name in names(knit, f"{STAGING}/cache/{folder}") if name.startswith(".file.")]
    (tmp_path / "file").write_text("uploaded by one that died")
    upload = killed_at(forgetful, knit, uploads, "--file", str(tmp_path / "file"))
    application = killed_at(forgetful, knit, applications)
    assert names(knit, f"{STAGING}/apps/{application}") == ["launch.json"]
    # What the dead have begun is in nobody's way.
    again = knit("run", *SMALL, "--file", str(tmp_path / "file"), "--", "cat", "file")
    assert again.returncode == 0 and again.stdout == "uploaded by one that died", again.stderr
    assert applications() == [application] and uploads() == [upload], "they may be alive"
    touch(forgetful, f"{STAGING}/apps/{application}", hours_ago=2)
    touch(forgetful, f"{STAGING}/cache/{upload}", hours_ago=25)
    touch(forgetful, f"{STAGING}/.swept", hours_ago=7)
    assert knit("run", *SMALL, "--", "true").returncode == 0
    assert applications() == [] and uploads() == []


def test_clients_that_upload_and_sweep_at_once(knit, tmp_path):
    shared = tmp_path / "shared"
    shared.write_bytes(os.urandom(8 << 20))
    for _ in range(2):
        clients = [knit.start("run", *SMALL, "--file", str(shared), "-c", "cksum < shared") for _ in range(3)]
        sweepers = [knit.start("cache", "gc", "--unused-for", "0s") for _ in range(3)]
        sums = []
        for process in clients + sweepers:
            out, err = process.communicate(timeout=90)
            assert process.returncode == 0, err
            if process in clients:
                sums.append(out)
        assert len(set(sums)) == 1
    assert names(knit, f"{STAGING}/apps") == []
    folders = names(knit, f"{STAGING}/cache")
    assert not [folder for folder in folders if folder.startswith(".gone")]
    assert not [name for folder in folders for name in names(knit, f"{STAGING}/cache/{folder}")
                if name.startswith(".") and name != ".used"]


def test_another_staging_directory(knit):
    place = f"{HOME}/elsewhere"
    done = knit("run", *SMALL, "--staging-dir", place, "-c", "echo there; exit 3")
    assert done.returncode == 1 and done.stdout == "there\n"
    app_id = re.search(r"application_\d+_\d+", done.stderr)[0]
    assert names(knit, f"{place}/apps") == [] and app_id in names(knit, f"{place}/runs")
    where = ["--staging-dir", place]
    assert knit("logs", app_id, *where, "--instance", "0", "--log", "stdout").stdout == "there\n"
    assert knit("wait", app_id, *where, "--exit-code-from", "0").returncode == 3
    assert knit("logs", app_id, "--instance", "0").returncode == 2  # there is no journal here
    cached = json.loads(knit("cache", "ls", *where, "-o", "json").stdout)
    assert [entry["name"] for entry in cached] == ["knit-master-x86_64"]
    assert knit("cache", *where, "gc", "--unused-for", "0s").returncode == 0
    assert json.loads(knit("cache", "ls", *where, "-o", "json").stdout) == []
