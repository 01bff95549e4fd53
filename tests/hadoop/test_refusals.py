"""What `knit run` refuses before or at submission: one message, what to do, the exit code, and nothing left."""

from __future__ import annotations

import ctypes
import re
import socket
import threading

import pytest

from hadoop import rest, sites
from hadoop.leftovers import Leftovers, refused

HOME = f"/user/{sites.login_name()}"
TELLS_QUEUE_LIMITS = pytest.mark.since("3.1", "limits of a queue, told before submission")
OPEN_QUEUES = "you may submit to default, small"


@pytest.fixture
def leftovers(hadoop):
    """Fails the scenario that leaves something behind."""
    left = Leftovers(hadoop)
    yield left
    left.check(f"{HOME}/.knit")


# -- queues ----------------------------------------------------------------

@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
@pytest.mark.parametrize("queue, code, said", [
    ("nosuch", 7, "there is no such queue"),
    ("stopped", 6, "is STOPPED"),
    ("private", 6, "'bob' may not submit"),
    ("root", 2, "in its parts alone: default"),
])
def test_a_queue_that_will_not_do(knit, leftovers, queue, code, said, dry):
    done = knit("run", "--queue", queue, *dry, "--", "true", user="bob")
    where = [] if queue == "root" else [OPEN_QUEUES]
    refused(done, code, f"--queue {queue}", said, *where)


def test_a_queue_below_one_that_exists_is_refused_by_the_resource_manager(hadoop, knit):
    left = Leftovers(hadoop)
    done = knit("run", "--queue", "root.nosuch", "--", "true")
    refused(done, 7, "the ResourceManager refuses", OPEN_QUEUES)
    left.check(f"{HOME}/.knit", refused=len(left.new_applications()))  # some versions keep a record of it


# -- amounts and names ------------------------------------------------------

@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
@pytest.mark.parametrize("args, said", [
    (["--memory", "5g"], ["an instance asks for 5 GiB", "at most 4 GiB"]),
    (["--vcores", "9"], ["an instance asks for 9 vcores", "1 to 8"]),
    (["--master-memory", "5g"], ["the master asks for 5 GiB", "at most 4 GiB"]),
    pytest.param(["--queue", "small", "--memory", "513m"], ["an instance", "at most 512 MiB in queue 'small'"],
                 marks=TELLS_QUEUE_LIMITS),
    pytest.param(["--queue", "root.small", "--memory", "513m"], ["at most 512 MiB in queue 'root.small'"],
                 marks=TELLS_QUEUE_LIMITS),
    pytest.param(["--queue", "small", "--master-memory", "1g"], ["the master", "at most 512 MiB in queue 'small'"],
                 marks=TELLS_QUEUE_LIMITS),
    (["--resource", "nosuch=1"], ["'nosuch'", "it has memory-mb, vcores"]),
    (["--gpus", "1"], ["'yarn.io/gpu'", "does not offer"]),
    ([f"--tag=t{i}" for i in range(11)], ["11 tags", "allows 10"]),
    (["--tag", "t" * 101], ["101 characters", "allows 100"]),
    (["--type", "T" * 21], ["'TTTTTTTTTTTTTTTTTTTTT' has 21 characters", "at most 20"]),
    (["--node-label", "fast"], ["--node-label fast", "no node labels"]),
    (["--node-label", "a&&b"], ["--node-label 'a&&b'", "one label"]),
    (["-e", "a.b=1"], ["--env a.b", "bash"]),
    (["-e", "1A=1"], ["--env 1A"]),
    (["-e", "CONTAINER_ID=1"], ["--env CONTAINER_ID", "YARN sets"]),
    (["--instances", "0"], ["--instances", "'0'", "from 1 up"]),
    (["--lifetime", "0"], ["--lifetime", "from 1 s to ten years"]),
])
def test_more_than_there_is_or_may_be(knit, leftovers, args, said, dry):
    refused(knit("run", *args, *dry, "--", "true"), 2, *said)


