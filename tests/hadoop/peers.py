"""Hadoop's own Java clients, run against the cluster as a user would."""

from __future__ import annotations

import subprocess
import time
from typing import Optional

from hadoop import rest, sites

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
ENDED = {"SUCCEEDED", "FAILED", "TIME_OUT", "DISABLED"}  # of log aggregation
Completed = subprocess.CompletedProcess  # of text


class Peers:
    """Mixed into the cluster. `user` is a HADOOP_USER_NAME; nothing raises on an exit code."""

    layout: sites.Layout
    options: sites.Options

    def java_command(self, name: str, conf: str, *main: str) -> list[str]:
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
        """Its client; the id of the application is in what it says on standard error."""
        return self.java(*self.distributed_shell_arguments(*args), user=user, timeout_s=timeout_s)

    def distributed_shell_arguments(self, *args: str) -> list[str]:
        """Its class and its arguments."""
        jar = next(self.layout.lib.glob("hadoop-yarn-applications-distributedshell-*.jar"))
        # Java's virtual memory does not fit into 2.1 times the 100 MB that it asks for
        memory = [] if "-master_memory" in args else ["-master_memory", "512"]
        return ["org.apache.hadoop.yarn.applications.distributedshell.Client", "-jar", str(jar), *memory, *args]

    def yarn_logs(self, app_id: str, *args: str, user: Optional[str] = None,
                  timeout_s: float = TIMEOUT_S) -> str:
        """Standard output of `yarn logs` once aggregation has ended; fails at the deadline."""
        self.wait_logs(app_id, timeout_s)
        result = self.yarn("logs", "-applicationId", app_id, *args, user=user, timeout_s=timeout_s)
        if result.returncode != 0:
            raise AssertionError(f"yarn logs {app_id}: exit {result.returncode}\n{result.stderr}")
        return result.stdout

    def wait_logs(self, app_id: str, timeout_s: float = TIMEOUT_S) -> None:
        """Waits until every node has put the application's logs into HDFS."""
        end = time.monotonic() + timeout_s
        page = f"/ws/v1/cluster/apps/{app_id}"
        while True:
            answer = rest.get(self.layout.address("rm.http"), page)
            status = answer["app"].get("logAggregationStatus") if answer else "no answer"
            if status in ENDED:
                return
            if time.monotonic() > end:
                raise AssertionError(f"the logs of {app_id} are not aggregated: {status}")
            time.sleep(0.1)

    def java(self, main: str, *args: str, user: Optional[str] = None,
             timeout_s: float = TIMEOUT_S) -> "Completed[str]":
        """Runs a class on the client's class path; subprocess.TimeoutExpired at the deadline."""
        command = self.java_command(main.rsplit(".", 1)[-1], "conf", main, *args)
        return subprocess.run(command, env=self.env(user), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              errors="replace", timeout=timeout_s, cwd=self.layout.root)
