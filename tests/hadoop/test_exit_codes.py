"""The exit codes of `run`, `wait` and `attach`: the table of docs/cli.md, each by a case that produces it."""

from __future__ import annotations

import re
import signal
from typing import Any

import pytest

from hadoop.containers import LAST_BEAT, application, end_all, expect_nothing_left, program, wait_for
from hadoop.fetch import REPOSITORY
from hadoop.plugin import read_line
from hadoop.rm_view import RmView

QUICK = ("--memory", "128MiB")
UNREACHABLE = ("-D", "yarn.resourcemanager.address=127.0.0.1:1")
NOT_THERE = "application_1_1"

# code, the command, words of what it says
AT_ONCE = [
    (2, ["run"], "no command was given"),
    (2, ["run", "-n", "2", "--exit-code-from", "2", "--", "true"], "they are 0 to 1"),
    (2, ["-D", "dfs.blocksize=much", "run", "--", "true"], "dfs.blocksize = 'much'"),
    (2, ["wait", "nonsense"], "nonsense"),
    (2, ["attach", "nonsense"], "nonsense"),
    (5, [*UNREACHABLE, "run", "--", "true"], "127.0.0.1:1"),
    (5, [*UNREACHABLE, "wait", NOT_THERE], "127.0.0.1:1"),
    (5, [*UNREACHABLE, "attach", NOT_THERE], "127.0.0.1:1"),
    (7, ["run", "--file", "/no/such/file", "--", "true"], "/no/such/file"),
    (7, ["wait", NOT_THERE], "application_1_0001"),
    (7, ["attach", NOT_THERE], "application_1_0001"),
]


@pytest.fixture(autouse=True)
def ended(hadoop):
    yield
    end_all(hadoop)


@pytest.mark.parametrize("code, command, said", AT_ONCE)
def test_said_at_once(knit, code, command, said):
    done = knit(*command, timeout_s=15)
    assert done.returncode == code and said in done.stderr, done
    assert done.stdout == ""


@pytest.mark.parametrize("code, options, command", [
    (0, [], "true"),
    (1, [], "exit 9"),
    (9, ["--exit-code-from", "0"], "exit 9"),
    (0, ["--exit-code-from", "1"], "test $KNIT_INSTANCE = 1 || exit 9"),
])
def test_of_an_application_that_ended(hadoop, knit, code, options, command):
    name = f"ends-{code}-{len(options)}"
    ran = knit("run", *QUICK, "-n", "2", "--name", name, *options, "-c", command)
    app_id = application(hadoop, name)
    assert ran.returncode == code, ran.stderr
    for again in ("wait", "attach"):
        done = knit(again, app_id, *options)
        assert done.returncode == code, done.stderr
    for again in ("wait", "attach"):
        missing = knit(again, app_id, "--exit-code-from", "2")
        assert missing.returncode == 7 and "has no instance 2" in missing.stderr, missing.stderr
    expect_nothing_left(hadoop, knit, app_id, assigned=3)


def follow_three_ways(hadoop: Any, knit: Any, name: str, *options: str) -> tuple[str, list]:
    """`run`, `wait` and `attach` of one application that runs."""
    run = knit.start("run", *QUICK, "--name", name, *options, "--", "sleep", "1000")
    app_id = application(hadoop, name)
    program(hadoop, app_id, "sleep", "1000")
    return app_id, [run, knit.start("wait", app_id), knit.start("attach", app_id)]


@pytest.mark.parametrize("name, code, options, said, unsaid", [
    ("killed", 3, [], "it was killed by", "lifetime"),
    ("outlived", 4, ["--lifetime", "4s"], "its lifetime was over", "killed by"),
])
def test_ended_from_elsewhere(hadoop, knit, name, code, options, said, unsaid):
    app_id, followers = follow_three_ways(hadoop, knit, name, *options)
    if code == 3:
        assert knit("kill", app_id).returncode == 0
    for follower in followers:
        _, err = follower.communicate(timeout=60)
        assert follower.returncode == code, err
        assert said in err and unsaid not in err, err
    expect_nothing_left(hadoop, knit, app_id, 2, LAST_BEAT)


def test_a_wait_has_its_own_deadline(hadoop, knit):
    app_id = knit("run", "-d", *QUICK, "--", "sleep", "1000").stdout.strip()
    program(hadoop, app_id, "sleep", "1000")
    done = knit("wait", app_id, "--timeout", "200ms")
    assert done.returncode == 4 and "has not ended within 200 ms" in done.stderr, done.stderr
    assert knit("kill", app_id).returncode == 0
    expect_nothing_left(hadoop, knit, app_id, 2, LAST_BEAT)


@pytest.mark.parametrize("command", ["run", "wait", "attach"])
def test_interrupted(hadoop, knit, command):
    name = f"interrupted-{command}"
    app_id, followers = follow_three_ways(hadoop, knit, name)
    by_name = dict(zip(["run", "wait", "attach"], followers))
    wait_for("it takes the signal itself", lambda: takes_signals(by_name[command].pid))
    by_name[command].send_signal(signal.SIGINT)
    _, err = by_name[command].communicate(timeout=60)
    assert by_name[command].returncode == 130, err
    # only who follows has it killed
    if command == "wait":
        assert RmView(hadoop).application(app_id)["state"] == "RUNNING"
        assert knit("kill", app_id).returncode == 0
    for other, process in by_name.items():
        if other != command:
            process.communicate(timeout=60)
            assert process.returncode == 3
    expect_nothing_left(hadoop, knit, app_id, 2, LAST_BEAT)


def takes_signals(pid: int) -> bool:
    """SIGINT is blocked in it: it is read from a descriptor."""
    with open(f"/proc/{pid}/status") as status:
        blocked = re.search(r"^SigBlk:\s*(\w+)$", status.read(), re.MULTILINE)
    return bool(blocked and int(blocked[1], 16) & 1 << (signal.SIGINT - 1))


def test_not_allowed(hadoop, knit):
    refused = knit("run", *QUICK, "--queue", "private", "--", "true", user="mallory")
    assert refused.returncode == 6 and "private" in refused.stderr and "mallory" in refused.stderr, refused.stderr
    app_id = knit("run", "-d", *QUICK, "--", "sleep", "1000").stdout.strip()
    program(hadoop, app_id, "sleep", "1000")
    killed = knit("kill", app_id, user="mallory")
    assert killed.returncode == 6 and "mallory" in killed.stderr and app_id in killed.stderr, killed.stderr
    # Everybody may see how it ends, and nothing else of it.
    follower = knit.start("attach", app_id, user="mallory")
    assert "only the application's state is followed" in read_line(follower.stderr)
    assert RmView(hadoop).application(app_id)["state"] == "RUNNING"
    assert knit("kill", app_id).returncode == 0
    follower.communicate(timeout=60)
    assert follower.returncode == 3
    expect_nothing_left(hadoop, knit, app_id, 2, LAST_BEAT, "mallory")


def test_the_table_is_the_documented_one():
    text = (REPOSITORY / "docs/cli.md").read_text()
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    assert documented == {0, 1, 2, 3, 4, 5, 6, 7, 130}