# -- the command line -------------------------------------------------------

@pytest.mark.parametrize("args", [["ls", "-l"], ["ls", "--color=auto"], ["sleep", "-n", "5"], ["ls"]])
def test_a_command_without_dashes(knit, leftovers, args):
    refused(knit("run", "-n", "2", *args), 2, f"'{args[0]}': put the command", "knit run -n 2 -- date")


def test_an_option_that_there_is_not(knit, leftovers):
    refused(knit("run", "--instence", "2", "--", "ls"), 2, "--instence")


# -- files ------------------------------------------------------------------

@pytest.fixture
def files(tmp_path):
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b/a").write_text("other")
    (tmp_path / "text.zip").write_text("no archive at all")
    (tmp_path / "secret").write_text("x")
    (tmp_path / "secret").chmod(0)
    (tmp_path / "pipe.tar.xz").write_bytes(b"\xfd7zXZ\0rest")
    return tmp_path


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
@pytest.mark.parametrize("args, code, said", [
    (["--file", "{}/gone"], 7, ["--file {}/gone", "No such file"]),
    (["--archive", "{}/gone.zip"], 7, ["--archive {}/gone.zip", "No such file"]),
    (["--archive", "{}/text.zip"], 2, ["{}/text.zip", "no archive that can be read", "--file"]),
    (["--archive", "{}/pipe.tar.xz"], 2, ["{}/pipe.tar.xz", "compressed with xz"]),
    (["--archive", "{}/b"], 2, ["--archive {}/b", "is a folder"]),
    (["--file", "/dev/null"], 2, ["--file /dev/null", "neither a file nor a folder"]),
    (["--file", "{}/a", "--file", "{}/b/a"], 2, ["{}/b/a", "two files are to be called 'a'", "#NAME"]),
    (["--file", "{}/a#x", "--file", "{}/a#y"], 2, ["'x' and 'y' have the same source"]),
    (["--file", "{}/a#x/y"], 2, ["--file {}/a", "'x/y'"]),
    (["--file", "{}/a#launch_container.sh"], 2, ["YARN itself puts"]),
    (["--env-file", "{}/gone"], 2, ["--env-file", "{}/gone"]),
    (["--file", "hdfs:///no/such"], 7, ["--file hdfs:///no/such", "no such file"]),
    (["--file", "hdfs:///user"], 2, ["hdfs:///user", "is a folder in HDFS"]),
    (["--file", "hdfs://127.0.0.1:1/x"], 5, ["hdfs://127.0.0.1:1/x", "127.0.0.1:1"]),
    (["--file", "s3a://bucket/x"], 2, ["--file = s3a://bucket/x", "hdfs:// only", "hdfs:// address"]),
])
def test_files_that_cannot_be_had(knit, leftovers, files, args, code, said, dry):
    done = knit("run", *(arg.format(files) for arg in args), *dry, "--", "true")
    refused(done, code, *(words.format(files) for words in said))


