"""What an application wrote, as `yarn logs` gives it and as `knit logs` does: bytes, by container and file."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path
from typing import Callable, Optional

from hadoop.cluster import MiniHadoop
from hadoop.plugin import Knit

Logs = dict[tuple[str, str], bytes]  # (container, file)
HEAD = re.compile(rb"LogType:(.*)\nLogLastModifiedTime:.*\nLogLength:(\d+)\nLogContents:\n")


def yarn_logs(cluster: MiniHadoop, app_id: str, folder: Path, user: Optional[str] = None) -> Logs:
    """By `yarn logs -out`: bytes are counted, for a log may look like anything."""
    cluster.wait_logs(app_id)
    done = cluster.yarn("logs", "-applicationId", app_id, "-out", str(folder), user=user)
    assert done.returncode == 0, done.stderr
    logs: Logs = {}
    for path in folder.rglob("container_*"):
        data, at = path.read_bytes(), 0
        while head := HEAD.search(data, at):
            at = head.end() + int(head[2])
            logs[path.name, head[1].decode()] = data[head.end():at]
    assert logs, f"yarn logs {app_id} -out wrote nothing\n{done.stdout}{done.stderr}"
    return logs


def knit_bytes(cluster: MiniHadoop, *args: str, user: Optional[str] = None) -> bytes:
    """stdout of a knit that succeeds, as it is."""
    done = subprocess.run([Knit.program(), *args], env=cluster.env(user), capture_output=True,
                          timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


def knit_logs(cluster: MiniHadoop, app_id: str, like: Logs, user: Optional[str] = None) -> Logs:
    """The same logs by `knit logs`, each asked for by its names."""
    return {(container, file): knit_bytes(cluster, "logs", app_id, "--container", container, "--log", file,
                                          user=user)
            for container, file in like}


def assert_equal(cluster: MiniHadoop, app_id: str, folder: Path, containers: int,
                 user: Optional[str] = None) -> None:
    theirs = yarn_logs(cluster, app_id, folder, user)
    wanted = {key: log for key, log in theirs.items() if key[1].endswith(("stdout", "stderr"))}
    assert len({container for container, _ in wanted}) == containers
    ours = knit_logs(cluster, app_id, wanted, user)
    assert ours == wanted


def wait_until(condition: Callable[[], object], what: str, timeout_s: float = 60.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"after {timeout_s:.0f} s it is still not so that {what}"
        time.sleep(0.05)


# For `knit run -c`: waits until the file that $GO names is there, but not for ever.
WAIT = 'i=0; while ! test -e "$GO" && test $i -lt 1200; do i=$((i+1)); sleep 0.1; done'
