"""`./dev run`: the main job on a cluster of its own, for somebody who has just cloned this."""

from __future__ import annotations

import subprocess
import sys

from hadoop.cluster import MiniHadoop
from hadoop.fetch import FetchError
from hadoop.process import DaemonError


def run(program: str, cluster: MiniHadoop, *args: str) -> int:
    print("$ knit " + " ".join(args), flush=True)
    return subprocess.run([program, *args], env=cluster.env(), check=False).returncode


def main() -> int:
    program, *wanted = sys.argv[1:]
    with MiniHadoop() as cluster:
        print(f"HADOOP_CONF_DIR={cluster.conf_dir}", flush=True)
        if wanted:
            return run(program, cluster, *wanted)
        run(program, cluster, "nodes")
        return run(program, cluster, "run", "-n", "10", "--memory", "512MiB", "--", "date")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (FetchError, DaemonError) as error:
        sys.exit(f"dev run: {error}")
