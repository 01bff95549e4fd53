"""Following with `run` and `attach`: each line once, whole, in its container's order; terminals and signals."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest

from hadoop.containers import read_until
from hadoop.logs_view import WAIT, knit_bytes, wait_until
from hadoop.plugin import read_line
from hadoop.rm_view import RmView

SMALL = ["--memory", "128MiB"]


def running(hadoop, knit, *args: str, user=None) -> str:
    done = knit("run", "-d", *SMALL, *args, user=user)
    assert done.returncode == 0, done.stderr
    app_id = done.stdout.strip()
    wait_until(lambda: RmView(hadoop).application(app_id)["state"] == "RUNNING", "it runs")
    return app_id


def state(hadoop, app_id: str) -> str:
    return RmView(hadoop).application(app_id)["state"]


def app_in(text: str) -> str:
    return re.search(r"application_\d+_\d+", text)[0]


def test_many_short_containers(knit):
    done = knit("run", "-n", "30", *SMALL, "-c", "echo out $KNIT_INSTANCE; echo err $KNIT_INSTANCE >&2")
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == sorted(f"{i} | out {i}" for i in range(30))
    assert sorted(x for x in done.stderr.splitlines() if " | " in x) == sorted(
        f"{i} | err {i}" for i in range(30))


def test_megabytes_of_several_at_once(hadoop, knit, tmp_path):
    """Four times 9 MB of numbered lines and a line of 20 MB; the client's memory does not grow with them."""
    script = ("seq -f \"$KNIT_INSTANCE %010g abcdefghijklmnopqrstuvwxyz\" 1 200000; "
              "head -c 20000000 /dev/zero | tr '\\0' x; echo")
    with open(tmp_path / "out", "wb") as out, open(tmp_path / "err", "wb") as err:
        client = subprocess.Popen([knit.program(), "run", "-n", "4", *SMALL, "--no-prefix", "-c", script],
                                  env=hadoop.env(), stdout=out, stderr=err)
        _, status, usage = os.wait4(client.pid, 0)
    client.returncode = os.waitstatus_to_exitcode(status)
    assert client.returncode == 0, (tmp_path / "err").read_text()
    print(f"peak of the client: {usage.ru_maxrss >> 10} MiB")
    assert usage.ru_maxrss < 200 << 10
    lines = (tmp_path / "out").read_text().splitlines()
    for i in range(4):
        assert [line for line in lines if line.startswith(f"{i} ")] == [
            f"{i} {n:010} abcdefghijklmnopqrstuvwxyz" for n in range(1, 200001)]
    rest = [line for line in lines if line.startswith("x")]
    assert sum(map(len, rest)) == 80000000 and len(lines) == 800000 + len(rest)


def test_one_line_of_megabytes_into_a_pipe_is_as_it_was(hadoop):
    script = "head -c 3000000 /dev/zero | tr '\\0' x; printf '\\n\\000\\377tail'"
    assert knit_bytes(hadoop, "run", "-q", *SMALL, "-c", script) == b"x" * 3000000 + b"\n\0\xfftail"


def test_restarts_one_after_the_other(hadoop, knit):
    done = knit("run", "-n", "3", *SMALL, "--max-restarts", "2", "-c",
                "seq -f \"$KNIT_RESTART_COUNT.%g\" 1 2000; printf end; test $KNIT_RESTART_COUNT = 2")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    for i in range(3):
        assert [x for x in lines if x.startswith(f"{i} | ")] == [
            f"{i} | {line}" for r in range(3) for line in [*(f"{r}.{n}" for n in range(1, 2001)), "end"]]
    assert done.stderr.count("it is started again") == 6


def test_a_stopped_client_catches_up_from_the_uploads(hadoop, knit, tmp_path):
    """Two clients; one sleeps over the end, when no NodeManager has the logs any more."""
    app_id = running(hadoop, knit, "-n", "2", "-e", f"GO={tmp_path}/go", "-c",
                     f"echo first; printf half; {WAIT}; echo ' and half'; seq 1 3000")
    awake, asleep = knit.start("attach", app_id), knit.start("attach", app_id)
    for process in (awake, asleep):
        assert "first" in read_line(process.stdout)
    os.kill(asleep.pid, signal.SIGSTOP)
    try:
        (tmp_path / "go").touch()
        first, err = awake.communicate(timeout=60)
        assert awake.returncode == 0, err
        hadoop.wait_logs(app_id)
    finally:
        os.kill(asleep.pid, signal.SIGCONT)
    second, err = asleep.communicate(timeout=60)
    assert asleep.returncode == 0, err
    for rest in (first, second):
        for i in (0, 1):
            # The first line of one of them was read above.
            lines = [line for line in rest.splitlines() if line.startswith(f"{i} | ") and "first" not in line]
            assert lines == [f"{i} | half and half", *(f"{i} | {n}" for n in range(1, 3001))]
        assert rest.count("first") == 1


