"""The package on a real Hadoop: each of its methods, and what it says when the cluster refuses."""

from __future__ import annotations

import re
import socket
import time
import zipfile
from pathlib import Path
from typing import Any, Optional

import pytest

from hadoop.containers import LAST_BEAT, expect_nothing_left, wait_for

FIVE_LINES = """
from knit import Knit
k = Knit(autodetect=True)
app_id = k.start('date', num_containers=10, memory=4096)
k.status(app_id)
k.logs(app_id)
"""
END_TIMEOUT_S = 60
UNKNOWN = "application_1_0001"


def output(k: Any, app_id: Optional[str] = None, stream: str = "stdout") -> list[str]:
    """Of each container but the master's, which is always told last."""
    logs = list(k.logs(app_id).items())
    assert logs[-1][0].endswith("_000001")
    return [files[stream] for _, files in logs[:-1]]


def test_the_five_lines(start: Any, hadoop: Any, knit: Any) -> None:
    """As they stand; then the output is waited for. Each container is as large as a node: they take turns."""
    process = start(FIVE_LINES + f"""
assert k.status(app_id)["id"] == app_id
assert k.wait_for_completion(app_id, timeout={END_TIMEOUT_S})
for files in k.logs(app_id).values():
    print(files["stdout"], end="")
print(app_id)
""")
    out, err = process.communicate(timeout=END_TIMEOUT_S)
    assert process.returncode == 0, err
    assert re.fullmatch(r"10 containers of 4096 MiB do not fit into the \d+ MiB that are free: some have to wait\n", err)
    *dates, app_id = out.splitlines()
    assert len(dates) == 10 and all(re.fullmatch(r"[A-Z].*:\d\d .*\d{4}", date) for date in dates), out
    expect_nothing_left(hadoop, knit, app_id, None)


def test_starting_is_quick_and_says_how_it_goes_on(k: Any, hadoop: Any, knit: Any) -> None:
    app_id = k.start("sleep 600", num_containers=2, virtual_cores=1, memory=128, app_name="lasting")
    assert k.app_id == app_id
    wait_for("all run", lambda: len(k.get_containers()) == 3)
    status = k.status()
    assert status == {**status, "id": app_id, "name": "lasting", "state": "RUNNING", "user": k.user,
                      "finalStatus": "UNDEFINED", "applicationType": "KNIT", "runningContainers": 3, "finishedTime": 0}
    assert status["queue"].rpartition(".")[2] == "default"
    assert status["amHostHttpAddress"] and status["preemptedResourceMB"] == 0
    assert k.runtime_status() == "RUNNING"
    assert k.wait_for_completion(0.2) is False
    assert k.kill() is True
    assert k.kill() is True and k.runtime_status() == "KILLED"
    assert k.wait_for_completion() is False
    assert k.get_containers() == []
    expect_nothing_left(hadoop, knit, app_id, None, LAST_BEAT)


# names that the first documentation promised
PROMISED = """allocatedMB allocatedVCores amContainerLogs amHostHttpAddress applicationTags applicationType clusterId
diagnostics elapsedTime finalStatus finishedTime id memorySeconds name numAMContainerPreempted
numNonAMContainerPreempted preemptedResourceMB preemptedResourceVCores progress queue runningContainers startedTime
state trackingUI user vcoreSeconds""".split()


def test_status_has_the_promised_names_with_and_without_web_pages(package: Any, k: Any) -> None:
    app_id = k.start("true")
    assert k.wait_for_completion(END_TIMEOUT_S) is True
    whole = k.status()
    with_rpc_alone = package.Knit(pars={"yarn.resourcemanager.webapp.address": "127.0.0.1:1"}).status(app_id)
    for told in (whole, with_rpc_alone):
        assert set(PROMISED) <= set(told)
    web_only = {name for name in PROMISED if with_rpc_alone[name] is None}
    assert web_only == {name for name in PROMISED if "reempted" in name or name.startswith("am")}
    # what both tell is the same, but for the two that go on counting
    for name in set(PROMISED) - web_only:
        assert with_rpc_alone[name] == whole[name], name


