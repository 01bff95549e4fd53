"""`./dev` says what is missing, where it stopped and what to do, and installs nothing when told so.

What it calls is played by scripts that write down how they were called: nothing is installed, built or fetched here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hadoop import fetch
from hadoop.fetch import REPOSITORY

TIMEOUT_S = 60
INSTALLED = "echo 'install ok installed'"
MISSING = 'case "$*" in *clang-16|*maven) exit 1 ;; esac\necho "install ok installed"'


class Checkout:
    """A copy of what `./dev` consists of, and a PATH whose first folder holds the players."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "knit"
        self.players = folder / "players"
        self.players.mkdir()
        for name in ("dev", "scripts", "tools/dist"):
            source, target = REPOSITORY / name, self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True)
            else:
                shutil.copy(source, target)

    def play(self, name: str, script: str) -> None:
        player = self.players / name
        player.write_text(f'#!/bin/sh\necho "{name} $*" >>{self.players}/calls\n{script}\n')
        player.chmod(0o755)

    def calls(self, name: str) -> list[str]:
        record = self.players / "calls"
        lines = record.read_text().splitlines() if record.exists() else []
        return [line for line in lines if line.split()[0] == name]

    def dev(self, *args: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        path = f"{self.players}:/usr/bin:/bin:/usr/sbin:/sbin"
        return subprocess.run([self.folder / "dev", *args], cwd=cwd, capture_output=True, text=True, timeout=TIMEOUT_S,
                              env={"PATH": path, "HOME": str(self.folder), "KNIT_PYTHON": sys.executable, **env})


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    made = Checkout(tmp_path)
    made.play("sudo", 'exec "$@"')
    made.play("apt-get", "")
    made.play("cmake", "")
    made.play("dpkg-query", INSTALLED)
    return made


@pytest.mark.parametrize("command", ["run", "test", "deps"])
def test_forbidden_to_install_it_names_what_is_missing(checkout: Checkout, command: str) -> None:
    checkout.play("dpkg-query", MISSING)
    ended = checkout.dev(command, KNIT_NO_INSTALL="1")
    assert ended.returncode == 1
    assert ended.stderr == ("dev: missing Debian packages: clang-16 maven\n"
                            "dev: KNIT_NO_INSTALL=1 forbids installing them; "
                            "do: apt-get install --no-install-recommends clang-16 maven\n")
    assert not checkout.calls("apt-get") and not checkout.calls("cmake")


def test_it_says_what_it_installs_and_removes_nothing(checkout: Checkout) -> None:
    checkout.play("dpkg-query", MISSING)
    ended = checkout.dev("deps")
    assert (ended.returncode, ended.stdout) == (0, "dev: installing Debian packages: clang-16 maven\n")
    update, install = checkout.calls("apt-get")
    assert update == "apt-get update -q"
    assert "--no-remove" in install.split() and install.endswith(" clang-16 maven")


@pytest.mark.parametrize(("step", "advice"), [("update", "apt must reach a Debian mirror"),
                                              ("install", "libboost1.74-dev")])
def test_a_failing_apt_is_told(checkout: Checkout, step: str, advice: str) -> None:
    checkout.play("dpkg-query", MISSING)
    checkout.play("apt-get", f'[ "$1" != {step} ] || {{ echo "E: no luck" >&2; exit 100; }}')
    ended = checkout.dev("build")
    assert ended.returncode == 1
    assert "E: no luck\n" in ended.stderr and f"dev: apt-get {step} failed" in ended.stderr and advice in ended.stderr
    assert not checkout.calls("cmake")


def test_a_failing_configuration_is_told(checkout: Checkout) -> None:
    checkout.play("cmake", 'echo "CMake Error: no luck"; exit 1')
    ended = checkout.dev("build")
    assert ended.returncode == 1
    assert "CMake Error: no luck" in ended.stderr and "dev: configuring (cmake --preset release) failed" in ended.stderr


def test_without_pypi_the_archive_says_so(checkout: Checkout) -> None:
    # the environment that `python -m venv DIR` makes has a pip without network
    checkout.play("python", 'mkdir -p "$3/bin"; echo "echo No matching distribution; exit 1" >"$3/bin/python"\n'
                            'chmod +x "$3/bin/python"')
    ended = checkout.dev("dist", KNIT_PYTHON=str(checkout.players / "python"))
    assert ended.returncode == 1
    assert "No matching distribution" in ended.stderr
    assert "dev: pip install -r tools/dist/zig.txt failed" in ended.stderr and "PyPI must be reachable" in ended.stderr


def test_without_maven_central_the_fetch_says_so(checkout: Checkout, tmp_path: Path) -> None:
    checkout.play("mvn", 'echo "[ERROR] Connection refused"; exit 1')
    ended = subprocess.run([sys.executable, "-m", "hadoop.fetch", fetch.known_versions()[0]], cwd=REPOSITORY / "tests",
                           capture_output=True, text=True, timeout=TIMEOUT_S,
                           env={"PATH": f"{checkout.players}:/usr/bin:/bin", "KNIT_TEST_CACHE": str(tmp_path / "jars")})
    assert ended.returncode == 1
    assert "[ERROR] Connection refused" in ended.stderr and "Maven Central must be reachable" in ended.stderr


def test_without_java_the_demonstration_says_so(tmp_path: Path, hadoop_version: str) -> None:
    fetch.lib_dir(hadoop_version)  # that is there
    ended = subprocess.run([sys.executable, "-m", "hadoop.demo", "knit"], cwd=REPOSITORY / "tests", capture_output=True,
                           text=True, timeout=TIMEOUT_S, env={**os.environ, "JAVA_HOME": str(tmp_path)})
    assert ended.returncode == 1
    assert ended.stderr == "dev run: no java: install openjdk-17-jdk-headless or set JAVA_HOME\n"


@pytest.mark.parametrize(("args", "said"), [
    (["frobnicate"], "dev: unknown command 'frobnicate'; './dev help' lists what there is\n"),
    (["install"], "dev install: say where: --prefix DIR\n"),
    (["install", "--prefix"], "dev install: say where: --prefix DIR\n"),
    (["install", "--prefix="], "dev install: say where: --prefix DIR\n"),
    (["install", "/opt/knit"], "dev install: unknown option '/opt/knit'; use --prefix DIR\n"),
])
def test_wrong_usage(checkout: Checkout, args: list[str], said: str) -> None:
    ended = checkout.dev(*args)
    assert (ended.returncode, ended.stderr) == (2, said)
    assert not checkout.calls("cmake")


def test_a_prefix_that_cannot_be_is_refused_before_the_build(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = checkout.dev("install", "--prefix", str(tmp_path / "file/under"))
    assert ended.returncode == 1
    assert f"dev install: cannot write to {tmp_path}/file/under: choose another --prefix" in ended.stderr
    assert not checkout.calls("cmake")


def test_a_relative_prefix_is_the_callers(checkout: Checkout, tmp_path: Path) -> None:
    ended = checkout.dev("install", "--prefix", "here", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert checkout.calls("cmake")[-1] == f"cmake --install build/release --prefix {tmp_path}/here"


def test_the_help_lists_every_command(checkout: Checkout) -> None:
    ended = checkout.dev("help")
    listed = set(re.findall(r"^  (\w+) ", ended.stdout, re.MULTILINE))
    known = re.search(r'^  ([a-z |]+)\) "dev_\$command"', (REPOSITORY / "dev").read_text(), re.MULTILINE)
    assert known and listed == set(known[1].split(" | ")) - {"help"}
