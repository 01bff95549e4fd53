"""What Knit raises. Each exception has a stable `code` to act on, and a message for people.

Codes: invalid_argument, not_found, already_exists, permission_denied, unauthenticated, failed_precondition,
resource_exhausted, unavailable, deadline_exceeded, cancelled, data_loss, unimplemented, internal.
"""

from __future__ import annotations

from typing import Type


class _Coded(Exception):
    code: str
    """What kind of failure it is, e.g. "not_found"."""
    remote_exception: str
    """The Java class that a daemon of Hadoop answered with, or ""."""

    def __init__(self, message: str, code: str = "internal", remote_exception: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.remote_exception = remote_exception


class KnitException(_Coded):
    """An argument is wrong, or it cannot be done in this state."""


class YARNException(_Coded):
    """The cluster refused, does not know it, or cannot be reached."""


class HDFSConfigException(_Coded):
    """The cluster's configuration is not there, cannot be read, or asks for what Knit does not have."""


class CondaException(_Coded):
    """A packed environment cannot be used."""


_OF_THE_CLUSTER = frozenset({"not_found", "permission_denied", "unauthenticated", "resource_exhausted", "unavailable",
                             "deadline_exceeded"})


def of(code: str, message: str, remote_exception: str) -> _Coded:
    """The exception for a failure that the library tells; called by `knit._knit`."""
    kind: Type[_Coded] = YARNException if code in _OF_THE_CLUSTER else KnitException
    return kind(message, code, remote_exception)
