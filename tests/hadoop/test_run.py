"""Steps 3 and 4: the main job, judged by Hadoop's own clients and the ResourceManager's view."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time

import pytest

from hadoop import sites
from hadoop.plugin import read_line
from hadoop.rm_view import RmView


def applications(hadoop) -> list[dict]:
    return (RmView(hadoop).get("/apps")["apps"] or {}).get("app", [])


def last_application(hadoop, name: str) -> str:
    apps = [a for a in applications(hadoop) if a["name"] == name]
    return max(apps, key=lambda a: a["startedTime"])["id"]


def test_the_main_job(hadoop, knit, rm_view):
    done = knit("run", "-n", "10", "--memory", "512MiB", "--name", "main-job", "--", "date", "+%Y")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert sorted(int(line.split("|")[0]) for line in lines) == list(range(10))
    assert all(re.fullmatch(r"\s*\d+ \| \d{4}", line) for line in lines)
    app_id = last_application(hadoop, "main-job")
    rm_view.check(app_id, assigned=11)
    assert "SUCCEEDED" in hadoop.yarn("application", "-status", app_id).stdout


def test_detached_then_wait_then_logs(hadoop, knit, rm_view):
    started = knit("run", "-d", "-n", "3", "--", "echo", "hello from", "knit")
    assert started.returncode == 0, started.stderr
    app_id = started.stdout.strip()
    assert re.fullmatch(r"application_\d+_\d{4,}", app_id) and started.stdout == app_id + "\n"
    waited = knit("wait", app_id, "--timeout", "60s")
    assert waited.returncode == 0, waited.stderr
    ours = knit("logs", app_id, "--log", "stdout")
    assert ours.returncode == 0, ours.stderr
    assert ours.stdout.count("hello from knit") == 3
    theirs = hadoop.yarn_logs(app_id)
    assert theirs.count("hello from knit") == 3
    rm_view.check(app_id, assigned=4)


def test_arguments_and_variables_arrive_byte_for_byte(hadoop, knit, tmp_path):
    nasty = ["", " ", "a  b", "$HOME", "`id`", "{{PWD}}", "{{", "}}", "<LOG_DIR>", "<CPS>", "\\", "'", '"',
             "new\nline", "*", "~", "!x", "#", '{"a":{"b":1}}', "äöü"]
    every = bytes(range(1, 256))
    script = tmp_path / "show.py"
    script.write_text("import os, sys\n"
                      "for a in sys.argv[1:] + [os.environ['NASTY']]:\n"
                      "    print(os.fsencode(a).hex())\n")
    args = ["run", "--no-prefix", "--file", str(script)]
    process = subprocess.run(
        [knit.program().encode(), *(a.encode() for a in args), b"-e", b"NASTY=" + every, b"--",
         b"/usr/bin/python3", b"show.py", *(n.encode() for n in nasty), every],
        env=hadoop.env(), capture_output=True, timeout=120, check=False)
    assert process.returncode == 0, process.stderr
    shown = process.stdout.decode().splitlines()
    assert shown == [n.encode().hex() for n in nasty] + [every.hex()] * 2


def test_what_a_container_sees(knit):
    done = knit("run", "-n", "2", "--memory", "256MiB", "--no-prefix", "-e", "MINE=yes", "-e", "LANG=C", "-c",
                "env; cat /dev/stdin | wc -c")
    assert done.returncode == 0, done.stderr
    seen = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert re.fullmatch(r"application_\d+_\d+", seen["KNIT_APPLICATION_ID"])
    assert seen["KNIT_ROLE"] == "main" and seen["KNIT_INSTANCES"] == "2"
    assert seen["KNIT_INSTANCE"] in "01" and seen["KNIT_RESTART_COUNT"] == "0"
    assert seen["KNIT_MEMORY_MIB"] == "256" and seen["KNIT_VCORES"] == "1"
    assert seen["MINE"] == "yes" and seen["LANG"] == "C"
    assert seen["HADOOP_USER_NAME"] == sites.login_name()
    assert {"CONTAINER_ID", "NM_HOST", "LOCAL_DIRS", "LOG_DIRS", "PATH"} <= set(seen)


def test_files_and_archives(knit, tmp_path):
    (tmp_path / "plain.txt").write_text("plain")
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "x").write_text("inside")
    (folder / "run.sh").write_text("#!/bin/sh\necho ran\n")
    (folder / "run.sh").chmod(0o755)
    subprocess.run(["tar", "czf", str(tmp_path / "packed.tar.gz"), "-C", str(folder), "."], check=True)
    done = knit("run", "--no-prefix", "--file", f"{tmp_path}/plain.txt#renamed", "--file", str(folder),
                "--archive", f"{tmp_path}/packed.tar.gz#unpacked", "-c",
                "cat renamed; echo; cat folder/sub/x; echo; ./folder/run.sh; cat unpacked/sub/x")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["plain", "inside", "ran", "inside"]


def test_output_keeps_its_streams_and_lines(knit):
    done = knit("run", "--no-prefix", "-c", "echo out; echo err >&2; printf 'no newline'")
    assert done.returncode == 0
    assert done.stdout == "out\nno newline\n" or done.stdout == "out\nno newline"
    assert "err" in done.stderr and "err" not in done.stdout


def test_much_output_arrives_whole(knit):
    done = knit("run", "--no-prefix", "-c", "seq 1 300000", timeout_s=180)
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.split() == [str(i) for i in range(1, 300001)]


@pytest.mark.parametrize("args, code", [
    (["--", "true"], 0),
    (["--", "false"], 1),
    (["--exit-code-from", "0", "-c", "exit 37"], 37),
    (["--", "/no/such/command"], 1),
    (["--lifetime", "4s", "--", "sleep", "600"], 4),
    ([], 2),
])
def test_exit_codes(knit, args, code):
    done = knit("run", "--memory", "128MiB", *args, timeout_s=90)
    assert done.returncode == code, done.stderr


def test_a_missing_command_is_told(knit):
    done = knit("run", "--", "/no/such/command")
    assert done.returncode == 1
    assert "127" in done.stderr or "126" in done.stderr
    assert "/no/such/command" in done.stderr


def test_a_failure_names_instance_node_and_last_lines(knit):
    done = knit("run", "-n", "2", "-c", "test $KNIT_INSTANCE = 0 || { echo my last words >&2; exit 9; }")
    assert done.returncode == 1
    assert re.search(r"instance 1\b", done.stderr) and "9" in done.stderr and "my last words" in done.stderr


def test_restarts(hadoop, knit, rm_view):
    done = knit("run", "--name", "restarts", "--max-restarts", "2", "--no-prefix", "-c",
                "echo try $KNIT_RESTART_COUNT; test $KNIT_RESTART_COUNT = 2")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["try 0", "try 1", "try 2"]
    rm_view.check(last_application(hadoop, "restarts"), assigned=4)


def test_max_failures_and_fail_fast(knit):
    tolerated = knit("run", "-n", "3", "--max-failures", "1", "-c", "test $KNIT_INSTANCE != 1")
    assert tolerated.returncode == 0, tolerated.stderr
    started = time.monotonic()
    fast = knit("run", "-n", "2", "--fail-fast", "-c", "test $KNIT_INSTANCE != 1 || exit 1; sleep 300")
    assert fast.returncode == 1 and time.monotonic() - started < 120


def test_interrupt_stops_and_says_130(hadoop, knit):
    process = knit.start("run", "--name", "interrupted", "-c", "echo up; sleep 600")
    assert "up" in read_line(process.stdout)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    app_id = last_application(hadoop, "interrupted")
    report = RmView(hadoop).application(app_id)
    assert (report["state"], report["finalStatus"]) == ("FINISHED", "KILLED")
    assert "stopped on request" in report["diagnostics"]


def test_a_hung_up_client_leaves_it_running_and_attach_takes_it_up(hadoop, knit):
    process = knit.start("run", "--name", "hangup", "-c",
                         "echo up; while ! test -e /tmp/knit-go-$KNIT_APPLICATION_ID; do sleep 0.1; done; echo end")
    assert "up" in read_line(process.stdout)
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=30)
    app_id = last_application(hadoop, "hangup")
    assert RmView(hadoop).application(app_id)["state"] == "RUNNING"
    go = f"/tmp/knit-go-{app_id}"
    try:
        open(go, "w").close()
        attached = knit("attach", app_id)
        assert attached.returncode == 0, attached.stderr
        assert "end" in attached.stdout
    finally:
        subprocess.run(["rm", "-f", go], check=True)


def test_staging_is_gone_and_the_cache_is_used_again(hadoop, knit):
    assert knit("run", "--", "true").returncode == 0
    first = json.loads(knit("cache", "ls", "-o", "json").stdout)
    assert knit("run", "--", "true").returncode == 0
    second = json.loads(knit("cache", "ls", "-o", "json").stdout)
    assert [e["sha256"] for e in first] == [e["sha256"] for e in second] and first
    home = f"/user/{sites.login_name()}/.knit"
    left = knit("fs", "ls", f"{home}/apps", "-o", "json")
    assert left.returncode == 0 and json.loads(left.stdout) == []
    assert "700" in json.loads(knit("fs", "stat", home, "-o", "json").stdout)["permission"]
    assert "OPENFORWRITE" not in hadoop.hdfs("fsck", home, "-openforwrite").stdout


def test_dry_run_starts_nothing(hadoop, knit, tmp_path):
    (tmp_path / "x").write_text("x")
    before = len(applications(hadoop))
    done = knit("run", "-n", "4", "--file", str(tmp_path / "x"), "--dry-run", "--", "date")
    assert done.returncode == 0, done.stderr
    assert "x" in done.stdout and "4" in done.stdout
    assert len(applications(hadoop)) == before


def test_a_script_is_shipped_and_run_with_its_arguments(knit, tmp_path):
    script = tmp_path / "job"
    script.write_text("#!/bin/bash\necho \"${0##*/} $# $2\"\n")
    done = knit("run", "--no-prefix", "-q", "--script", str(script), "--", "a", "b c")
    assert (done.returncode, done.stdout) == (0, "job 2 b c\n"), done.stderr
    done = knit("run", "--no-prefix", "-q", "--script", f"{script}#other")
    assert (done.returncode, done.stdout) == (0, "other 0 \n"), done.stderr
    refused = knit("run", "--script", str(script), "-c", "true")
    assert refused.returncode == 2 and "not both" in refused.stderr
