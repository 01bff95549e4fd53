"""What the package refuses by itself, in words; no cluster is asked."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import Any, Callable

import pytest

RM = {"rm": "127.0.0.1", "nn": "127.0.0.1", "user": "alice"}


@pytest.fixture
def bare(package: Any) -> Any:
    """A Knit that reads no file and has asked nobody."""
    return package.Knit(autodetect=False, **RM)


@pytest.mark.parametrize(("arguments", "said"), [
    ({"cmd": "date", "memory": "4g"}, "memory must be a whole number of MiB, not '4g'"),
    ({"cmd": "date", "memory": 1.5}, "memory must be a whole number of MiB, not 1.5"),
    ({"cmd": "date", "memory": True}, "memory must be a whole number of MiB, not True"),
    ({"cmd": "date", "memory": 0}, "memory must be from 1 to 2147483647 MiB, not 0"),
    ({"cmd": "date", "num_containers": 0}, "num_containers must be from 1 to 2147483647 containers, not 0"),
    ({"cmd": "date", "virtual_cores": 2**31}, "virtual_cores must be from 1 to 2147483647 cores, not 2147483648"),
    ({"cmd": "date", "files": "data.csv"}, "files must be a list of paths, not 'data.csv'"),
    ({"cmd": "date", "files": ["/no/such/file"]}, "files: /no/such/file does not exist"),
    ({"cmd": "date", "files": [b"x"]}, "files: b'x' is no path"),
    ({"cmd": "  "}, "cmd must be a command line, or a list of words, not '  '"),
    ({"cmd": ["echo", 1]}, "cmd must be a command line, or a list of words, not ['echo', 1]"),
])
def test_a_wrong_argument_of_start(package: Any, bare: Any, arguments: "dict[str, Any]", said: str) -> None:
    with pytest.raises(package.KnitException) as refused:
        bare.start(**arguments)
    assert str(refused.value) == said
    assert refused.value.code in ("invalid_argument", "not_found")
    assert bare.app_id is None


def test_variables_must_be_texts(bare: Any) -> None:
    with pytest.raises(ValueError, match="envvars must map texts to texts; 'N' maps to 1"):
        bare.start("date", envvars={"N": 1})


def packed(path: Path, *names: str) -> str:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return str(path)


@pytest.mark.parametrize(("make", "said"), [
    (lambda folder: "/no/such.zip", "env: /no/such.zip cannot be read: "),
    (lambda folder: "hdfs:///envs/e.tar.gz", "env: hdfs:///envs/e.tar.gz is no .zip"),
    (lambda folder: packed(folder / "e.zip", "e/bin/perl"), "e.zip has no bin/python inside"),
])
def test_a_wrong_environment(package: Any, bare: Any, tmp_path: Path, make: "Callable[[Path], str]", said: str) -> None:
    with pytest.raises(package.CondaException) as refused:
        bare.start("date", env=make(tmp_path))
    assert said in str(refused.value)


def test_without_an_application(package: Any, bare: Any) -> None:
    for method in (bare.status, bare.logs, bare.print_logs, bare.get_containers, bare.get_container_statuses,
                   bare.add_containers, bare.wait_for_completion):
        with pytest.raises(package.KnitException, match="has started nothing yet: call start"):
            method()
    assert bare.kill() is False
    assert bare.runtime_status() == "NONE"


@pytest.mark.parametrize(("call", "said"), [
    (lambda k: k.status("application_1"), "application_1"),
    (lambda k: k.remove_containers("a"), "'a' is no container's id"),
    (lambda k: k.add_containers(0, app_id="application_1_0001"), "num_containers must be from 1"),
    (lambda k: k.wait_for_completion("application_1_0001", timeout=-1), "timeout must be a number of seconds"),
    (lambda k: k.wait_for_completion(float("nan")), "timeout must be a number of seconds"),
])
def test_a_wrong_argument(package: Any, bare: Any, call: "Callable[[Any], Any]", said: str) -> None:
    with pytest.raises(package.KnitException) as refused:
        call(bare)
    assert said in str(refused.value) and refused.value.code == "invalid_argument"


# -- configuration ------------------------------------------------------------

def test_without_configuration(package: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HADOOP_CONF_DIR", str(tmp_path / "none"))
    monkeypatch.delenv("YARN_CONF_DIR", raising=False)
    with pytest.raises(package.HDFSConfigException, match=f"HADOOP_CONF_DIR names {tmp_path}/none") as refused:
        package.Knit()
    assert refused.value.code == "not_found"
    with pytest.raises(package.HDFSConfigException, match="with autodetect=False no file is read: give rm='HOST'"):
        package.Knit(autodetect=False)


def test_kerberos_is_refused(package: Any) -> None:
    with pytest.raises(package.HDFSConfigException, match="Kerberos") as refused:
        package.Knit(autodetect=False, rm="rm", pars={"hadoop.security.authentication": "kerberos"})
    assert refused.value.code == "unimplemented"


def test_settings_come_from_keywords_then_pars(package: Any) -> None:
    pars = {"dfs.replication": 2, "rm": "other", "io.file.buffer.size": 4096, "dfs.client.use.datanode.hostname": True}
    k = package.Knit(autodetect=False, pars=pars, rm="rm", rm_port=18088, nn="nn", nn_port=9000, user="bob")
    assert k.user == "bob"
    assert k.conf == {"yarn.resourcemanager.hostname": "rm", "yarn.resourcemanager.webapp.address": "rm:18088",
                      "fs.defaultFS": "hdfs://nn:9000", "dfs.replication": "2", "io.file.buffer.size": "4096",
                      "dfs.client.use.datanode.hostname": "true"}
    assert repr(k) == "Knit<RM=rm>"
    assert package.Knit(autodetect=False, rm="rm", replication_factor=1).conf["dfs.replication"] == "1"


def test_secrets_are_not_shown(package: Any) -> None:
    k = package.Knit(autodetect=False, rm="rm", pars={"my.password": "sesame"})
    assert "my.password" not in k.conf


def test_unknown_keywords_are_refused_and_old_ones_taken(package: Any) -> None:
    with pytest.raises(TypeError, match="Knit\\(\\) knows no replication"):
        package.Knit(replication=1, **RM)
    with pytest.warns(UserWarning, match="needs no knit_home, password"):
        package.Knit(autodetect=False, knit_home="/opt/knit", password="x", **RM)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        package.Knit(autodetect=False, upload_always=True, hdfs_home="/tmp", gateway_path="", **RM)
