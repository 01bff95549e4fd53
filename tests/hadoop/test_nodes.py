"""Nodes that are lost, full, foreign or out of reach, on a cluster of its own with small ones.

Its NodeManagers have addresses of their own, 127.0.0.2 and on. Their web pages are elsewhere, and
stand at those addresses only through a `WebFront`, so that a test can put something in the way.
"""

from __future__ import annotations

import json
import re
from typing import Callable, Iterator

import pytest

from hadoop import sites, submit
from hadoop.cluster import MiniHadoop
from hadoop.containers import (AUDIT, LAST_BEAT, application, end_all, expect_nothing_left, processes,
                               read_until, wait_for)
from hadoop.leftovers import refused
from hadoop.plugin import Knit, read_line
from hadoop.rm_view import RmView
from hadoop.web_front import WebFront

NODE_MB = 1024
BASH_ENV = "if test -e {0}/foreign; then uname() {{ echo riscv64; }}; fi\n"


@pytest.fixture(scope="module")
def cluster(hadoop_version) -> Iterator[MiniHadoop]:
    hadoop = MiniHadoop(version=hadoop_version, nodes=2, node_memory_mb=NODE_MB, overrides={"yarn-site": {
        "yarn.nm.liveness-monitor.expiry-interval-ms": 4000,
        "yarn.scheduler.minimum-allocation-mb": 1,
        "yarn.nodemanager.vmem-check-enabled": False,
        "yarn.resourcemanager.scheduler.monitor.enable": True,  # preemption, at once and as much as is asked for
    }, "capacity-scheduler": {
        "yarn.scheduler.capacity.maximum-am-resource-percent": 4,  # masters may fill the nodes
        # `default` may take all there is, until `small` wants its half back
        "yarn.scheduler.capacity.root.queues": "default,small",
        "yarn.scheduler.capacity.root.default.capacity": 50,
        "yarn.scheduler.capacity.root.small.capacity": 50,
        "yarn.scheduler.capacity.root.small.maximum-am-resource-percent": 1,
        "yarn.scheduler.capacity.root.default.user-limit-factor": 2,
        **{f"yarn.resourcemanager.monitor.capacity.preemption.{name}": value for name, value in {
            "monitoring_interval": 200, "max_wait_before_kill": 1000, "total_preemption_per_round": 1,
            "natural_termination_factor": 1}.items()},
    }})
    root = hadoop.layout.root
    (root / "bash-env").write_text(BASH_ENV.format(root))
    for number, name in enumerate(hadoop.names("nm"), start=2):
        host = f"127.0.0.{number}"
        hadoop.options.overrides[f"{name}/yarn-site"] = {
            "yarn.nodemanager.hostname": host,
            "yarn.nodemanager.address": f"{host}:{hadoop.layout.ports[f'{name}.rpc']}",
            # read by every bash in a container
            "yarn.nodemanager.admin-env": f"MALLOC_ARENA_MAX=2,BASH_ENV={root}/bash-env",
        }
    with hadoop:
        yield hadoop


@pytest.fixture(scope="module")
def fronts(cluster) -> Iterator[list[WebFront]]:
    made = [WebFront(f"127.0.0.{number}", cluster.layout.ports[f"{name}.http"])
            for number, name in enumerate(cluster.names("nm"), start=2)]
    yield made
    for front in made:
        front.close()


@pytest.fixture
def knit(cluster, fronts) -> Iterator[Knit]:
    yield Knit(cluster)
    for front in fronts:
        front.become("pages")
    end_all(cluster)


def instances(knit: Callable, app_id: str) -> list[dict]:
    done = knit("describe", app_id, "-o", "json")
    return (json.loads(done.stdout).get("instances") or []) if done.returncode == 0 else []


def test_a_lost_node_costs_no_restart(cluster, knit, request, tmp_path):
    tmp_path.chmod(0o777)
    # one on each node: two do not fit on one
    run = knit.start("run", "-n", "2", "--memory", "600MiB", "--name", "lost", "--no-prefix", "-c",
                     f"echo $KNIT_INSTANCE $KNIT_RESTART_COUNT; while ! test -e {tmp_path}/go; do sleep 0.1; done")
    app_id = application(cluster, "lost")
    first = sorted([read_line(run.stdout), read_line(run.stdout)])
    assert first == ["0 0\n", "1 0\n"]
    node = next(n for n in cluster.nodes() if n["numContainers"] == 1)
    name = next(nm for nm in cluster.names("nm")
                if node["id"].endswith(f":{cluster.layout.ports[f'{nm}.rpc']}"))
    cluster.kill(name)
    request.addfinalizer(lambda: cluster.restart(name))
    err = read_until(run.stderr, "was lost with its node")
    lost = int(re.search(r"instance (\d) was lost with its node, or released on \S+; it is started again", err)[1])
    (tmp_path / "go").touch()
    out, more = run.communicate(timeout=30)
    assert run.returncode == 0, err + more
    # what the lost one wrote had been read while it ran; whether there was more nobody knows
    assert out.splitlines() == [f"{lost} 1"] and more.count("its node was lost") == 2, more
    assert [(i["state"], i["restarts"]) for i in instances(knit, app_id)] == [
        ("succeeded", int(number == lost)) for number in range(2)]
    expect_nothing_left(cluster, knit, app_id, assigned=4)


