"""Step 2: HDFS from the command line, judged by `hdfs dfs` and `hdfs fsck`."""

from __future__ import annotations

import hashlib
import json
import os
import uuid

import pytest

SIZES = [0, 1, 511, 512, 513, 65535, 65536, 65537, 3_000_001]


@pytest.fixture
def folder(hadoop, knit):
    path = f"/tmp/fs-{uuid.uuid4().hex[:8]}"
    assert knit("fs", "mkdir", path).returncode == 0
    yield path
    knit("fs", "rm", "-r", "--skip-trash", path)


@pytest.mark.parametrize("size", SIZES)
def test_put_and_get_keep_every_byte(hadoop, knit, folder, tmp_path, size):
    data = os.urandom(size)
    (tmp_path / "in").write_bytes(data)
    put = knit("fs", "put", str(tmp_path / "in"), f"{folder}/x")
    assert put.returncode == 0, put.stderr
    got = knit("fs", "get", f"{folder}/x", str(tmp_path / "out"))
    assert got.returncode == 0, got.stderr
    assert (tmp_path / "out").read_bytes() == data


def test_hadoop_reads_what_we_wrote_and_finds_it_healthy(hadoop, knit, folder, tmp_path):
    data = os.urandom(5_000_000)
    (tmp_path / "in").write_bytes(data)
    assert knit("fs", "put", str(tmp_path / "in"), f"{folder}/ours",
                "-D", "dfs.blocksize=1048576").returncode == 0
    hadoop.hdfs("dfs", "-put", str(tmp_path / "in"), f"{folder}/theirs")
    hadoop.hdfs("dfs", "-get", f"{folder}/ours", str(tmp_path / "back"))
    assert hashlib.sha256((tmp_path / "back").read_bytes()).digest() == hashlib.sha256(data).digest()
    fsck = hadoop.hdfs("fsck", folder, "-files", "-blocks", "-openforwrite").stdout
    assert "HEALTHY" in fsck and "OPENFORWRITE" not in fsck
    sums = hadoop.hdfs("dfs", "-checksum", f"{folder}/ours", f"{folder}/theirs").stdout
    assert len(sums.split()) >= 6


def test_cat_reads_what_hadoop_wrote(hadoop, knit, folder, tmp_path):
    (tmp_path / "in").write_text("".join(f"{i}\n" for i in range(200_000)))
    hadoop.hdfs("dfs", "-put", str(tmp_path / "in"), f"{folder}/theirs")
    done = knit("fs", "cat", f"{folder}/theirs")
    assert done.returncode == 0 and done.stdout == (tmp_path / "in").read_text()


def test_ls_and_stat(knit, folder, tmp_path):
    (tmp_path / "in").write_text("abc")
    for name in ("b", "a"):
        knit("fs", "put", str(tmp_path / "in"), f"{folder}/{name}")
    listed = json.loads(knit("fs", "ls", folder, "-o", "json").stdout)
    assert [os.path.basename(f["path"]) for f in listed] == ["a", "b"]
    assert all(f["size"] == 3 and not f["directory"] for f in listed)
    one = json.loads(knit("fs", "stat", f"{folder}/a", "-o", "json").stdout)
    assert one["size"] == 3 and one["replication"] >= 1


def test_mv_and_rm(hadoop, knit, folder, tmp_path):
    (tmp_path / "in").write_text("abc")
    knit("fs", "put", str(tmp_path / "in"), f"{folder}/a")
    assert knit("fs", "mv", f"{folder}/a", f"{folder}/b").returncode == 0
    assert knit("fs", "stat", f"{folder}/a").returncode == 7
    refused = knit("fs", "rm", folder)
    assert refused.returncode == 2 and "-r" in refused.stderr
    assert knit("fs", "rm", "--skip-trash", f"{folder}/b").returncode == 0
    assert knit("fs", "rm", f"{folder}/b").returncode == 7


def test_rm_honours_the_trash(hadoop, knit, folder, tmp_path):
    (tmp_path / "in").write_text("abc")
    knit("fs", "put", str(tmp_path / "in"), f"{folder}/a")
    done = knit("fs", "rm", f"{folder}/a", "-D", "fs.trash.interval=60")
    assert done.returncode == 0
    assert ".Trash/Current" in done.stdout + done.stderr
    assert hadoop.hdfs("dfs", "-cat", f".Trash/Current{folder}/a").stdout == "abc"
    hadoop.hdfs("dfs", "-rm", "-r", "-skipTrash", ".Trash")


def test_put_does_not_overwrite_unasked(knit, folder, tmp_path):
    (tmp_path / "in").write_text("abc")
    assert knit("fs", "put", str(tmp_path / "in"), f"{folder}/a").returncode == 0
    again = knit("fs", "put", str(tmp_path / "in"), f"{folder}/a")
    assert again.returncode == 2 and f"{folder}/a" in again.stderr
    assert knit("fs", "put", "-f", str(tmp_path / "in"), f"{folder}/a").returncode == 0


@pytest.mark.parametrize("args, code, said", [
    (["cat", "/no/such/file"], 7, "/no/such/file"),
    (["ls", "/no/such"], 7, "/no/such"),
    (["put", "/no/such/local", "/tmp/x"], 7, "/no/such/local"),
    (["cat", "/tmp"], 2, "/tmp"),
    (["ls", "s3a://bucket/x"], 2, "s3a"),
])
def test_bad_input_is_said(knit, args, code, said):
    done = knit("fs", *args)
    assert done.returncode == code, done
    assert said in done.stderr and done.stdout == ""


def test_permission_is_said_with_path_and_user(hadoop, knit, folder):
    hadoop.hdfs("dfs", "-chmod", "700", folder)
    done = knit("fs", "ls", folder, user="mallory")
    assert done.returncode == 6
    assert "mallory" in done.stderr and folder in done.stderr
