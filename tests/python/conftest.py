"""The Python package as a user has it: `pip install .` into an environment of its own."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Iterator

import pytest

from hadoop import containers
from hadoop.fetch import REPOSITORY

INSTALL_TIMEOUT_S = 1800.0  # where nothing is compiled yet
SCRIPT_TIMEOUT_S = 120.0


class Environment:
    """A virtual environment with the package in it, and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "bin/python"

    def make(self) -> None:
        subprocess.run([sys.executable, "-m", "venv", self.folder], check=True)
        self.pip("install", str(REPOSITORY))

    def pip(self, *args: str) -> str:
        done = subprocess.run([self.python, "-m", "pip", "--disable-pip-version-check", *args], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=INSTALL_TIMEOUT_S)
        assert done.returncode == 0, done.stdout
        return done.stdout

    @property
    def site_packages(self) -> Path:
        return next(self.folder.glob("lib/python*/site-packages"))


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """A fresh one, or the one that $KNIT_PYTHON_ENV names, in which whoever works on the package has installed it."""
    if own := os.environ.get("KNIT_PYTHON_ENV"):
        yield Environment(Path(own))
        return
    fresh = Environment(tmp_path_factory.mktemp("python") / "a venv with spaces")
    fresh.make()
    yield fresh
    shutil.rmtree(fresh.folder)


@pytest.fixture(scope="session")
def package(environment: Environment) -> ModuleType:
    """The installed package `knit`, in this process."""
    sys.path.insert(0, str(environment.site_packages))
    return importlib.import_module("knit")


@pytest.fixture
def here(hadoop: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """This process as one of the cluster's users has it."""
    for name in set(os.environ) - set(hadoop.env()):
        monkeypatch.delenv(name)
    for name, value in hadoop.env().items():
        monkeypatch.setenv(name, value)
    return hadoop


@pytest.fixture
def k(package: ModuleType, here: Any) -> Iterator[Any]:
    """A Knit on the cluster; what a test leaves running is ended."""
    yield package.Knit(autodetect=True)
    containers.end_all(here)


@pytest.fixture
def start(environment: Environment, hadoop: Any) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts a Python program in the environment, on the cluster."""
    started = []

    def popen(program: str, *args: str, **env: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen([environment.python, "-c", program, *args], stdin=subprocess.DEVNULL, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**hadoop.env(), **env})
        started.append(process)
        return process

    yield popen
    for process in started:
        process.kill()
        process.communicate()
    containers.end_all(hadoop)


@pytest.fixture
def run(start: Callable[..., "subprocess.Popen[str]"]) -> Callable[..., str]:
    """Runs a Python program to its end, which must be a good one and say nothing on stderr; what it prints."""
    def to_its_end(program: str, *args: str, **env: str) -> str:
        process = start(program, *args, **env)
        out, err = process.communicate(timeout=SCRIPT_TIMEOUT_S)
        assert (process.returncode, err) == (0, ""), f"{out}\n{err}"
        return out
    return to_its_end
