"""The runner of examples notices what it should, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hadoop import console

ELSEWHERE = {"/etc/place": "/usr/share"}


def check(tmp_path: Path, *lines: str, timeout_s: float = 20) -> int:
    page = tmp_path / "page.md"
    page.write_text("\n".join(["# Page", "```console", *lines, "```", ""]))
    return console.check(page, dict(os.environ), tmp_path, ELSEWHERE, timeout_s)


@pytest.mark.parametrize("lines", [
    ["$ echo one", "one"],
    ["$ x=1", "$ echo $x", "1", "$ false", "$ echo $?", "1"],
    ["$ cat > file <<'END'", "> a b", ">", "> END", "$ cat file", "a    b", ""],
    ["$ seq 5", "1", "...", "5"],
    ["$ echo application_17_0001 ended after 12 ms", "application_99_0002 ended after 3.4 s"],
    ["$ printf '1 | b\\n0 | a\\nend\\n'", "0 | a", "1 | b", "end"],
    ["$ echo on 127.0.0.1:4711", "on node3.example.com:8041"],
    ["$ ls -d /etc/place", "/etc/place"],
    ["$ test -t 1 && test -t 2 && echo terminal", "terminal"],
    ["$ printf '\\r\\033[Kworking\\r\\033[Kdone\\n'", "done"],
    ["$ cat", "$ echo not read", "not read"],
])
def test_what_agrees(tmp_path: Path, lines: list[str]) -> None:
    assert check(tmp_path, *lines) == sum(line.startswith("$ ") for line in lines)


@pytest.mark.parametrize("lines", [
    ["$ echo one", "two"],
    ["$ echo one"],
    ["$ true", "one"],
    ["$ seq 5", "1", "...", "4"],
    ["$ printf '0 | b\\n1 | a\\n'", "0 | a", "1 | b"],
    ["$ no-such-command-at-all"],
    ["$ exit 3"],
    ["$ echo 'unclosed"],
])
def test_what_does_not(tmp_path: Path, lines: list[str]) -> None:
    with pytest.raises(console.Mismatch, match="page.md:3"):
        check(tmp_path, *lines)


def test_a_session_that_hangs_is_ended(tmp_path: Path) -> None:
    with pytest.raises(console.Mismatch, match="not ended in time"):
        check(tmp_path, "$ sleep 600", timeout_s=0.5)
