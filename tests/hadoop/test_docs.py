"""What README.md and docs/ promise is what the program does: their examples run here, their tables are compared."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Iterator

import pytest

from hadoop import console, fetch
from hadoop.containers import wait_for
from hadoop.fetch import REPOSITORY

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
WITH_EXAMPLES = [page for page in PAGES if console.commands(page.read_text())]
CLI = (REPOSITORY / "docs/cli.md").read_text()
USER = "alice"  # the reader, in all pages
PAGE_TIMEOUT_S = 240.0
# What is no example to run here: files and figures, and Python, which tests/python runs.
OTHER_LANGUAGES = {"xml", "text", "yaml", "pycon"}


@pytest.fixture(scope="module")
def home(hadoop) -> None:
    hadoop.make_home(USER)


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: page.name)
def test_examples_show_what_the_page_says(hadoop, knit, rm_view, home, page: Path, tmp_path: Path) -> None:
    places = {"/etc/hadoop/conf": str(hadoop.conf_dir), "/home/alice": str(tmp_path),
              "nn.example.com:8020": hadoop.layout.address("nn.rpc"),
              "rm.example.com:8032": hadoop.layout.address("rm.client")}
    env = hadoop.env(user=USER)
    env.update(PATH=f"{Path(knit.program()).parent}:{env['PATH']}", HOME=str(tmp_path), TERM="xterm", LC_ALL="C.UTF-8")
    # a page begins with idle nodes; the last container of the page before may still be counted
    wait_for("the cluster is idle", lambda: not rm_view.busy())
    console.check(page, env, tmp_path, places, PAGE_TIMEOUT_S)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_example_is_one_that_runs(page: Path) -> None:
    text = page.read_text()
    assert {language for language, _, _ in console.blocks(text)} <= {"console"} | OTHER_LANGUAGES
    outside = console.FENCE.sub("", text)
    assert not re.search(r"^\s*\$ ", outside, re.MULTILINE), "a command outside of a console block"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}, target


# -- the table of JSON fields -------------------------------------------------

def documented() -> dict[str, set[str]]:
    table = CLI.split("| of | fields |")[1].split("\n\n")[0]
    rows = [line.split("|") for line in table.splitlines()[2:]]
    fields = {re.sub(r"`", "", row[1]).strip(): set(re.findall(r"`(\w+)`", row[2])) for row in rows}
    fields["status, describe"] = (fields["status, describe"] - {"ls"}) | fields["ls, wait, move"]
    return fields


def shown(knit: Any, *args: str) -> Any:
    done = knit(*args, "-o", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def objects(knit: Any, tmp_path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row of the table with objects as the program writes them."""
    app_id = knit("run", "-d", "-n", "1", "-c", "echo one; sleep 1").stdout.strip()
    yield "ls, wait, move", shown(knit, "ls", "-a", "--limit", "1")[0]
    events = [json.loads(line) for line in knit("attach", app_id, "-o", "json").stdout.splitlines()]
    yield from (("run, attach: event progress" if event["event"] == "progress" else f"event {event['event']}", event)
                for event in events)
    failing = knit("run", "-o", "json", "--max-restarts", "1", "-c", "exit 1").stdout.splitlines()
    yield from (("event notice", event) for event in map(json.loads, failing) if event["event"] == "notice")
    yield "ls, wait, move", events[-1]["application"]
    yield "ls, wait, move", shown(knit, "wait", app_id)
    for command in ("status", "describe"):
        whole = shown(knit, command, app_id)
        yield "status, describe", whole
        yield from (("an attempt", attempt) for attempt in whole["attempts"])
        yield from (("an instance, containers", instance) for instance in whole["instances"])
        yield "used, capacity, instance, master", whole["used"]
    yield from (("an instance, containers", one) for one in shown(knit, "containers", app_id))
    sleeper = knit("run", "-d", "--", "sleep", "600").stdout.strip()
    wait_for("both run", lambda: [one["state"] for one in shown(knit, "containers", sleeper)] == ["running"] * 2)
    yield "scale", shown(knit, "scale", sleeper, "0")
    yield "ls, wait, move", shown(knit, "move", sleeper, "small")
    assert knit("stop", sleeper).returncode == 0
    node = shown(knit, "nodes")[0]
    yield "nodes", node
    yield from (("used, capacity, instance, master", node[key]) for key in ("used", "capacity"))
    for command in ("queues", "config", "doctor"):
        yield command, shown(knit, command)[0]
    yield "fs ls, fs stat", shown(knit, "fs", "ls", "/")[0]
    yield "fs ls, fs stat", shown(knit, "fs", "stat", "/")
    yield "logs", json.loads(knit("logs", app_id, "-o", "json").stdout.splitlines()[0])
    yield "cache ls, cache gc", shown(knit, "cache", "ls")[0]
    (tmp_path / "x").write_text("x")
    plan = shown(knit, "run", "--dry-run", "--file", str(tmp_path / "x"), "-c", "true")
    yield "run --dry-run", plan
    yield from (("a file of it", file) for file in plan["files"])
    yield from (("used, capacity, instance, master", plan[key]) for key in ("instance", "master"))


def test_json_fields_are_the_documented_ones(knit, tmp_path: Path) -> None:
    wanted = documented()
    seen = set()
    for row, value in objects(knit, tmp_path):
        assert set(value) == wanted[row], row
        seen.add(row)
    assert seen == set(wanted)


# -- the tables of options ----------------------------------------------------

