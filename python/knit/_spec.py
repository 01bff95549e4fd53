"""The arguments of Knit.start() as what the library runs."""

from __future__ import annotations

import os
import shlex
import zipfile
from typing import Any, Iterable, Mapping, Optional, Sequence, Union

from knit import _knit
from knit.exceptions import CondaException, KnitException

Command = Union[str, Sequence[str]]
Path = Union[str, "os.PathLike[str]"]
PYTHON = "bin/python"


def refuse(text: str) -> KnitException:
    return KnitException(text, "invalid_argument")


def whole(name: str, value: Any, least: int, unit: str) -> int:
    """`value`, if it is a whole number from `least` up."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise refuse(f"{name} must be a whole number of {unit}, not {value!r}")
    if not least <= value < 2**31:
        raise refuse(f"{name} must be from {least} to {2**31 - 1} {unit}, not {value}")
    return value


def command(cmd: Command) -> "list[str]":
    """A text is for bash, on the node; a list goes as it is."""
    if isinstance(cmd, str):
        words = ["/bin/bash", "-c", cmd] if cmd.strip() else []
    else:
        words = list(cmd)
    if not words or not all(isinstance(word, str) for word in words):
        raise refuse(f"cmd must be a command line, or a list of words, not {cmd!r}")
    return words


def variables(lang: str, envvars: Optional[Mapping[str, str]]) -> "list[tuple[str, str]]":
    """Raises ValueError unless all of `envvars` are texts."""
    given = dict(envvars or {})
    wrong = [name for name, value in given.items() if not isinstance(name, str) or not isinstance(value, str)]
    if wrong:
        raise ValueError(f"envvars must map texts to texts; {wrong[0]!r} maps to {given[wrong[0]]!r}")
    return list({"LC_ALL": lang, "LANG": lang, **given}.items())


def files(given: Optional[Iterable[Path]]) -> "list[_knit.FileSpec]":
    """Each for the containers' folder under its own name; a .zip is unpacked into a folder of that name."""
    if given is None:
        return []
    if not isinstance(given, (list, tuple)):
        raise refuse(f"files must be a list of paths, not {given!r}")
    return [_file(path) for path in given]


def _file(path: Path) -> _knit.FileSpec:
    source = os.fspath(path)
    if not isinstance(source, str):
        raise refuse(f"files: {path!r} is no path")
    if "://" not in source and not os.path.exists(source):
        raise KnitException(f"files: {source} does not exist", "not_found")
    return _knit.FileSpec(source, "", source.endswith(".zip"))


def with_environment(words: "list[str]", env: Path) -> "tuple[list[str], _knit.FileSpec]":
    """The command with $CONDA_PREFIX and $PYTHON_BIN, and the packed environment as a file for it."""
    source = os.fspath(env)
    name = source.rstrip("/").rpartition("/")[2]
    if not name.endswith(".zip"):
        raise CondaException(f"env: {source} is no .zip", "invalid_argument")
    # its one folder has its name, as CondaCreator packs it; of a local one it is known
    prefix = f"{name}/{name[:-4] if '://' in source else _prefix(source)}".rstrip("/")
    text = (f'export CONDA_PREFIX="$PWD"/{shlex.quote(prefix)}; export PYTHON_BIN="$CONDA_PREFIX/{PYTHON}"; '
            + (words[2] if words[:2] == ["/bin/bash", "-c"] else "exec " + shlex.join(words)))
    return ["/bin/bash", "-c", text], _knit.FileSpec(source, "", True)


def _prefix(path: str) -> str:
    """The folder inside of the archive that has a bin/python; the shortest, and "" if there is none around it."""
    try:
        with zipfile.ZipFile(path) as archive:
            found = [name[:-len(PYTHON)] for name in archive.namelist() if name == PYTHON or name.endswith("/" + PYTHON)]
    except (OSError, zipfile.BadZipFile) as error:
        raise CondaException(f"env: {path} cannot be read: {error}", "not_found") from None
    if not found:
        raise CondaException(f"env: {path} has no {PYTHON} inside", "invalid_argument")
    return min(found, key=len).rstrip("/")


def run_spec(words: "list[str]", shipped: "list[_knit.FileSpec]", num_containers: int, virtual_cores: int, memory: int,
             environment: "list[tuple[str, str]]", app_name: str, queue: str, staging: str) -> _knit.RunSpec:
    spec = _knit.RunSpec()
    spec.command = words
    spec.files = shipped
    spec.instances = whole("num_containers", num_containers, 1, "containers")
    spec.vcores = whole("virtual_cores", virtual_cores, 1, "cores")
    spec.memory_mib = whole("memory", memory, 1, "MiB")
    spec.environment = environment
    spec.name, spec.queue, spec.staging_dir = app_name, queue, staging
    return spec
