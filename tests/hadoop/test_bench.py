"""`./dev bench` measures what it says, on both sides, and tells when a program fails."""

from __future__ import annotations

import sys

import pytest

from hadoop.fetch import REPOSITORY

sys.path.append(str(REPOSITORY))
from bench import run  # noqa: E402
from bench.measure import Bench, BenchError  # noqa: E402


@pytest.mark.parametrize("name, rows", [("status", 2), ("master", 2), ("files", 4)])
def test_both_sides_are_measured(hadoop, knit, name: str, rows: int) -> None:
    found = run.ALL[name](Bench(hadoop, knit.program(), repeat=1, mib=1))
    assert len(found) == rows
    assert all(row.ours > 0 and row.theirs > 0 for row in found), run.table(found)
    memory = [row for row in found if row.unit == "MiB"]
    # No JVM has run a client in less; nothing of ours comes near it.
    assert memory and all(row.theirs > 40 > row.ours for row in memory), run.table(found)


def test_launches_are_read_from_the_daemons_logs(hadoop, knit) -> None:
    together, fullest, called = run.ALL["spread"](Bench(hadoop, knit.program(), repeat=1, mib=1))
    assert fullest.ours == 10 <= fullest.theirs, "ten on each node"
    assert 0 < together.ours < together.theirs
    assert 0 <= called.ours and 0 < called.theirs


def test_a_program_that_fails_is_no_figure(hadoop, knit) -> None:
    with pytest.raises(BenchError, match="application_1_0001"):
        Bench(hadoop, knit.program(), repeat=1, mib=1).client("status", "application_1_0001")