def options_in_help(text: str) -> set[str]:
    found: set[str] = set()
    for line in text.splitlines():
        if match := re.match(r"^  (-[-\w,]+)", line):
            found.update(match[1].split(","))
    return found - {"-h", "--help"}


def commands_in_help(text: str) -> list[str]:
    _, _, listed = text.partition("\nSubcommands:\n")
    return re.findall(r"^  (\w+) ", listed, re.MULTILINE)


def options_in_docs(section: str) -> set[str]:
    rows = [line for line in section.splitlines() if line.startswith("| `-")]
    spans = [span for row in rows for span in re.findall(r"`([^`]*)`", row.split(" | ")[0])]
    return {span.split()[0].split("=")[0] for span in spans} - {"-h", "--help"}


def test_commands_and_options_are_the_documented_ones(knit) -> None:
    sections = dict(re.findall(r"^##+ `(knit[^`]*)`\n(.*?)(?=^##|\Z)", CLI, re.MULTILINE | re.DOTALL))
    todo, commands = ["knit"], set()
    while todo:
        command = todo.pop()
        commands.add(command)
        text = knit(*command.split()[1:], "--help").stdout
        assert options_in_docs(sections[command]) == options_in_help(text), command
        todo += [f"{command} {name}" for name in commands_in_help(text)]
    assert commands == set(sections)
    top = re.findall(r"^\|(.*?)\|", CLI.split("| command | does |")[1].split("\n\n")[0], re.MULTILINE)
    listed = {name for row in top for name in re.findall(r"\[`(\w+)`\]", row)}
    assert {f"knit {name}" for name in listed} == {command for command in commands if command.count(" ") == 1}


def test_completion_names_every_command(knit) -> None:
    names = commands_in_help(knit("--help").stdout)
    for shell in ("bash", "zsh", "fish"):
        script = knit("completion", shell).stdout
        assert names and all(name in script for name in names), shell


def test_exit_codes_are_the_documented_ones() -> None:
    header = (REPOSITORY / "src/cli/context.h").read_text()
    assert set(re.findall(r"kExit\w+ = (\d+)", header)) == set(re.findall(r"^\| (\d+) \|", CLI, re.MULTILINE))


# -- for administrators -------------------------------------------------------

ADMINISTRATORS = (REPOSITORY / "docs/administrators.md").read_text()


def program_text() -> str:
    files = [*(REPOSITORY / "src").rglob("*.cc"), *(REPOSITORY / "src").rglob("*.h")]
    return "\n".join(file.read_text() for file in files if not re.search(r"_(test|testing|fuzz|for_test)\.", file.name))


def test_the_calls_told_to_administrators_are_those_that_are_made() -> None:
    table = ADMINISTRATORS.split("| protocol | from | methods |")[1].split("\n\n")[0]
    told = {method for line in table.splitlines()[2:] for method in re.findall(r"`(\w+)`", line)}
    made = set(re.findall(r'rpc::call<[\w:]+>\(\s*\w+,\s*"(\w+)"', program_text()))
    assert made and told == made


def test_the_rules_of_a_site_told_to_administrators_are_those_that_there_are() -> None:
    rules = (REPOSITORY / "src/client/site_rules.cc").read_text()
    forbidden = ADMINISTRATORS.split("What can be forbidden: ")[1].split(".\n")[0]
    assert set(re.findall(r"`([\w-]+)`", forbidden)) == set(re.findall(r'^    \{"([\w-]+)", \[\]', rules, re.MULTILINE))
    names = set(re.findall(r'^    \{"([\w-]+)", "knit', (REPOSITORY / "src/client/site_file.cc").read_text(), re.MULTILINE))
    example = ADMINISTRATORS.split("```yaml")[1].split("```")[0]
    assert names and all(re.search(rf"\b{name}\b", example) for name in names)


# -- troubleshooting ----------------------------------------------------------

def literals() -> str:
    """All that the program may say: its string literals, each as one text however it is broken into lines."""
    files = [*(REPOSITORY / "src").rglob("*.cc"), *(REPOSITORY / "src").rglob("*.h")]
    code = "\n".join(file.read_text() for file in files if not re.search(r"_(test|fuzz|for_test)\.", file.name))
    return re.sub(r'"\s*\n\s*"', "", code).replace('\\"', '"')


def test_messages_of_troubleshooting_are_the_programs() -> None:
    headings = re.findall(r"^### (.*)$", (REPOSITORY / "docs/troubleshooting.md").read_text(), re.MULTILINE)
    said = re.sub(r"\{[\w:.]*\}", "...", literals())  # what is put in when the program runs
    pieces = {piece.strip(" .;:()',") for heading in headings for message in re.findall(r"`([^`]*)`", heading)
              for piece in message.split("...")} - {""}
    assert {piece for piece in pieces if piece not in said} == {"Connection refused"}  # the system's words


def test_the_versions_and_what_they_lack_are_listed() -> None:
    page = (REPOSITORY / "docs/compatibility.md").read_text()
    assert re.findall(r"^\| (\d+\.\d+\.\d+) \|", page, re.MULTILINE) == sorted(
        fetch.known_versions(), key=lambda version: [*map(int, version.split("."))], reverse=True)
    marks = {mark for file in (REPOSITORY / "tests").rglob("test_*.py")
             for mark in re.findall(r'mark\.since\("([^"]+)", "([^"]+)"\)', file.read_text())}
    assert marks == set(re.findall(r"^\| (\d+\.\d+) \| ([^|]+) \|", page, re.MULTILINE))
