"""A small real Hadoop on loopback: the class `MiniHadoop`, and a program.

    python3 -m hadoop.cluster --version 3.4.2 --dir D

starts a cluster, prints `HADOOP_CONF_DIR=...` when it is ready, and ends with
SIGTERM, SIGINT or the end of standard input.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Callable, Optional

from hadoop import fetch, janitor, process, rest, sites
from hadoop.classes import SharedClasses
from hadoop.peers import Peers
from hadoop.ports import Ports
from hadoop.process import Daemon, DaemonError

MAIN = {
    "nn": "org.apache.hadoop.hdfs.server.namenode.NameNode",
    "dn": "org.apache.hadoop.hdfs.server.datanode.DataNode",
    "rm": "org.apache.hadoop.yarn.server.resourcemanager.ResourceManager",
    "nm": "org.apache.hadoop.yarn.server.nodemanager.NodeManager",
}
PORTS = {"nn": ["rpc", "http"], "dn": ["data", "http", "ipc"],
         "rm": ["client", "scheduler", "tracker", "admin", "http"],
         "nm": ["rpc", "localizer", "http"]}
NAMENODE_BEAN = "Hadoop:service=NameNode,name=FSNamesystemState"
DATANODE_BEAN = "Hadoop:service=DataNode,name=DataNodeInfo"
START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 15.0


class MiniHadoop(Peers):
    """NameNode, DataNodes, ResourceManager and NodeManagers, owned by a `with` block.

    Daemons are named `nn`, `dn0`.., `rm`, `nm0`... `directory` is removed at the end
    unless it was given. Nothing outlives the `with` block or this Python process.
    Not for use from two threads at once.
    """

    def __init__(self, directory: Optional[Path] = None, **options: Any) -> None:
        self.options = sites.Options(**options)
        lib = fetch.lib_dir(self.options.version)
        self.boot_seconds = 0.0
        self._keep = directory is not None
        self._ports = Ports()
        self._janitor: Optional[subprocess.Popen[bytes]] = None
        root = directory.resolve() if directory else Path(tempfile.mkdtemp(prefix="knit-hadoop-"))
        root.mkdir(parents=True, exist_ok=True)
        names = ["nn", *(f"dn{i}" for i in range(self.options.datanodes)),
                 "rm", *(f"nm{i}" for i in range(self.options.nodes))]
        ports = {f"{name}.{port}": self._ports.take()
                 for name in names for port in PORTS[name[:2]]}
        self.layout = sites.Layout(root, lib, ports)
        self.classes = SharedClasses(lib, root / "tmp" / "classes")
        self.conf_dir = root / "conf"
        self.daemons = {name: self._daemon(name) for name in names}

    # -- life ---------------------------------------------------------------

    def __enter__(self) -> "MiniHadoop":
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        began = time.monotonic()
        self._prepare()
        self._watch()
        for name in self.daemons:
            if name != "nn":
                self.daemons[name].start()
        self._format()
        self.daemons["nn"].start()
        self.wait_ready()
        self._make_folders()
        self.boot_seconds = time.monotonic() - began

    def stop(self) -> None:
        """Ends all of it: NodeManagers first, which end their containers."""
        for kind in ("nm", "rm", "dn", "nn"):
            for name in self.names(kind):
                self.daemons[name].terminate()
        for daemon in self.daemons.values():
            daemon.wait(STOP_TIMEOUT_S)
        janitor.sweep(str(self.layout.root))
        if self.boot_seconds > 0:
            self.classes.make()
        if self._janitor is not None and self._janitor.stdin is not None:
            self._janitor.stdin.close()  # it removes the folder, if that is to be
            self._janitor.wait()
        self._ports.close()

    # -- daemons ------------------------------------------------------------

    def names(self, kind: str = "") -> list[str]:
        return [name for name in self.daemons if name.startswith(kind)]

    def kill(self, name: str) -> None:
        """SIGKILL; containers of a NodeManager live on, as they would."""
        self.daemons[name].kill()

    def pause(self, name: str) -> None:
        """SIGSTOP: it accepts connections and never answers, until `resume`."""
        self.daemons[name].pause()

    def resume(self, name: str) -> None:
        self.daemons[name].resume()

    def restart(self, name: str, wait: bool = True) -> None:
        """Starts a daemon that was killed, or ends and starts one that runs."""
        self.daemons[name].terminate()
        self.daemons[name].wait(STOP_TIMEOUT_S)
        self.daemons[name].start()
        if wait:
            self.wait_ready()

    def log(self, name: str) -> Path:
        return self.daemons[name].log

    # -- readiness ----------------------------------------------------------

    def wait_ready(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Every daemon that runs has registered, and HDFS accepts writes."""
        self.wait_until(self._hdfs_ready, "HDFS is out of safe mode", timeout_s)
        self.wait_until(self._yarn_ready, "the NodeManagers are registered", timeout_s)

    def wait_until(self, condition: Callable[[], bool], what: str, timeout_s: float) -> None:
        """Polls; fails at once when a daemon that should run has ended by itself."""
        end = time.monotonic() + timeout_s
        while not condition():
            for daemon in self.daemons.values():
                if daemon.wanted:
                    daemon.check()
            if time.monotonic() > end:
                raise DaemonError(f"after {timeout_s:.0f} s it is still not so that {what}; "
                                  f"logs in {self.layout.root}/logs")
            time.sleep(0.1)

    def _hdfs_ready(self) -> bool:
        state = rest.jmx(self.layout.address("nn.http"), NAMENODE_BEAN)
        return (state is not None and state["FSState"] == "Operational"
                and all(self._datanode_ready(name) for name in self.names("dn")))

    def _datanode_ready(self, name: str) -> bool:
        """Asked of itself: the NameNode counts one that was killed for a while yet."""
        if not self.daemons[name].running():
            return True
        info = rest.jmx(self.layout.address(f"{name}.http"), DATANODE_BEAN)
        actors = json.loads(info.get("BPServiceActorInfo") or "[]") if info else []
        return bool(actors) and all(actor["ActorState"] == "RUNNING" for actor in actors)

    def _yarn_ready(self) -> bool:
        nodes = {int(node["id"].rsplit(":", 1)[1]): node for node in self.nodes()}
        return all(self._node_ready(name, nodes.get(self.layout.ports[f"{name}.rpc"]))
                   for name in self.names("nm") if self.daemons[name].running())

    def _node_ready(self, name: str, node: Optional[dict[str, Any]]) -> bool:
        """The node's last word must be of this start of its daemon, not of an earlier one."""
        return (node is not None and node["state"] == "RUNNING"
                and node["lastHealthUpdate"] >= self.daemons[name].started_ms)

    def nodes(self) -> list[dict[str, Any]]:
        """The ResourceManager's nodes, as its REST page gives them; none while it is away."""
        answer = rest.get(self.layout.address("rm.http"), "/ws/v1/cluster/nodes") or {}
        return (answer.get("nodes") or {}).get("node", [])

    # -- for clients --------------------------------------------------------

    def env(self, user: Optional[str] = None) -> dict[str, str]:
        """An environment for a client of this cluster, with no other Hadoop in it."""
        env = process.clean_environment()
        env["HADOOP_CONF_DIR"] = str(self.conf_dir)
        env["XDG_STATE_HOME"] = str(self.layout.root / "state" / (user or sites.login_name()))
        if user is not None:
            env["HADOOP_USER_NAME"] = user
        return env

    def make_home(self, user: str) -> None:
        """An HDFS home for `user`; the user of the operating system has one from the start."""
        webhdfs = rest.WebHdfs(self.layout.address("nn.http"), sites.login_name())
        webhdfs.mkdirs(f"/user/{user}", "755")
        webhdfs.set_owner(f"/user/{user}", user)

    # -- inside -------------------------------------------------------------

    def _daemon(self, name: str) -> Daemon:
        root = self.layout.root
        return Daemon(name, lambda: self.java_command(name, f"{name}/conf", MAIN[name[:2]]),
                      root / "logs" / f"{name}.log")

    def java_command(self, name: str, conf: str, *main: str) -> list[str]:
        """Runs a class of the jars with one folder of configuration; `name` is for us."""
        root = self.layout.root
        # the jars come first because an archive of classes allows nothing before them
        return [process.java(), *process.OPTIONS, *process.SMALL, "-Xmx256m",
                *self.classes.options(name), janitor.property_of(str(root)),
                "-cp", f"{self.layout.lib}/*:{root / conf}:{root / 'web'}", *main]

    def _prepare(self) -> None:
        root = self.layout.root
        for folder in ("logs", "web/webapps/hdfs", "web/webapps/datanode"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        for owner in ("client", *self.daemons):
            sites.write_conf(self.layout, self.options, owner)
        (root / "java-options").write_text("\n".join(process.CONTAINER) + "\n")

    def _watch(self) -> None:
        """Starts the janitor, which ends everything if this process dies first."""
        self._janitor = subprocess.Popen(
            [sys.executable, janitor.__file__, str(self.layout.root),
             "keep" if self._keep else "remove"],
            stdin=subprocess.PIPE, start_new_session=True, cwd="/")

    def _format(self) -> None:
        if any((self.layout.root / "nn" / "name").iterdir()):
            return  # a folder that was used before keeps its files
        log = self.layout.root / "logs" / "format.log"
        command = self.java_command("format", "nn/conf", MAIN["nn"], "-format", "-nonInteractive")
        formatter = Daemon("format", lambda: command, log)
        formatter.start()
        formatter.wait(START_TIMEOUT_S)
        if not any((self.layout.root / "nn" / "name").iterdir()):
            raise DaemonError(f"formatting HDFS failed:\n{process.tail(log)}")

    def _make_folders(self) -> None:
        user = sites.login_name()
        webhdfs = rest.WebHdfs(self.layout.address("nn.http"), user)
        webhdfs.mkdirs("/tmp", "1777")
        webhdfs.mkdirs("/tmp/logs", "1777")
        self.make_home(user)


def serve(cluster: MiniHadoop, watch_stdin: bool) -> None:
    """Holds a started cluster until a signal or the end of standard input."""
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: done.set())
    if watch_stdin:
        threading.Thread(target=lambda: (sys.stdin.buffer.read(), done.set()), daemon=True).start()
    done.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description="A small Hadoop on loopback, until SIGTERM.")
    parser.add_argument("--version", default="3.4.2", help=", ".join(fetch.known_versions()))
    parser.add_argument("--dir", type=Path, help="kept afterwards; default: one that is removed")
    parser.add_argument("--nodes", type=int, default=3, help="NodeManagers (default: 3)")
    parser.add_argument("--datanodes", type=int, default=1, help="DataNodes (default: 1)")
    parser.add_argument("--stock-heartbeat", action="store_true", help="1000 ms, for benchmarks")
    parser.add_argument("--no-stdin", action="store_true", help="end with a signal only")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with MiniHadoop(args.dir, version=args.version, nodes=args.nodes, datanodes=args.datanodes,
                    heartbeat_ms=1000 if args.stock_heartbeat else 200) as cluster:
        print(f"ready in {cluster.boot_seconds:.1f} s, logs in {cluster.layout.root}/logs",
              file=sys.stderr)
        print(f"HADOOP_CONF_DIR={cluster.conf_dir}", flush=True)
        serve(cluster, watch_stdin=not args.no_stdin)
    return 0


if __name__ == "__main__":
    sys.exit(main())
