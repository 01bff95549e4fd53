"""The test cluster does what scenarios rely on: it refuses, kills, restarts and ends."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hadoop import janitor
from hadoop.cluster import MiniHadoop
from hadoop.submit import Refused, kill, submit, wait_state


def wait_for(condition, what, timeout_s=30.0):
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"after {timeout_s:.0f} s not so: {what}"
        time.sleep(0.1)


def test_every_node_manager_is_a_node_of_its_own(hadoop):
    assert len({node["id"] for node in hadoop.nodes()}) == 3


def test_a_stopped_queue_refuses(hadoop):
    app = wait_state(hadoop, submit(hadoop, "true", queue="stopped"), "FAILED")
    assert "STOPPED" in app["diagnostics"]


def test_a_private_queue_takes_only_its_user(hadoop, rm_view):
    with pytest.raises(Refused, match="User bob does not have permission .* queue private"):
        submit(hadoop, "true", queue="private", user="bob")
    admitted = submit(hadoop, "sleep 600", queue="private", user="admin")
    wait_state(hadoop, admitted, "ACCEPTED")
    kill(hadoop, admitted)
    rm_view.check(admitted)


def test_the_second_application_of_the_small_queue_waits(hadoop, rm_view):
    first = submit(hadoop, "sleep 600", queue="small")
    wait_for(lambda: rm_view.assigned(first) == 1, "the first master is assigned")
    second = submit(hadoop, "sleep 600", queue="small")
    wait_state(hadoop, second, "ACCEPTED")
    wait_for(lambda: "AM resource limit exceeded" in rm_view.application(second)["diagnostics"],
             "the queue says why the second waits")
    kill(hadoop, second)
    kill(hadoop, first)
    rm_view.check(second, assigned=0)


def test_the_small_queue_refuses_large_containers(hadoop):
    with pytest.raises(Refused, match="maximum allowed allocation=<memory:512"):
        submit(hadoop, "true", queue="small", memory_mb=1024)


def test_a_container_over_its_memory_is_killed(hadoop, rm_view):
    hog = submit(hadoop, "{ head -c 180M /dev/zero; sleep 600; } | tail")
    app = wait_state(hadoop, hog, "FAILED")
    assert re.search("beyond (the )?'?physical'? memory limit", app["diagnostics"], re.I), app["diagnostics"]
    rm_view.check(hog, assigned=1, allow=["OPERATION=Application Finished - Failed"])


def test_other_users_are_kept_out(hadoop):
    hadoop.make_home("bob")
    assert hadoop.hdfs("dfs", "-touchz", "/user/bob/mine", user="bob").returncode == 0
    denied = hadoop.hadoop("fs", "-touchz", f"/user/{Path.home().owner()}/theirs", user="bob")
    assert denied.returncode != 0 and "Permission denied: user=bob" in denied.stderr


def test_daemons_come_back_with_what_they_had(hadoop, tmp_path):
    source = tmp_path / "file"
    source.write_text("kept\n")
    assert hadoop.hdfs("dfs", "-put", "-f", str(source), "/tmp/file").returncode == 0
    for name in ("nm0", "dn0", "nn", "rm"):
        hadoop.kill(name)
    for name in ("nn", "dn0", "rm", "nm0"):
        hadoop.restart(name, wait=False)
    hadoop.wait_ready()
    assert hadoop.hdfs("dfs", "-cat", "/tmp/file").stdout == "kept\n"
    assert "is HEALTHY" in hadoop.hdfs("fsck", "/").stdout


def test_an_application_outlives_both_its_managers(hadoop_version):
    with MiniHadoop(version=hadoop_version, nodes=1, rm_recovery=True, nm_recovery=True,
                    node_labels=True, resource_types=["example/gpu"]) as cluster:
        assert cluster.yarn("rmadmin", "-addToClusterNodeLabels", "fast").returncode == 0
        assert "example/gpu" in cluster.yarn("node", "-list", "-showDetails").stdout
        app_id = submit(cluster, "sleep 600")
        members = len(cluster.names())
        wait_for(lambda: len(janitor.members(str(cluster.layout.root))) > members, "it is started")
        cluster.kill("nm0")
        cluster.kill("rm")
        cluster.restart("rm", wait=False)
        cluster.restart("nm0")
        report = cluster.yarn("applicationattempt", "-list", app_id).stdout
        assert re.search(r"Total number of application attempts\s*:\s*1\b", report), report
        kill(cluster, app_id)


def test_nothing_outlives_a_killed_parent(hadoop_version):
    parent = subprocess.Popen(
        [sys.executable, "-m", "hadoop.cluster", "--version", hadoop_version, "--nodes", "1"],
        cwd=Path(__file__).parent.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        line = parent.stdout.readline()
        assert line.startswith("HADOOP_CONF_DIR="), line
        root = Path(line.strip().split("=", 1)[1]).parent
        assert len(janitor.members(str(root))) >= 4
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        parent.communicate()
    wait_for(lambda: not janitor.members(str(root)), "every process has ended")
    wait_for(lambda: not root.exists(), "the folder is removed")


def test_a_daemon_that_ends_by_itself_is_told_with_its_log(hadoop_version):
    broken = {"rm/yarn-site": {"yarn.resourcemanager.scheduler.class": "no.such.Scheduler"}}
    with pytest.raises(Exception, match=r"(?s)rm ended; .*rm.log ends with:.*no\.such\.Scheduler"):
        with MiniHadoop(version=hadoop_version, nodes=1, overrides=broken):
            pass
