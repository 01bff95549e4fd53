"""What goes wrong after the submission: what the user is told, with which code it ends, what is left."""

from __future__ import annotations

import json
import os
import re
import signal
import time

import pytest

from hadoop import sites, submit
from hadoop.containers import (AUDIT, LAST_BEAT, application, end_all, expect_nothing_left, kill_master,
                               program, read_until, wait_for)
from hadoop.rm_view import RmView

QUICK = ("--memory", "128MiB")


@pytest.fixture(autouse=True)
def ended(hadoop):
    yield
    end_all(hadoop)


@pytest.mark.parametrize("name, said", [
    ("gone", ["did not find its command", "exit status 127", "PATH"]),
    ("plain", ["could not run its command: it is not executable", "exit status 126", "permissions"]),
])
def test_a_command_that_cannot_run(hadoop, knit, tmp_path, name, said):
    (tmp_path / "plain").touch(mode=0o644)
    command = str(tmp_path / name)
    done = knit("run", *QUICK, "--name", name, "--", command)
    assert done.returncode == 1, done.stderr
    assert all(words in done.stderr for words in [*said, command]), done.stderr
    assert re.search(r"instance 0 on \S+", done.stderr), done.stderr
    expect_nothing_left(hadoop, knit, application(hadoop, name), assigned=2)


def test_killed_by_signals(hadoop, knit):
    run = knit.start("run", *QUICK, "-n", "2", "--name", "signals", "-c",
                     "exec sleep $((1000 + KNIT_INSTANCE))")
    app_id = application(hadoop, "signals")
    os.kill(program(hadoop, app_id, "sleep", "1000"), signal.SIGKILL)
    err = read_until(run.stderr, "knit: instance 0 was killed")
    os.kill(program(hadoop, app_id, "sleep", "1001"), signal.SIGTERM)
    err += run.communicate(timeout=60)[1]
    assert run.returncode == 1, err
    assert re.search(r"knit: instance 0 was killed \(SIGKILL, exit status 137\) on \S+:\d+", err), err
    assert re.search(r"knit: instance 1 was ended by SIGTERM \(exit status 143\) on \S+:\d+", err), err
    assert re.search(r"2 of 2 instances failed; the first was instance 0 on \S+, which was killed", err)
    assert "out of memory" in err
    expect_nothing_left(hadoop, knit, app_id, assigned=3)


def test_over_the_memory_limit(hadoop, knit):
    # tail keeps all of it; 180 MB is too much, and is less than 2.1 times 128 MiB of virtual memory
    done = knit("run", *QUICK, "--name", "hog", "-c",
                "head -c 180M /dev/zero | tail -c 180M | sleep 300")
    assert done.returncode == 1, done.stderr
    assert "was killed for using more memory than it asked for" in done.stderr
    assert re.search(r"\(1\d\d(\.\d)? MB of 128 MB physical memory used\)", done.stderr), done.stderr
    assert "--memory" in done.stderr
    expect_nothing_left(hadoop, knit, application(hadoop, "hog"), assigned=2)


def test_all_attempts_of_the_master_used(hadoop, knit):
    run = knit.start("run", *QUICK, "--name", "doomed", "--", "sleep", "1000")
    app_id = application(hadoop, "doomed")
    for attempt in (1, 2):
        kill_master(hadoop, app_id, attempt)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 1, err
    assert ("all 2 attempts of the master failed; the last one: the master was killed (SIGKILL, exit "
            "status 137)") in err, err
    assert "--master-memory" in err and f"knit logs {app_id} --instance master" in err
    expect_nothing_left(hadoop, knit, app_id, None, AUDIT, LAST_BEAT)
    again = knit("wait", app_id)
    assert again.returncode == 1 and "all 2 attempts" in again.stderr
    assert "all 2 attempts" in knit("status", app_id).stdout


@pytest.fixture
def full_queue(hadoop):
    """Queue `small`, which lets one master run at a time, with one in it."""
    app_id = submit.submit(hadoop, "sleep 600", queue="small")
    submit.wait_state(hadoop, app_id, "ACCEPTED")
    wait_for("it occupies the queue",
             lambda: RmView(hadoop).application(app_id).get("runningContainers") == 1)
    yield app_id
    if RmView(hadoop).application(app_id)["state"] not in ("KILLED", "FINISHED", "FAILED"):
        submit.kill(hadoop, app_id)


