"""A cluster that says no: HDFS that is full, guarded or encrypted, queues chosen for the user, no logs kept."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from hadoop import rest, sites, submit
from hadoop.cluster import NAMENODE_BEAN, MiniHadoop
from hadoop.containers import application, expect_nothing_left, wait_for
from hadoop.leftovers import Leftovers, refused
from hadoop.plugin import Knit
from hadoop.rm_view import RmView

USER = sites.login_name()
HOME = f"/user/{USER}"
QUEUE = "yarn.scheduler.capacity.root"
OPEN_QUEUES = "you may submit to main, small (--queue)"


@pytest.fixture(scope="module")
def odd(hadoop_version, tmp_path_factory):
    """One NodeManager and two DataNodes, with almost everything that is off by default."""
    provider = f"jceks://file{tmp_path_factory.mktemp('keys')}/keys.jceks"
    overrides = {
        "core-site": {"hadoop.security.key.provider.path": provider},
        # two data units and one of parity: the least that two DataNodes can hold
        "hdfs-site": {"dfs.namenode.ec.system.default.policy": "XOR-2-1-1024k"},
        "yarn-site": {"yarn.log-aggregation-enable": "false", "yarn.nodemanager.log.retain-seconds": "1"},
        "rm/capacity-scheduler": {
            f"{QUEUE}.queues": "main,stopped,private,small",
            f"{QUEUE}.main.capacity": "85", f"{QUEUE}.main.maximum-capacity": "100",
            f"{QUEUE}.main.acl_submit_applications": "*", f"{QUEUE}.main.accessible-node-labels": " ",
            # where the ResourceManager puts those who name no queue; others into "default", which there is not
            "yarn.scheduler.capacity.queue-mappings": f"u:bob:private,u:carol:stopped,u:{USER}:main",
        }}
    cluster = MiniHadoop(version=hadoop_version, nodes=1, datanodes=2, node_labels=True, overrides=overrides)
    made = cluster.java("org.apache.hadoop.crypto.key.KeyShell", "create", "zone-key", "-size", "128",
                        "-provider", provider)
    assert made.returncode == 0, made
    with cluster:
        for user in ("bob", "carol", "dave", "limited"):
            cluster.make_home(user)
        yield cluster
        checked = cluster.hdfs("fsck", "/", "-openforwrite").stdout
        assert "HEALTHY" in checked and [line for line in checked.splitlines() if "OPENFORWRITE" in line] == []


@pytest.fixture
def knit(odd):
    return Knit(odd)


@pytest.fixture
def hdfs(odd):
    return rest.WebHdfs(odd.layout.address("nn.http"), USER)


@pytest.fixture
def leftovers(odd):
    """Fails the scenario that leaves something behind."""
    left = Leftovers(odd)
    yield left
    left.check(f"{HOME}/.knit")


@pytest.fixture
def large(tmp_path):
    (tmp_path / "large").write_bytes(os.urandom(3_000_000))
    return str(tmp_path / "large")


# -- what only the ResourceManager knows ----------------------------------------

@pytest.mark.parametrize("user, code, said, seen", [
    ("bob", 6, "private", 0),      # refused before it becomes an application
    ("carol", 6, "STOPPED", 1),
    ("dave", 7, "unknown queue", 1),
])
def test_the_exit_code_is_the_same_where_the_resource_manager_refuses(odd, knit, user, code, said, seen):
    left = Leftovers(odd)
    refused(knit("run", "--", "true", user=user), code, "the ResourceManager refuses", said, OPEN_QUEUES)
    left.check(f"/user/{user}/.knit", refused=seen)


@pytest.fixture
def label(odd, knit):
    """Gives the only node these labels, of those that the cluster knows; in the end none."""
    def call(path, value):
        submit.call(odd, "POST", path, USER, value)

    def give(*labels):
        node = odd.nodes()[0]["id"]
        if labels or sites.at_least(odd.options.version, "3.0"):
            call("/replace-node-to-labels", {"nodeToLabels": [{"nodeId": node, "labels": labels}]})
        else:  # 2.x takes an empty list for none at all, by REST
            assert odd.yarn("rmadmin", "-replaceLabelsOnNode", node).returncode == 0
        odd.wait_until(lambda: json.loads(knit("nodes", "-o", "json").stdout)[0]["labels"] == [*labels],
                       f"the labels of the node are {labels}", 20)
    call("/add-node-labels", {"nodeLabelInfo": [{"name": "fast", "exclusivity": "true"}]})
    yield give
    give()


def test_labels(knit, leftovers, label):
    refused(knit("run", "--node-label", "fast", "--", "true"), 2, "--node-label fast: no running node has this label")
    refused(knit("run", "--node-label", "slow", "--", "true"), 2, "--node-label slow", "no such label", "it has fast")
    label("fast")
    for queue in ([], ["--queue", "main"]):
        refused(knit("run", *queue, "--node-label", "fast", "--", "true", timeout_s=20), 6, "label", "main")


def test_a_queue_without_capacity_on_a_label_that_it_may_use(odd, knit, hadoop_version, label):
    label("fast")
    run = knit.start("run", "--queue", "small", "--node-label", "fast", "--name", "landless", "--start-timeout", "5s",
                     "--", "true")
    app_id = application(odd, "landless")
    queue = sites.shown_queue(hadoop_version, "small")
    path = "root.small" if queue == "root.small" else "<queue-path>"
    reason = f"queue '{queue}' has no capacity on nodes with the label 'fast'"
    wait_for("the reason is in its state", lambda: reason in knit("status", app_id).stdout)
    described = json.loads(knit("describe", app_id, "-o", "json").stdout)
    assert f"yarn.scheduler.capacity.{path}.accessible-node-labels.fast.capacity" in described["hints"][1]
    assert [attempt["master_container"] for attempt in described["attempts"]] == [None]
    _, err = run.communicate(timeout=30)
    assert run.returncode == 4, err
    assert f"knit: waiting (ACCEPTED): {reason}" in err, err
    assert f"nothing ran within 5.0 s (start timeout): {reason}" in err, err
    expect_nothing_left(odd, knit, app_id, assigned=0)


def test_logs_that_nobody_keeps(odd, knit):
    left = Leftovers(odd)
    done = knit("run", "--", "echo", "seen live")
    assert done.returncode == 0 and "seen live" in done.stdout, done
    (app,) = left.new_applications()
    RmView(odd).check(app["id"], assigned=2)
    odd.wait_until(lambda: knit("logs", app["id"]).returncode != 0, "its node has removed its logs", 30)
    for args in ([], ["-f"], ["--instance", "0"]):
        late = knit("logs", app["id"], *args, timeout_s=10)
        assert late.returncode == 7 and late.stdout == "", late
        assert "yarn.log-aggregation-enable" in late.stderr, late.stderr
    assert "yarn.log-aggregation-enable" in knit("doctor").stdout
    left.check(f"{HOME}/.knit", ran=1)


# -- HDFS that takes nothing ------------------------------------------------------

def set_quota(cluster, hdfs, path, names=-1, space=-1):
    """-1 is no limit."""
    if sites.at_least(cluster.options.version, "3.3"):
        hdfs.set_quota(path, names, space)
        return
    for kind, limit in (("Quota", names), ("SpaceQuota", space)):
        args = [f"-clr{kind}"] if limit < 0 else [f"-set{kind}", str(limit)]
        assert cluster.hdfs("dfsadmin", *args, path).returncode == 0


def test_every_quota_of_names_up_to_one_that_is_enough(odd, knit, hdfs, large):
    """Whatever is the first that HDFS refuses to make, all before it goes again."""
    left = Leftovers(odd)
    set_quota(odd, hdfs, "/user/limited", names=1)
    refused(knit("fs", "put", large, "/user/limited/x", user="limited"), 6, "/user/limited/x", "as many names as it may")
    for names in range(1, 40):
        set_quota(odd, hdfs, "/user/limited", names=names)
        done = knit("run", "-d", "--queue", "main", "--file", large, "--", "true", user="limited")
        if done.returncode == 0:
            break
        refused(done, 6, "/user/limited/.knit", "NameSpace quota", "as many names as it may")
        left.check("/user/limited/.knit")
    assert names > 8
    set_quota(odd, hdfs, "/user/limited")
    assert knit("wait", done.stdout.strip(), "--timeout", "60s", user="limited").returncode == 0
    left.check("/user/limited/.knit", ran=1)
    assert hdfs.list("/user/limited/x") == []


def test_a_quota_of_space(odd, knit, hdfs, large):
    left = Leftovers(odd)
    odd.make_home("narrow")
    plan = json.loads(knit("run", "--dry-run", "-o", "json", "--", "true").stdout)
    master = plan["files"][0]["size"]
    for space, file in ((1 << 10, "knit-master"), (master // 2, "knit-master"), (master + (1 << 20), large)):
        set_quota(odd, hdfs, "/user/narrow", space=space)
        done = knit("run", "--queue", "main", "--file", large, "--", "true", user="narrow")
        refused(done, 6, f"uploading {file}", "DiskSpace quota", "every replica")
        left.check("/user/narrow/.knit")
    set_quota(odd, hdfs, "/user/narrow", space=1 << 20)
    refused(knit("fs", "put", large, "/user/narrow/x", user="narrow"), 6, "/user/narrow/x", "quota", "every replica")
    assert set(hdfs.list("/user/narrow")) <= {".knit"}


def test_safe_mode(odd, knit, hdfs, large, leftovers):
    assert knit("run", "--dry-run", "--", "true").returncode == 0
    assert odd.hdfs("dfsadmin", "-safemode", "enter").returncode == 0
    try:
        for args in (["run", "--", "true"], ["run", "--staging-dir", "/tmp/safe", "--", "true"],
                     ["fs", "put", large, f"{HOME}/x"], ["fs", "mkdir", f"{HOME}/x"], ["fs", "rm", HOME, "-r"]):
            refused(knit(*args), 5, "leaves safe mode", "hdfs dfsadmin -safemode get")
        assert knit("fs", "ls", HOME).returncode == 0
    finally:
        odd.hdfs("dfsadmin", "-safemode", "leave")
    assert "x" not in hdfs.list(HOME)


def test_a_full_hdfs(odd, knit, hdfs, large):
    left = Leftovers(odd)

    def reserve(space):
        for name in odd.names("dn"):
            odd.options.overrides[f"{name}/hdfs-site"] = {"dfs.datanode.du.reserved": space}
            sites.write_conf(odd.layout, odd.options, name)
            odd.restart(name, wait=False)
        odd.wait_ready()
        odd.wait_until(lambda: (room() == 0) == (space > 0), "the NameNode knows what room there is", 20)

    def room():
        return rest.jmx(odd.layout.address("nn.http"), NAMENODE_BEAN)["CapacityRemaining"]

    odd.make_home("crowded")
    reserve(1 << 60)
    try:
        for args in (["run", "--queue", "main", "--", "true"], ["fs", "put", large, "/user/crowded/x"]):
            refused(knit(*args, user="crowded"), 6, "/user/crowded/", "no DataNode of hdfs://", "they are full")
        left.check("/user/crowded/.knit")
        assert hdfs.list("/user/crowded/x") == []
    finally:
        reserve(0)
    assert knit("fs", "put", large, "/user/crowded/x", user="crowded").returncode == 0


def test_a_name_node_that_hangs(odd, knit):
    left = Leftovers(odd)
    odd.pause("nn")
    try:
        commands = (["run", "--queue", "main", "--", "true"], ["fs", "ls", "/"])
        started = [knit.start("--connect-timeout", "2s", *args) for args in commands]
        for process in started:
            out, err = process.communicate(timeout=6)
            done = subprocess.CompletedProcess(process.args, process.returncode, out, err)
            refused(done, 5, odd.layout.address("nn.rpc"))
    finally:
        odd.resume("nn")
    left.check(f"{HOME}/.knit")


# -- HDFS whose bytes are not what they seem -----------------------------------------

def check_unreadable(knit, path, tmp_path, *said):
    """Not readable by Knit: said by name, and nothing of its bytes."""
    refused(knit("fs", "cat", path), 2, path, *said)
    refused(knit("fs", "get", path, str(tmp_path / "got")), 2, path, *said)
    assert not (tmp_path / "got").exists()
    assert knit("fs", "stat", path).returncode == 0


@pytest.mark.since("3.1", "erasure coding")
def test_an_erasure_coded_file(odd, knit, hdfs, large, tmp_path):
    left = Leftovers(odd)
    hdfs.mkdirs("/striped", "777")
    coded = odd.hdfs("ec", "-setPolicy", "-path", "/striped", "-policy", "XOR-2-1-1024k")
    assert coded.returncode == 0, coded
    assert odd.hdfs("dfs", "-put", large, "/striped/theirs").returncode == 0
    check_unreadable(knit, "/striped/theirs", tmp_path, "erasure-coded", "XOR-2-1-1024k")
    # what Knit writes there is replicated, and NodeManagers read both
    assert knit("fs", "put", large, "/striped/ours").returncode == 0
    done = knit("run", "--staging-dir", "/striped/staging", "--file", "hdfs:///striped/theirs",
                "--file", large, "-c", "cmp theirs large && echo equal")
    assert done.returncode == 0 and "equal" in done.stdout, done
    (app,) = left.new_applications()
    RmView(odd).check(app["id"], assigned=2)
    left.check("/striped/staging", ran=1)


# its own client ends with NoSuchMethodError on Java 17 when it has written there
@pytest.mark.since("3.1", "encryption zones, as tested: its own Java client cannot fill one on Java 17")
def test_an_encryption_zone(odd, knit, hdfs, large, tmp_path, leftovers):
    hdfs.mkdirs("/zone", "777")
    made = odd.hdfs("crypto", "-createZone", "-keyName", "zone-key", "-path", "/zone")
    assert made.returncode == 0, made
    put = odd.hdfs("dfs", "-put", large, "/zone/secret")
    assert put.returncode == 0, put.stderr
    hdfs.mkdirs(f"/zone/{USER}", "777")
    before = hdfs.list("/zone")
    check_unreadable(knit, "/zone/secret", tmp_path, "encryption zone", "zone-key")
    refused(knit("fs", "put", large, "/zone/ours"), 2, "/zone/ours", "encryption zone")
    for dry in ([], ["--dry-run"]):
        refused(knit("run", "--file", "hdfs:///zone/secret", *dry, "--", "true"), 2, "hdfs:///zone/secret",
                "encryption zone")
        for staging in ("/zone", "/zone/not/there/yet"):
            refused(knit("run", "--staging-dir", staging, *dry, "--", "true"), 2, staging, "encryption zone",
                    "--staging-dir")
        home = ["-D", "dfs.user.home.dir.prefix=/zone"]
        refused(knit(*home, "run", *dry, "--", "true"), 2, f"/zone/{USER}/.knit", "encryption zone", "--staging-dir")
    assert hdfs.list("/zone") == before and hdfs.list(f"/zone/{USER}") == []
