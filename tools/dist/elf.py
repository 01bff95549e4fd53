"""What a program asks of the machine it runs on, as `readelf` tells it."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Program:
    interpreter: str   # empty: a static program
    needed: set[str]   # shared libraries
    versions: set[str]  # of symbols it takes from them: "GLIBC_2.17"
    runpath: str


def read(path: Path) -> Program:
    text = subprocess.run(["readelf", "--wide", "--program-headers", "--dynamic", "--version-info", str(path)],
                          check=True, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout
    interpreter = re.search(r"program interpreter: (.*?)\]", text)
    runpath = re.search(r"\((?:RPATH|RUNPATH)\).*\[(.*?)\]", text)
    return Program(interpreter[1] if interpreter else "",
                   set(re.findall(r"\(NEEDED\).*\[(.*?)\]", text)),
                   set(re.findall(r"Name: (\S+) +Flags: \S+ +Version: \d+", needs(text))),
                   runpath[1] if runpath else "")


def needs(text: str) -> str:
    """The section of needed versions; a library that defines some has another."""
    found = re.search(r"Version needs section.*?(?=\n\n|\Z)", text, re.DOTALL)
    return found[0] if found else ""
