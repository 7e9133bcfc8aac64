"""One search of a thousand tiny trials: what a trial costs at its end, beside at its beginning.

On simulated phases, so that nothing but the platform works. Compared are the last trials with those
up to the `--against`th: the driver's resident memory, the processor time of MLflow's writer and the
journal's bytes per trial, Optuna's seconds per suggestion, and what Ray's object store holds.

    python -m tests.bench.thousand_trials
    python -m tests.bench.thousand_trials --trials 60 --against 20
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from tests.bench.measure import STILTUNE, report, run, start_search
from tests.faults.patching import CHILD, PATCHES
from tests.search.simulated_study import STUDY

WORST_RATIO = 1.5
CLOCKS = "timed_suggestions timed_deliveries memory"
# Nothing but the sampler's trials, and two controls that scale their objective.
SETTINGS = ("curve=null", "confirmation.winners=0", "models.0.seconds=0")
MIB, KIB = 2**20, 2**10
STORE_MIB = 1.0  # an object store that holds less than this is as good as empty

Lines = Sequence[dict[str, Any]]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=1_000, help="of the search [1000]")
    parser.add_argument("--against", type=int, default=100, help="the trials held against [100]")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="stiltune-bench-") as temporary:
        directory = Path(temporary)
        (directory / "simulated.yaml").write_text(STUDY)
        times = directory / "times.jsonl"
        os.environ |= {
            "PYTHONPATH": os.pathsep.join(filter(None, [str(CHILD), os.environ.get("PYTHONPATH")])),
            "STILTUNE_TEST_TIMES": str(times), PATCHES: CLOCKS}
        search = start_search(str(directory / "simulated.yaml"),
                              [*SETTINGS, f"search.trials={given.trials}"], directory / "search",
                              directory / "storage")
        # A writer that gives way falls behind a thousand trials in two minutes.
        sync = run([*STILTUNE, "sync", "simulated", "--storage", str(directory / "storage")],
                   directory / "search")
        lines = [json.loads(line) for line in times.read_text().splitlines()]
    report([("trials, and the search's seconds", f"{given.trials}, {search.seconds:.0f}"),
            ("seconds that MLflow took longer", f"{sync.seconds:.0f}"),
            *rows(lines, given.trials, given.against)])


def rows(lines: Lines, trials: int, against: int) -> list[tuple[str, str]]:
    """Return the figures of a search's lines: early, late, and their ratio."""
    memory = sorted((line for line in lines if line["kind"] == "memory"),
                    key=lambda line: line["done"])
    early = min(memory, key=lambda line: abs(line["done"] - against))
    late = memory[-1]
    store = [max(line["store_bytes"] / MIB, STORE_MIB) for line in (early, late)]
    return [
        _row("driver's resident memory, MiB", early["driver_kib"] / KIB, late["driver_kib"] / KIB),
        _row("MLflow, processor ms a trial",
             *(1e3 * part for part in _halves(_deliveries(lines), trials, against))),
        _row("Optuna, ms a suggestion",
             *(1e3 * part for part in _halves(_suggestions(lines), trials, against))),
        _row("journal, KiB a trial", early["journal_bytes"] / early["done"] / KIB,
             (late["journal_bytes"] - early["journal_bytes"])
             / (late["done"] - early["done"]) / KIB),
        _row(f"object store, MiB (at least {STORE_MIB:g})", *store),
    ]


def _row(label: str, early: float, late: float) -> tuple[str, str]:
    ratio = late / early
    verdict = "" if ratio <= WORST_RATIO else "   TOO MUCH"
    return label, (f"{early:>10.2f}{late:>10.2f}   ratio {ratio:.2f} (at most {WORST_RATIO:g})"
                   f"{verdict}")


def _deliveries(lines: Lines) -> dict[int, float]:
    """Return the seconds of each search trial's changes together, by the trial's number."""
    found: dict[int, float] = {}
    for line in lines:
        if line["kind"] == "delivery" and str(line["trial"]).startswith("search-"):
            number = int(line["trial"].rpartition("-")[2])
            found[number] = found.get(number, 0.0) + line["seconds"]
    return found


def _suggestions(lines: Lines) -> dict[int, float]:
    return {line["number"]: line["seconds"] for line in lines if line["kind"] == "suggestion"}


def _halves(seconds: dict[int, float], trials: int, against: int) -> tuple[float, float]:
    """Return means over the second half of the first `against` trials, and as many at the end.

    The first suggestions are fixed points and random ones, which cost nothing.
    """
    return (_mean(seconds, range(against // 2, against)),
            _mean(seconds, range(trials - against // 2, trials)))


def _mean(seconds: dict[int, float], numbers: Iterable[int]) -> float:
    return fmean(seconds[number] for number in numbers if number in seconds)


if __name__ == "__main__":
    main()
