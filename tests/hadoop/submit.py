"""Applications of one container, submitted over REST: filling, for tests of the cluster itself.

The container is a master that never registers. With a command that ends, the application
fails; a scenario uses them to occupy a cluster, a queue or a user, and kills them.
"""

from __future__ import annotations

import json
import time
from typing import Any, Optional

from hadoop import rest, sites
from hadoop.cluster import MiniHadoop
from hadoop.rm_view import RmView

STATE_TIMEOUT_S = 30.0


class Refused(RuntimeError):
    """The ResourceManager did not take the application; its words are the text."""


def call(cluster: MiniHadoop, method: str, path: str, user: str, body: Optional[Any] = None) -> Any:
    address = cluster.layout.address("rm.http")
    status, answer = rest.request(method, address, f"/ws/v1/cluster{path}?user.name={user}",
                                  json.dumps(body) if body is not None else "")
    if status not in (200, 202):
        raise Refused(f"{method} {path}: {status} {answer.decode(errors='replace')}")
    return json.loads(answer) if answer else None


def submit(cluster: MiniHadoop, command: str, queue: str = "default", user: Optional[str] = None,
           memory_mb: int = 128, attempts: int = 1, **more: Any) -> str:
    """Returns the id at once; `more` are further fields of the REST call."""
    user = user or sites.login_name()
    app_id = call(cluster, "POST", "/apps/new-application", user)["application-id"]
    request = {
        "application-id": app_id, "application-name": "filling", "application-type": "TEST",
        "queue": queue, "max-app-attempts": attempts,
        "resource": {"memory": memory_mb, "vCores": 1},
        "am-container-spec": {"commands": {"command": command}}, **more}
    call(cluster, "POST", "/apps", user, request)
    return app_id


def kill(cluster: MiniHadoop, app_id: str) -> None:
    call(cluster, "PUT", f"/apps/{app_id}/state", sites.login_name(), {"state": "KILLED"})
    wait_state(cluster, app_id, "KILLED")


def wait_state(cluster: MiniHadoop, app_id: str, *wanted: str) -> dict[str, Any]:
    """The application once it is in one of these states; fails at the deadline."""
    end = time.monotonic() + STATE_TIMEOUT_S
    while True:
        app = RmView(cluster).application(app_id)
        if app["state"] in wanted:
            return app
        if time.monotonic() > end:
            raise AssertionError(f"{app_id} is {app['state']}, not {' or '.join(wanted)}: "
                                 f"{app['diagnostics']}")
        time.sleep(0.05)
