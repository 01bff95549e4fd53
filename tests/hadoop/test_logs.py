"""`knit logs`: of every application, running or ended, what `yarn logs` shows and no more or less."""

from __future__ import annotations

import json
import re
import threading

import pytest

from hadoop import sites
from hadoop.logs_view import WAIT, assert_equal, knit_bytes, wait_until
from hadoop.plugin import read_line
from hadoop.rm_view import RmView
from hadoop.test_docs import documented

# Bytes of every kind, lines of every length, and no newline at the end.
WRITE = ("import os, sys\n"
         "i = os.environ['KNIT_INSTANCE'].encode()\n"
         "out, err = sys.stdout.buffer, sys.stderr.buffer\n"
         "out.write(bytes(range(256)) * 40 + b'\\n' + i * 100000 + b'\\nEnd of LogType:stdout\\n')\n"
         "[out.write(b'%s %d\\n' % (i, n)) for n in range(3000)]\n"
         "err.write(b'err of ' + i + b', no newline')\n")


def submit(knit, *args: str, user=None) -> str:
    done = knit("run", "-d", "--memory", "128MiB", *args, user=user)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def written(hadoop, tmp_path_factory) -> str:
    """A finished application of three instances."""
    script = tmp_path_factory.mktemp("written") / "write.py"
    script.write_text(WRITE)
    text = knit_bytes(hadoop, "run", "-d", "-n", "3", "--memory", "128MiB", "--file", str(script), "--",
                      "/usr/bin/python3", "write.py").decode()
    knit_bytes(hadoop, "wait", text.strip())
    return text.strip()


def containers(knit, app_id: str) -> list[str]:
    described = json.loads(knit("describe", app_id, "-o", "json").stdout)
    return [i["container"] for i in described["instances"]]


def test_equals_yarn_logs(hadoop, written, tmp_path):
    assert_equal(hadoop, written, tmp_path, containers=4)


def test_what_can_be_chosen(hadoop, knit, written):
    ids = containers(knit, written)
    whole = knit_bytes(hadoop, "logs", written, "--instance", "1", "--log", "stdout")
    assert whole == knit_bytes(hadoop, "logs", written, "--container", ids[1], "--log", "stdout")
    assert whole.endswith(b"1 2999\n") and len(whole) > 100000
    tail = ["logs", written, "--instance", "1", "--log", "stdout", "--tail"]
    assert knit_bytes(hadoop, *tail, "2") == b"1 2998\n1 2999\n"
    assert knit_bytes(hadoop, *tail, "0") == b""
    assert knit_bytes(hadoop, *tail, "3002") == whole[whole.index(b"1" * 100000):]
    assert knit_bytes(hadoop, "logs", written, "--instance", "1", "--log", "stderr", "--tail", "1",
                      "--timeout", "30s", "-f") == b"err of 1, no newline"
    assert b"exec /bin/bash" in knit_bytes(hadoop, "logs", written, "--instance", "0", "--log",
                                           "launch_container.sh")
    # One instance under its headings; all of them in their order, the master last.
    headed = knit_bytes(hadoop, "logs", written, "--instance", "2").decode(errors="replace")
    assert re.findall(r"==> instance (\d), (\w+) of (\w+) on ", headed) == [
        ("2", "stderr", ids[2]), ("2", "stdout", ids[2])]
    everything = knit_bytes(hadoop, "logs", written).decode(errors="replace")
    assert [m for m in re.findall(r"==> (?:instance (\d), )?std\w+ of", everything) if m] == list("001122")
    assert "instance" not in knit("logs", written, "--instance", "master").stdout.split(" of ")[0]


