"""Knit: one command in containers of a YARN cluster."""

from __future__ import annotations

import logging
import os
import time
from typing import Any, Iterable, Mapping, Optional, Union

from knit import _knit, _settings, _spec, _views
from knit.exceptions import KnitException, YARNException

_log = logging.getLogger("knit")

# How long one waits for an application's master, without which its containers cannot be changed.
MASTER_TIMEOUT_S = 100.0
_PAUSE_S = 0.1


class Knit:
    """A YARN cluster, and the applications that are started on it through this object.

    Every method that takes `app_id` means the application started last when it is left out, and works for any
    other. All may be called from several threads; other threads run while one waits, and Ctrl-C ends a wait. After
    `os.fork` the child makes a Knit of its own: the parent's raises KnitException there.

    Applications go on when this object or the interpreter ends. `with Knit() as k:` kills those that it started and
    that still run at the end of the block.

    Args:
        autodetect: read the cluster's core-site.xml, hdfs-site.xml and yarn-site.xml, from the first of
            $YARN_CONF_DIR, $HADOOP_CONF_DIR, $HADOOP_HOME/etc/hadoop, $HADOOP_INSTALL/hadoop/conf, the folder of the
            file $LIBHDFS3_CONF, /etc/hadoop/conf. If False nothing but `pars` and the keywords counts.
        upload_always: has no effect. A file is uploaded unless the cluster has one with the same content.
        hdfs_home: a folder in HDFS that you may write; files go to its .knit. Default: your home.
        pars: Hadoop's settings, over those of the files: {"dfs.replication": 2}. The keywords below are allowed too.
        rm, rm_port: the ResourceManager's host, and the port of its web pages.
        nn, nn_port: the NameNode's host and port.
        user: who you are on a cluster without authentication. Default: $HADOOP_USER_NAME, or the account's name.
        replication_factor: copies of uploaded files.
        lang: $LANG and $LC_ALL in containers. Default: "C.UTF-8".
        knit_home, hdfs, gateway_path, password, rm_port_https: have no effect.

    Raises:
        HDFSConfigException: there is no configuration, or it asks for what Knit does not have (Kerberos).
    """

    def __init__(self, autodetect: bool = True, upload_always: bool = False, hdfs_home: Optional[str] = None,
                 knit_home: Optional[str] = None, hdfs: Any = None, pars: Optional[Mapping[str, Any]] = None,
                 **kwargs: Any) -> None:
        short, own = _settings.split(pars, {**kwargs, "knit_home": knit_home, "hdfs": hdfs})
        self.upload_always = upload_always
        self.hdfs_home = hdfs_home
        self.lang = str(short.get("lang") or "C.UTF-8")
        self._owner = os.getpid()
        self._sizes: "dict[str, tuple[int, int]]" = {}  # (cores, MiB) of the containers, by application
        self._opened = _settings.open_client(autodetect, short, own)

    # -- this object ----------------------------------------------------------

    @property
    def _client(self) -> _knit.Client:
        if os.getpid() != self._owner:
            raise KnitException(f"this Knit belongs to process {self._owner}, from which this one was forked: make a "
                                "new one here", "failed_precondition")
        return self._opened

    @property
    def user(self) -> str:
        """Who the cluster takes you for."""
        return self._opened.user

    @property
    def conf(self) -> "dict[str, str]":
        """The settings in force, by Hadoop's keys, without secrets."""
        return dict(self._opened.settings)

    @property
    def app_id(self) -> Optional[str]:
        """The application that was started last; None before the first."""
        submitted = self._opened.submitted
        return submitted[-1] if submitted else None

    def __repr__(self) -> str:
        conf = self.conf
        keys = ("yarn.resourcemanager.ha.rm-ids", "yarn.resourcemanager.address", "yarn.resourcemanager.hostname")
        return f"Knit<RM={next((conf[key] for key in keys if key in conf), 'localhost')}>"

    def __enter__(self) -> "Knit":
        return self

    def __exit__(self, *_: Any) -> None:
        failed: "list[Exception]" = []
        for app_id in self._client.submitted:
            try:
                self._client.kill(app_id)
            except (KnitException, YARNException) as error:
                failed.append(error)
        if failed:
            raise failed[0]

    def _chosen(self, app_id: Optional[str]) -> str:
        chosen = app_id or self.app_id
        if not chosen:
            raise KnitException("this Knit has started nothing yet: call start() before, or give an application's id",
                                "failed_precondition")
        return chosen

    # -- starting and ending --------------------------------------------------

    def start(self, cmd: _spec.Command, num_containers: int = 1, virtual_cores: int = 1, memory: int = 128,
              files: Optional[Iterable[_spec.Path]] = None, envvars: Optional[Mapping[str, str]] = None,
              app_name: str = "knit", queue: str = "default", checks: bool = True,
              env: Optional[_spec.Path] = None) -> str:
        """Starts an application: one command in so many containers.

        Returns as soon as the ResourceManager has taken it; the containers start when there is room.

        Args:
            cmd: a command line for bash on the node ("echo $HOME | wc"), or a list of words that go as they are.
            num_containers: how many containers run it.
            virtual_cores: of each container.
            memory: of each container, in MiB.
            files: a list of paths here or in HDFS (hdfs://...), for every container's working folder. A .zip is
                unpacked into a folder of its name.
            envvars: variables of each container. They can be read in YARN's logs: put no secret here.
            app_name: the application's name.
            queue: the queue.
            checks: refuse what no node of the cluster can hold, and warn of what has to wait for room.
            env: a packed environment (.zip with a bin/python inside). In the containers $CONDA_PREFIX is where it
                is, and $PYTHON_BIN its Python.

        Returns:
            The application's id, "application_1795400313368_0102".

        Raises:
            KnitException: an argument is wrong, a file is not there, or the application can never run here.
            ValueError: `envvars` are not all texts.
            CondaException: `env` is no packed environment.
            YARNException: the cluster refuses it (queue, limits), or cannot be reached.
        """
        words, shipped = _spec.command(cmd), _spec.files(files)
        if env is not None:
            words, packed = _spec.with_environment(words, env)
            shipped = [packed, *shipped]
        staging = f"{self.hdfs_home.rstrip('/')}/.knit" if self.hdfs_home else ""
        spec = _spec.run_spec(words, shipped, num_containers, virtual_cores, memory,
                              _spec.variables(self.lang, envvars), app_name, queue, staging)
        if checks:
            self._check_room(spec)
        app_id, notices = self._client.submit(spec)
        self._sizes[app_id] = (spec.vcores, spec.memory_mib)
        _tell(notices)
        return app_id

    def _check_room(self, spec: _knit.RunSpec) -> None:
        nodes = [node for node in self._client.nodes() if node.state == "RUNNING"]
        if not nodes:
            raise YARNException("the cluster has no active NodeManager; checks=False submits all the same",
                                "unavailable")
        if not any(node.capacity.memory_mib >= spec.memory_mib and node.capacity.vcores >= spec.vcores for node in nodes):
            most = max(nodes, key=lambda node: node.capacity.memory_mib).capacity
            raise KnitException(f"no node can hold a container of {spec.memory_mib} MiB and {spec.vcores} cores: the "
                                f"largest has {most.memory_mib} MiB and {most.vcores} cores", "invalid_argument")
        free = sum(max(0, node.capacity.memory_mib - node.used.memory_mib) for node in nodes)
        if spec.instances * spec.memory_mib > free:
            _log.warning("%d containers of %d MiB do not fit into the %d MiB that are free: some have to wait",
                         spec.instances, spec.memory_mib, free)

    def kill(self, app_id: Optional[str] = None) -> bool:
        """Kills an application and waits until it has ended, at most 30 s.

        Returns:
            True if it was killed; False if it had ended by itself, or nothing was started.

        Raises:
            YARNException: the ResourceManager does not know it, does not let you, or cannot be reached.
        """
        chosen = app_id or self.app_id
        if not chosen:
            return False
        self._client.kill(chosen)
        return self._client.report(chosen).state == "KILLED"

    def wait_for_completion(self, app_id: Union[str, float, None] = None, timeout: Optional[float] = 10) -> bool:
        """Waits until an application has ended.

        Args:
            app_id: which one. A number counts as `timeout`: wait_for_completion(30).
            timeout: in seconds; None waits without end.

        Returns:
            True if it has succeeded; False if it has failed, was killed, or still runs after `timeout`, which
            runtime_status() and status()["finalStatus"] tell apart.

        Raises:
            YARNException: the ResourceManager does not know it, or was away for 10 min.
        """
        if isinstance(app_id, (int, float)):
            app_id, timeout = None, app_id
        if timeout is not None and not 0 <= timeout < 2**31:
            raise _spec.refuse(f"timeout must be a number of seconds from 0 up, or None, not {timeout}")
        chosen = self._chosen(app_id)
        end = None if timeout is None else time.monotonic() + timeout
        try:
            return self._client.wait(chosen, timeout)
        except YARNException as error:
            if error.code == "deadline_exceeded" and end is not None and time.monotonic() >= end:
                return False
            raise

    # -- containers -----------------------------------------------------------

    def add_containers(self, num_containers: int = 1, virtual_cores: Optional[int] = None, memory: Optional[int] = None,
                       app_id: Optional[str] = None) -> None:
        """Starts more containers, with the same command, files and variables as those that run.

        Waits for the application's master, at most 100 s.

        Args:
            num_containers: how many more.
            virtual_cores, memory: of each; if given, they have to be those that start() was called with.

        Raises:
            KnitException: the application has ended, does not run under Knit, or has containers of another size.
            YARNException: its master cannot be reached.
        """
        chosen = self._chosen(app_id)
        count = _spec.whole("num_containers", num_containers, 1, "containers")
        cores, mib = self._sizes.get(chosen, (None, None))
        if virtual_cores not in (None, cores) or memory not in (None, mib):
            known = f"of {mib} MiB and {cores} cores" if mib else "as others started it"
            raise KnitException(f"{chosen} has containers {known}, and more of them are as large: leave virtual_cores "
                                "and memory out", "unimplemented")
        self._wait_for_master(chosen)
        self._client.scale(chosen, count, [])

    def remove_containers(self, container_id: Union[str, Iterable[str]]) -> None:
        """Ends containers: each is asked to (SIGTERM), and killed after 10 s. They do not count as failed.

        Args:
            container_id: one id as get_containers() tells it, or several of one application.

        Raises:
            KnitException: no such container runs, or it is the application's master.
        """
        wanted = [container_id] if isinstance(container_id, str) else list(container_id)
        if not wanted:
            return
        app_id = _application_of(wanted[0])
        instances = {one.container: one.instance for one in self._client.instances(app_id)}
        unknown = [one for one in wanted if one not in instances]
        if unknown:
            raise KnitException(f"{app_id} has no container {unknown[0]}; get_containers() tells which it has",
                                "not_found")
        masters = [one for one in wanted if instances[one] < 0]
        if masters:
            raise _spec.refuse(f"{masters[0]} is the application's master: kill() ends that, and all of it")
        self._client.scale(app_id, 0, [instances[one] for one in wanted])

    def get_containers(self, app_id: Optional[str] = None) -> "list[dict[str, Any]]":
        """The containers that run now, on all nodes, the application's master among them.

        Returns:
            For each its id, nodeId, state (NEW, RUNNING), user, exitCode, diagnostics, totalMemoryNeededMB,
            totalVCoresNeeded, containerLogsLink, nodeHttpAddress and startedTime (ms since 1970).

        Raises:
            YARNException: the ResourceManager does not know the application, or cannot be reached.
        """
        reports = self._client.containers(self._chosen(app_id))
        return [_views.container(one, self.user) for one in reports if one.state != "COMPLETE"]

    def get_container_statuses(self, app_id: Optional[str] = None) -> "dict[str, str]":
        """The state of each container that runs now, by id: get_containers() in short."""
        return {one["id"]: one["state"] for one in self.get_containers(app_id)}

    def _wait_for_master(self, app_id: str) -> None:
        end = time.monotonic() + MASTER_TIMEOUT_S
        while True:
            report = self._client.report(app_id)
            if report.ended or report.state == "RUNNING":
                return
            if time.monotonic() >= end:
                raise YARNException(f"{app_id} has no master after {MASTER_TIMEOUT_S:.0f} s: {report.diagnostics}",
                                    "deadline_exceeded")
            time.sleep(_PAUSE_S)

    # -- what is known --------------------------------------------------------

    def status(self, app_id: Optional[str] = None) -> "dict[str, Any]":
        """What the ResourceManager says of an application, under the names of its REST API.

        Among them state, finalStatus, diagnostics, progress (in %), runningContainers, allocatedMB, allocatedVCores,
        startedTime, finishedTime and elapsedTime (ms). Where its web pages cannot be reached, amContainerLogs,
        amHostHttpAddress and what was preempted are None.

        Raises:
            KnitException: nothing was started, and no id given.
            YARNException: the ResourceManager does not know it, or cannot be reached.
        """
        return _views.status(self._client, self._chosen(app_id))

    def runtime_status(self, app_id: Optional[str] = None) -> str:
        """The application's state: NEW, NEW_SAVING, SUBMITTED, ACCEPTED, RUNNING, FINISHED, FAILED or KILLED; "NONE" if
        it cannot be told."""
        try:
            return self._client.report(self._chosen(app_id)).state
        except (KnitException, YARNException):
            return "NONE"

    def logs(self, app_id: Union[str, bool, None] = None, shell: bool = False) -> "dict[str, dict[str, str]]":
        """What the containers have written: so far, or all of it when the application has ended.

        After the end this waits until the nodes have uploaded it, at most 60 s. Of each file the last 16 MiB are
        given. What cannot be read is told to the logger "knit".

        Args:
            app_id: any YARN application.
            shell: has no effect.

        Returns:
            By container id: {"nodeId": ..., "stdout": ..., "stderr": ...}, and other files under their names. The last
            are those of the master. Empty while nothing has been started.

        Raises:
            YARNException: no log can be read; or the ResourceManager does not know the application.
        """
        chosen = self._chosen(app_id if isinstance(app_id, str) else None)
        try:
            found, notices = self._client.logs(chosen)
        except YARNException as error:
            if error.code == "not_found" and not self._client.report(chosen).ended:
                return {}
            raise
        _tell(notices)
        for log in found:
            if log.written > len(log.bytes):
                _log.warning("%s of %s has %d bytes, of which the last are given; 'knit logs' gives all", log.file,
                             log.container, log.written)
        return _views.logs(found)

    def print_logs(self, app_id: Union[str, bool, None] = None, shell: bool = False) -> None:
        """Prints what logs() gives."""
        for container_id, files in self.logs(app_id, shell).items():
            print(f"{container_id} on {files.pop('nodeId')}")
            for name, text in files.items():
                print(f"--- {name}\n{text}")


def _application_of(container_id: str) -> str:
    """container_e17_1795400313368_0102_01_000002 is one of application_1795400313368_0102."""
    parts = str(container_id).split("_")[-4:]
    if len(parts) < 4 or not str(container_id).startswith("container_"):
        raise _spec.refuse(f"{container_id!r} is no container's id")
    return f"application_{parts[0]}_{parts[1]}"


def _tell(notices: "list[str]") -> None:
    for notice in notices:
        _log.warning("%s", notice)
