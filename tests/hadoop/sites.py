"""What stands in the configuration files of the test cluster, and why.

Every function returns one file as a dict of strings. A value that differs from
Hadoop's default carries its reason; `Options.overrides` win over everything.
"""

from __future__ import annotations

import getpass
import json
import pwd
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Union
from xml.sax.saxutils import escape

Site = Dict[str, str]
Value = Union[str, int, bool, float]


@dataclass
class Options:
    """What a test may choose. Sizes are MiB, times are milliseconds."""

    version: str = "3.4.2"
    nodes: int = 3              # NodeManagers
    datanodes: int = 1
    heartbeat_ms: int = 200     # stock: 1000
    node_memory_mb: int = 4096
    node_vcores: int = 8
    rm_recovery: bool = False
    nm_recovery: bool = False
    node_labels: bool = False
    resource_types: List[str] = field(default_factory=list)  # countable, 4 on each node
    # file name (without .xml) -> key -> value; a name "nm0/yarn-site" is of that daemon alone
    overrides: Dict[str, Dict[str, Value]] = field(default_factory=dict)


@dataclass
class Layout:
    """Where a cluster lives: its folders and the ports it was given."""

    root: Path
    lib: Path
    ports: Dict[str, int]

    def address(self, name: str) -> str:
        return f"127.0.0.1:{self.ports[name]}"

    def folder(self, name: str) -> str:
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        return str(path)


