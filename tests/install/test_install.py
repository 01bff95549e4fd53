"""What `cmake --install` lays down is whole: programs, library, headers, and a package that an example is built with."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from hadoop.containers import LAST_BEAT, expect_nothing_left
from hadoop.fetch import REPOSITORY

BUILD = Path(os.environ.get("KNIT_BUILD") or REPOSITORY / "build/release")
EXAMPLE_TIMEOUT_S = 120


def run(*command: object, **options: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        pytest.fail(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Installed, and then moved: nothing may depend on the place given to `--prefix`."""
    first = tmp_path_factory.mktemp("install") / "first"
    run("cmake", "--install", BUILD, "--prefix", first)
    return Path(shutil.move(first, first.parent / "a place with spaces"))


@pytest.fixture(scope="module")
def examples(prefix: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    build = tmp_path_factory.mktemp("examples")
    run("cmake", "-S", REPOSITORY / "examples/cpp", "-B", build, "-G", "Ninja", "-DCMAKE_CXX_COMPILER=clang++-16",
        f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror")
    run("cmake", "--build", build)
    return build


def exported(library: Path) -> set[str]:
    return {line.split(maxsplit=2)[2] for line in
            run("nm", "--dynamic", "--defined-only", "--demangle", library).splitlines()}


def test_the_programs_work_from_where_they_are(prefix: Path) -> None:
    assert re.fullmatch(r"knit \d+\.\d+\.\d+\n", run(prefix / "bin/knit", "--version"))
    assert os.access(prefix / "libexec/knit/knit-master-x86_64", os.X_OK)


def test_the_library_shows_only_the_public_names(prefix: Path) -> None:
    library = prefix / "lib/libknit.so.0"
    names = exported(library)
    assert "knit::Client::open(knit::ClientOptions const&)" in names
    inside = "|".join(folder.name for folder in (REPOSITORY / "src").iterdir() if folder.is_dir())
    public = re.compile(rf"(typeinfo (name )?for |vtable for )?knit::(?!({inside})::)(?!\w+::Impl\b)")
    foreign = {name for name in names if not public.match(name)}
    assert not foreign


def test_each_public_header_stands_alone(prefix: Path, tmp_path: Path) -> None:
    headers = sorted((prefix / "include/knit").glob("*.h"))
    assert len(headers) > 8
    for header in headers:
        assert not re.search(r"#include [<\"](boost|google|fmt|spdlog|openssl)/", header.read_text()), header
        run("clang++-16", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-I", prefix / "include",
            "-x", "c++-header", header)


def test_the_example_runs_on_a_cluster(examples: Path, hadoop) -> None:
    done = subprocess.run([examples / "hostnames", "3"], capture_output=True, text=True, timeout=EXAMPLE_TIMEOUT_S,
                          env=hadoop.env())
    assert done.returncode == 0, done.stderr
    host = os.uname().nodename
    assert sorted(done.stdout.splitlines()) == [f"{instance} | {host}" for instance in range(3)]


# An instance that runs may not have written its line yet when the logs are read.
FIVE_STEPS = r"""started (?P<id>application_\d+_\d+)
RUNNING, 3 containers
(container_\S+ stdout:
[A-Z].* \d{4}
){0,2}container_\S+_000001 stderr:
(.*\n)+?instances 2 to 3 added
KILLED
"""


def check_the_five_steps(program: Path, hadoop, knit, **env: str) -> None:
    done = subprocess.run([program, "2"], capture_output=True, text=True, timeout=EXAMPLE_TIMEOUT_S,
                          env={**hadoop.env(), "LC_ALL": "C", **env})
    assert (done.returncode, done.stderr) == (0, "")
    shown = re.fullmatch(FIVE_STEPS, done.stdout)
    assert shown, done.stdout
    expect_nothing_left(hadoop, knit, shown["id"], None, LAST_BEAT)


def test_the_five_steps_of_an_application(examples: Path, hadoop, knit) -> None:
    check_the_five_steps(examples / "steps", hadoop, knit)


def test_pkg_config_knows_how_to_build_with_it(prefix: Path, tmp_path: Path, hadoop, knit) -> None:
    """As a Makefile would."""
    asked = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")}
    flags = shlex.split(run("pkg-config", "--cflags", "--libs", "knit", env=asked))
    run("clang++-16", "-std=c++20", REPOSITORY / "examples/cpp/steps.cc", "-o", tmp_path / "steps", *flags)
    assert run("pkg-config", "--modversion", "knit", env=asked) in run(prefix / "bin/knit", "--version")
    check_the_five_steps(tmp_path / "steps", hadoop, knit, LD_LIBRARY_PATH=str(prefix / "lib"))


@pytest.mark.parametrize("example", ["hostnames", "steps"])
def test_the_example_says_what_is_wrong(examples: Path, example: str, tmp_path: Path) -> None:
    done = subprocess.run([examples / example], capture_output=True, text=True, timeout=EXAMPLE_TIMEOUT_S,
                          env={"PATH": os.environ["PATH"], "HADOOP_CONF_DIR": str(tmp_path / "none")})
    assert done.returncode == 1
    assert "HADOOP_CONF_DIR" in done.stderr and str(tmp_path / "none") in done.stderr
