"""docs/control-api.yaml, control-api.md and the server say the same."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any, Iterator, Optional

import pytest

from hadoop.cluster import MiniHadoop
from hadoop.containers import expect_nothing_left, wait_for
from hadoop.fetch import REPOSITORY
from hadoop.openapi import Description, routes
from hadoop.plugin import Knit

PAGE = (REPOSITORY / "docs/control-api.md").read_text()
FIELDS = PAGE.split("| of | fields |")[1].split("\n\n")[0]
APPLICATION, INSTANCES = "/v1/application", "/v1/instances"
SCALE, RESTART, STOP = "/v1/scale", "/v1/instances/{instance}/restart", "/v1/stop"
FOLLOW = "/v1/follow"


@pytest.fixture(scope="module")
def description() -> Description:
    return Description()


class Master:
    """The master of one application, asked by curl; every answer is judged."""

    def __init__(self, description: Description, url: str, *identity: str) -> None:
        self.description, self.url, self.identity = description, url, identity

    def curl(self, method: str, path: str, body: Optional[str] = None) -> tuple[int, str, str, str]:
        sent = ["-H", "Content-Type: application/json", "--data-binary", "@-"] if body is not None else []
        done = subprocess.run(
            ["curl", "-sS", "-X", method, "-w", "\n%{http_code} %{content_type} allow=%header{allow}", *self.identity,
             *sent, f"{self.url}{path}"], input=body, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        text, _, tail = done.stdout.rpartition("\n")
        code, content_type, allow = re.fullmatch(r"(\d+) (\S*) ?allow=(.*)", tail).groups()
        return int(code), content_type, text, allow

    def ask(self, method: str, path: str, body: Optional[str] = None, instance: int = 0) -> tuple[int, Any]:
        code, content_type, text, _ = self.curl(method, path.replace("{instance}", str(instance)), body)
        self.description.check(method, path, code, content_type, text)
        if code == 400:
            assert not self.description.takes(method, path, body), f"{body} is refused: {text}"
        elif code < 300 and method == "POST":
            assert self.description.takes(method, path, body), f"{body} is taken"
        return code, json.loads(text) if text else None


@pytest.fixture
def application(hadoop: MiniHadoop, knit: Knit, description: Description, tmp_path: Path
                ) -> Iterator[tuple[str, Master, Master]]:
    """An application whose instance 1 runs and 0 has ended; its master for the owner, and for a container."""
    tmp_path.chmod(0o777)
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(0o777)
    app_id = knit("run", "-d", "-n", "2", "--memory", "128MiB", "-e", f"OUT={out}", "-c",
                  "if test $KNIT_INSTANCE = 0; then exit 3; fi; trap '' TERM; cp -r $KNIT_CERTS $OUT/certs; "
                  "touch $OUT/ready; "
                  "while :; do sleep 0.1; done", "--max-failures", "1").stdout.strip()
    wait_for("instance 1 runs", (out / "ready").exists)
    key = tmp_path / "key.pem"
    key.touch(0o600)
    key.write_text(knit("key", "export", app_id).stdout)
    told = json.loads(knit("describe", app_id, "-o", "json").stdout)
    url = f"https://{told['master_host']}:{told['master_port']}"
    owner = Master(description, url, "--cacert", str(key), "--cert", str(key))
    container = Master(description, url, "--cacert", f"{out}/certs/ca.pem", "--cert", f"{out}/certs/cert.pem",
                       "--key", f"{out}/certs/key.pem")
    wait_for("instance 0 has ended", lambda: owner.ask("GET", APPLICATION)[1]["instances"]["failed"] == 1)
    yield app_id, owner, container
    knit("kill", app_id)


def test_every_answer_is_one_that_the_file_promises(hadoop, knit, application):
    app_id, owner, container = application
    for asker in (owner, container):
        assert asker.ask("GET", APPLICATION)[1]["instances"]["running"] == 1
        first, second = asker.ask("GET", INSTANCES)[1]["instances"]
        assert (first["state"], first["exit_status"], second["exit_status"]) == ("failed", 3, None)
    bodies = {SCALE: '{"to": 1}', FOLLOW: '{"follower": "f"}'}
    for path in (SCALE, RESTART, STOP, FOLLOW):
        code, error = container.ask("POST", path, bodies.get(path, "{}"))
        assert code == 403 and error["code"] == "permission_denied"
    journal = owner.ask("POST", FOLLOW, '{"follower": "curl", "attempt": 1, "from": 0}')[1]["journal"]
    assert json.loads(journal.splitlines()[0])["kind"] == "master_started"
    told = json.dumps({"follower": "curl", "attempt": 1, "from": len(journal), "read": len(journal), "wait_ms": 1})
    assert owner.ask("POST", FOLLOW, told)[0] == 200
    for body in ("{}", '{"follower": ""}', '{"follower": "f", "wait_ms": 30001}', '{"follower": "f", "from": -1}'):
        assert owner.ask("POST", FOLLOW, body)[0] == 400, body
    for body, code in [('{"by": 1, "grace_ms": 0, "later": true}', 200), ('{"remove": [2], "grace_ms": 0}', 200),
                       ('{"to": 1}', 200), ('{"remove": [77]}', 404), ('{"to": 100001}', 400), ('{"to": -1}', 400),
                       ('{"to": 1, "by": 0}', 400), ("{}", 400), ("[]", 400), ("to", 400), ('{"to": "1"}', 400),
                       ('{"remove": []}', 200), ('{"to": 1, "grace_ms": 86400001}', 400)]:
        assert owner.ask("POST", SCALE, body)[0] == code, body
    assert owner.ask("POST", RESTART, '{"grace_ms": 0}', instance=1)[0] == 204
    assert owner.ask("POST", RESTART, instance=77)[0] == 404
    assert owner.ask("POST", RESTART, instance=0)[0] == 409  # it has ended
    assert owner.ask("POST", RESTART, '{"grace_ms": -1}', instance=1)[0] == 400
    assert owner.ask("POST", STOP, '{"grace_ms": "soon"}')[0] == 400
    assert owner.ask("POST", STOP, '{"grace_ms": 60000}')[0] == 204
    assert owner.ask("GET", APPLICATION)[1]["state"] == "stopping"
    assert owner.ask("POST", SCALE, '{"to": 3}')[0] == 409
    assert owner.ask("POST", STOP, '{"grace_ms": 0}')[0] == 204
    knit("wait", app_id)
    expect_nothing_left(hadoop, knit, app_id, None)  # instance 2 may have gone before it had a container


def test_what_is_not_in_the_file_is_refused(application, description: Description):
    _, owner, _ = application
    error = description.strict(description.root["components"]["schemas"]["Error"])
    for path in ("/", "/v1", "/v1/", "/v1/nothing", "/v2/application", "/v1/application/", "/v1/instances/1",
                 "/v1/instances/x/restart", "/v1/instances/-1/restart", "/v1/instances/99999999999/restart"):
        code, content_type, body, _ = owner.curl("GET", path)
        assert code == 404 and content_type == "application/json" and set(json.loads(body)) == set(error["properties"])
    for path in description.root["paths"]:
        there = {method for method, of in description.operations() if of == path}
        for method in {"GET", "POST", "PUT", "DELETE", "PATCH"} - there:
            code, _, body, allow = owner.curl(method, path.replace("{instance}", "1"))
            assert (code, set(allow.split(", "))) == (405, there), (method, path, body)


def test_every_route_is_in_the_file(description: Description):
    assert routes() == set(description.operations())


def test_the_page_tells_of_the_same_fields(description: Description):
    def told(row: str) -> set[str]:
        """The names in a row of the page's tables, without those of states."""
        cells = re.search(rf"^\| {re.escape(row)} \| (.*) \|$", FIELDS, re.MULTILINE)[1]
        return set(re.findall(r"`(\w+)`", re.sub(r"`state` \([^)]*\)", "`state`", cells)))

    schemas = {"`GET /v1/application`": "Application", "`GET /v1/instances`": "Instances",
               "`POST /v1/follow`, request": "FollowRequest", "`POST /v1/follow`, answer": "FollowAnswer",
               "`POST /v1/scale`, request": "ScaleRequest", "`POST /v1/scale`, answer": "ScaleResult",
               "`POST /v1/instances/I/restart`, `POST /v1/stop`, request": "Grace", "an error": "Error"}
    assert {row: told(row) for row in schemas} == {row: description.names(name) for row, name in schemas.items()}
    states = set(re.findall(r"`(\w+)`", re.search(r"`state` \(([^)]*)\)", PAGE)[1]))
    assert states == set(description.root["components"]["schemas"]["Application"]["properties"]["state"]["enum"])
    asked = {(method, path.replace("/I/", "/{instance}/"))
             for method, path in re.findall(r"^\| `(GET|POST) (/v1/\S+)` \| (?:all|owner) \|", PAGE, re.MULTILINE)}
    assert asked == set(description.operations())
