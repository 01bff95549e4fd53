"""Hadoop's own Java clients, run against the cluster as a user would."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Optional

from hadoop import janitor, process, sites

TIMEOUT_S = 120.0
YARN = {
    "application": "org.apache.hadoop.yarn.client.cli.ApplicationCLI",
    "app": "org.apache.hadoop.yarn.client.cli.ApplicationCLI",
    "applicationattempt": "org.apache.hadoop.yarn.client.cli.ApplicationCLI",
    "container": "org.apache.hadoop.yarn.client.cli.ApplicationCLI",
    "logs": "org.apache.hadoop.yarn.client.cli.LogsCLI",
    "node": "org.apache.hadoop.yarn.client.cli.NodeCLI",
    "queue": "org.apache.hadoop.yarn.client.cli.QueueCLI",
    "cluster": "org.apache.hadoop.yarn.client.cli.ClusterCLI",
    "top": "org.apache.hadoop.yarn.client.cli.TopCLI",
    "rmadmin": "org.apache.hadoop.yarn.client.cli.RMAdminCLI",
}
NAMES_ITSELF = {"application", "app", "applicationattempt", "container"}
HDFS = {
    "dfs": "org.apache.hadoop.fs.FsShell",
    "fsck": "org.apache.hadoop.hdfs.tools.DFSck",
    "dfsadmin": "org.apache.hadoop.hdfs.tools.DFSAdmin",
    "crypto": "org.apache.hadoop.hdfs.tools.CryptoAdmin",
    "ec": "org.apache.hadoop.hdfs.tools.ECAdmin",
    "storagepolicies": "org.apache.hadoop.hdfs.tools.StoragePolicyAdmin",
    "getconf": "org.apache.hadoop.hdfs.tools.GetConf",
}
Completed = subprocess.CompletedProcess  # of text


class Peers:
    """Mixed into the cluster. `user` is a HADOOP_USER_NAME; nothing raises on an exit code."""

    layout: sites.Layout
    options: sites.Options

    def class_path(self, conf: str) -> str:
        raise NotImplementedError

    def env(self, user: Optional[str] = None) -> dict[str, str]:
        raise NotImplementedError

    def yarn(self, command: str, *args: str, user: Optional[str] = None,
             timeout_s: float = TIMEOUT_S) -> "Completed[str]":
        first = [command] if command in NAMES_ITSELF else []
        return self.java(YARN[command], *first, *args, user=user, timeout_s=timeout_s)

    def hdfs(self, command: str, *args: str, user: Optional[str] = None,
             timeout_s: float = TIMEOUT_S) -> "Completed[str]":
        return self.java(HDFS[command], *args, user=user, timeout_s=timeout_s)

    def hadoop(self, command: str, *args: str, user: Optional[str] = None,
               timeout_s: float = TIMEOUT_S) -> "Completed[str]":
        """`fs` and what else `hadoop` shares with the two, or a class by its full name."""
        name = HDFS["dfs"] if command == "fs" else command
        return self.java(name, *args, user=user, timeout_s=timeout_s)

    def distributed_shell(self, *args: str, user: Optional[str] = None,
                          timeout_s: float = TIMEOUT_S) -> "Completed[str]":
        jar = next(self.layout.lib.glob("hadoop-yarn-applications-distributedshell-*.jar"))
        return self.java("org.apache.hadoop.yarn.applications.distributedshell.Client",
                         "-jar", str(jar), *args, user=user, timeout_s=timeout_s)

    def java(self, main: str, *args: str, user: Optional[str] = None,
             timeout_s: float = TIMEOUT_S, conf: str = "conf") -> "Completed[str]":
        """Runs a class on the client's class path; subprocess.TimeoutExpired at the deadline."""
        root = str(self.layout.root)
        command = [process.java(), *process.OPTIONS, *process.SMALL, "-Xmx256m",
                   janitor.property_of(root), "-cp", self.class_path(conf), main, *args]
        return subprocess.run(command, env=self.env(user), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              errors="replace", timeout=timeout_s, cwd=Path(root))
