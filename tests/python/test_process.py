"""The package as a part of a process: signals, threads, fork, and the interpreter's end."""

from __future__ import annotations

import signal
import socket
import time
from typing import Any

import pytest

from hadoop.containers import end_all, wait_for
from hadoop.plugin import read_line

CTRL_C_TIMEOUT_S = 2.0
PRELUDE = "import os, signal, sys, threading, time\nfrom knit import Knit\n"
START = PRELUDE + "k = Knit()\nprint(k.start('sleep 600'), flush=True)\n"


def interrupted(start: Any, program: str, *args: str) -> str:
    """Ctrl-C once the program says "now": how it goes on, which must be soon."""
    process = start(program, *args)
    told = ""
    while not told.endswith("now\n"):
        line = read_line(process.stdout)
        assert line, process.communicate()
        told += line
    process.send_signal(signal.SIGINT)
    begun = time.monotonic()
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - begun < CTRL_C_TIMEOUT_S, err
    assert process.returncode == 0, err
    return out


CAUGHT = "except KeyboardInterrupt: print('interrupted')\n"


def test_ctrl_c_ends_waiting_and_nothing_else(start: Any) -> None:
    out = interrupted(start, START + "try: print('now', flush=True); k.wait_for_completion(timeout=None)\n" + CAUGHT
                      + "print(k.runtime_status() in ('ACCEPTED', 'RUNNING'))")
    assert out == "interrupted\nTrue\n"


# kill() is not among them: who interrupts it wants the end all the same, and it is asked for once more
@pytest.mark.parametrize("call", ["status('application_1_0001')", "start('date')",
                                  "logs('application_1_0001')", "get_containers('application_1_0001')",
                                  "add_containers(app_id='application_1_0001')"])
def test_ctrl_c_ends_every_call_to_a_silent_cluster(start: Any, call: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        out = interrupted(start, PRELUDE + f"k = Knit(pars={{'yarn.resourcemanager.address': sys.argv[1]}})\n"
                          f"try: print('now', flush=True); k.{call}\n" + CAUGHT,
                          f"127.0.0.1:{silent.getsockname()[1]}")
    assert out == "interrupted\n"


def test_a_handler_that_does_not_raise_ends_nothing(run: Any) -> None:
    out = run(START + "signal.signal(signal.SIGALRM, lambda *_: print('alarm'))\nsignal.setitimer(signal.ITIMER_REAL, 0.2)\n"
              "print(k.wait_for_completion(1), k.kill())")
    assert out.splitlines()[1:] == ["alarm", "False True"]


def test_other_threads_run_while_one_waits(run: Any) -> None:
    out = run(START + """
seen = []
def count():
    while not seen or seen[-1] < 1000:
        seen.append(len(seen) + 1)
        time.sleep(0)
waits = threading.Thread(target=lambda: seen.insert(0, 0) or k.wait_for_completion(timeout=None))
waits.start()
counts = threading.Thread(target=count)
counts.start()
counts.join(30)
print(waits.is_alive(), seen[-1])
print(k.status()['id'] == k.app_id, k.kill())
waits.join(30)
print(waits.is_alive())
""")
    assert out.splitlines()[1:] == ["True 1000", "True True", "False"]


def test_many_threads_share_one_object(run: Any) -> None:
    out = run(START + """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(16) as pool:
    print({one['id'] == k.app_id for one in pool.map(k.status, [k.app_id] * 64)}, k.kill())
""")
    assert out.splitlines()[1:] == ["{True} True"]


def test_a_fork_is_refused_in_words_and_harms_nobody(run: Any) -> None:
    out = run(START + """
from knit import KnitException
child = os.fork()
if child == 0:
    for call in (k.status, k.kill, k.logs, lambda: k.start('date')):
        try: call()
        except KnitException as error: print(error.code, 'make a new one here' in str(error), flush=True)
    mine = Knit()
    print(mine.runtime_status(k.app_id) in ('ACCEPTED', 'RUNNING'), flush=True)
    sys.exit(7)  # with all of its end: objects of the parent go there too
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status), k.kill())
""")
    assert out.splitlines()[1:] == ["failed_precondition True"] * 4 + ["True", "7 True"]


@pytest.mark.parametrize("more", ["", "k.status()\n", "del k\n", "sys.modules['kept'] = k\n",
                                  "threading.Thread(target=k.wait_for_completion, args=(None, None), daemon=True).start()\n"
                                  "time.sleep(0.3)\n"], ids=["as it is", "connected", "gone", "kept", "waiting"])
def test_applications_go_on_when_the_interpreter_ends(run: Any, knit: Any, hadoop: Any, more: str) -> None:
    app_id = run(START + more).strip()
    assert '"state": "KILLED"' not in knit("status", app_id, "-o", "json").stdout
    end_all(hadoop)


def test_a_with_block_kills_what_it_started(run: Any, knit: Any) -> None:
    first, second = run(PRELUDE + """
try:
    with Knit() as k:
        print(k.start('sleep 600'))
        print(k.start('sleep 600'), flush=True)
        raise RuntimeError
except RuntimeError:
    pass
""").split()
    for app_id in (first, second):
        assert '"state":"KILLED"' in knit("status", app_id, "-o", "json").stdout.replace(": ", ":")


def test_a_submission_that_is_interrupted_is_known_or_was_none(start: Any, hadoop: Any, rm_view: Any) -> None:
    """Ctrl-C at some time of start(): either it is in the cluster and in app_id, or nowhere."""
    out = interrupted(start, PRELUDE + "k = Knit()\nk.runtime_status('application_1_0001')\n"
                      "try: print('now', flush=True); k.start('sleep 600', app_name='sudden'); k.wait_for_completion(timeout=None)\n" + CAUGHT
                      + "print(k.app_id)")
    said, app_id = out.split()
    running = rm_view.unfinished()
    assert said == "interrupted"
    assert list(running) == ([] if app_id == "None" else [app_id])