def on_terminal(hadoop, knit, *args: str) -> tuple[int, str]:
    """Exit code and what a terminal of 200 columns is told; input and output are the terminal."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(knit.program(), [knit.program(), *args], hadoop.env())
    subprocess.run(["stty", "cols", "200"], stdin=fd, check=True)
    text, end = b"", time.monotonic() + 90
    while time.monotonic() < end:
        if select.select([fd], [], [], 1.0)[0]:
            try:
                piece = os.read(fd, 65536)
            except OSError:  # the other side is closed
                break
            if not piece:
                break
            text += piece
    else:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(fd)
    return os.waitstatus_to_exitcode(status), text.decode(errors="replace")


def test_the_progress_line_of_a_terminal(hadoop, knit):
    code, text = on_terminal(hadoop, knit, "run", "-n", "2", *SMALL, "-c", "echo hello; sleep 2")
    assert code == 0, text
    assert re.search(r"\r\x1b\[KRUNNING  \d pending, [12] running, \d done  \d s", text), text
    assert re.search(r"ACCEPTED  \d s  \w+ \w+", text), text  # and why
    assert "FINISHED  0 pending, 0 running, 2 done" in text, text
    # On a terminal one instance has its prefix too, and a line is never put behind the progress.
    lines = [re.sub(r".*\x1b\[K", "", line) for line in text.split("\r\n")]
    assert {"0 | hello", "1 | hello"} <= set(lines), text
    assert any(re.fullmatch(r"application_\d+_\d+ succeeded after .*", line) for line in lines), text
    quiet = on_terminal(hadoop, knit, "run", "-q", *SMALL, "--", "echo", "hello")
    assert quiet == (0, "0 | hello\r\n")


def test_quiet_in_a_pipe_and_without_logs(knit):
    done = knit("run", *SMALL, "-c", "echo hello; echo oh >&2")
    assert done.stdout == "hello\n" and "\x1b" not in done.stderr and "RUNNING" not in done.stderr
    assert done.stderr.startswith("oh\n") and "succeeded after" in done.stderr
    assert knit("run", *SMALL, "-q", "--", "echo", "hello").stderr == ""
    none = knit("run", *SMALL, "-n", "2", "--no-logs", "-c", "echo hello; echo oh >&2")
    assert none.stdout == "" and "oh" not in none.stderr and "succeeded after" in none.stderr


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_a_second_kills_and_a_third_does_not_wait(hadoop, knit, first):
    process = knit.start("run", *SMALL, "-c", "trap 'echo asked' TERM; echo up; while :; do sleep 0.1; done")
    assert read_line(process.stdout) == "up\n"
    process.send_signal(first)
    said = read_line(process.stderr)
    assert "stopping" in said and "once more to kill it" in said
    assert read_line(process.stdout) == "asked\n"
    process.send_signal(first)
    assert "once more to leave" in read_until(process.stderr, "killing")
    process.send_signal(first)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    wait_until(lambda: state(hadoop, app_in(said)) == "KILLED", "it is killed")


def test_a_closed_stdout_leaves_it_running_and_says_so(hadoop, knit, tmp_path):
    """As `knit run ... | head -1` does."""
    process = knit.start("run", *SMALL, "-e", f"GO={tmp_path}/go", "-c",
                         "while ! test -e $GO; do echo line; sleep 0.2; done")
    assert read_line(process.stdout) == "line\n"
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait(timeout=60) == 130
    assert "stdout takes no more output: its reader has gone" in err
    app_id = app_in(err)
    assert f"{app_id} goes on; 'knit attach {app_id}' follows it again" in err
    assert state(hadoop, app_id) == "RUNNING"
    (tmp_path / "go").touch()
    assert knit("attach", app_id, "-q").returncode == 0


def test_a_closed_stdout_at_the_end_has_the_applications_own_code(knit):
    """The application ends by itself while nobody reads."""
    process = knit.start("run", *SMALL, "-c", "seq 1 300000")
    assert read_line(process.stdout) == "1\n"
    process.stdout.close()
    err = process.stderr.read()
    code = process.wait(timeout=60)
    assert (code, "succeeded after" in err, "goes on" in err) in [(0, True, False), (130, False, True)], err
    assert knit("wait", app_in(err), "--timeout", "60s").returncode == 0
