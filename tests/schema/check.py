"""Compares our .proto files with the schema inside Hadoop's jars.

    check.py --build BUILD [--lib DIR] VERSION...

BUILD is a build folder in which the targets compare_schema and knit_descriptor_set are built. The jars are fetched as
for every test on the real Hadoop (tests/hadoop/fetch.py); --lib takes them from a folder instead. What may differ, and
why, stands in differences.txt beside this file. Needs a JDK of version 11 or later.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Where the messages of our .proto files come from.
JARS = ("hadoop-common", "hadoop-yarn-api", "hadoop-yarn-common", "hadoop-hdfs-client")
TIMEOUT = 120  # seconds for one step; the dump takes two


def jars_of(version: str) -> Path:
    sys.path.insert(0, str(HERE.parent))
    from hadoop import fetch  # only here: --lib works without Maven

    try:
        return fetch.lib_dir(version)
    except fetch.FetchError as error:
        raise SystemExit(f"schema check: {error}") from error


def check(version: str, build: Path, lib: Path) -> bool:
    jars = [lib / f"{name}-{version}.jar" for name in JARS]
    for needed in [*jars, build / "knit.protoset", build / "tests/schema/compare_schema"]:
        if not needed.is_file():
            raise SystemExit(f"schema check: {needed} is missing")
    if shutil.which("java") is None:
        raise SystemExit("schema check: java is not on the PATH: install a JDK, 11 or later")
    theirs = build / f"tests/schema/hadoop-{version}.protoset"
    dump = ["java", "-cp", f"{lib}/*", str(HERE / "DumpDescriptors.java"), str(theirs), *map(str, jars)]
    subprocess.run(dump, check=True, timeout=TIMEOUT)
    compare = [str(build / "tests/schema/compare_schema"), str(build / "knit.protoset"), str(theirs),
               str(HERE / "differences.txt"), version]
    return subprocess.run(compare, timeout=TIMEOUT).returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare our .proto files with the schema inside Hadoop's jars.")
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--lib", type=Path, help="a folder with the jars, instead of fetching them")
    parser.add_argument("version", nargs="+")
    args = parser.parse_args()
    good = [check(version, args.build.resolve(), args.lib or jars_of(version)) for version in args.version]
    return 0 if all(good) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        sys.exit(f"schema check: {error}")
