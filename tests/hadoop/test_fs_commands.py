"""Step 2: HDFS from the command line, judged by `hdfs dfs` and `hdfs fsck`."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import stat
import time
import uuid

import pytest

from hadoop.containers import wait_for
from hadoop.leftovers import refused

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


def listed(knit, folder):
    """Names to sizes and modes."""
    entries = json.loads(knit("fs", "ls", folder, "-o", "json").stdout)
    return {os.path.basename(entry["path"]): (entry["size"], entry["permission"]) for entry in entries}


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_what_replaces_a_file_keeps_its_mode(hadoop, knit, folder, tmp_path):
    (tmp_path / "in").write_text("new")
    (tmp_path / "old").write_text("old")
    os.chmod(tmp_path / "old", 0o640)
    for name in ("x", "y"):
        assert knit("fs", "put", str(tmp_path / "in"), f"{folder}/{name}").returncode == 0
    hadoop.hdfs("dfs", "-chmod", "600", f"{folder}/x")
    assert knit("fs", "put", "-f", str(tmp_path / "old"), f"{folder}/x").returncode == 0
    assert listed(knit, folder) == {"x": (3, "0600"), "y": (3, "0644")}
    assert knit("fs", "get", "-f", f"{folder}/y", str(tmp_path / "old")).returncode == 0
    assert knit("fs", "get", f"{folder}/y", str(tmp_path / "fresh")).returncode == 0
    assert (tmp_path / "old").read_text() == "new" and mode_of(tmp_path / "old") == 0o640
    assert mode_of(tmp_path / "fresh") == mode_of(tmp_path / "in")
    assert sorted(os.listdir(tmp_path)) == ["fresh", "in", "old"]


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("direction", ["put", "get"])
def test_an_interrupted_copy_leaves_the_old_file(hadoop, knit, folder, tmp_path, direction, signal_number):
    (tmp_path / "x").write_text("old here")
    assert knit("fs", "put", str(tmp_path / "x"), f"{folder}/x").returncode == 0
    (tmp_path / "in").write_bytes(os.urandom(3_000_000))
    assert knit("fs", "put", str(tmp_path / "in"), f"{folder}/y").returncode == 0
    before = listed(knit, folder), sorted(os.listdir(tmp_path))
    args = {"put": [str(tmp_path / "in"), f"{folder}/x"], "get": [f"{folder}/y", str(tmp_path / "x")]}[direction]

    def seen():
        return listed(knit, folder), sorted(os.listdir(tmp_path))

    hadoop.pause("dn0")
    try:
        process = knit.start("fs", direction, "-f", *args)
        wait_for("it has begun to write beside the target", lambda: seen() != before)
        now = seen()[0]["x"], (tmp_path / "x").read_text()
        process.send_signal(signal_number)
        out, err = process.communicate(timeout=30)
    finally:
        hadoop.resume("dn0")
    assert process.returncode == 130, (out, err)
    assert now == (before[0]["x"], "old here") and seen() == before
    assert knit("fs", "cat", f"{folder}/x").stdout == "old here" == (tmp_path / "x").read_text()


def test_a_copy_makes_no_folder_above_its_target(knit, folder, tmp_path):
    (tmp_path / "tree/deep").mkdir(parents=True)
    (tmp_path / "tree/deep/x").write_text("abc")
    assert knit("fs", "put", str(tmp_path / "tree"), folder).returncode == 0
    for source in ("tree", "tree/deep/x"):
        refused(knit("fs", "get", f"{folder}/{source}", str(tmp_path / "nope/y")), 7,
                f"file://{tmp_path}/nope does not exist")
        refused(knit("fs", "put", str(tmp_path / source), f"{folder}/nope/y"), 7, f"{folder}/nope does not exist")
    assert not (tmp_path / "nope").exists() and list(listed(knit, folder)) == ["tree"]
    assert knit("fs", "get", f"{folder}/tree", str(tmp_path / "back")).returncode == 0
    assert (tmp_path / "back/deep/x").read_text() == "abc"


def test_a_tree_that_cannot_be_read_whole_is_not_begun(knit, folder, tmp_path):
    (tmp_path / "tree/deep").mkdir(parents=True)
    (tmp_path / "tree/a").write_text("abc")
    bad = tmp_path / "tree/deep/bad"
    for make, code, said in ((lambda: bad.symlink_to("gone"), 7, "leads nowhere"), (lambda: os.mkfifo(bad), 2, "a pipe")):
        make()
        refused(knit("fs", "put", str(tmp_path / "tree"), f"{folder}/tree"), code, str(bad), said, "nothing was copied")
        assert listed(knit, folder) == {}
        bad.unlink()
    bad.symlink_to("../a")
    assert knit("fs", "put", str(tmp_path / "tree"), f"{folder}/tree").returncode == 0
    assert knit("fs", "cat", f"{folder}/tree/deep/bad").stdout == "abc"


def test_a_silent_data_node_is_not_waited_for_again_and_again(hadoop, knit, folder, tmp_path):
    (tmp_path / "in").write_text("abc")
    assert knit("fs", "put", str(tmp_path / "in"), f"{folder}/x").returncode == 0
    hadoop.pause("dn0")
    try:
        begun = time.monotonic()
        done = knit("fs", "cat", f"{folder}/x", "-D", "dfs.client.socket-timeout=3s")
        took = time.monotonic() - begun
    finally:
        hadoop.resume("dn0")
    refused(done, 4, f"{folder}/x: no replica of ")
    assert re.search(r":blk_\d+_\d+ can be read: DataNode 127\.0\.0\.1:\d+: kept silent for 3\.0 s", done.stderr), done
    assert 6 <= took < 9


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
