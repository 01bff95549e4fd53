"""The portable archive: whole, checked, and at work on an old Linux."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tarfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Sequence

import pytest

from dist.userland import Userland
from hadoop.cluster import MiniHadoop
from hadoop.fetch import REPOSITORY
from hadoop.rm_view import RmView

DIST = REPOSITORY / "build/dist"
RUN_TIMEOUT_S = 120
MASTERS = ["libexec/knit/knit-master-x86_64", "libexec/knit/knit-master-aarch64"]
# What a program does that trusts the userland's nsswitch.conf.
TRUSTING = """#include <netdb.h>
int main(void) { struct addrinfo* found; return getaddrinfo("localhost", "80", 0, &found); }
"""


def tool(*command: object) -> str:
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout


@pytest.fixture(scope="module")
def archive() -> Path:
    found = sorted(DIST.glob("knit-*-linux-x86_64.tar.gz"))
    if len(found) != 1:
        pytest.fail(f"one archive was expected in {DIST}, there are {len(found)}: run ./dev dist")
    return found[0]


@pytest.fixture(scope="module")
def unpacked(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    with tarfile.open(archive) as content:
        content.extractall(folder)
    return folder / archive.name.removesuffix(".tar.gz")


@pytest.fixture(scope="module")
def old() -> Userland:
    userland = Userland(DIST / "userland")
    userland.make()
    return userland


@contextmanager
def with_containers_in(cluster: MiniHadoop, shell: Sequence[str], folder: Path) -> Iterator[MiniHadoop]:
    """Starts the cluster; `shell` in place of bash runs its containers. `folder` is for what that takes."""
    bash = folder / "bash"
    bash.write_text("#!/bin/sh\n"
                    'case "$1" in */default_container_executor.sh)\n'
                    f'echo "$1" >>{shlex.quote(str(cluster.layout.root))}/started-in-there\n'
                    f'exec {shlex.join(shell)} "$@" ;;\nesac\n'
                    'exec /bin/bash "$@"\n')
    bash.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{bash.parent}:{os.environ['PATH']}")
        with cluster:
            yield cluster


@pytest.fixture(scope="module")
def old_cluster(old: Userland, hadoop_version: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniHadoop]:
    """A Hadoop on whose nodes everything but the NodeManager itself is old: containers start in the old userland."""
    cluster = MiniHadoop(version=hadoop_version, nodes=2)
    shell = old.command(["/bin/bash"], [cluster.layout.root])
    with with_containers_in(cluster, shell, tmp_path_factory.mktemp("bin")):
        yield cluster


@pytest.fixture(scope="module")
def aarch64_cluster(hadoop_version: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniHadoop]:
    """A Hadoop whose containers find themselves on an aarch64 node (aarch64_node.c)."""
    # qemu reserves more address space than any container may have
    cluster = MiniHadoop(version=hadoop_version, nodes=1,
                         overrides={"yarn-site": {"yarn.nodemanager.vmem-check-enabled": False}})
    folder = tmp_path_factory.mktemp("bin")
    qemu = shutil.which("qemu-aarch64-static")
    assert qemu, "install the package qemu-user-static"
    source = Path(__file__).with_name("aarch64_node.c")
    tool("clang-16", "-shared", "-fPIC", "-Wall", "-Werror", f'-DQEMU="{qemu}"', "-o", folder / "node.so", source)
    shell = ["env", f"LD_PRELOAD={folder / 'node.so'}", f"KNIT_STARTED={cluster.layout.root / 'ran-by-qemu'}", "/bin/bash"]
    with with_containers_in(cluster, shell, folder):
        yield cluster


def test_it_holds_what_it_lists(unpacked: Path) -> None:
    subprocess.run(["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"], cwd=unpacked, check=True)
    listed = {line.split("  ", 1)[1] for line in (unpacked / "SHA256SUMS").read_text().splitlines()}
    there = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert there - listed == {"SHA256SUMS"}
    assert {"bin/knit", *MASTERS, "LICENSE", "README.md", "components.json"} <= listed


def test_each_component_has_a_version_and_its_licence(unpacked: Path) -> None:
    document = json.loads((unpacked / "components.json").read_text())
    assert document["bomFormat"] == "CycloneDX"
    names = {part["name"] for part in document["components"]}
    assert {"boost", "openssl", "protobuf", "pugixml", "yaml-cpp", "zlib", "llvm-libc++", "glibc"} <= names
    for part in document["components"]:
        assert part["version"] and part["licenses"] and part["properties"]
        texts = list((unpacked / "licenses" / part["name"]).iterdir())
        assert texts and all(text.stat().st_size > 400 for text in texts)


def test_the_client_needs_no_more_than_glibc_2_17(unpacked: Path) -> None:
    symbols = tool("objdump", "-T", unpacked / "bin/knit")
    versions = {tuple(map(int, found.split("."))) for found in re.findall(r"GLIBC_([\d.]+)", symbols)}
    assert versions and max(versions) <= (2, 17)
    assert not re.search(r"GLIBCXX|CXXABI|GCC_", symbols)


def test_the_programs_do_not_tell_where_they_were_built(unpacked: Path) -> None:
    for program in ("bin/knit", *MASTERS):
        assert str(REPOSITORY).encode() not in (unpacked / program).read_bytes()


def test_packing_again_gives_the_same_bytes(archive: Path) -> None:
    packed = []
    for _ in range(2):
        tool(sys.executable, REPOSITORY / "tools/dist/archive.py", DIST)
        packed.append(archive.read_bytes())
    assert packed[0] == packed[1]


def test_the_old_userland_kills_a_program_that_trusts_it(old: Userland, tmp_path: Path) -> None:
    """Or else the tests below would show nothing."""
    (tmp_path / "trusting.c").write_text(TRUSTING)
    tool("clang-16", "-static", "-w", "-o", tmp_path / "trusting", tmp_path / "trusting.c")
    ended = subprocess.run(old.command([tmp_path / "trusting"], [tmp_path]), capture_output=True)
    assert ended.returncode == -signal.SIGABRT


def test_the_client_starts_there(old: Userland, unpacked: Path) -> None:
    said = tool(*old.command([unpacked / "bin/knit", "--version"], [unpacked]))
    assert re.fullmatch(r"knit \d+\.\d+\.\d+\n", said)


def test_the_main_job_from_there_and_on_old_nodes(old: Userland, old_cluster: MiniHadoop, unpacked: Path,
                                                  tmp_path: Path) -> None:
    # names, not addresses: client and master must resolve them by the old nsswitch.conf
    conf = tmp_path / "conf"
    conf.mkdir()
    for site in old_cluster.conf_dir.glob("*.xml"):
        (conf / site.name).write_text(site.read_text().replace("127.0.0.1", "localhost"))
    command = old.command([unpacked / "bin/knit", "run", "-n", "3", "--", "bash", "-c",
                           "cat /etc/debian_version; date"], [unpacked, tmp_path])
    ended = subprocess.run(command, capture_output=True, text=True, timeout=RUN_TIMEOUT_S,
                           env={**old_cluster.env(), "HADOOP_CONF_DIR": str(conf)})
    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert len(lines) == 6, ended.stdout
    release = (old.root / "etc/debian_version").read_text().strip()
    for instance in range(3):
        own = [line for line in lines if line.startswith(f"{instance} | ")]
        assert own[0] == f"{instance} | {release}", "the container did not run in the old userland"
        assert re.search(r" 20\d\d$", own[1])
    application = re.search(r"application_(\d+_\d+)", ended.stderr)
    assert application
    RmView(old_cluster).check(application[0], assigned=4)
    started = (old_cluster.layout.root / "started-in-there").read_text()
    assert f"container_{application[1]}_01_000001/" in started, "the master did not run in the old userland"


def test_the_main_job_on_aarch64_nodes(aarch64_cluster: MiniHadoop, unpacked: Path) -> None:
    ended = subprocess.run([unpacked / "bin/knit", "run", "-n", "3", "--", "uname", "-m"], capture_output=True,
                           text=True, timeout=RUN_TIMEOUT_S, env=aarch64_cluster.env())
    assert ended.returncode == 0, ended.stderr
    assert sorted(ended.stdout.splitlines()) == [f"{instance} | aarch64" for instance in range(3)]
    application = re.search(r"application_(\d+_\d+)", ended.stderr)
    assert application
    RmView(aarch64_cluster).check(application[0], assigned=4)
    master, = (aarch64_cluster.layout.root / "ran-by-qemu").read_text().splitlines()
    assert master.endswith(f"/container_{application[1]}_01_000001/knit-master-aarch64")


def test_the_kernel_there_is_old(old: Userland) -> None:
    """A program that insists on a call of a later kernel fails: what the tests here run does without."""
    ended = subprocess.run([*old.kernel(), sys.executable, "-c", "import os; os.memfd_create('x')"],
                           capture_output=True, text=True)
    assert "Function not implemented" in ended.stderr
