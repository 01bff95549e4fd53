"""Examples in Markdown, run as a reader would run them.

A fenced block marked `console` holds commands (lines that begin with "$ ", continued by lines that
begin with "> ") and below each what it shows on a terminal. All blocks of a page are one session
of bash: variables, files and the working folder stay. `...` in what is shown stands for anything,
also for several lines. What differs from run to run (ids, times, durations, machines, how wide a
table is, the order in which instances write) is not compared.
"""

from __future__ import annotations

import os
import re
import select
import shlex
import struct
import subprocess
import termios
import time
import fcntl
from dataclasses import dataclass, field
from pathlib import Path

COLUMNS, ROWS = 200, 50
# What bash prints around a command's output, with its number; no program writes this byte.
BEGIN, END = "\x1eknit-begin {}\x1e", "\x1eknit-end {}\x1e"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INSTANCE_LINE = re.compile(r"^(\d+) \| ")
VARYING = [
    (r"\b(application|appattempt|container)(_e\d+)?_\d+(_\d+)+", r"\1_ID"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "TIME"),
    (r"\b[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ [\d:]{8} [A-Z]+ \d{4}\b", "DATE"),
    (r"\b\d+(\.\d+)?( ms| s|ms|s|m|min)\b( \d+ s)?", "DURATION"),
    (r"\b(localhost|127\.0\.0\.1|[\w-]+(\.[\w-]+)*\.example\.com)(:\d+)?", "HOST"),
    (r"\b[0-9a-f]{64}\b", "SHA256"),
    (r"\b(?=[0-9a-f]*\d)[0-9a-f]{12}\b", "SHA256"),
    (r"/[^\s:]*/usercache/", "/NM/usercache/"),
    (r"[ \t]+", " "),
]


@dataclass
class Command:
    text: str
    line: int  # in the page
    shown: list[str] = field(default_factory=list)


class Mismatch(AssertionError):
    """An example does not show what the page says."""


def blocks(page: str) -> list[tuple[str, str, int]]:
    """Language, text and first line of each fenced block."""
    return [(m[1], m[2], page.count("\n", 0, m.start(2)) + 1) for m in FENCE.finditer(page)]


def commands(page: str, wanted: str = "console", prompt: str = "$", more: str = ">") -> list[Command]:
    """Those of all blocks of one language, whose lines begin with its prompts."""
    found: list[Command] = []
    for language, text, first in blocks(page):
        if language != wanted:
            continue
        continues = False
        for number, line in enumerate(text.splitlines(), first):
            if line.startswith(f"{prompt} "):
                found.append(Command(line[len(prompt) + 1:], number))
                continues = True
            elif continues and line.startswith(f"{more} "):
                found[-1].text += "\n" + line[len(more) + 1:]
            elif continues and line == more:
                found[-1].text += "\n"
            else:
                continues = False
                found[-1].shown.append(line)
    return found


def script(page: list[Command]) -> str:
    """`$?` of one command is there for the next; none of them is given the script as its input."""
    lines = ["knit_mark() { local code=$?; printf '%s' \"$1\"; return $code; }"]
    for number, command in enumerate(page):
        lines += [f"knit_mark {shlex.quote(BEGIN.format(number))}",
                  "{ " + command.text + "\n} </dev/null",
                  f"knit_mark {shlex.quote(END.format(number))}"]
    return "\n".join(lines) + "\n"


def on_terminal(argv: list[str], env: dict[str, str], cwd: Path, timeout_s: float) -> str:
    """Everything a program shows on a terminal of its own."""
    ours, theirs = os.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        modes = termios.tcgetattr(theirs)
        modes[1] &= ~termios.OPOST  # a newline stays one
        termios.tcsetattr(theirs, termios.TCSANOW, modes)
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
                                   env=env, cwd=cwd, start_new_session=True)
    finally:
        os.close(theirs)
    try:
        return read_to_end(process, ours, time.monotonic() + timeout_s)
    finally:
        os.close(ours)


def read_to_end(process: "subprocess.Popen[bytes]", terminal: int, deadline: float) -> str:
    text = b""
    while True:
        ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            os.killpg(process.pid, 9)
            process.wait()
            raise Mismatch("the examples have not ended in time; so far:\n" + text.decode(errors="replace"))
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux's way of telling that the other side has closed it
            piece = b""
        if not piece:
            process.wait()
            return text.decode(errors="replace")
        text += piece


def visible(text: str) -> list[str]:
    """What stays on the screen: a progress line is erased before something else takes its place."""
    return [line.rpartition("\r\x1b[K")[2].rstrip() for line in text.split("\n")]


def normal(lines: list[str], places: dict[str, str]) -> list[str]:
    """`places` maps what stands in a page to what it is on this cluster."""
    out: list[str] = []
    for line in lines:
        for told, real in places.items():
            line = line.replace(real, told)
        for pattern, word in VARYING:
            line = re.sub(pattern, word, line)
        out.append(line.strip())
    return in_order(out)


def in_order(lines: list[str]) -> list[str]:
    """Instances write when they like: neighbouring lines of theirs are put in their order."""
    out: list[str] = []
    run: list[str] = []
    for line in [*lines, ""]:
        if INSTANCE_LINE.match(line):
            run.append(line)
            continue
        out += sorted(run, key=lambda text: int(INSTANCE_LINE.match(text)[1]))  # type: ignore[index]
        run = []
        out.append(line)
    return out[:-1]


def agrees(expected: list[str], actual: list[str]) -> bool:
    pieces = "\n".join(expected).strip("\n").split("...")
    pattern = ".*".join(re.escape(piece) for piece in pieces)
    return re.fullmatch(pattern, "\n".join(actual).strip("\n"), re.DOTALL) is not None


def check(page: Path, env: dict[str, str], folder: Path, places: dict[str, str], timeout_s: float) -> int:
    """Runs the page's examples; the first that shows something else is a Mismatch. How many there were."""
    wanted = commands(page.read_text())
    text = script(wanted)
    for told, real in places.items():
        text = text.replace(told, real)
    compare(page, wanted, on_terminal(["bash", "-c", text], env, folder, timeout_s), places)
    return len(wanted)


def compare(page: Path, wanted: list[Command], shown: str, places: dict[str, str]) -> None:
    """`shown` is what a session of these commands has written, with BEGIN and END around each."""
    for number, command in enumerate(wanted):
        begin, end = BEGIN.format(number), END.format(number)
        if begin not in shown or end not in shown:
            raise Mismatch(f"{page.name}:{command.line}: the session ended before `{command.text}`:\n{shown}")
        output = visible(shown.split(begin)[1].split(end)[0])
        expected, actual = normal(command.shown, places), normal(output, places)
        if not agrees(expected, actual):
            raise Mismatch("\n".join([f"{page.name}:{command.line}: $ {command.text}", "--- the page shows",
                                      *expected, "--- it is", *actual, "--- as it came", *output]))
