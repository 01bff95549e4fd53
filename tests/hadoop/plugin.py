"""pytest: a cluster that the whole session shares, and the `knit` program on it.

A test whose need cannot be had (jars, Java, the program) fails; it does not skip.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
from pathlib import Path
from typing import IO, Any, Iterator, Optional

import pytest

from hadoop import fetch, sites
from hadoop.cluster import MiniHadoop
from hadoop.rm_view import RmView

KNIT_TIMEOUT_S = 120.0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--hadoop", metavar="VERSION",
                     default=os.environ.get("KNIT_TEST_HADOOP", "3.4.2"),
                     help=f"the Hadoop to test on: {', '.join(fetch.known_versions())}")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "since(version, feature): Hadoop has the feature from this version on; earlier "
                                       "ones lack it by a line in docs/compatibility.md")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What a version of Hadoop lacks is not tried on it."""
    version = str(config.getoption("--hadoop"))
    lacking = [item for item in items
               if any(not sites.at_least(version, mark.args[0]) for mark in item.iter_markers("since"))]
    if lacking:
        config.hook.pytest_deselected(items=lacking)
        items[:] = [item for item in items if item not in lacking]


def pytest_report_header(config: pytest.Config) -> str:
    return f"hadoop: {config.getoption('--hadoop')}"


@pytest.fixture(scope="session")
def hadoop_version(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("--hadoop"))


@pytest.fixture(scope="session")
def hadoop(hadoop_version: str) -> Iterator[MiniHadoop]:
    """The shared cluster: three NodeManagers. Leave it as you found it."""
    with MiniHadoop(version=hadoop_version) as cluster:
        yield cluster


@pytest.fixture
def rm_view(hadoop: MiniHadoop) -> RmView:
    return RmView(hadoop)


class Knit:
    """Runs the `knit` program as a user would, against one cluster."""

    def __init__(self, cluster: MiniHadoop) -> None:
        self._cluster = cluster

    def __call__(self, *args: str, user: Optional[str] = None, timeout_s: float = KNIT_TIMEOUT_S,
                 stdin: Optional[str] = None,
                 env: Optional[dict[str, str]] = None, **popen: Any
                 ) -> "subprocess.CompletedProcess[str]":
        """Waits for its end and fails the test at the deadline, with what it said so far."""
        process = self.start(*args, user=user, env=env, stdin=subprocess.PIPE, **popen)
        try:
            out, err = process.communicate(stdin or "", timeout=timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            pytest.fail(f"knit {' '.join(args)} did not end within {timeout_s:.0f} s\n"
                        f"--- stdout\n{out}\n--- stderr\n{err}")
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def start(self, *args: str, user: Optional[str] = None, env: Optional[dict[str, str]] = None,
              **popen: Any) -> "subprocess.Popen[str]":
        """Starts it in a process group of its own; the caller waits. `env` is added to ours."""
        popen.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen([self.program(), *args], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, errors="replace",
                                start_new_session=True,
                                env={**self._cluster.env(user), **(env or {})}, **popen)

    @staticmethod
    def program() -> str:
        path = Path(os.environ.get("KNIT_BIN") or fetch.REPOSITORY / "build/release/bin/knit")
        if not os.access(path, os.X_OK):
            pytest.fail(f"{path} is not there: build it, or name it in KNIT_BIN")
        return str(path)


def read_line(stream: IO[str]) -> str:
    """The next line of a started program, or what is left of it; straight from the pipe, because what `readline`
    reads ahead `communicate` would never see."""
    line = b""
    while not line.endswith(b"\n"):
        assert select.select([stream], [], [], KNIT_TIMEOUT_S)[0], f"silent for {KNIT_TIMEOUT_S:.0f} s after {line!r}"
        byte = os.read(stream.fileno(), 1)
        if not byte:
            break
        line += byte
    return line.decode(errors="replace")


@pytest.fixture
def knit(hadoop: MiniHadoop) -> Knit:
    return Knit(hadoop)
