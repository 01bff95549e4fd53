"""Fetches the jars of a Hadoop version from Maven Central.

    python3 -m hadoop.fetch 3.4.2 [3.3.6 ...]

What a version consists of stands in versions/VERSION/pom.xml. The jars go to
CACHE/VERSION/lib, where CACHE is $KNIT_TEST_CACHE or build/hadoop of the
repository. A version that is there and whose pom has not changed costs nothing.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
VERSIONS = HERE / "versions"
MAVEN_TIMEOUT = 900  # seconds: about 100 MB from a repository that may be slow


class FetchError(RuntimeError):
    """Maven is missing or could not resolve a version."""


def known_versions() -> list[str]:
    return sorted(p.parent.name for p in VERSIONS.glob("*/pom.xml"))


def cache_dir() -> Path:
    configured = os.environ.get("KNIT_TEST_CACHE")
    return Path(configured).absolute() if configured else REPOSITORY / "build" / "hadoop"


def lib_dir(version: str) -> Path:
    """The folder of jars of `version`, fetched first where it is missing or stale."""
    pom = VERSIONS / version / "pom.xml"
    if not pom.is_file():
        raise FetchError(f"no Hadoop {version}: known are {', '.join(known_versions())}")
    home = cache_dir() / version
    digest = hashlib.sha256(pom.read_bytes()).hexdigest()
    if is_current(home / "lib", digest):
        return home / "lib"  # without the lock: the folder may be another user's
    home.mkdir(parents=True, exist_ok=True)
    with open(home / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_current(home / "lib", digest):
            fetch(version, pom, home, digest)
    return home / "lib"


def is_current(lib: Path, digest: str) -> bool:
    stamp = lib / ".pom.sha256"
    return stamp.is_file() and stamp.read_text() == digest


def fetch(version: str, pom: Path, home: Path, digest: str) -> None:
    """Resolves into a fresh folder and renames it, so that lib is never half full."""
    maven = shutil.which("mvn")
    if maven is None:
        raise FetchError("mvn is not on the PATH: install the package maven")
    fresh = home / "lib.new"
    shutil.rmtree(fresh, ignore_errors=True)
    command = [maven, "-q", "-B", "-f", str(pom), f"-Dlib={fresh}", "generate-resources"]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, timeout=MAVEN_TIMEOUT)
    if result.returncode != 0 or not fresh.is_dir():
        raise FetchError(f"Maven could not fetch Hadoop {version}:\n{result.stdout[-4000:]}\n"
                         "Maven Central must be reachable; a proxy or a mirror is named in ~/.m2/settings.xml")
    (fresh / ".pom.sha256").write_text(digest)
    shutil.rmtree(home / "lib", ignore_errors=True)
    for archive in home.glob("classes-*"):
        archive.unlink()  # of the jars that were
    fresh.rename(home / "lib")


def main() -> int:
    parser = argparse.ArgumentParser(description="Fetch Hadoop's jars from Maven Central.")
    parser.add_argument("version", nargs="*", default=known_versions(),
                        help="default: every known version")
    for version in parser.parse_args().version:
        print(lib_dir(version))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except FetchError as error:
        sys.exit(f"fetch: {error}")