@pytest.fixture
def limit(hadoop_version):
    return f"queue '{sites.shown_queue(hadoop_version, 'small')}' lets masters use at most"


def test_a_queue_at_its_limit_is_the_reason(hadoop, knit, full_queue, limit):
    waiting = knit.start("run", *QUICK, "--queue", "small", "--name", "patient", "--start-timeout", "6s",
                         "--", "true")
    app_id = application(hadoop, "patient")
    wait_for("the reason is in its state", lambda: limit in knit("status", app_id).stdout)
    described = json.loads(knit("describe", app_id, "-o", "json").stdout)
    assert limit in described["why"] and any("maximum-am-resource-percent" in h for h in described["hints"])
    _, err = waiting.communicate(timeout=30)
    assert waiting.returncode == 4, err
    told, _, end = err.partition("was withdrawn: nothing ran in time")
    assert f"knit: waiting (ACCEPTED): {limit}" in told, err
    assert f"nothing ran within 6.0 s (start timeout): {limit}" in end, err
    submit.kill(hadoop, full_queue)
    expect_nothing_left(hadoop, knit, app_id, assigned=0)


def test_a_detached_application_is_withdrawn_by_whoever_waits(hadoop, knit, full_queue, limit):
    for command in ("wait", "attach"):
        app_id = knit("run", "-d", *QUICK, "--queue", "small", "--start-timeout", "1s", "--",
                      "true").stdout.strip()
        done = knit(command, app_id)
        assert done.returncode == 4 and f"(start timeout): {limit}" in done.stderr, done.stderr
    submit.kill(hadoop, full_queue)
    expect_nothing_left(hadoop, knit, app_id, assigned=0)


def test_a_detached_application_whose_turn_comes_too_late_runs_nothing(hadoop, knit, full_queue):
    app_id = knit("run", "-d", *QUICK, "--queue", "small", "--start-timeout", "1s", "--", "true").stdout.strip()
    submitted = time.monotonic()
    wait_for("its time is over", lambda: time.monotonic() - submitted > 1.5)
    assert RmView(hadoop).application(app_id)["state"] == "ACCEPTED"
    submit.kill(hadoop, full_queue)
    submit.wait_state(hadoop, app_id, "FINISHED")
    done = knit("wait", app_id)
    assert done.returncode == 4 and "nothing ran within 1.0 s (start timeout)" in done.stderr, done.stderr
    expect_nothing_left(hadoop, knit, app_id, assigned=1)


def test_restarts_are_counted_and_told(hadoop, knit):
    done = knit("run", *QUICK, "-n", "2", "--max-restarts", "1", "--name", "stubborn", "-c",
                "test $KNIT_INSTANCE = 0 || exit 7")
    assert done.returncode == 1
    first, again = re.findall(r"knit: instance 1 ended with exit status 7 on [^\s;]+(.*)", done.stderr)
    assert first == "; it is started again" and again == ""
    assert re.search(r"1 of 2 instances failed: instance 1 \(restart 1\) on \S+, which ended with exit status 7",
                     done.stderr), done.stderr
    expect_nothing_left(hadoop, knit, application(hadoop, "stubborn"), assigned=4)


def test_some_may_fail_and_too_many_may_not(hadoop, knit):
    args = ("run", *QUICK, "-n", "3", "--max-failures", "1")
    tolerated = knit(*args, "--name", "tolerant", "-c", "test $KNIT_INSTANCE != 1 || exit 5")
    assert tolerated.returncode == 0 and "instance 1 ended with exit status 5" in tolerated.stderr
    expect_nothing_left(hadoop, knit, application(hadoop, "tolerant"), assigned=4)
    failed = knit(*args, "--fail-fast", "--name", "strict", "-c",
                  "test $KNIT_INSTANCE = 2 || exit 5; exec sleep 1000")
    assert failed.returncode == 1
    assert re.search(r"2 of 3 instances failed \(1 may\); the first was instance \d on \S+, which ended with "
                     r"exit status 5", failed.stderr), failed.stderr
    expect_nothing_left(hadoop, knit, application(hadoop, "strict"), assigned=4)
