"""The little HTTP that the cluster is asked with. Loopback only, no proxy."""

from __future__ import annotations

import http.client
import json
from typing import Any, Optional
from urllib.parse import quote

TIMEOUT_S = 10.0


class RestError(RuntimeError):
    """An answer that is not the wanted one."""


def request(method: str, address: str, path: str, body: str = "") -> tuple[int, bytes]:
    """Sends JSON, if anything, and returns the status and the body of the answer."""
    connection = http.client.HTTPConnection(address, timeout=TIMEOUT_S)
    try:
        headers = {"Accept": "application/json"}
        if body:
            headers["Content-Type"] = "application/json"
        connection.request(method, path, body=body or None, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def get(address: str, path: str) -> Optional[Any]:
    """The JSON at `path`; None while nobody answers or the answer is not ready."""
    try:
        status, body = request("GET", address, path)
        return json.loads(body) if status == 200 else None
    except (OSError, http.client.HTTPException, ValueError):
        return None


def jmx(address: str, bean: str) -> Optional[dict[str, Any]]:
    answer = get(address, f"/jmx?qry={bean}")
    beans = answer.get("beans") if answer else None
    return beans[0] if beans else None


class WebHdfs:
    """The operations that prepare a file system, without starting Java for each."""

    def __init__(self, address: str, user: str) -> None:
        self._address = address
        self._user = user

    def mkdirs(self, path: str, mode: str) -> None:
        self._put(path, "MKDIRS", "")
        self._put(path, "SETPERMISSION", f"&permission={mode}")  # MKDIRS applies the umask

    def set_owner(self, path: str, owner: str) -> None:
        self._put(path, "SETOWNER", f"&owner={quote(owner)}")

    def set_quota(self, path: str, names: int = -1, space: int = -1) -> None:
        """-1 is no limit."""
        self._put(path, "SETQUOTA", f"&namespacequota={names}&storagespacequota={space}")

    def list(self, path: str) -> list[str]:
        """Names, and none of what is not there."""
        status, body = self._ask("GET", path, "LISTSTATUS", "")
        if status == 404:
            return []
        self._expect_ok(status, body, f"LISTSTATUS {path}")
        return [entry["pathSuffix"] for entry in json.loads(body)["FileStatuses"]["FileStatus"]]

    def _put(self, path: str, operation: str, arguments: str) -> None:
        status, body = self._ask("PUT", path, operation, arguments)
        self._expect_ok(status, body, f"{operation} {path}")

    def _ask(self, method: str, path: str, operation: str, arguments: str) -> tuple[int, bytes]:
        target = f"/webhdfs/v1{quote(path)}?op={operation}&user.name={self._user}{arguments}"
        return request(method, self._address, target)

    @staticmethod
    def _expect_ok(status: int, body: bytes, what: str) -> None:
        if status != 200:
            raise RestError(f"{what}: {status} {body.decode(errors='replace')[:500]}")
