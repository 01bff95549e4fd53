"""Our HDFS client, as the program hdfs_cluster_test, on a cluster of three DataNodes; judged by Hadoop's own tools."""

from __future__ import annotations

import os
import subprocess
from typing import Iterator

import pytest

from hadoop import fetch
from hadoop.cluster import MiniHadoop

TIMEOUT_S = 300
MASK = (1 << 64) - 1


@pytest.fixture(scope="module")
def cluster(hadoop_version: str) -> Iterator[MiniHadoop]:
    with MiniHadoop(version=hadoop_version, nodes=1, datanodes=3) as running:
        yield running


def run(cluster: MiniHadoop, tests: str, **env: str) -> None:
    program = os.environ.get("KNIT_HDFS_TEST",
                             str(fetch.REPOSITORY / "build/asan/tests/hdfs/hdfs_cluster_test"))
    done = subprocess.run([program, f"--gtest_filter={tests}"], env={**cluster.env(), **env},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stdout
    assert "PASSED" in done.stdout, done.stdout
    if env:
        assert "SKIPPED" not in done.stdout, done.stdout


def noise(size: int) -> bytes:
    """What hdfs_cluster_test's noise() makes."""
    state = (88172645463325252 + size) & MASK
    out = bytearray()
    for _ in range(size):
        state ^= (state << 13) & MASK
        state ^= state >> 7
        state ^= (state << 17) & MASK
        out.append(state & 0xFF)
    return bytes(out)


def test_contract_and_more(cluster):
    run(cluster, "*")


def test_hadoop_reads_what_we_wrote(cluster, tmp_path):
    cluster.hdfs("dfs", "-mkdir", "-p", "/tmp/ours", "/tmp/theirs")
    run(cluster, "*LeavesFilesToCompare", KNIT_TEST_KEEP="/tmp/ours")
    sizes = [0, 1, 511, 512, 513, 65537, 3_000_000]
    for size in sizes:
        (tmp_path / str(size)).write_bytes(noise(size))
    local = [str(tmp_path / str(size)) for size in sizes]
    cluster.hdfs("dfs", "-Ddfs.blocksize=1048576", "-put", *local, "/tmp/theirs")

    (tmp_path / "back").mkdir()
    cluster.hdfs("dfs", "-get", "/tmp/ours/*", str(tmp_path / "back"))
    for size in sizes:
        assert (tmp_path / "back" / str(size)).read_bytes() == noise(size), size

    # block sizes, chunks and checksums are as if Hadoop's client had written them
    lines = cluster.hdfs("dfs", "-checksum", "/tmp/ours/*", "/tmp/theirs/*").stdout.splitlines()
    sums = {line.split()[0]: line.split()[1:] for line in lines}
    for size in sizes:
        assert sums[f"/tmp/ours/{size}"] == sums[f"/tmp/theirs/{size}"], size

    fsck = cluster.hdfs("fsck", "/tmp/ours", "-openforwrite").stdout
    assert "HEALTHY" in fsck and "OPENFORWRITE" not in fsck


def test_over_a_quota(cluster):
    cluster.hdfs("dfs", "-mkdir", "/tmp/narrow")
    cluster.hdfs("dfsadmin", "-setSpaceQuota", "2m", "/tmp/narrow")
    run(cluster, "*OverAQuota", KNIT_TEST_QUOTA="/tmp/narrow")


def test_in_safe_mode(cluster):
    cluster.hdfs("dfsadmin", "-safemode", "enter")
    try:
        run(cluster, "*InSafeMode", KNIT_TEST_SAFE="yes")
    finally:
        cluster.hdfs("dfsadmin", "-safemode", "leave")


def test_datanodes_that_hang_and_die(cluster):
    run(cluster, "*ThatHangs", KNIT_TEST_VICTIM=str(cluster.daemons["dn1"].pid))
    run(cluster, "*TheDeathOfADataNode", KNIT_TEST_VICTIM=str(cluster.daemons["dn1"].pid))
