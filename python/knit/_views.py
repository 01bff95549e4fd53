"""What the library tells, under the names of the ResourceManager's REST API."""

from __future__ import annotations

import json
import time
from typing import Any

from knit import _knit
from knit.exceptions import KnitException, YARNException

# What the ResourceManager's web pages alone tell.
WEB_ONLY = ("amContainerLogs", "amHostHttpAddress", "numAMContainerPreempted", "numNonAMContainerPreempted",
            "preemptedResourceMB", "preemptedResourceVCores")


def status(client: _knit.Client, app_id: str) -> "dict[str, Any]":
    """The application's REST object; without the web pages what RPC tells, and None for the rest."""
    told = _status_by_rpc(client.report(app_id))
    try:
        page = client.resource_manager_page(f"/ws/v1/cluster/apps/{app_id}")
        app = json.loads(page)["app"]
    except (KnitException, YARNException, ValueError, LookupError, TypeError):
        return told
    return {**told, **app} if isinstance(app, dict) else told


def _status_by_rpc(report: _knit.ApplicationReport) -> "dict[str, Any]":
    started, finished = report.started or 0, report.finished or 0
    until = finished or int(time.time() * 1000)
    used = (-1, -1, -1) if report.ended else (report.used.memory_mib, report.used.vcores, report.running_containers)
    return {
        "id": report.id, "name": report.name, "user": report.user, "queue": report.queue, "state": report.state,
        "finalStatus": report.final_status, "progress": report.progress * 100, "diagnostics": report.diagnostics,
        "trackingUI": _tracking(report), "trackingUrl": report.tracking_url, "clusterId": report.cluster_id,
        "applicationType": report.type, "applicationTags": ",".join(report.tags), "priority": str(report.priority),
        "startedTime": started, "finishedTime": finished, "elapsedTime": max(0, until - started) if started else 0,
        **dict(zip(("allocatedMB", "allocatedVCores", "runningContainers"), used)),
        "memorySeconds": report.memory_mib_seconds, "vcoreSeconds": report.vcore_seconds, **dict.fromkeys(WEB_ONLY),
    }


# As AppInfo of the ResourceManager (3.4.2) has it.
def _tracking(report: _knit.ApplicationReport) -> str:
    if not report.tracking_url:
        return "UNASSIGNED"
    return "History" if report.ended else "ApplicationMaster"


def container(report: _knit.ContainerReport, user: str) -> "dict[str, Any]":
    """As the REST API of its NodeManager tells it, as far as the ResourceManager knows."""
    return {
        "id": report.id, "state": report.state, "nodeId": report.node, "user": user,
        "exitCode": report.exit_status, "diagnostics": report.diagnostics,
        "totalMemoryNeededMB": report.resource.memory_mib, "totalVCoresNeeded": report.resource.vcores,
        "containerLogsLink": report.log_url, "nodeHttpAddress": report.node_http_address,
        "startedTime": report.created,
    }


def logs(found: "list[_knit.ContainerLog]") -> "dict[str, dict[str, str]]":
    """By container: its node, and each of its files as text; stdout and stderr are always there."""
    told: "dict[str, dict[str, str]]" = {}
    for log in found:
        of_container = told.setdefault(log.container, {"nodeId": log.node, "stdout": "", "stderr": ""})
        of_container[log.file] = log.bytes.decode(errors="replace")
    return told
