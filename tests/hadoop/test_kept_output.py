"""Output on a cluster that keeps none of it: the record has the last of what failed."""

from __future__ import annotations

import json
from typing import Any, Iterator

import pytest

from hadoop import sites
from hadoop.cluster import MiniHadoop
from hadoop.containers import wait_for
from hadoop.logs_view import WAIT
from hadoop.plugin import Knit

SMALL = ["--memory", "128MiB"]
KEPT = 64 << 10


@pytest.fixture(scope="module")
def forgetful(hadoop_version: str) -> Iterator[MiniHadoop]:
    yarn = {"yarn.log-aggregation-enable": "false", "yarn.nodemanager.log.retain-seconds": 1}
    with MiniHadoop(version=hadoop_version, nodes=2, overrides={"yarn-site": yarn}) as cluster:
        yield cluster


@pytest.fixture
def knit(forgetful: MiniHadoop) -> Knit:
    return Knit(forgetful)


def record(knit: Knit, app_id: str, kind: str) -> list[dict[str, Any]]:
    done = knit("fs", "cat", f"/user/{sites.login_name()}/.knit/runs/{app_id}")
    assert done.returncode == 0, done.stderr
    return [entry for entry in map(json.loads, done.stdout.splitlines()) if entry["kind"] == kind]


def test_the_record_has_what_failed_instances_wrote_last(knit: Knit, tmp_path):
    script = ("case $KNIT_INSTANCE in 0) seq 1 20000; echo boom >&2; exit 3 ;; "
              f"1) {WAIT}; echo fine ;; 2) printf '\\377bytes'; exit 4 ;; esac")
    done = knit("run", "-d", "-n", "3", *SMALL, "-e", f"GO={tmp_path}/go", "-c", script)
    assert done.returncode == 0, done.stderr
    app_id = done.stdout.strip()

    def classes() -> list[Any]:
        return [one["exit_class"] for one in json.loads(knit("containers", app_id, "-o", "json").stdout)[:3]]
    wait_for("the master tells why each ended", lambda: classes() == ["failed", None, "failed"])
    (tmp_path / "go").touch()
    assert knit("wait", app_id, "--timeout", "60s").returncode == 1
    assert classes() == ["failed", "succeeded", "failed"], "from the record"

    wait_for("the nodes have removed it", lambda: knit("logs", app_id, "--instance", "1").returncode != 0)
    whole = "".join(f"{i}\n" for i in range(1, 20001))
    stdout = knit("logs", app_id, "--instance", "0", "--log", "stdout")
    assert stdout.returncode == 0, stdout.stderr
    assert stdout.stdout == whole[-KEPT:]
    assert f"{len(whole) - KEPT} bytes are lost; what follows are its last {KEPT}" in stdout.stderr
    assert knit("logs", app_id, "--instance", "0", "--log", "stdout", "--tail", "2").stdout == "19999\n20000\n"
    assert knit("logs", app_id, "--instance", "0", "--log", "stderr").stdout == "boom\n"
    assert [entry["streams"][1]["bytes"] for entry in record(knit, app_id, "instance_output")
            if entry["streams"][1]["file"] == "stderr" and entry["streams"][1]["length"] == 5] == ["boom\n"]
    assert knit("logs", app_id, "--instance", "2", "--log", "stdout").stdout.endswith("bytes")
    gone = knit("logs", app_id, "--instance", "1")
    assert gone.returncode != 0 and "the record has the last output of failed instances" in gone.stderr
    both = knit("logs", app_id)
    assert both.returncode != 0 and "2 logs are missing" in both.stderr, "the master's and instance 1's"
    assert "boom" in both.stdout + both.stderr and "20000" in both.stdout


def test_many_failures_make_no_large_record(knit: Knit):
    """Each writes 128 KiB; the record has the first and the last ones within its limits."""
    script = "seq 1 20000; seq 1 20000 >&2; exit 1"
    done = knit("run", "-d", "-n", "60", *SMALL, "-c", script)
    app_id = done.stdout.strip()
    assert knit("wait", app_id, "--timeout", "120s").returncode == 1
    kept = record(knit, app_id, "instance_output")
    sizes = [sum(len(stream["bytes"]) for stream in entry["streams"]) for entry in kept]
    assert sizes and set(sizes) == {2 * KEPT}
    assert 3 << 20 < sum(sizes) <= 5 << 20, "less what JSON adds"
    assert len(record(knit, app_id, "instance_ended")) == 60
