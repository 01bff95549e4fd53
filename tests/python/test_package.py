"""What `pip install .` brings, and what it says where it cannot."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from hadoop.fetch import REPOSITORY

# of an idle machine it is 30 ms
IMPORT_TIMEOUT_S = 5.0


def test_it_brings_itself_alone(environment: Any) -> None:
    names = {line.split("==")[0] for line in environment.pip("freeze", "--all").splitlines()}
    assert {name.split(" @")[0] for name in names} - {"pip", "setuptools", "wheel"} == {"knit"}
    files = {str(path.relative_to(environment.site_packages)) for path in environment.site_packages.rglob("knit/**/*")
             if path.is_file() and "__pycache__" not in path.parts}
    compiled = {file for file in files if re.fullmatch(r"knit/_knit\.[\w-]+\.so", file)}
    assert len(compiled) == 1
    assert {"knit/py.typed", "knit/_knit.pyi", "knit/core.py", "knit/_libexec/knit-master-x86_64"} < files
    assert not any(file.endswith((".h", ".a", ".cc", ".cmake")) for file in files)


def test_the_module_shows_nothing_but_its_entry(environment: Any) -> None:
    module = next(environment.site_packages.glob("knit/_knit.*.so"))
    names = subprocess.run(["nm", "--dynamic", "--defined-only", "--format=just-symbols", module], check=True, text=True,
                           capture_output=True).stdout.split()
    assert names == ["PyInit__knit"]


def test_it_has_the_version_of_the_library(package: Any, knit: Any) -> None:
    assert knit("--version").stdout == f"knit {package.__version__}\n"
    assert f'\nversion = "{package.__version__}"\n' in (REPOSITORY / "pyproject.toml").read_text()


def test_importing_starts_nothing(run: Any) -> None:
    begun = time.monotonic()
    assert run("import os, knit; print(len(os.listdir('/proc/self/task')))") == "1\n"
    assert time.monotonic() - begun < IMPORT_TIMEOUT_S


def test_everything_public_is_documented_and_typed(package: Any) -> None:
    for name, method in inspect.getmembers(package.Knit, inspect.isfunction):
        if name.startswith("_"):
            continue
        text = inspect.getdoc(method) or ""
        parameters = [one for one in inspect.signature(method).parameters.values() if one.name != "self"]
        assert text and inspect.signature(method).return_annotation is not inspect.Signature.empty, name
        for one in parameters:
            assert one.annotation is not inspect.Parameter.empty, f"{name}({one.name})"
    for name in package.__all__:
        assert name == "__version__" or inspect.getdoc(getattr(package, name)), name


def test_the_stub_names_what_the_module_has(package: Any) -> None:
    """A class of the stub has the members of the class that was compiled, no more and no fewer."""
    import knit._knit as module
    stub = (Path(module.__file__).parent / "_knit.pyi").read_text()
    classes = dict(re.findall(r"^class (\w+):\n((?:    .*\n|\n)+)", stub, re.MULTILINE))
    assert set(classes) == {name for name, value in vars(module).items() if inspect.isclass(value)}
    for name, body in classes.items():
        told = set(re.findall(r"^    (?:def )?(\w+)", body, re.MULTILINE)) - {"user", "__init__"}
        there = {member for member in vars(getattr(module, name)) if not member.startswith("__")} - {"user"}
        assert told == there, name


@pytest.mark.parametrize(("lacking", "told"), [(["clang-16", "libarchive-dev"], "clang-16 libarchive-dev"),
                                               (["cmake", "ninja-build", "ccache"], None)])
def test_missing_packages_are_named_before_anything_is_compiled(tmp_path: Path, lacking: list[str], told: str) -> None:
    """dpkg-query is played; CMake's script mode runs what `pip install .` runs first."""
    player = tmp_path / "dpkg-query"
    player.write_text(f"#!/bin/sh\nfor p in {' '.join(lacking)}; do case \"$*\" in *\" $p\") exit 1 ;; esac; done\n"
                      "echo install ok installed\n")
    player.chmod(0o755)
    script = tmp_path / "needs.cmake"
    script.write_text(f"include({REPOSITORY}/cmake/KnitPythonNeeds.cmake)\nmessage(\"all there\")\n")
    done = subprocess.run(["cmake", f"-DKNIT_DPKG_QUERY={player}", "-P", script], cwd=REPOSITORY, text=True,
                          capture_output=True, env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    said = " ".join(done.stderr.split())
    if told is None:
        assert (done.returncode, said) == (0, "all there")
    else:
        assert done.returncode == 1
        assert f"these Debian packages are missing: {told} Install them (./dev deps, or apt-get install {told})" in said


def test_its_pages_need_no_other_package() -> None:
    """Each import of the package is of itself or of Python's own library."""
    for file in sorted((REPOSITORY / "python/knit").glob("*.py")):
        for module in re.findall(r"^\s*(?:from|import) (\w+)", file.read_text(), re.MULTILINE):
            assert module == "knit" or module in sys.stdlib_module_names, f"{file.name}: {module}"
