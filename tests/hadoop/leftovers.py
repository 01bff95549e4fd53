"""What a command that was refused must say, and must not leave: anything running, staged or half written."""

from __future__ import annotations

import subprocess
from typing import Any

from hadoop import rest, sites
from hadoop.cluster import MiniHadoop
from hadoop.rm_view import RmView

NAMENODE_FILES = "Hadoop:service=NameNode,name=FSNamesystem"


def refused(done: "subprocess.CompletedProcess[str]", code: int, *said: str) -> None:
    """Fails unless a command told one error that says all this, and nothing else, with this exit code."""
    assert done.returncode == code, done
    errors = [line for line in done.stderr.splitlines() if line.startswith("knit: error: ")]
    assert len(errors) == 1 and "Exception" not in done.stderr, done.stderr
    for words in said:
        assert words in errors[0], (words, errors[0])
    assert done.stdout == ""


class Leftovers:
    """Made before a scenario, asked after it: `check` fails unless everything is as it was."""

    def __init__(self, cluster: MiniHadoop) -> None:
        self._cluster = cluster
        self._rm = RmView(cluster)
        self._hdfs = rest.WebHdfs(cluster.layout.address("nn.http"), sites.login_name())
        self._known = {app["id"] for app in self._applications()}
        self._open = self._files_being_written()

    def check(self, *stagings: str, refused: int = 0, ran: int = 0) -> None:
        """`refused` applications were seen, and refused, by the ResourceManager itself; `ran` succeeded."""
        states = sorted(app["state"] for app in self.new_applications())
        problems = []
        if states != ["FAILED"] * refused + ["FINISHED"] * ran:
            problems.append(f"new applications are {states}; {refused} were to be refused, {ran} to have run")
        for staging in stagings:
            problems += [f"{path} is left" for path in self._half_done(staging)]
        if self._files_being_written() > self._open:
            problems.append("a file is still being written")
        assert not problems, "\n".join(problems)

    def new_applications(self) -> list[dict[str, Any]]:
        return [app for app in self._applications() if app["id"] not in self._known]

    def _applications(self) -> list[dict[str, Any]]:
        return (self._rm.get("/apps").get("apps") or {}).get("app", [])

    def _files_being_written(self) -> int:
        state = rest.jmx(self._cluster.layout.address("nn.http"), NAMENODE_FILES)
        assert state is not None, "the NameNode does not say how many files are being written"
        return int(state["NumFilesUnderConstruction"])

    def _half_done(self, staging: str) -> list[str]:
        """Of applications anything at all, of the cache what is not whole."""
        left = [f"{staging}/apps/{name}" for name in self._hdfs.list(f"{staging}/apps")]
        for digest in self._hdfs.list(f"{staging}/cache"):
            names = self._hdfs.list(f"{staging}/cache/{digest}")
            whole = any(not name.startswith(".") for name in names)
            left += [f"{staging}/cache/{digest}/{name}" for name in names
                     if name.startswith(".") and not (name == ".used" and whole)]
        return left
