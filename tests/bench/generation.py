"""Making the whole lab: wall seconds, peak memory, rows and bytes.

Every task in every language it is offered in, all splits, the pretraining text and the
tokenizer, from a fresh process and an empty cache, imports included, as
`python -m trainables.lab.prepare` makes them.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from tests.bench.measure import report, run

MOST_SECONDS = 20.0
MOST_MIB = 1000.0
SAMPLE_SECONDS = 0.25


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=2, help="how many make it [2]")
    parser.add_argument("--cores", type=int, default=2, help="cores that they may use [2]")
    given = parser.parse_args(arguments)
    cores = sorted(os.sched_getaffinity(0))[:given.cores]
    os.sched_setaffinity(0, cores)  # inherited by what is measured
    with tempfile.TemporaryDirectory(prefix="stiltune-bench-") as temporary:
        cache = Path(temporary) / "cache"
        made = run([sys.executable, "-m", "trainables.lab.prepare", str(cache),
                    "--processes", str(given.processes)], Path(temporary),
                   sampled_every=SAMPLE_SECONDS)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        tables = list(cache.rglob("*.arrow"))
        files = [path for path in cache.rglob("*") if path.is_file()]
        report([
            ("processes, cores", f"{given.processes}, {len(cores)}"),
            ("the whole lab, seconds", f"{made.seconds:.1f} (less than {MOST_SECONDS:.0f})"),
            ("  of the processor, all processes",
             f"{used.ru_utime + used.ru_stime:.1f}"),
            ("peak memory of the processes, MiB",
             f"{made.peak_mib:.0f} (less than {MOST_MIB:.0f})"),
            ("tables", str(len(tables))),
            ("rows", f"{sum(map(_rows, tables)):,}"),
            ("bytes", f"{sum(path.stat().st_size for path in files):,}"),
        ])


def _rows(path: Path) -> int:
    with pa.memory_map(str(path)) as file:
        return int(pa.ipc.open_file(file).read_all().num_rows)


if __name__ == "__main__":
    main()
