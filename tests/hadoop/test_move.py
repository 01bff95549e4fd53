"""knit move: an application goes to another queue, or the refusal says why it does not."""

from __future__ import annotations

import json
from typing import Iterator

import pytest

from hadoop import sites, submit
from hadoop.cluster import MiniHadoop
from hadoop.containers import wait_for
from hadoop.plugin import Knit
from hadoop.rm_view import RmView

OPEN_QUEUES = "you may submit to default, small"


@pytest.fixture
def filling(hadoop: MiniHadoop) -> Iterator[str]:
    """An application that is not Knit's, of the user who starts the cluster."""
    app_id = submit.submit(hadoop, "sleep 600")
    submit.wait_state(hadoop, app_id, "ACCEPTED", "RUNNING")
    yield app_id
    submit.kill(hadoop, app_id)


def queue_of(hadoop: MiniHadoop, app_id: str) -> str:
    return RmView(hadoop).application(app_id)["queue"].split(".")[-1]


def test_a_running_application_goes_on_in_another_queue(hadoop: MiniHadoop, knit: Knit):
    app_id = knit("run", "-d", "--memory", "128MiB", "--", "sleep", "600").stdout.strip()
    wait_for("it runs", lambda: RmView(hadoop).application(app_id)["runningContainers"] == 2)
    moved = knit("move", app_id, "small")
    assert moved.returncode == 0 and f"{app_id} is in queue " in moved.stderr, moved.stderr
    assert queue_of(hadoop, app_id) == "small"
    assert app_id in knit("ls", "--queue", "small").stdout
    assert app_id not in knit("ls", "--queue", "default").stdout
    back = knit("move", app_id, "root.default", "-o", "json")
    assert back.returncode == 0, back.stderr
    assert json.loads(back.stdout)["queue"].split(".")[-1] == queue_of(hadoop, app_id) == "default"
    assert RmView(hadoop).application(app_id)["runningContainers"] == 2
    assert knit("stop", app_id, "--grace", "0").returncode == 0
    RmView(hadoop).check(app_id, assigned=2)


def test_it_is_there_already(hadoop: MiniHadoop, knit: Knit, filling: str):
    done = knit("move", filling, "default")
    assert done.returncode == 0 and f"{filling} is in queue " in done.stderr, done.stderr
    assert queue_of(hadoop, filling) == "default"


@pytest.mark.parametrize("user, queue, code, said", [
    (None, "nosuch", 7, ["moving application_", "to queue nosuch: there is no such queue", OPEN_QUEUES]),
    (None, "root.nosuch", 7, ["to queue root.nosuch: the ResourceManager refuses"]),
    (None, "stopped", 6, ["the queue is STOPPED", OPEN_QUEUES]),
    (None, "root", 2, ["applications run in its parts alone: default"]),
    ("bob", "private", 6, ["'bob' may not submit to this queue", OPEN_QUEUES]),
    ("bob", "small", 6, ["the ResourceManager refuses", "bob"]),  # another's application
])
def test_what_will_not_do_is_said_and_changes_nothing(hadoop, knit, filling, user, queue, code, said):
    done = knit("move", filling, queue, user=user)
    assert done.returncode == code and all(words in done.stderr for words in said), (done.returncode, done.stderr)
    assert queue_of(hadoop, filling) == "default"


def test_there_is_nothing_to_move(hadoop: MiniHadoop, knit: Knit):
    unknown = knit("move", "application_1_0001", "small")
    assert unknown.returncode == 7 and "application_1_0001" in unknown.stderr
    app_id = submit.submit(hadoop, "sleep 600")
    submit.kill(hadoop, app_id)
    ended = knit("move", app_id, "small")
    assert ended.returncode == 7 and f"{app_id} has ended" in ended.stderr


def test_a_scheduler_without_queues_says_so(hadoop_version: str):
    fifo = "org.apache.hadoop.yarn.server.resourcemanager.scheduler.fifo.FifoScheduler"
    with MiniHadoop(version=hadoop_version, nodes=1,
                    overrides={"yarn-site": {"yarn.resourcemanager.scheduler.class": fifo}}) as cluster:
        app_id = submit.submit(cluster, "sleep 600", user=sites.login_name())
        submit.wait_state(cluster, app_id, "ACCEPTED", "RUNNING")
        done = Knit(cluster)("move", app_id, "small")
        assert done.returncode == 2 and "the ResourceManager refuses: FifoScheduler does not support" in done.stderr, done
        submit.kill(cluster, app_id)
