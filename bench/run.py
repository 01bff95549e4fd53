"""Knit and Hadoop's own programs, side by side on one real Hadoop: how long they take, and how much memory.

    ./dev bench [--heartbeat 1000] [--repeat 5] [--mib 256] [--only NAME] [-o json]

bench/README.md says what is measured, and how.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Callable

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPOSITORY / "tests"), str(REPOSITORY)]

from bench import measure  # noqa: E402
from bench.launches import Launches, percentile  # noqa: E402
from bench.measure import Bench  # noqa: E402
from hadoop import fetch  # noqa: E402
from hadoop.cluster import MiniHadoop  # noqa: E402


@dataclass
class Row:
    """One figure of both; a ratio above 1 is in our favour."""

    what: str
    unit: str
    ours: float
    theirs: float

    @property
    def ratio(self) -> float:
        return self.theirs / self.ours


def status(bench: Bench) -> list[Row]:
    app_id = bench.ended_application()
    ours = bench.client("status", app_id)
    theirs = bench.java(measure.APPLICATION_CLI, "application", "-status", app_id)
    return two_rows("knit status / yarn application -status", ours, theirs)


def launch(bench: Bench) -> list[Row]:
    ours = bench.client("run", "-n", "3", "--memory", "128MiB", "--", "true")
    theirs = bench.java(*bench.distributed_shell("true"))
    return two_rows("knit run -n 3 -- true / DistributedShell", ours, theirs)


def spread(bench: Bench) -> list[Row]:
    """30 containers on three nodes: when the last runs, how many are on the fullest node, and how soon after its
    grant a container is started."""
    ours = bench.launches(bench.knit_command("run", "-n", "30", "--memory", "128MiB", "--", "sleep", "2"))
    theirs = bench.launches(bench.java_command(*bench.distributed_shell("sleep 2", containers=30)))

    def both(what: str, unit: str, of: Callable[[list[Launches]], float]) -> Row:
        return Row(what, unit, of(ours), of(theirs))

    return [both("30 instances over 3 nodes: submitted to all running", "ms",
                 lambda runs: statistics.median(run.all_running for run in runs)),
            both("30 instances over 3 nodes: on the fullest node", "",
                 lambda runs: max(run.most_on_one_node for run in runs)),
            both("grant to startContainers: 99 of 100 within", "ms",
                 lambda runs: percentile([ms for run in runs for ms in run.granted_to_call], 0.99))]


def master(bench: Bench) -> list[Row]:
    """While three containers sleep: its peak memory, and how long from its launch to its registration."""
    ours = bench.master(bench.knit_command("run", "-n", "3", "--memory", "128MiB", "--", "sleep", "3"))
    theirs = bench.master(bench.java_command(*bench.distributed_shell("sleep 3")))
    return [Row("the master: peak resident memory", "MiB", ours.peak_mib, theirs.peak_mib),
            Row("the master: launched to registered", "ms", ours.registered_ms, theirs.registered_ms)]


def files(bench: Bench) -> list[Row]:
    """One file to HDFS and back, and the content compared with what was written."""
    name = f"{bench.mib} MiB"
    with tempfile.TemporaryDirectory(prefix="knit-bench-") as folder:
        source = bench.random_file(Path(folder) / "source")
        put = [bench.put(source, ours) for ours in (True, False)]
        get = [bench.get(source, ours) for ours in (True, False)]
    return (two_rows(f"knit fs put / hdfs dfs -put, {name}", *put)
            + two_rows(f"knit fs get / hdfs dfs -get, {name}", *get))


def two_rows(what: str, ours: measure.Cost, theirs: measure.Cost) -> list[Row]:
    return [Row(f"{what}: time", "ms", ours.wall_ms, theirs.wall_ms),
            Row(f"{what}: peak resident memory", "MiB", ours.peak_mib, theirs.peak_mib)]


ALL: dict[str, Callable[[Bench], list[Row]]] = {
    "status": status, "launch": launch, "spread": spread, "master": master, "files": files}


def table(rows: list[Row]) -> str:
    lines = [["", "ours", "theirs", "ratio"]]
    lines += [[row.what, f"{row.ours:.1f} {row.unit}", f"{row.theirs:.1f} {row.unit}", f"{row.ratio:.1f}"]
              for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(4)]
    return "\n".join("  ".join([line[0].ljust(widths[0]), *(line[i].rjust(widths[i]) for i in (1, 2, 3))])
                     for line in lines)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dev bench", description="Knit and Hadoop's own programs, side by side.")
    parser.add_argument("--heartbeat", type=int, default=1000, metavar="MS",
                        help="of the NodeManagers: 1000 is Hadoop's own, the tests have 200 (default 1000)")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="runs of each; the median counts (default 5)")
    parser.add_argument("--mib", type=int, default=256, help="size of the file that is copied (default 256)")
    parser.add_argument("--only", choices=sorted(ALL), action="append", help="repeat it for several")
    parser.add_argument("--hadoop", default="3.4.2", choices=fetch.known_versions(), help="default 3.4.2")
    parser.add_argument("-o", "--output", choices=["table", "json"], default="table")
    return parser.parse_args()


def main() -> int:
    args = arguments()
    program = os.environ.get("KNIT_BIN") or str(REPOSITORY / "build/release/bin/knit")
    with MiniHadoop(version=args.hadoop, nodes=3, heartbeat_ms=args.heartbeat) as cluster:
        bench = Bench(cluster, program, args.repeat, args.mib)
        rows = [row for name in args.only or ALL for row in ALL[name](bench)]
    setup = {"hadoop": args.hadoop, "heartbeat_ms": args.heartbeat, "repeat": args.repeat, "cores": os.cpu_count(),
             "load": os.getloadavg()[0]}
    if args.output == "json":
        print(json.dumps({**setup, "rows": [{**asdict(row), "ratio": row.ratio} for row in rows]}, indent=2))
    else:
        print(", ".join(f"{key} {value}" for key, value in setup.items()))
        print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
