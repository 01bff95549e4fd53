"""The fixture `knit` hands a program the cluster, and fails where it must."""

import time

import pytest

_FAILED = pytest.fail.Exception


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A stand-in for the program: runs its arguments as a shell command."""
    path = tmp_path / "knit"
    path.write_text('#!/bin/sh\neval "$@"\n')
    path.chmod(0o755)
    monkeypatch.setenv("KNIT_BIN", str(path))
    return path


def test_it_is_given_the_cluster_the_user_and_the_input(program, hadoop, knit, monkeypatch):
    monkeypatch.setenv("HADOOP_HOME", "/somewhere/else")
    result = knit("echo $HADOOP_CONF_DIR $HADOOP_USER_NAME [$HADOOP_HOME] $X; cat; exit 3",
                  user="bob", env={"X": "y"}, stdin="words")
    assert result.stdout == f"{hadoop.conf_dir} bob [] y\nwords"
    assert result.returncode == 3


def test_its_end_is_awaited_for_a_while_only(program, knit):
    began = time.monotonic()
    with pytest.raises(_FAILED, match="(?s)did not end within 1 s.*so far"):
        knit("echo so far; sleep 60 & sleep 60", timeout_s=1)
    assert time.monotonic() - began < 10  # what it started is gone as well


def test_a_missing_program_fails(knit, monkeypatch):
    monkeypatch.setenv("KNIT_BIN", "/nowhere/knit")
    with pytest.raises(_FAILED, match="/nowhere/knit is not there"):
        knit("status")
