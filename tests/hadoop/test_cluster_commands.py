"""Step 1: questions and orders about any YARN application, with Hadoop's own client as the judge."""

from __future__ import annotations

import json
import re

import pytest

from hadoop import sites, submit


@pytest.fixture
def filling(hadoop):
    """An application of somebody else's making that sleeps."""
    app_id = submit.submit(hadoop, "sleep 600")
    submit.wait_state(hadoop, app_id, "ACCEPTED", "RUNNING")
    yield app_id
    submit.kill(hadoop, app_id)


def test_config_names_the_file_of_each_setting(hadoop, knit):
    shown = json.loads(knit("config", "-o", "json").stdout)
    by_key = {entry["key"]: entry for entry in shown}
    assert by_key["fs.defaultFS"]["value"].startswith("hdfs://")
    assert by_key["fs.defaultFS"]["origin"].startswith(str(hadoop.conf_dir))
    one = knit("-D", "yarn.x=1", "config", "yarn.x")
    assert one.returncode == 0 and re.search(r"yarn\.x +1 +-D", one.stdout)


def test_ls_shows_my_living_applications(knit, filling):
    listed = json.loads(knit("ls", "-o", "json").stdout)
    assert filling in [app["id"] for app in listed]
    assert {app["user"] for app in listed} == {sites.login_name()}
    assert filling not in knit("ls", "--user", "nobody-at-all").stdout
    assert filling in knit("ls", "--user", "all", "--state", "accepted,running").stdout
    assert filling not in knit("ls", "--queue", "small").stdout


def test_status_agrees_with_yarn(hadoop, knit, filling):
    ours = json.loads(knit("status", filling, "-o", "json").stdout)
    theirs = hadoop.yarn("application", "-status", filling).stdout
    for name, key in (("Application-Name", "name"), ("User", "user"), ("State", "state"),
                      ("Application-Type", "type")):
        assert re.search(rf"{name} : (.*)", theirs)[1] == ours[key], key
    text = knit("status", filling)
    assert text.returncode == 0 and filling in text.stdout and ours["state"] in text.stdout


def test_kill_goes_through_the_resource_manager(hadoop, knit):
    app_id = submit.submit(hadoop, "sleep 600")
    killed = knit("kill", app_id)
    assert killed.returncode == 0, killed.stderr
    assert submit.wait_state(hadoop, app_id, "KILLED")["finalStatus"] == "KILLED"
    again = knit("kill", app_id)
    assert again.returncode == 0 and "had ended before" in again.stderr


def test_wait_ends_with_the_end(hadoop, knit):
    app_id = submit.submit(hadoop, "sleep 600")
    late = knit("wait", app_id, "--timeout", "300ms")
    assert late.returncode == 4, late.stderr
    submit.kill(hadoop, app_id)
    ended = knit("wait", app_id)
    assert ended.returncode == 3 and "killed" in ended.stderr


def test_nodes_and_queues(hadoop, knit):
    nodes = json.loads(knit("nodes", "-o", "json").stdout)
    assert len(nodes) == 3 and all(node["state"] == "RUNNING" for node in nodes)
    assert all(node["capacity"]["memory_bytes"] % (1 << 20) == 0 for node in nodes)
    queues = {queue["name"].split(".")[-1]: queue
              for queue in json.loads(knit("queues", "-o", "json").stdout)}
    assert queues["stopped"]["state"] == "STOPPED"
    assert {"root", "default", "private", "small"} <= set(queues)


@pytest.mark.parametrize("args, code, said", [
    (["status", "application_1_1"], 7, "application_1_0001"),
    (["kill", "application_1_1"], 7, "application_1_0001"),
    (["wait", "application_1_1"], 7, "application_1_0001"),
    (["status", "nonsense"], 2, "nonsense"),
    (["frobnicate"], 2, "frobnicate"),
    (["ls", "--state", "SLEEPING"], 2, "SLEEPING"),
    (["wait", "application_1_1", "--timeout", "soon"], 2, "soon"),
    (["ls", "-D", "broken"], 2, "KEY=VALUE"),
])
def test_bad_input_is_said(knit, args, code, said):
    done = knit(*args)
    assert done.returncode == code, done
    assert said in done.stderr and done.stdout == ""


def test_no_configuration_says_where_it_looked(knit, tmp_path):
    nothing = {"HADOOP_CONF_DIR": "", "YARN_CONF_DIR": "", "HADOOP_HOME": str(tmp_path)}
    done = knit("ls", env=nothing)
    assert done.returncode == 2
    assert "HADOOP_CONF_DIR" in done.stderr and "/etc/hadoop/conf" in done.stderr
    missing = knit("ls", env={"HADOOP_CONF_DIR": str(tmp_path / "gone")})
    assert missing.returncode in (2, 7)
    assert "HADOOP_CONF_DIR" in missing.stderr and "gone" in missing.stderr


def test_a_malformed_file_is_named_with_line(knit, tmp_path):
    (tmp_path / "core-site.xml").write_text("<configuration>\n<property>\n</configuration>\n")
    done = knit("ls", "--config", str(tmp_path))
    assert done.returncode == 2
    assert "core-site.xml" in done.stderr and "3" in done.stderr


def test_a_secure_cluster_is_refused_before_anything_is_sent(knit):
    done = knit("-D", "hadoop.security.authentication=kerberos", "ls")
    assert done.returncode == 2
    assert "hadoop.security.authentication" in done.stderr


def test_an_unreachable_resource_manager_is_said_soon(knit):
    done = knit("-D", "yarn.resourcemanager.address=127.0.0.1:1", "nodes", timeout_s=15)
    assert done.returncode == 5 and "127.0.0.1:1" in done.stderr
    unknown = knit("-D", "yarn.resourcemanager.address=no-such-host.invalid:8032", "nodes", timeout_s=20)
    assert unknown.returncode in (5, 7) and "no-such-host.invalid" in unknown.stderr