def test_files_variables_and_words(k: Any, tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text("from a file\n")
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("inside.txt", "from an archive\n")
    k.start('cat data.txt more.zip/inside.txt; echo "$NAME $LANG $LC_ALL" >&2',
            files=[str(tmp_path / "data.txt"), tmp_path / "more.zip"], envvars={"NAME": "a 'b' $c", "LC_ALL": "C"})
    assert k.wait_for_completion(END_TIMEOUT_S)
    assert output(k) == ["from a file\nfrom an archive\n"]
    assert output(k, stream="stderr") == ["a 'b' $c C.UTF-8 C\n"]
    app_id = k.start(["echo", "$HOME", "two  words"])
    assert k.wait_for_completion(app_id, END_TIMEOUT_S)
    assert output(k) == ["$HOME two  words\n"]


def test_a_packed_environment(k: Any, tmp_path: Path) -> None:
    python = zipfile.ZipInfo("science/bin/python")
    python.external_attr = 0o755 << 16
    with zipfile.ZipFile(tmp_path / "science.zip", "w") as archive:
        archive.writestr(python, '#!/bin/sh\necho "this is $0"\nexec /usr/bin/python3 "$@"\n')
    k.start('$PYTHON_BIN -c "print(6 * 7)"; test -x $CONDA_PREFIX/bin/python', env=str(tmp_path / "science.zip"))
    assert k.wait_for_completion(END_TIMEOUT_S)
    first, second = output(k)[0].splitlines()
    assert first.endswith("/science.zip/science/bin/python") and second == "42"


def test_more_and_fewer_containers(package: Any, k: Any, hadoop: Any, knit: Any) -> None:
    app_id = k.start("sleep 600", num_containers=1)
    k.add_containers(2)  # at once: the master is waited for
    wait_for("all run", lambda: list(k.get_container_statuses().values()) == ["RUNNING"] * 4)
    running = k.get_containers()
    nodes = {container["nodeId"] for container in running}
    assert len(nodes) > 1, "containers of all nodes are listed"
    assert {container["totalMemoryNeededMB"] for container in running} == {128}
    master, first, second, third = sorted(container["id"] for container in running)
    with pytest.raises(package.KnitException, match=f"{master} is the application's master"):
        k.remove_containers(master)
    k.remove_containers(second)
    wait_for("it has gone", lambda: sorted(k.get_container_statuses()) == [master, first, third])
    with pytest.raises(package.KnitException, match="has no container .*_000099") as refused:
        k.remove_containers(master[:-2] + "99")
    assert refused.value.code == "not_found"
    k.remove_containers([first, third])
    wait_for("they have gone", lambda: sorted(k.get_container_statuses()) == [master])
    assert k.runtime_status() == "RUNNING"
    k.kill()
    with pytest.raises(package.KnitException, match="has ended"):
        k.add_containers()
    expect_nothing_left(hadoop, knit, app_id, None, LAST_BEAT)


def test_containers_of_another_size_are_refused(package: Any, k: Any) -> None:
    k.start("sleep 600", memory=256)
    k.add_containers(1, virtual_cores=1, memory=256)
    with pytest.raises(package.KnitException, match="256 MiB and 1 cores") as refused:
        k.add_containers(1, memory=512)
    assert refused.value.code == "unimplemented"


def test_one_object_starts_several(k: Any) -> None:
    first, second = k.start("echo one"), k.start("echo two >&2; exit 3")
    assert k.app_id == second != first
    assert k.wait_for_completion(first, timeout=END_TIMEOUT_S) is True
    assert k.wait_for_completion(second, timeout=END_TIMEOUT_S) is False
    assert k.status(second)["finalStatus"] == "FAILED" and "3" in k.status(second)["diagnostics"]
    assert output(k, first) == ["one\n"]
    assert output(k, second, "stderr") == ["two\n"]
    assert k.kill(first) is False, "it had ended by itself"


def test_logs_while_it_runs_and_as_text(k: Any, capsys: pytest.CaptureFixture[str]) -> None:
    k.start(r"printf 'caf\351\n'; echo waiting; sleep 600")
    assert len(k.logs()) <= 2, "nothing may have been started yet, and that is no error"
    [(container, files)] = wait_for("it has written", lambda: [one for one in k.logs().items() if one[1]["stdout"]])
    assert files["stdout"] == "caf\N{REPLACEMENT CHARACTER}\nwaiting\n"
    assert ":" in files["nodeId"]
    k.print_logs()
    assert capsys.readouterr().out.startswith(f"{container} on {files['nodeId']}\n--- stdout\ncaf")
    k.kill()


def test_of_a_long_log_the_end_is_given(k: Any, caplog: pytest.LogCaptureFixture) -> None:
    k.start("head -c 17000000 /dev/zero | tr '\\0' x; echo; echo the end")
    assert k.wait_for_completion(END_TIMEOUT_S)
    [end] = output(k)
    assert len(end) == 16 << 20 and end.endswith("x\nthe end\n")
    assert "has 17000009 bytes, of which the last are given" in caplog.text


# -- refusals -----------------------------------------------------------------

def test_what_the_cluster_does_not_know(package: Any, k: Any) -> None:
    for method in (k.status, k.logs, k.kill, k.get_containers, k.add_containers, k.wait_for_completion):
        with pytest.raises(package.YARNException) as refused:
            method(app_id=UNKNOWN)
        assert UNKNOWN in str(refused.value) and refused.value.code == "not_found"
    assert refused.value.remote_exception == "org.apache.hadoop.yarn.exceptions.ApplicationNotFoundException"
    assert k.runtime_status(UNKNOWN) == "NONE"


@pytest.mark.parametrize(("arguments", "kind", "said"), [
    ({"memory": 1 << 20}, "KnitException", "no node can hold a container of 1048576 MiB and 1 cores"),
    ({"virtual_cores": 1000}, "KnitException", "no node can hold a container of 128 MiB and 1000 cores"),
    ({"memory": 1 << 20, "checks": False}, "KnitException", "one container gets at most 4 GiB here"),
    ({"queue": "nowhere"}, "YARNException", "nowhere: there is no such queue"),
    ({"queue": "stopped"}, "YARNException", "is STOPPED"),
])
def test_what_can_never_run_is_refused(package: Any, k: Any, arguments: "dict[str, Any]", kind: str, said: str) -> None:
    with pytest.raises(getattr(package, kind)) as refused:
        k.start("date", **arguments)
    assert said in str(refused.value)
    assert k.app_id is None


def test_what_has_to_wait_is_told(k: Any, caplog: pytest.LogCaptureFixture) -> None:
    k.start("sleep 600", num_containers=100, memory=4096)
    assert "100 containers of 4096 MiB do not fit into the " in caplog.text
    k.kill()


def test_an_unreachable_resource_manager(package: Any, here: Any) -> None:
    k = package.Knit(pars={"yarn.resourcemanager.address": "127.0.0.1:1"})
    begun = time.monotonic()
    with pytest.raises(package.YARNException, match="127.0.0.1:1") as refused:
        k.start("date")
    assert refused.value.code == "unavailable" and time.monotonic() - begun < 60
    assert k.runtime_status(UNKNOWN) == "NONE"


def test_a_silent_resource_manager(package: Any, here: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        k = package.Knit(pars={"yarn.resourcemanager.address": address})
        with pytest.raises(package.YARNException, match=address) as refused:
            k.status(UNKNOWN)
    assert refused.value.code in ("unavailable", "deadline_exceeded")


def test_another_user_and_folder(package: Any, here: Any, knit: Any) -> None:
    here.make_home("bob")
    with package.Knit(user="bob", hdfs_home="/user/bob/elsewhere") as k:
        k.start("id -un; sleep 600")
        assert k.status()["user"] == "bob"
        wait_for("it runs", lambda: len(k.get_containers()) == 2)
        assert "/user/bob/elsewhere/.knit" in knit("fs", "ls", "/user/bob/elsewhere", user="bob").stdout
