"""Asking the master of a running application: stop, scale, restart, containers; keys; curl."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from hadoop.cluster import MiniHadoop
from hadoop.containers import LAST_BEAT, expect_nothing_left, program, wait_for
from hadoop.plugin import Knit
from hadoop.rm_view import RmView

SMALL = ["--memory", "128MiB"]
READY = "touch $READY/$KNIT_APPLICATION_ID.$KNIT_INSTANCE.$KNIT_RESTART_COUNT; while :; do sleep 0.1; done"
# Ends well when it is asked to; or does not listen.
OBEDIENT = f"trap 'echo asked; exit 0' TERM; {READY}"
STUBBORN = f"trap '' TERM; {READY}"


@pytest.fixture
def keys(hadoop: MiniHadoop) -> Path:
    return Path(hadoop.env()["XDG_STATE_HOME"]) / "knit/keys"


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    """Where instances say that they listen."""
    folder = tmp_path / "ready"
    folder.mkdir()
    folder.chmod(0o777)
    tmp_path.chmod(0o777)
    return folder


def submit(knit: Knit, ready: Path, *args: str) -> str:
    done = knit("run", "-d", *SMALL, "-e", f"READY={ready}", *args)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def containers(knit: Knit, app_id: str) -> list[dict[str, Any]]:
    done = knit("containers", app_id, "-o", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def states(knit: Knit, app_id: str) -> list[str]:
    return [one["state"] for one in containers(knit, app_id) if one["instance"] is not None]


def running(knit: Knit, ready: Path, app_id: str, *instances: int) -> None:
    """These instances listen, in whichever run of theirs, and no others run."""
    wait_for(f"{instances} run", lambda: all(any(ready.glob(f"{app_id}.{i}.*")) for i in instances))
    assert states(knit, app_id).count("running") == len(instances)


def test_stop_asks_and_tells_what_became_of_it(hadoop: MiniHadoop, knit: Knit, ready: Path, keys: Path):
    app_id = submit(knit, ready, "-n", "2", "-c", OBEDIENT)
    running(knit, ready, app_id, 0, 1)
    key = keys / f"{app_id}.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600 and stat.S_IMODE(keys.stat().st_mode) == 0o700
    done = knit("stop", app_id)
    assert done.returncode == 0, done.stderr
    assert "stopped on request: 2 instances succeeded" in done.stderr
    assert not key.exists()
    waited = knit("wait", app_id)
    assert waited.returncode == 0, waited.stderr
    hadoop.wait_logs(app_id)
    assert knit("logs", app_id, "--log", "stdout").stdout.count("asked") == 2
    expect_nothing_left(hadoop, knit, app_id, 3)
    again = knit("stop", app_id)
    assert again.returncode == 0 and "SUCCEEDED" in again.stderr
    for change in (["scale", app_id, "2"], ["restart", app_id, "0"], ["move", app_id, "small"]):
        late = knit(*change)
        assert late.returncode == 7 and f"{app_id} has ended" in late.stderr, (change, late.stderr)


def test_who_does_not_listen_is_killed_after_the_grace(hadoop: MiniHadoop, knit: Knit, ready: Path):
    app_id = submit(knit, ready, "-c", STUBBORN)
    running(knit, ready, app_id, 0)
    done = knit("stop", app_id, "--grace", "1s")
    assert done.returncode == 0, done.stderr
    assert "1 of 1 instances were stopped before they ended" in done.stderr
    assert knit("wait", app_id).returncode == 3
    expect_nothing_left(hadoop, knit, app_id, 2)


def test_scale_up_down_and_to_nothing(hadoop: MiniHadoop, knit: Knit, ready: Path):
    app_id = submit(knit, ready, "-n", "2", "-c", OBEDIENT)
    running(knit, ready, app_id, 0, 1)
    up = knit("scale", app_id, "+2", "-o", "json")
    assert up.returncode == 0, up.stderr
    assert json.loads(up.stdout) == {"added": [2, 3], "removed": [], "active": 4}
    running(knit, ready, app_id, 0, 1, 2, 3)
    down = knit("scale", app_id, "-1")
    assert down.returncode == 0 and "0 added, 1 removed, 3 active" in down.stderr
    assert knit("scale", app_id, "--remove", "0").returncode == 0
    wait_for("two are gone", lambda: states(knit, app_id) == ["removed", "running", "running", "removed"])
    described = json.loads(knit("describe", app_id, "-o", "json").stdout)["instances"]
    assert [one["state"] for one in described] == ["removed", "running", "running", "removed"]
    assert knit("scale", app_id, "0").returncode == 0
    wait_for("none is left", lambda: states(knit, app_id) == ["removed"] * 4)
    assert RmView(hadoop).application(app_id)["state"] == "RUNNING"
    assert knit("scale", app_id, "1").returncode == 0
    running(knit, ready, app_id, 4)
    assert states(knit, app_id)[4] == "running"
    assert knit("stop", app_id).returncode == 0
    assert knit("wait", app_id).returncode == 0
    expect_nothing_left(hadoop, knit, app_id, 6)


def test_restart_is_no_failure(hadoop: MiniHadoop, knit: Knit, ready: Path):
    app_id = submit(knit, ready, "-n", "2", "-c", OBEDIENT)
    running(knit, ready, app_id, 0, 1)
    done = knit("restart", app_id, "1")
    assert done.returncode == 0, done.stderr
    wait_for("it runs again", (ready / f"{app_id}.1.1").exists)
    assert [(one["state"], one["restarts"]) for one in containers(knit, app_id)][:2] == [("running", 0), ("running", 1)]
    assert knit("stop", app_id).returncode == 0
    expect_nothing_left(hadoop, knit, app_id, 4)


def test_what_is_wrong_is_said_and_changes_nothing(hadoop: MiniHadoop, knit: Knit, ready: Path, keys: Path):
    app_id = submit(knit, ready, "-c", OBEDIENT)
    running(knit, ready, app_id, 0)
    for args, code, words in [
        (["scale", app_id, "--remove", "7"], 7, "there is no instance 7"),
        (["scale", app_id, "100001"], 2, "is not between 0 and 100000"),
        (["scale", app_id, "x"], 2, "neither N, +N nor -N"),
        (["scale", app_id], 2, "--remove INSTANCE"),
        (["restart", app_id, "1"], 7, "there is no instance 1"),
        (["stop", app_id, "--grace", "2d"], 2, "at most"),
        (["stop", "application_1_0001"], 7, "application_1_0001"),
    ]:
        done = knit(*args)
        assert done.returncode == code and words in done.stderr, (args, done.returncode, done.stderr)
    key = keys / f"{app_id}.pem"
    key.chmod(0o644)
    readable = knit("stop", app_id)
    assert readable.returncode == 6 and "others can read the key" in readable.stderr
    key.unlink()
    none = knit("stop", app_id)
    assert none.returncode == 7 and "no key" in none.stderr and "knit key export" in none.stderr
    assert states(knit, app_id) == ["running"]  # told from the journal now
    assert knit("kill", app_id).returncode == 0
    expect_nothing_left(hadoop, knit, app_id, 2, LAST_BEAT)


def test_a_key_travels_to_another_machine_of_the_owner(knit: Knit, ready: Path, tmp_path: Path):
    app_id = submit(knit, ready, "-c", OBEDIENT)
    running(knit, ready, app_id, 0)
    key = knit("key", "export", app_id).stdout
    elsewhere = {"XDG_STATE_HOME": str(tmp_path)}
    assert knit("scale", app_id, "2", env=elsewhere).returncode == 7
    assert knit("key", "import", stdin="nonsense", env=elsewhere).returncode == 2
    done = knit("key", "import", stdin=key, env=elsewhere)
    assert done.returncode == 0 and app_id in done.stderr, done.stderr
    assert knit("scale", app_id, "2", env=elsewhere).returncode == 0
    assert knit("stop", app_id, env=elsewhere).returncode == 0


def curl(url: str, keys: Path, *args: str) -> tuple[int, str]:
    done = subprocess.run(
        ["curl", "-sS", "-w", "\n%{http_code}", "--cacert", keys / "ca.pem", "--cert", keys / "cert.pem",
         "--key", keys / "key.pem", *args, url], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    body, _, code = done.stdout.rpartition("\n")
    return int(code), body


def test_a_container_reads_and_changes_nothing(hadoop: MiniHadoop, knit: Knit, ready: Path, tmp_path: Path):
    """With the keys and the address that it finds in itself, by curl."""
    app_id = submit(knit, ready, "-n", "2", "-e", f"OUT={tmp_path}", "-c",
                    "if test $KNIT_INSTANCE = 1; then cp -r $KNIT_CERTS $OUT/certs; "
                    f"echo $KNIT_MASTER_URL >$OUT/url; fi; {OBEDIENT}")
    running(knit, ready, app_id, 0, 1)
    url, keys = (tmp_path / "url").read_text().strip(), tmp_path / "certs"
    assert {p.name: stat.S_IMODE(p.stat().st_mode) for p in keys.iterdir()} == {
        "key.pem": 0o600, "cert.pem": 0o600, "ca.pem": 0o600}
    code, body = curl(f"{url}/v1/application", keys)
    assert code == 200 and json.loads(body)["instances"]["running"] == 2, body
    code, body = curl(f"{url}/v1/instances", keys)
    assert code == 200 and [one["state"] for one in json.loads(body)["instances"]] == ["running"] * 2
    code, body = curl(f"{url}/v1/stop", keys, "-X", "POST")
    assert code == 403 and json.loads(body)["code"] == "permission_denied", body
    code, body = curl(f"{url}/v1/nothing", keys)
    assert code == 404, body
    strangers = subprocess.run(["curl", "-sS", "-k", f"{url}/v1/application"], capture_output=True, text=True)
    assert strangers.returncode != 0 and strangers.stdout == ""
    assert states(knit, app_id) == ["running"] * 2
    assert knit("stop", app_id).returncode == 0


def test_the_master_listens_where_it_is_told_to(knit: Knit, ready: Path, tmp_path: Path):
    app_id = submit(knit, ready, "--master-port", "28400-28499", "-e", f"OUT={tmp_path}", "-c",
                    f"echo $KNIT_MASTER_URL >$OUT/url; {OBEDIENT}")
    running(knit, ready, app_id, 0)
    assert 28400 <= int((tmp_path / "url").read_text().rpartition(":")[2]) <= 28499
    assert knit("stop", app_id).returncode == 0
    refused = knit("run", "--master-bind", "myhost", "--", "true")
    assert refused.returncode == 2 and "--master-bind myhost" in refused.stderr


def test_a_master_that_cannot_be_reached(hadoop: MiniHadoop, knit: Knit, ready: Path):
    """Everything that can goes on through the ResourceManager and HDFS."""
    app_id = submit(knit, ready, "--master-bind", "127.0.0.2", "-c", OBEDIENT)
    running(knit, ready, app_id, 0)
    stopped = knit("stop", app_id)
    assert stopped.returncode == 5 and f"the master of {app_id}" in stopped.stderr, stopped.stderr
    listed = knit("containers", app_id)
    assert listed.returncode == 0 and "running" in listed.stdout, listed
    assert f"told from the journal, not by its master: the master of {app_id}" in listed.stderr
    assert knit("kill", app_id).returncode == 0
    expect_nothing_left(hadoop, knit, app_id, 2, LAST_BEAT)


def test_a_master_that_is_silent_is_not_waited_for(hadoop: MiniHadoop, knit: Knit, ready: Path):
    app_id = submit(knit, ready, "-c", OBEDIENT)
    running(knit, ready, app_id, 0)
    master = program(hadoop, app_id, "./knit-master-x86_64")
    os.kill(master, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        listed = knit("containers", app_id)
        took = time.monotonic() - begun
        assert listed.returncode == 0 and "running" in listed.stdout, listed
        assert "does not answer within 5 s" in listed.stderr
        assert took < 15, took  # 5 s, and a busy machine
        assert knit("scale", app_id, "2").returncode == 5
    finally:
        os.kill(master, signal.SIGCONT)
    assert knit("stop", app_id).returncode == 0
    expect_nothing_left(hadoop, knit, app_id, 2)


def test_several_are_stopped_side_by_side(hadoop: MiniHadoop, knit: Knit, ready: Path):
    """Each ends when both have been asked."""
    asked = ready / "asked"
    asked.mkdir()
    asked.chmod(0o777)
    patient = (f"trap 'touch $READY/asked/$KNIT_APPLICATION_ID; "
               f"while test $(ls $READY/asked | wc -l) != 2; do sleep 0.1; done; exit 0' TERM; {READY}")
    apps = [submit(knit, ready, "-c", patient) for _ in range(2)]
    for app_id in apps:
        running(knit, ready, app_id, 0)
    done = knit("stop", *apps, "application_1_0001", "--grace", "60s")
    assert done.returncode == 7 and "application_1_0001" in done.stderr, done.stderr
    for app_id in apps:
        assert f"{app_id} FINISHED, SUCCEEDED" in done.stderr, done.stderr
        expect_nothing_left(hadoop, knit, app_id, 2)


def test_an_application_without_a_channel(hadoop: MiniHadoop, knit: Knit, ready: Path):
    """No address of that node: the master says so in its log, and works all the same."""
    app_id = submit(knit, ready, "--master-bind", "203.0.113.1", "-c", OBEDIENT)
    running(knit, ready, app_id, 0)
    stopped = knit("stop", app_id)
    assert stopped.returncode == 5 and f"'knit kill {app_id}' ends it" in stopped.stderr, stopped.stderr
    assert knit("kill", app_id).returncode == 0
    hadoop.wait_logs(app_id)
    assert "there is no control channel" in knit("logs", app_id, "--instance", "master").stdout
    expect_nothing_left(hadoop, knit, app_id, 2, LAST_BEAT)


def test_keys_are_in_no_file_of_the_cluster_and_in_no_environment(hadoop: MiniHadoop, knit: Knit, ready: Path):
    app_id = submit(knit, ready, "-c", f"env; cat launch_container.sh; {OBEDIENT}")
    running(knit, ready, app_id, 0)
    for pid in Path("/proc").iterdir():
        if not pid.name.isdigit():
            continue
        for part in ("environ", "cmdline"):
            try:
                assert b"PRIVATE KEY" not in (pid / part).read_bytes()
            except OSError:
                continue
    staged = knit("fs", "cat", f".knit/apps/{app_id}/launch.json").stdout
    assert app_id in staged and "PRIVATE KEY" not in staged
    assert knit("stop", app_id).returncode == 0
    hadoop.wait_logs(app_id)
    logs = knit("logs", app_id).stdout + knit("logs", app_id, "--instance", "master").stdout
    assert "KNIT_MASTER_URL" in logs and "PRIVATE KEY" not in logs
