"""Rough handling: what users, scripts and full disks do to the program."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess

import pytest


def redirected(knit, hadoop, redirection, *args):
    """knit, with a stream that the shell has closed or sent to a full disk."""
    return subprocess.run(["/bin/bash", "-c", f'"$@" {redirection}', "bash", knit.program(), *args],
                          env=hadoop.env(), capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("args", [
    ["--version"], ["--help"], ["nodes"], ["config"], ["ls", "-o", "json"], ["completion", "bash"],
])
@pytest.mark.parametrize("redirection", [">/dev/full", ">&-"])
def test_lost_output_is_no_success(knit, hadoop, redirection, args):
    done = redirected(knit, hadoop, redirection, *args)
    assert done.returncode == 1
    assert "stdout did not take all of the output" in done.stderr


def test_a_file_that_did_not_arrive_whole_is_no_success(knit, hadoop, tmp_path):
    (tmp_path / "in").write_bytes(os.urandom(100_000))
    assert knit("fs", "put", str(tmp_path / "in"), "lost-on-the-way").returncode == 0
    done = redirected(knit, hadoop, ">/dev/full", "fs", "cat", "lost-on-the-way")
    assert done.returncode == 1 and "No space left" in done.stderr
    assert knit("fs", "rm", "--skip-trash", "lost-on-the-way").returncode == 0


def test_the_id_of_a_detached_run_is_told_all_the_same(knit, hadoop):
    done = redirected(knit, hadoop, ">/dev/full", "run", "-d", "--", "sleep", "600")
    submitted = re.search(r"(application_\S+) was submitted", done.stderr)
    assert done.returncode == 1 and submitted, done
    assert knit("kill", submitted[1]).returncode == 0


@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-", "<&- >&- 2>&-"])
def test_an_error_that_cannot_be_said_is_an_error(knit, hadoop, redirection):
    assert redirected(knit, hadoop, redirection, "fs", "ls", "/no/such").returncode == 7
    assert redirected(knit, hadoop, redirection, "no-such-command").returncode == 2


def test_the_outcome_survives_a_stderr_that_takes_nothing(knit, hadoop):
    done = redirected(knit, hadoop, "2>/dev/full", "run", "-c", "echo out; echo err >&2; exit 9",
                      "--exit-code-from", "0")
    assert done.returncode == 9 and done.stdout == "out\n"


def test_an_empty_path_is_not_the_home_directory(knit, hadoop, tmp_path):
    (tmp_path / "in").write_text("abc")
    assert knit("fs", "put", str(tmp_path / "in"), "precious").returncode == 0
    for args in (["rm", "-r", ""], ["rm", "-r", "--skip-trash", ""], ["mv", "", "x"], ["mkdir", ""],
                 ["put", str(tmp_path / "in"), ""], ["get", "", str(tmp_path)], ["cat", ""]):
        done = knit("fs", *args)
        assert done.returncode == 2 and "empty path" in done.stderr, args
    home = json.loads(knit("fs", "ls", "-o", "json").stdout)
    assert any(entry["path"].endswith("/precious") for entry in home)
    assert knit("fs", "rm", "--skip-trash", "precious").returncode == 0


def test_a_name_that_begins_with_a_dash(knit):
    assert knit("fs", "mkdir", "--", "-x").returncode == 0
    assert knit("fs", "rm", "-r", "--skip-trash", "--", "-x").returncode == 0


def test_get_replaces_files_alone(knit, hadoop, tmp_path):
    (tmp_path / "in").write_text("abc")
    os.mkfifo(tmp_path / "pipe")
    assert knit("fs", "put", "-f", str(tmp_path / "in"), "small").returncode == 0
    done = knit("fs", "get", "-f", "small", str(tmp_path / "pipe"))
    assert done.returncode == 2 and "pipe" in done.stderr
    assert stat.S_ISFIFO(os.stat(tmp_path / "pipe").st_mode)
    assert knit("fs", "get", "-f", "small", str(tmp_path / "in")).returncode == 0
    assert knit("fs", "rm", "--skip-trash", "small").returncode == 0


@pytest.mark.parametrize("args, said", [
    (["fs", "ls", "hdfs://127.0.0.1:abc/"], "port"),
    (["run", "-n", "abc", "--", "true"], "'abc' is no whole number from 1 up"),
    (["run", "-n", "", "--", "true"], "'' is no whole number"),
    (["run", "-n", "99999999999999999999", "--", "true"], "too large"),
    (["run", "--exit-code-from", "-1", "--", "true"], "'-1' is no whole number"),
    (["run", "-e", "", "--", "true"], "has no name"),
    (["run", "--env-file", "/dev/zero", "--", "true"], "larger than 1 MiB"),
    (["run", "--env-file", "/no/such", "--", "true"], "No such file"),
    (["ls", "--connect-timeout", "0"], "more than 0"),
    (["ls", "--", "extra"], "extra"),
])
def test_nonsense_is_refused_with_a_reason(knit, args, said):
    done = knit(*args, timeout_s=20)
    assert done.returncode == 2 and said in done.stderr, done


def test_numbers_are_decimal(knit):
    plan = json.loads(knit("run", "-n", "010", "--dry-run", "-o", "json", "--", "true").stdout)
    assert plan["instances"] == 10