def login_name() -> str:
    """The name Java sees: of the uid, not of an environment variable."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return getpass.getuser()


def shown_queue(version: str, name: str) -> str:
    """A queue below root, as the ResourceManager tells it to clients: QueueInfoProto has a queuePath from 3.4 on."""
    return f"root.{name}" if at_least(version, "3.4") else name


def at_least(version: str, wanted: str) -> bool:
    """Whether a Hadoop of this version is `wanted` ("3.1") or later."""
    return tuple(map(int, version.split("."))) >= tuple(map(int, wanted.split(".")))


def logs_folder(version: str, user: str, application: str) -> str:
    """Where its logs are aggregated: 3.3 and later spread the applications over folders."""
    number = int(application.rsplit("_", 1)[1]) % 10000
    return f"/tmp/logs/{user}/" + (f"bucket-logs-tfile/{number:04}" if at_least(version, "3.3") else "logs") + \
        f"/{application}"


def core_site(layout: Layout) -> Site:
    user = login_name()
    return {
        "fs.defaultFS": f"hdfs://{layout.address('nn.rpc')}",
        "hadoop.tmp.dir": layout.folder("tmp"),
        "hadoop.http.staticuser.user": user,  # the REST pages show every application
        f"hadoop.proxyuser.{user}.hosts": "*",
        f"hadoop.proxyuser.{user}.groups": "*",
    }


def daemon_core_site() -> Site:
    """Daemons start side by side: a first call that fails must not cost 5 s."""
    return {"ipc.client.connect.max.retries": "300", "ipc.client.connect.retry.interval": "100"}


def hdfs_site(layout: Layout) -> Site:
    return {
        "dfs.namenode.rpc-address": layout.address("nn.rpc"),
        "dfs.namenode.http-address": layout.address("nn.http"),
        "dfs.namenode.name.dir": f"file://{layout.folder('nn/name')}",
        "dfs.namenode.edits.noeditlogchannelflush": "true",  # saves fsyncs
        "dfs.namenode.safemode.extension": "0",
        "dfs.namenode.resource.du.reserved": "1048576",
        "dfs.namenode.datanode.registration.ip-hostname-check": "false",
        "dfs.namenode.fs-limits.min-block-size": "1024",  # files of many blocks stay small
        "dfs.replication": "1",
        "dfs.permissions.enabled": "true",
        "dfs.heartbeat.interval": "1",
        "dfs.namenode.heartbeat.recheck-interval": "2000",  # a dead DataNode is noticed in 14 s
        "dfs.datanode.du.reserved": "0",
    }


def datanode_site(layout: Layout, name: str) -> Site:
    return {
        "dfs.datanode.address": layout.address(f"{name}.data"),
        "dfs.datanode.http.address": layout.address(f"{name}.http"),
        "dfs.datanode.ipc.address": layout.address(f"{name}.ipc"),
        "dfs.datanode.data.dir": f"file://{layout.folder(f'{name}/data')}",
    }


def yarn_site(layout: Layout, options: Options) -> Site:
    site = {
        "yarn.resourcemanager.hostname": "127.0.0.1",
        "yarn.resourcemanager.address": layout.address("rm.client"),
        "yarn.resourcemanager.scheduler.address": layout.address("rm.scheduler"),
        "yarn.resourcemanager.resource-tracker.address": layout.address("rm.tracker"),
        "yarn.resourcemanager.admin.address": layout.address("rm.admin"),
        "yarn.resourcemanager.webapp.address": layout.address("rm.http"),
        "yarn.resourcemanager.scheduler.class":
            "org.apache.hadoop.yarn.server.resourcemanager.scheduler.capacity.CapacityScheduler",
        "yarn.resourcemanager.nodemanagers.heartbeat-interval-ms": str(options.heartbeat_ms),
        "yarn.nm.liveness-monitor.expiry-interval-ms": "15000",  # a dead node is noticed
        # several NodeManagers of one address would be one node to the scheduler
        "yarn.scheduler.include-port-in-node-name": "true",
        "yarn.scheduler.minimum-allocation-mb": "128",
        "yarn.scheduler.maximum-allocation-mb": str(options.node_memory_mb),
        "yarn.scheduler.maximum-allocation-vcores": str(options.node_vcores),
        # access lists are looked at only when on, and then the default admin is everybody
        "yarn.acl.enable": "true",
        "yarn.admin.acl": f"{login_name()},admin",
        "yarn.node-attribute.fs-store.root-dir": f"file://{layout.folder('rm/attributes')}",
        "yarn.log-aggregation-enable": "true",
        "yarn.nodemanager.remote-app-log-dir": "/tmp/logs",
        # what DistributedShell's client puts on the class path of its master
        "yarn.application.classpath": f"{layout.root}/conf,{layout.lib}/*",
    }
    if options.rm_recovery:
        site["yarn.resourcemanager.recovery.enabled"] = "true"
        site["yarn.resourcemanager.store.class"] = (
            "org.apache.hadoop.yarn.server.resourcemanager.recovery.FileSystemRMStateStore")
        # stock: nothing is scheduled for 10 s after a restart
        site["yarn.resourcemanager.work-preserving-recovery.scheduling-wait-ms"] = "2000"
        site["yarn.resourcemanager.fs.state-store.uri"] = f"file://{layout.folder('rm/state')}"
    if options.node_labels:
        site["yarn.node-labels.enabled"] = "true"
        site["yarn.node-labels.fs-store.root-dir"] = f"file://{layout.folder('rm/labels')}"
    return site


def nodemanager_site(layout: Layout, options: Options, name: str) -> Site:
    site = {
        "yarn.nodemanager.hostname": "127.0.0.1",
        "yarn.nodemanager.address": layout.address(f"{name}.rpc"),
        "yarn.nodemanager.localizer.address": layout.address(f"{name}.localizer"),
        "yarn.nodemanager.webapp.address": layout.address(f"{name}.http"),
        "yarn.nodemanager.local-dirs": layout.folder(f"{name}/local"),
        "yarn.nodemanager.log-dirs": layout.folder(f"{name}/containers"),
        "yarn.nodemanager.resource.memory-mb": str(options.node_memory_mb),
        "yarn.nodemanager.resource.cpu-vcores": str(options.node_vcores),
        "yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage": "100",
        "yarn.nodemanager.disk-health-checker.min-free-space-per-disk-mb": "0",
        # true leaves memory to cgroups, which DefaultContainerExecutor has not: nothing is killed
        "yarn.nodemanager.resource.memory.enforced": "false",
        "yarn.nodemanager.vmem-check-enabled": "true",
        "yarn.nodemanager.pmem-check-enabled": "true",
        "yarn.nodemanager.container-monitor.interval-ms": "500",
        "yarn.nodemanager.sleep-delay-before-sigkill.ms": "250",
        "yarn.nodemanager.log-container-debug-info.enabled": "true",  # 2.x: not by default
        # stock: half a minute until a node comes back to a ResourceManager that was restarted
        "yarn.nodemanager.resourcemanager.connect.retry-interval.ms": "500",
        # Java in a container (DistributedShell's master) needs Java 17's flags
        "yarn.nodemanager.admin-env":
            f"MALLOC_ARENA_MAX=2,JDK_JAVA_OPTIONS=@{layout.root}/java-options",
    }
    if options.nm_recovery:
        site["yarn.nodemanager.recovery.enabled"] = "true"
        site["yarn.nodemanager.recovery.dir"] = layout.folder(f"{name}/recovery")
        site["yarn.nodemanager.recovery.supervised"] = "true"
    return site


def capacity_scheduler(options: Options) -> Site:
    """Queue `default` for work, and three that are there to refuse."""
    prefix = "yarn.scheduler.capacity"
    site = {
        f"{prefix}.maximum-am-resource-percent": "0.9",
        f"{prefix}.resource-calculator":
            "org.apache.hadoop.yarn.util.resource.DefaultResourceCalculator",
        f"{prefix}.node-locality-delay": "40",
        f"{prefix}.root.queues": "default,stopped,private,small",
        # rights are inherited: what root allows, no queue can refuse
        f"{prefix}.root.acl_submit_applications": " ",
        f"{prefix}.root.acl_administer_queue": " ",
        f"{prefix}.root.stopped.state": "STOPPED",
        f"{prefix}.root.private.acl_submit_applications": "admin",
        f"{prefix}.root.private.acl_administer_queue": "admin",
        f"{prefix}.root.small.maximum-allocation-mb": "512",
        f"{prefix}.root.small.maximum-am-resource-percent": "0.01",
    }
    if options.resource_types:
        site[f"{prefix}.resource-calculator"] = (
            "org.apache.hadoop.yarn.util.resource.DominantResourceCalculator")
    for queue, capacity in {"default": 85, "stopped": 5, "private": 5, "small": 5}.items():
        site[f"{prefix}.root.{queue}.capacity"] = str(capacity)
        site[f"{prefix}.root.{queue}.maximum-capacity"] = "100"
        if queue != "private":
            site[f"{prefix}.root.{queue}.acl_submit_applications"] = "*"
    return site


def resource_types(options: Options) -> Site:
    return {"yarn.resource-types": ",".join(options.resource_types)}


def node_resources(options: Options) -> Site:
    return {f"yarn.nodemanager.resource-type.{name}": "4" for name in options.resource_types}


LOG4J = """log4j.rootLogger=INFO,console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{ISO8601} %p %c{2}: %m%n
log4j.logger.org.apache.hadoop.util.NativeCodeLoader=ERROR
log4j.logger.http.requests=WARN
"""
# the ResourceManager says which containers it assigned; 3.x only at DEBUG
LOG4J_RM = ("log4j.logger.org.apache.hadoop.yarn.server.resourcemanager.scheduler.SchedulerNode"
            "=DEBUG\n")


def write_site(folder: Path, name: str, site: Site, override: Dict[str, Value]) -> None:
    merged: Dict[str, Value] = dict(site)
    merged.update(override)
    lines = ['<?xml version="1.0"?>', "<configuration>"]
    for key, value in sorted(merged.items()):
        text = json.dumps(value) if isinstance(value, bool) else str(value)
        lines.append(f"  <property><name>{escape(key)}</name>"
                     f"<value>{escape(text)}</value></property>")
    lines.append("</configuration>\n")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.xml").write_text("\n".join(lines))


def write_conf(layout: Layout, options: Options, owner: str) -> Path:
    """Writes the folder of one daemon, or of the clients where `owner` is "client"."""
    folder = layout.root / ("conf" if owner == "client" else f"{owner}/conf")
    core, hdfs, yarn = core_site(layout), hdfs_site(layout), yarn_site(layout, options)
    if owner != "client":
        core.update(daemon_core_site())
    if owner.startswith("dn"):
        hdfs.update(datanode_site(layout, owner))
    if owner.startswith("nm"):
        yarn.update(nodemanager_site(layout, options, owner))
    files = {"core-site": core, "hdfs-site": hdfs, "yarn-site": yarn}
    if owner == "rm":
        files["capacity-scheduler"] = capacity_scheduler(options)
    if options.resource_types:
        files["resource-types"] = resource_types(options)
        if owner.startswith("nm"):
            files["node-resources"] = node_resources(options)
    for name, site in files.items():
        override = dict(options.overrides.get(name, {}))
        override.update(options.overrides.get(f"{owner}/{name}", {}))
        write_site(folder, name, site, override)
    (folder / "log4j.properties").write_text(LOG4J + (LOG4J_RM if owner == "rm" else ""))
    return folder
