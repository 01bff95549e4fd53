"""Whom the cluster's audit logs name: Knit, and the application."""

from __future__ import annotations

import re
from typing import Iterator

import pytest

from hadoop.cluster import MiniHadoop
from hadoop.containers import wait_for
from hadoop.plugin import Knit


@pytest.fixture(scope="module")
def audited(hadoop_version: str) -> Iterator[MiniHadoop]:
    with MiniHadoop(version=hadoop_version, nodes=1,
                    overrides={"core-site": {"hadoop.caller.context.enabled": "true"}}) as cluster:
        yield cluster


def contexts(cluster: MiniHadoop, daemon: str, pattern: str) -> set[str]:
    """Of the lines of a daemon's log that match."""
    lines = [line for line in cluster.log(daemon).read_text().splitlines() if re.search(pattern, line)]
    return {match[1].strip() for line in lines
            if (match := re.search(r"(?:callerContext|CALLERCONTEXT)=([^\t]*)", line))}


def test_audit_logs_name_knit_and_the_application(audited: MiniHadoop):
    knit = Knit(audited)
    version = knit("--version").stdout.split()[-1]
    done = knit("run", "-d", "--memory", "128MiB", "--", "true")
    assert done.returncode == 0, done.stderr
    app_id = done.stdout.strip()
    assert knit("wait", app_id).returncode == 0
    ours = {f"knit/{version} {app_id}"}
    wait_for("the submission is audited", lambda: contexts(audited, "rm", f"Submit Application.*{app_id}"))
    assert contexts(audited, "rm", f"OPERATION=Submit Application Request.*{app_id}") == ours
    # the client writes what is staged, the master the journal
    for file in ("launch.json", "journal"):
        assert contexts(audited, "nn", rf"cmd=create\t.*{app_id}/{file}") == ours, file
    assert knit("ls").returncode == 0
    assert knit("fs", "ls", "/").returncode == 0
    assert contexts(audited, "nn", r"cmd=listStatus\t.*src=/\t") == {f"knit/{version}"}