def test_a_preempted_container_costs_no_restart(cluster, knit, tmp_path):
    tmp_path.chmod(0o777)
    run = knit.start("run", "-n", "2", "--memory", "800MiB", "--name", "preempted", "--no-prefix", "-c",
                     f"echo $KNIT_INSTANCE $KNIT_RESTART_COUNT; while ! test -e {tmp_path}/go; do sleep 0.1; done")
    app_id = application(cluster, "preempted")
    assert sorted([read_line(run.stdout), read_line(run.stdout)]) == ["0 0\n", "1 0\n"]
    other = submit.submit(cluster, "sleep 600", queue="small", memory_mb=400)
    err = read_until(run.stderr, "was preempted")
    taken = int(re.search(r"instance (\d) was preempted in favour of another queue or application on \S+; "
                          r"it is started again", err)[1])
    wait_for("the other has what it asked for", lambda: RmView(cluster).application(other)["runningContainers"] == 1)
    assert [i["state"] for i in instances(knit, app_id)].count("running") == 1
    submit.kill(cluster, other)
    assert read_line(run.stdout) == f"{taken} 1\n"
    (tmp_path / "go").touch()
    _, more = run.communicate(timeout=30)
    assert run.returncode == 0, err + more
    assert [(i["state"], i["restarts"]) for i in instances(knit, app_id)] == [
        ("succeeded", int(number == taken)) for number in range(2)]
    expect_nothing_left(cluster, knit, app_id, assigned=4)


@pytest.fixture
def filling(cluster) -> Iterator[Callable[[int], None]]:
    """Fills so many nodes to the brim."""
    made: list[str] = []

    def fill(count: int) -> None:
        made.extend(submit.submit(cluster, "sleep 600", memory_mb=NODE_MB) for _ in range(count))
        wait_for("they are full", lambda: sum(n["availMemoryMB"] == 0 for n in cluster.nodes()) == count)
    fill.end = lambda: [submit.kill(cluster, app_id) for app_id in made]  # type: ignore[attr-defined]
    yield fill


def test_without_room_for_the_master(cluster, knit, filling):
    filling(2)
    done = knit("run", "--name", "no-room", "--start-timeout", "6s", "--", "true")
    assert done.returncode == 4, done.stderr
    reason = "all 2 nodes are busy: the master needs 128 MiB and 1 vcore, at most 0 B and 7 vcores are free on one node"
    assert f"knit: waiting (ACCEPTED): {reason}" in done.stderr, done.stderr
    assert f"nothing ran within 6.0 s (start timeout): {reason}" in done.stderr, done.stderr
    filling.end()
    expect_nothing_left(cluster, knit, application(cluster, "no-room"), assigned=0)


def test_without_room_for_an_instance(cluster, knit, filling):
    filling(1)
    done = knit("run", "--memory", "1000MiB", "--name", "half", "--start-timeout", "8s", "--", "true")
    assert done.returncode == 4, done.stderr
    assert ("knit: waiting (RUNNING): all 2 nodes are busy: each instance needs 1000 MiB and 1 vcore, at most "
            "896 MiB and 7 vcores are free on one node") in done.stderr, done.stderr
    assert re.search(r"nothing ran within 8.0 s \(start timeout\): asked for 1 containers of 1000 MiB, 1 vcores in "
                     r"queue \S*default; .* available to this application; the cluster has 2 nodes",
                     done.stderr), done.stderr
    filling.end()
    expect_nothing_left(cluster, knit, application(cluster, "half"), assigned=1)


def test_a_master_killed_for_memory(cluster, knit):
    done = knit("run", "--master-memory", "1MiB", "--name", "tiny", "--", "sleep", "1000")
    assert done.returncode == 1, done.stderr
    assert re.search(r"all 2 attempts of the master failed; the last one: the master was killed for using more "
                     r"memory than it asked for \(\S+ MB of 1 MB physical memory used\)", done.stderr), done.stderr
    assert "give the master more memory with --master-memory" in done.stderr
    expect_nothing_left(cluster, knit, application(cluster, "tiny"), None, AUDIT, LAST_BEAT)