def test_what_cannot_be_chosen_says_what_there_is(knit, written):
    ids = containers(knit, written)
    number = written.removeprefix("application_")
    other = f"container_{number}_01_000099"
    for args, code, says in [
            (["--instance", "3"], 7, f"{written} has the instances 0 to 2, not 3"),
            (["--container", other], 7, f"has no container {other}; there are: "),
            (["--container", "container_1_0001_01_000001"], 7, "is no container of"),
            (["--log", "syslog"], 7, "there is no log 'syslog'; there are: "),
            (["-f", "--instance", "7"], 7, "has the instances 0 to 2"),
            (["--instance", "x"], 2, "'master'"), (["--tail", "-1"], 2, "--tail"),
            (["--container", other, "--instance", "1"], 2, "--instance")]:
        done = knit("logs", written, *args)
        assert done.returncode == code and says in done.stderr and done.stdout == "", (args, done)
    assert all(container in knit("logs", written, "--container", other).stderr for container in ids)
    assert "stdout" in knit("logs", written, "--log", "syslog").stderr
    assert knit("logs", f"application_{number[:-4]}9999").returncode == 7


def test_as_json(knit, written):
    shown = [json.loads(line) for line in
             knit("logs", written, "--log", "stderr", "-o", "json").stdout.splitlines()]
    mine = [line for line in shown if line["instance"] is not None]
    assert [(line["instance"], line["line"], line["end"]) for line in mine] == [
        (i, f"err of {i}, no newline", "none") for i in range(3)]
    assert all(set(line) == documented()["logs"] for line in shown)
    assert {line["container"] for line in mine} == set(containers(knit, written))


def test_attach_after_the_end(knit, written):
    done = knit("attach", written)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    for i in range(3):
        assert [x for x in lines if x.startswith(f"{i} | {i} ")] == [f"{i} | {i} {n}" for n in range(3000)]


def test_a_running_application(hadoop, knit, tmp_path):
    """Its logs while it runs, and three that follow it in their own ways to the end."""
    app_id = submit(knit, "-n", "2", "-e", f"GO={tmp_path}/go", "-c",
                    f"seq -f \"$KNIT_INSTANCE a%g\" 1 5000; {WAIT}; seq -f \"$KNIT_INSTANCE b%g\" 1 5000; "
                    "printf tail")
    follow = [knit.start("attach", app_id), knit.start("logs", "-f", app_id, "--instance", "1", "--log",
                                                       "stdout")]
    try:
        one = ["logs", app_id, "--instance", "1", "--log", "stdout"]
        wait_until(lambda: knit(*one, "--tail", "1").stdout == "1 a5000\n", "the first half is written")
        assert knit(*one).stdout == "".join(f"1 a{n}\n" for n in range(1, 5001))
        assert knit("logs", "-f", app_id, "--instance", "2").returncode == 7
        missing = knit("logs", app_id, "--log", "syslog", "--timeout", "5s")
        assert missing.returncode == 7 and "stdout" in missing.stderr
        master = knit("logs", app_id, "--instance", "master")
        assert master.returncode == 0, master.stderr
    finally:
        (tmp_path / "go").touch()
    attached, followed = (process.communicate(timeout=90) for process in follow)
    assert [p.returncode for p in follow] == [0, 0], attached[1] + followed[1]
    for i in range(2):
        assert [x for x in attached[0].splitlines() if x.startswith(f"{i} | ")] == [
            *(f"{i} | {i} a{n}" for n in range(1, 5001)), *(f"{i} | {i} b{n}" for n in range(1, 5001)),
            f"{i} | tail"]
    assert followed[0] == "".join(f"1 {half}{n}\n" for half in "ab" for n in range(1, 5001)) + "tail"


