"""Hadoop's own DistributedShell runs: the cluster is a whole one."""

import re


def test_two_containers_of_date_succeed(hadoop, rm_view):
    shell = hadoop.distributed_shell("-shell_command", "date", "-num_containers", "2")
    assert shell.returncode == 0, shell.stderr
    app_id = re.search(r"application_\d+_\d+", shell.stderr).group()
    assert rm_view.application(app_id)["finalStatus"] == "SUCCEEDED"

    logs = hadoop.yarn_logs(app_id)
    assert len(re.findall(r"^\w{3} \w{3} +\d+ [\d:]{8} \w+ \d{4}$", logs, re.M)) == 2, logs
    rm_view.check(app_id, assigned=3)


def test_the_exit_code_tells_of_failure(hadoop, rm_view):
    shell = hadoop.distributed_shell("-shell_command", "exit 3")
    assert shell.returncode == 2, shell.stderr
    app_id = re.search(r"application_\d+_\d+", shell.stderr).group()
    assert rm_view.application(app_id)["finalStatus"] == "FAILED"
    rm_view.check(app_id, assigned=2)