def without_root_rights():
    """In the child: root loses what lets it read every file (capabilities 1 and 2, prctl 24)."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (1, 2):
        libc.prctl(24, capability, 0, 0, 0)


def test_a_file_that_cannot_be_read(knit, leftovers, files):
    for args in (["run", "--file", f"{files}/secret", "--", "true"],
                 ["run", "--archive", f"{files}/secret", "--dry-run", "--", "true"],
                 ["fs", "put", f"{files}/secret", "/tmp/never"]):
        refused(knit(*args, preexec_fn=without_root_rights), 6, f"{files}/secret", "Permission denied")
    assert knit("fs", "stat", "/tmp/never").returncode == 7


# -- HDFS: rights and homes -------------------------------------------------

def test_places_that_are_not_ours(hadoop, knit, leftovers, files):
    hadoop.make_home("eve")
    for args in (["run", "--staging-dir", f"{HOME}/hers", "--", "true"],
                 ["fs", "put", f"{files}/a", f"{HOME}/hers"],
                 ["fs", "mkdir", f"{HOME}/hers"]):
        refused(knit(*args, user="eve"), 6, f"{HOME}/hers", "Permission denied", "Knit is eve to HDFS")
    for dry in ([], ["--dry-run"]):
        done = knit("run", "--staging-dir", HOME, *dry, "--", "true", user="eve")
        refused(done, 6, HOME, f"belongs to '{sites.login_name()}' and not to 'eve'", "--staging-dir")
    assert knit("fs", "stat", f"{HOME}/hers").returncode == 7
    leftovers.check("/user/eve/.knit")


def test_a_missing_home_and_the_way_out(hadoop, knit, rm_view):
    left = Leftovers(hadoop)
    for dry in ([], ["--dry-run"]):
        refused(knit("run", *dry, "--", "true", user="homeless"), 7, "/user/homeless", "'homeless'", "does not exist",
                "hdfs dfs -mkdir -p /user/homeless && hdfs dfs -chown homeless /user/homeless", "--staging-dir")
    told = knit("doctor", user="homeless")
    assert told.returncode == 1 and "hdfs dfs -chown homeless /user/homeless" in told.stdout
    left.check("/user/homeless/.knit")
    done = knit("run", "--staging-dir", "/tmp/homeless", "--", "echo", "housed", user="homeless")
    assert done.returncode == 0 and "housed" in done.stdout, done
    (app,) = left.new_applications()
    rm_view.check(app["id"], assigned=2)
    assert rest.WebHdfs(hadoop.layout.address("nn.http"), sites.login_name()).list("/tmp/homeless/apps") == []


# -- other file systems -----------------------------------------------------

@pytest.mark.parametrize("uri", ["s3a://bucket", "gs://bucket", "abfs://c@account.dfs.core.windows.net",
                                 "abfss://c@account.dfs.core.windows.net", "viewfs://cluster"])
def test_a_default_file_system_that_is_not_hdfs(knit, leftovers, uri):
    setting = f"fs.defaultFS={uri}"
    for args in (["run", "--", "true"], ["run", "--dry-run", "--", "true"], ["fs", "ls", "/"]):
        refused(knit("-D", setting, *args), 2, f"fs.defaultFS = {uri} (-D)", "-D fs.defaultFS=hdfs://", "--staging-dir")
    told = knit("-D", setting, "doctor")
    assert told.returncode == 1 and f"fs.defaultFS = {uri}" in told.stdout


def test_an_option_is_named_once(knit, leftovers):
    for place, said in (("s3a://bucket/x", "--staging-dir = s3a://bucket/x: Knit reads and writes hdfs:// only"),
                        ("/tmp/../x", "--staging-dir: path '/tmp/../x' ")):
        done = knit("run", "--staging-dir", place, "--", "true")
        refused(done, 2, f"knit: error: {said}")
        assert done.stderr.count("--staging-dir") == 1, done.stderr


def test_another_default_file_system_beside_hdfs(hadoop, knit, rm_view):
    left = Leftovers(hadoop)
    staging = f"hdfs://{hadoop.layout.address('nn.rpc')}/tmp/beside-{sites.login_name()}"
    done = knit("-D", "fs.defaultFS=s3a://bucket", "run", "--staging-dir", staging, "-c",
                "echo beside; sleep 3")  # as long as it runs its node has the log; afterwards none can be read
    assert done.returncode == 0 and "beside" in done.stdout, done
    rm_view.check(left.new_applications()[0]["id"], assigned=2)


@pytest.mark.parametrize("uri", ["s3a://bucket/logs", "viewfs://cluster/logs"])
def test_logs_that_are_kept_elsewhere(hadoop, knit, rm_view, uri):
    left = Leftovers(hadoop)
    setting = f"yarn.nodemanager.remote-app-log-dir={uri}"
    done = knit("-D", setting, "run", "-n", "2", "--", "echo", "seen live")
    assert done.returncode == 0, done
    app_id = left.new_applications()[0]["id"]
    rm_view.check(app_id, assigned=3)
    refused(knit("-D", setting, "logs", app_id), 2, "yarn.nodemanager.remote-app-log-dir", uri, "hdfs:// only")


# -- the way to the cluster ---------------------------------------------------

class Silence:
    """A port of loopback that accepts and never answers; `heard` is what was sent to it."""

    def __enter__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.heard, self.connections = b"", 0
        self._open = []
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()
        return self

    def _listen(self):
        try:
            while True:
                peer, _ = self._socket.accept()
                self.connections += 1
                peer.settimeout(30)
                self._open.append(peer)
                self.heard += peer.recv(1 << 16)
        except OSError:
            pass

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        for peer in self._open:
            peer.close()
        self._socket.close()
        self._thread.join()


def test_a_secure_cluster_is_refused_before_anything_is_sent(knit):
    with Silence() as port:
        there = ["-D", f"yarn.resourcemanager.address={port.address}", "-D", f"fs.defaultFS=hdfs://{port.address}"]
        secure = ["-D", "hadoop.security.authentication=kerberos"]
        for args in (["run", "--", "true"], ["ls"], ["fs", "ls", "/"], ["kill", "application_1_1"]):
            refused(knit(*there, *secure, *args), 2, "hadoop.security.authentication = kerberos, -D", "nothing was sent")
        assert knit(*there, *secure, "doctor").returncode == 1
        assert (port.connections, port.heard) == (0, b"")
        knit(*there, "--connect-timeout", "1s", "ls")
        assert port.connections > 0  # it would have been noticed


def test_a_daemon_that_accepts_and_never_answers(knit, leftovers):
    """In ten seconds, unless told otherwise; the two at once because each takes them."""
    with Silence() as port:
        commands = [["-D", f"yarn.resourcemanager.address={port.address}", "run", "--", "true"],
                    ["-D", f"fs.defaultFS=hdfs://{port.address}", "run", "--", "true"],
                    ["-D", f"fs.defaultFS=hdfs://{port.address}", "fs", "ls", "/"]]
        started = [knit.start(*args) for args in commands]
        for process in started:
            out, err = process.communicate(timeout=12)
            assert process.returncode in (4, 5) and out == "", err
            assert re.fullmatch(rf"knit: error: .*{port.address}.*\n", err), err


@pytest.mark.parametrize("setting, said", [
    ("yarn.resourcemanager.address=127.0.0.1:1", "ResourceManager at 127.0.0.1:1"),
    ("fs.defaultFS=hdfs://127.0.0.1:1", "NameNode at 127.0.0.1:1"),
    ("yarn.resourcemanager.address=no-such-host.invalid:8032", "no-such-host.invalid"),
    ("fs.defaultFS=hdfs://no-such-host.invalid:8020", "no-such-host.invalid"),
])
def test_a_daemon_that_is_not_there(knit, leftovers, setting, said):
    refused(knit("-D", setting, "run", "--", "true", timeout_s=12), 5, said)


def test_configuration_that_cannot_be_used(knit, leftovers, tmp_path):
    nothing = {"HADOOP_CONF_DIR": "", "YARN_CONF_DIR": "", "HADOOP_HOME": str(tmp_path)}
    refused(knit("run", "--", "true", env=nothing), 2, "HADOOP_CONF_DIR", "/etc/hadoop/conf", "--config")
    refused(knit("run", "--config", str(tmp_path / "gone"), "--", "true"), 7, "--config", str(tmp_path / "gone"))
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "yarn-site.xml").write_text("<configuration>\n<property>\n</configuration>\n")
    refused(knit("run", "--config", str(broken), "--", "true"), 2, str(broken / "yarn-site.xml"), "line 3")
    told = knit("doctor", "--config", str(broken))
    assert told.returncode == 1 and "yarn-site.xml" in told.stdout and "HADOOP_CONF_DIR" in told.stdout