def test_distributed_shell_running_and_finished(hadoop, knit, tmp_path):
    """An application that is not Knit's: containers without instances."""
    go = tmp_path / "go"
    before = {a["id"] for a in (RmView(hadoop).get("/apps")["apps"] or {}).get("app", [])}
    script = tmp_path / "script.sh"
    script.write_text(f"GO={go}\nseq 1 500\necho oh >&2\n{WAIT}\nprintf end\n")
    shell = threading.Thread(target=hadoop.distributed_shell, args=(
        "-shell_script", str(script), "-num_containers", "2"))
    shell.start()
    try:
        def started() -> list[str]:
            apps = (RmView(hadoop).get("/apps")["apps"] or {}).get("app", [])
            return [a["id"] for a in apps if a["id"] not in before]
        wait_until(started, "DistributedShell is submitted")
        app_id = started()[0]
        wait_until(lambda: knit("logs", app_id, "--log", "stdout", "--timeout", "1s").stdout.count("500\n") == 2,
                   "both containers have written", 90)
        assert knit("logs", app_id, "--instance", "0").returncode == 2
        attached = knit.start("attach", app_id)
    finally:
        go.touch()
        shell.join()
    out, err = attached.communicate(timeout=60)
    assert attached.returncode == 0 and out == "", err
    assert "succeeded after" in err
    assert_equal(hadoop, app_id, tmp_path / "yarn", containers=3)
    master = knit("logs", app_id, "--instance", "master", "--log", "AppMaster.stderr")
    assert master.returncode == 0 and "ApplicationMaster" in master.stdout


def test_a_missing_upload_is_named(hadoop, knit):
    app_id = submit(knit, "-n", "3", "-c", "echo here")
    assert knit("wait", app_id).returncode == 0
    hadoop.wait_logs(app_id)
    described = json.loads(knit("describe", app_id, "-o", "json").stdout)
    gone = described["instances"][1]
    folder = sites.logs_folder(hadoop.options.version, sites.login_name(), app_id)
    removed = hadoop.hdfs("dfs", "-rm", "-skipTrash", f"{folder}/{gone['node'].replace(':', '_')}")
    assert removed.returncode == 0, removed.stderr
    there = [i["container"] for i in described["instances"] if i["node"] != gone["node"]]
    done = knit("logs", app_id, "--log", "stdout")
    assert done.returncode == 7
    assert f"the logs of instance 1 ({gone['container']}) are missing: node {gone['node']}" in done.stderr
    assert done.stdout.count("here") == len(there) and all(c in done.stdout for c in there)
    attached = knit("attach", app_id)
    assert attached.returncode == 0 and f"stdout of {gone['container']}: nothing of it" in attached.stderr


def test_another_users(hadoop, knit):
    """Carol's are hers: of a running one Dave sees the state, of its logs nothing."""
    for user in ("carol", "dave"):
        hadoop.make_home(user)
    app_id = submit(knit, "-c", "echo secret; sleep 600", user="carol")
    wait_until(lambda: "secret" in knit("logs", app_id, "--log", "stdout", "--timeout", "1s", user="carol").stdout,
               "it runs")
    attached = knit.start("attach", app_id, user="dave")
    assert "only the application's state is followed" in read_line(attached.stderr)
    assert knit("kill", app_id, user="dave").returncode == 6
    assert knit("kill", app_id, user="carol").returncode == 0
    out, err = attached.communicate(timeout=60)
    assert attached.returncode == 3 and out == "", err
    hadoop.wait_logs(app_id)
    refused = knit("logs", app_id, user="dave")
    assert refused.returncode == 6 and "ermission denied" in refused.stderr and refused.stdout == ""
    assert "secret" in knit("logs", app_id, user="carol").stdout


def test_one_that_never_started_a_container(hadoop, knit, tmp_path):
    first = submit(knit, "--queue", "small", "-e", f"GO={tmp_path}/go", "-c", WAIT)
    second = submit(knit, "--queue", "small", "--", "true")
    try:
        waiting = knit("logs", second, "--timeout", "1s")
        assert waiting.returncode == 7 and f"no log of {second} was found" in waiting.stderr
        assert knit("kill", second).returncode == 0
        assert knit("logs", second, "--timeout", "20s").returncode == 7
        described = json.loads(knit("describe", second, "-o", "json").stdout)
        assert described["instances"] == [] and described["state"] == "KILLED"
        attached = knit("attach", second)
        assert attached.returncode == 3 and attached.stdout == ""
        left = json.loads(knit("fs", "ls", f"/user/{sites.login_name()}/.knit/apps", "-o", "json").stdout)
        assert not any(second in entry["path"] for entry in left)
    finally:
        (tmp_path / "go").touch()
    assert knit("wait", first).returncode == 0