def test_nodes_of_another_architecture(cluster, knit):
    foreign = cluster.layout.root / "foreign"
    foreign.touch()
    done = knit("run", "--name", "foreign", "--", "true")
    foreign.unlink()
    assert done.returncode == 1
    assert ("knit: this node is of the architecture riscv64; this release of Knit has masters for x86_64"
            in done.stderr), done.stderr
    assert "all 2 attempts of the master failed" in done.stderr
    expect_nothing_left(cluster, knit, application(cluster, "foreign"), None, AUDIT, LAST_BEAT, record=False)


def check_logs_out_of_reach(knit, app_id, proxies):
    """`knit logs` of a running application whose nodes show nothing: an address, said once, and soon."""
    for which, whose in ([], "the logs of 3 containers on 2 nodes"), (["--instance", "1"], "the logs of instance 1"):
        done = knit("--connect-timeout", "1s", "logs", app_id, *which, timeout_s=10, env=proxies)
        refused(done, 5, "GET http://127.0.0.", f"/ws/v1/node/containers/{app_id.replace('application', 'container')}",
                whose, "cannot be read from here while the application runs, but from HDFS when it has ended")
        assert len(done.stderr.splitlines()) == 1, done.stderr


@pytest.mark.parametrize("mode", ["closed", "silent", "rubbish", "portal"])
def test_web_pages_out_of_reach(cluster, knit, fronts, tmp_path, mode):
    tmp_path.chmod(0o777)
    for front in fronts:
        front.become(mode)
    proxy = WebFront("127.0.0.1", 0, "silent")
    proxies = {f"{kind}_proxy": f"http://127.0.0.1:{proxy.port}" for kind in ("http", "https", "all")}
    proxies.update({name.upper(): value for name, value in proxies.items()})
    run = knit.start("--connect-timeout", "1s", "run", "-n", "2", "--memory", "300MiB", "--name", mode, "-c",
                     f"echo out; echo err >&2; while ! test -e {tmp_path}/go; do sleep 0.1; done", env=proxies)
    app_id = application(cluster, mode)
    told = read_until(run.stderr, "when the application has ended")
    wait_for("both run", lambda: [i["state"] for i in instances(knit, app_id)] == ["running"] * 2)
    check_logs_out_of_reach(knit, app_id, proxies)
    (tmp_path / "go").touch()
    out, err = run.communicate(timeout=60)
    proxy.close()
    assert run.returncode == 0, told + err
    assert sorted(out.splitlines()) == ["0 | out", "1 | out"]
    assert sorted(re.findall(r"^\d \| err$", told + err, re.MULTILINE)) == ["0 | err", "1 | err"]
    assert (told + err).count("follows when the application has ended") == 1, told + err
    assert "GET http://127.0.0." in told
    assert proxy.connections == 0
    logs = knit("logs", app_id, "--log", "stdout")
    assert logs.returncode == 0 and logs.stdout.count("out") >= 2, logs.stderr
    expect_nothing_left(cluster, knit, app_id, assigned=3)


def test_output_of_failures_behind_silent_pages_is_told_missing_and_holds_nothing_up(cluster, knit, fronts):
    for front in fronts:
        front.become("silent")
    done = knit("run", "-d", "-n", "2", "--max-restarts", "1", "--memory", "300MiB", "-c", "echo out; exit 3")
    app_id = done.stdout.strip()
    assert knit("wait", app_id, "--timeout", "60s").returncode == 1
    path = f"/user/{sites.login_name()}/.knit/runs/{app_id}"
    record = [json.loads(line) for line in knit("fs", "cat", path).stdout.splitlines()]
    runs = [entry for entry in record if entry["kind"] == "instance_ended"]
    kept = [entry for entry in record if entry["kind"] == "instance_output"]
    assert len(runs) == len(kept) == 4, record
    assert {entry["unavailable"].split(" ", 1)[1] for entry in kept} == {"did not answer in time"}
    first, last = runs[0]["time_ms"], runs[-1]["time_ms"]
    assert record[-1]["time_ms"] - last < 5000
    assert last - first < 4000, "restarts wait for nothing"
    expect_nothing_left(cluster, knit, app_id, assigned=5)


def test_wait_and_kill_need_no_web_pages(cluster, knit, fronts):
    for front in fronts:
        front.become("closed")
    app_id = knit("run", "-d", "--", "sleep", "1000").stdout.strip()
    wait_for("it runs", lambda: [i["state"] for i in instances(knit, app_id)] == ["running"])
    waiting = knit.start("wait", app_id)
    assert knit("kill", app_id).returncode == 0
    assert waiting.wait(timeout=30) == 3
    wait_for("its process has ended", lambda: not processes(cluster, app_id))
    expect_nothing_left(cluster, knit, app_id, 2, LAST_BEAT)
