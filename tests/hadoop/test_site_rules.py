"""An administrator's file: in etc/knit below the folder that Knit is installed in, as /etc/knit is this machine's."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Callable

import pytest

from hadoop.cluster import MiniHadoop
from hadoop.containers import expect_nothing_left, wait_for
from hadoop.plugin import Knit
from hadoop.rm_view import RmView

Call = Callable[..., Any]


@pytest.fixture
def installed(knit: Knit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that Knit is installed in; `knit` is called there from here on."""
    built = Path(knit.program()).resolve().parent.parent
    for part in ("bin/knit", "libexec/knit/knit-master-x86_64"):
        (tmp_path / part).parent.mkdir(parents=True)
        shutil.copy2(built / part, tmp_path / part)
    monkeypatch.setenv("KNIT_BIN", str(tmp_path / "bin/knit"))
    (tmp_path / "etc/knit").mkdir(parents=True)
    return tmp_path


def rules(installed: Path, text: str) -> Path:
    file = installed / "etc/knit/knit.yaml"
    file.write_text(text)
    return file


def test_defaults_limits_and_what_is_forbidden(hadoop: MiniHadoop, knit: Knit, installed: Path):
    file = rules(installed, "defaults:\n  queue: small\n  master-port: 28500-28599\n"
                            "limits:\n  instances: 3\n  memory: 256MiB\nforbidden:\n  - master-port\n  - tag\n")
    for args, words, line in [
        (["-n", "4"], "4 instances: at most 3 are allowed here", 5),
        (["--memory", "1g"], "--memory 1 GiB: at most 256 MiB is allowed here", 6),
        (["--memory", "128m", "--master-port", "1"], "--master-port is forbidden here", 8),
        (["--memory", "128m", "--tag", "a"], "--tag is forbidden here", 8),
    ]:
        for more in ([], ["--dry-run"]):
            done = knit("run", *more, *args, "--", "true")
            assert done.returncode == 6 and f"{words} ({file}, line {line})" in done.stderr, done.stderr
    app_id = knit("run", "-d", "--memory", "128MiB", "--", "sleep", "600").stdout.strip()
    wait_for("it runs", lambda: RmView(hadoop).application(app_id)["runningContainers"] == 2)
    told = json.loads(knit("describe", app_id, "-o", "json").stdout)
    assert told["queue"].split(".")[-1] == "small" and 28500 <= told["master_port"] <= 28599
    more = knit("scale", app_id, "+3")
    assert more.returncode == 6 and "4 instances: at most 3" in more.stderr
    assert knit("scale", app_id, "4").returncode == 6
    assert knit("scale", app_id, "+1").returncode == 0
    assert knit("stop", app_id, "--grace", "0").returncode == 0
    expect_nothing_left(hadoop, knit, app_id, None)


def test_config_shows_each_rule_and_nothing_overrides_it(knit: Knit, installed: Path):
    file = rules(installed, "limits:\n  instances: 3\ndefaults:\n  staging-dir: /data\n")
    shown = {one["key"]: (one["value"], one["origin"]) for one in json.loads(knit("config", "-o", "json").stdout)}
    assert shown["knit.site.limit.instances"] == ("3", f"{file}, line 2")
    assert shown["knit.staging.dir"] == ("/data", f"{file}, line 4")
    own = knit("-D", "knit.site.limit.instances=9", "config")
    assert own.returncode == 2 and "only the site's administrator can say this" in own.stderr
    mine = json.loads(knit("-D", "knit.staging.dir=/mine", "config", "knit.staging.dir", "-o", "json").stdout)
    assert mine[0]["value"] == "/mine"


def test_a_file_that_is_wrong_is_named(knit: Knit, installed: Path):
    file = rules(installed, "limits:\n  instances: many\n")
    done = knit("ls")
    assert done.returncode == 2 and f"{file}, line 2: limits: instances 'many' is no whole number" in done.stderr
