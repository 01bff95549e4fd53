"""What docs/cli.md and README.md promise is what the program does."""

from __future__ import annotations

import json
import re

from hadoop.fetch import REPOSITORY

CLI = (REPOSITORY / "docs/cli.md").read_text()


def documented(command: str) -> set[str]:
    row = next(line for line in CLI.splitlines() if line.startswith(f"| `{command}`"))
    return set(re.findall(r"`(\w+)`", row.split("|")[2]))


def test_the_session_of_the_readme(knit):
    readme = (REPOSITORY / "README.md").read_text()
    command = re.search(r"^\$ knit (run -n 4 .*)$", readme, re.MULTILINE)[1].split()
    done = knit(*command)
    assert done.returncode == 0, done.stderr
    assert sorted(line.split(" | ")[0] for line in done.stdout.splitlines()) == list("0123")
    assert re.search(r"application_\d+_\d+ succeeded after", done.stderr)


def test_json_fields_are_documented(knit):
    assert knit("run", "-d", "--", "true").returncode == 0
    shown = json.loads(knit("ls", "-a", "--limit", "1", "-o", "json").stdout)[0]
    assert set(shown) == documented("ls")
    for command in ("nodes", "queues", "config", "doctor"):
        assert set(json.loads(knit(command, "-o", "json").stdout)[0]) == documented(command), command
    assert set(json.loads(knit("fs", "ls", "/", "-o", "json").stdout)[0]) == documented("fs ls")


def test_every_command_has_its_help(knit):
    names = {name for row in re.findall(r"^\| `knit .*$", CLI, re.MULTILINE)
             for name in re.findall(r"`knit (\w+)", row)}
    for name in sorted(names):
        helped = knit(name, "--help")
        assert helped.returncode == 0 and "Usage" in helped.stdout, name
    for shell in ("bash", "zsh", "fish"):
        assert "knit" in knit("completion", shell).stdout
