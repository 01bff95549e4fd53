"""The list of what is linked into the programs of the portable archive (CycloneDX 1.5), and its licences."""

from __future__ import annotations

import datetime
import functools
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable


@dataclass
class Component:
    name: str
    version: str
    licence: str              # SPDX
    programs: tuple[str, ...]  # "knit", "knit-master-x86_64", ...
    texts: tuple[Path, ...]    # its licence
    supplier: str


# Header-only: what of them is used is compiled into the programs. Name: Debian's package, licence.
HEADERS = {
    "boost": ("libboost1.81-dev", "BSL-1.0"),
    "fmt": ("libfmt-dev", "MIT"),
    "spdlog": ("libspdlog-dev", "MIT"),
    "cli11": ("libcli11-dev", "BSD-3-Clause"),
}
# What the linker is told (-lNAME or libNAME.a): the component it belongs to. The master is linked from Debian's
# archives: the package that holds them, and its licence.
MASTER = {
    "protobuf-lite": ("protobuf", "libprotobuf-dev", "BSD-3-Clause"),
    "ssl": ("openssl", "libssl-dev", "Apache-2.0"),
    "crypto": ("openssl", "libssl-dev", "Apache-2.0"),
    "z": ("zlib", "zlib1g-dev", "Zlib"),
    "pugixml": ("pugixml", "libpugixml-dev", "MIT"),
    "yaml-cpp": ("yaml-cpp", "libyaml-cpp-dev", "MIT"),
    "archive": ("libarchive", "libarchive-dev", "BSD-2-Clause"),
}
# The compiler's own, in every static program of clang with libstdc++.
MASTER_RUNTIME = {
    "glibc": ("libc6-dev", "LGPL-2.1-or-later"),
    "libstdc++": ("libstdc++-12-dev", "GPL-3.0-or-later WITH GCC-exception-3.1"),
    "libgcc": ("libgcc-12-dev", "GPL-3.0-or-later WITH GCC-exception-3.1"),
}
MASTERS = ("knit-master-x86_64", "knit-master-aarch64")
SYSTEM = {"pthread", "dl", "rt", "m", "c"}  # the C library itself


class Unknown(RuntimeError):
    """A program links what this file does not know."""


def version(build: Path) -> str:
    """Knit's, as the configured build says it."""
    return re.search(r'^CMAKE_PROJECT_VERSION:STATIC=(.+)$', (build / "CMakeCache.txt").read_text(), re.MULTILINE)[1]


def linked(build: Path, program: str) -> set[str]:
    """The names of the libraries in the link command of a program, without Knit's own."""
    commands = subprocess.run(["ninja", "-C", str(build), "-t", "commands", "-s", program], check=True,
                              capture_output=True, text=True).stdout
    names = set(re.findall(r"(?<!\S)-l(\S+)", commands)) | set(re.findall(r"lib([^/\s]+)\.(?:a|so)(?!\S)", commands))
    others = {name for name in names if not name.startswith("knit_")}
    if not others or others == names:
        raise Unknown(f"no link command of {program} in {build}, but: {commands}")
    return others


def debian(name: str, package: str, licence: str, programs: tuple[str, ...]) -> Component:
    found = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], check=True, capture_output=True, text=True)
    return Component(name, found.stdout, licence, programs, (Path("/usr/share/doc") / package / "copyright",), "Debian")


def unpacked(packages: Path, name: str, package: str, licence: str, programs: tuple[str, ...]) -> Component:
    """The same of what tools/dist/debs.py has unpacked in `packages`."""
    versions = dict(line.split() for line in (packages / "packages.txt").read_text().splitlines())
    text = packages / "root/usr/share/doc" / package / "copyright"
    return Component(name, versions[package], licence, programs, (text,), "Debian")


def of_client(dist: Path) -> list[Component]:
    built = dist / "libraries"
    known = {}
    for line in (built / "libraries.txt").read_text().splitlines():
        name, number, licence = line.split()
        known[name] = Component(name, number, licence, ("knit",), tuple(sorted((built / "licenses" / name).iterdir())),
                                "Debian (source)")
    found = {}
    for name in linked(dist / "client", "bin/knit") - SYSTEM:
        if name not in MASTER or MASTER[name][0] not in known:
            raise Unknown(f"knit links {name}, which tools/dist does not know")
        found[MASTER[name][0]] = known[MASTER[name][0]]
    return [*found.values(), zig(dist)]


def zig(dist: Path) -> Component:
    """libc++, libc++abi, libunwind and compiler-rt, as zig brings them."""
    package = next((dist / "zig").glob("lib/python*/site-packages/ziglang"))
    clang = subprocess.run([str(package / "zig"), "cc", "--version"], check=True, capture_output=True, text=True).stdout
    return Component("llvm-libc++", re.search(r"clang version (\S+)", clang)[1], "Apache-2.0 WITH LLVM-exception",
                     ("knit",), (package / "lib/libcxx/LICENSE.TXT", package / "LICENSE"), "ziglang (PyPI)")


def of_master(build: Path, architecture: str, packages: Callable[..., Component]) -> list[Component]:
    program = f"knit-master-{architecture}"
    found = {}
    for name in linked(build, f"libexec/knit/{program}") - SYSTEM:
        if name not in MASTER:
            raise Unknown(f"{program} links {name}, which tools/dist does not know")
        found[MASTER[name][0]] = packages(*MASTER[name], (program,))
    runtime = [packages(name, *about, (program,)) for name, about in MASTER_RUNTIME.items()]
    return [*found.values(), *runtime]


def of_headers() -> list[Component]:
    return [debian(name, *about, ("knit", *MASTERS)) for name, about in HEADERS.items()]


def merged(parts: list[Component]) -> list[Component]:
    """One entry for what both masters link in one version."""
    found: dict[tuple[str, str, bool], Component] = {}
    for part in parts:
        key = (part.name, part.version, part.programs == ("knit",))
        if key in found:
            found[key].programs += part.programs
        else:
            found[key] = part
    return sorted(found.values(), key=lambda part: (part.name, part.programs))


def write(tree: Path, dist: Path, release: Path, number: str, when: int) -> None:
    """components.json and licenses/ in `tree`."""
    arm = functools.partial(unpacked, dist / "aarch64")
    parts = merged(of_headers() + of_client(dist) + of_master(release, "x86_64", debian) +
                   of_master(dist / "master-aarch64", "aarch64", arm))
    for part in parts:
        folder = tree / "licenses" / part.name
        folder.mkdir(parents=True, exist_ok=True)
        for text in part.texts:
            shutil.copyfile(text, folder / (text.name if part.programs[0] == "knit" else f"master-{text.name}"))
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": datetime.datetime.fromtimestamp(when, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {"type": "application", "name": "knit", "version": number,
                          "licenses": [{"license": {"id": "BSD-3-Clause"}}]},
        },
        "components": [describe(part) for part in parts],
    }
    (tree / "components.json").write_text(json.dumps(document, indent=2) + "\n")


def describe(part: Component) -> dict:
    licence = {"expression": part.licence} if " " in part.licence else {"license": {"id": part.licence}}
    return {"type": "library", "name": part.name, "version": part.version, "licenses": [licence],
            "supplier": {"name": part.supplier},
            "properties": [{"name": "knit:linked-into", "value": program} for program in part.programs]}
