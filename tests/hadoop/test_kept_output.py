"""Output on a cluster that keeps none of it: the record has the last of what failed, and no follower loses any."""

from __future__ import annotations

import json
import os
import re
import signal
from typing import Any, Iterator

import pytest

from hadoop import sites
from hadoop.cluster import MiniHadoop
from hadoop.containers import read_until, wait_for
from hadoop.logs_view import WAIT
from hadoop.plugin import Knit
from hadoop.rm_view import RmView
from hadoop.web_front import WebFront

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


# -- followers ------------------------------------------------------------------------------------

INSTANCES = 100
LINES = sorted(f"{i} | line {n} of {i}" for i in range(INSTANCES) for n in range(3))
SHORT = "for n in 0 1 2; do echo line $n of $KNIT_INSTANCE; done"


@pytest.fixture(params=["kept", "not kept"])
def cluster(request, forgetful: MiniHadoop, hadoop: MiniHadoop) -> MiniHadoop:
    """Whether the cluster keeps logs when an application has ended."""
    return hadoop if request.param == "kept" else forgetful


def test_no_line_of_a_short_container_is_lost(cluster: MiniHadoop):
    done = Knit(cluster)("run", "-n", str(INSTANCES), *SMALL, "-c", SHORT)
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == LINES, done.stderr


def test_nor_of_logs_that_follow(cluster: MiniHadoop, tmp_path):
    """`logs -f` and a second follower, each with every line, of an application that `run -d` has begun."""
    knit = Knit(cluster)
    script = f"test $KNIT_INSTANCE -ne 0 || {{ {WAIT}; }}; {SHORT}"
    app_id = knit("run", "-d", "-n", "20", *SMALL, "-e", f"GO={tmp_path}/go", "-c", script).stdout.strip()
    readers = [knit.start("logs", "-f", app_id, "--log", "stdout"), knit.start("attach", app_id)]
    wait_for("all but one have ended", lambda: [
        one["state"] for one in json.loads(knit("containers", app_id, "-o", "json").stdout)
    ].count("succeeded") == 19)
    (tmp_path / "go").touch()
    for reader in readers:
        out, err = reader.communicate(timeout=60)
        assert reader.returncode == 0, err
        lines = [line.split(" | ")[-1] for line in out.splitlines() if "line " in line]
        assert sorted(lines) == sorted(line.split(" | ")[-1] for line in LINES if int(line.split(" ")[0]) < 20), err


@pytest.mark.parametrize("port", ["closed", "silent"])
def test_behind_a_filter_no_line_comes_twice_and_what_is_lost_is_told(cluster: MiniHadoop, port: str):
    """The master listens elsewhere; at the address that the cluster tells there is nothing, or nobody answers."""
    front = WebFront("127.0.0.1", 0, "silent")
    number = front.port
    front.become(port)
    done = Knit(cluster)("run", "-n", str(INSTANCES), *SMALL, "--master-bind", "127.0.0.2", "--master-port",
                         f"{number}-{number}", "-c", SHORT)
    front.close()
    assert done.returncode == 0, done.stderr
    came = done.stdout.splitlines()
    assert len(set(came)) == len(came)
    lost = set(LINES) - set(came)
    print(f"{cluster.conf_dir}: {len(lost)} of {len(LINES)} lines were lost")
    if cluster.options.overrides == {}:
        assert not lost, done.stderr
    told = {container for container in re.findall(r"stdout of (container_\S+):", done.stderr)}
    assert len({line.split(" ")[0] for line in lost}) == len(told), done.stderr


def test_a_follower_that_was_killed_holds_nothing_up(forgetful: MiniHadoop, knit: Knit, tmp_path):
    app_id = knit("run", "-d", *SMALL, "-e", f"GO={tmp_path}/go", "-c", f"echo out; {WAIT}").stdout.strip()
    reader = knit.start("logs", "-f", app_id)
    assert "out" in read_until(reader.stdout, "out")
    os.kill(reader.pid, signal.SIGKILL)
    reader.wait()
    (tmp_path / "go").touch()
    assert knit("wait", app_id, "--timeout", "60s").returncode == 0
    ended = record(knit, app_id, "application_ended")[0]["time_ms"]
    assert RmView(forgetful).application(app_id)["finishedTime"] - ended < 4000


def test_a_follower_that_asks_no_more_is_soon_given_up(forgetful: MiniHadoop, knit: Knit, tmp_path):
    """A process that was stopped by a signal keeps its connections."""
    app_id = knit("run", "-d", *SMALL, "-e", f"GO={tmp_path}/go", "-c", f"echo out; {WAIT}").stdout.strip()
    reader = knit.start("logs", "-f", app_id)
    assert "out" in read_until(reader.stdout, "out")
    os.kill(reader.pid, signal.SIGSTOP)
    (tmp_path / "go").touch()
    assert knit("wait", app_id, "--timeout", "60s").returncode == 0
    ended = record(knit, app_id, "application_ended")[0]["time_ms"]
    assert RmView(forgetful).application(app_id)["finishedTime"] - ended < 8_000
    os.kill(reader.pid, signal.SIGCONT)
    reader.communicate(timeout=60)
