"""What the platform costs: `stiltune start` against the same trials in bare processes.

Both sides start from nothing (no data, no store) and run the same list of trials, in the order
in which the search started them, on as many processes as the search used at once. The bare side
has no Ray, no MLflow, no journal and no live view; its processes share a counter and a store.
Printed are both wall times from process start to end, their ratio, the time to the first scored
trial, the peak memory of the search's processes, and where the difference lies.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from search.journal import Event
from search.results import TrialResult
from spaces.lab_tasks import LAB_TASKS
from spaces.languages import ENGLISH
from spaces.models import LabModel
from spaces.tasks import find_task
from spaces.trial_config import TrialConfig
from tests.bench.measure import Measured, journal_of, report, run, start_search

WORST_RATIO, FIRST_SECONDS, MOST_GIB = 1.10, 45.0, 4.0


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", default="lab",
                        help="a shipped study or a file, of the lab's tasks alone [lab]")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="KEY=VALUE",
                        help="a setting of the study, such as search.trials=8; repeatable")
    parser.add_argument("--directory", type=Path, help="where all is written [a temporary one]")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="stiltune-bench-") as temporary:
        directory = (given.directory or Path(temporary)).absolute()
        report([])
        search = start_search(given.study, given.settings, directory / "search",
                              directory / "search" / "storage")
        events = journal_of(directory / "search" / "storage", given.study)
        plan = directory / "plan.json"
        plan.write_text(json.dumps(_plan(events)))
        bare = run([sys.executable, "-m", "tests.bench.bare", str(plan),
                    str(directory / "bare" / "storage")], directory / "bare")
        report(_lines(search, bare, events))


def _plan(events: Sequence[Event]) -> dict[str, Any]:
    """Return what the bare side does: the trials in the order in which they first started."""
    suggested = {event.trial: event.data["config"] for event in events
                 if event.kind == "suggested"}
    started = dict.fromkeys(event.trial for event in events if event.kind == "started")
    configs = [TrialConfig.model_validate(suggested[name]) for name in started]
    return {
        "processes": _most_at_once(events),
        "configs": [config.model_dump(mode="json") for config in configs],
        "vocabularies": sorted({config.model.vocabulary for config in configs
                                if isinstance(config.model, LabModel)}),
        "rows": list(dict.fromkeys(cell for config in configs for cell in _rows_read(config))),
    }


def _rows_read(config: TrialConfig) -> Iterator[tuple[str, str]]:
    """Yield the (task, language) cells of the lab that a trial reads."""
    panels = (*config.panels.selection.languages, *config.panels.report.languages)
    for name in config.targets:
        yield from ((name, code) for code in (ENGLISH, *panels)
                    if code in find_task(name, LAB_TASKS).evaluation)
    if config.intermediate is not None:
        yield from ((cell.task, cell.language) for cell in config.intermediate.cells)


def _most_at_once(events: Sequence[Event]) -> int:
    running: set[str | None] = set()
    most = 0
    for event in events:
        if event.kind == "started":
            running.add(event.trial)
        elif event.kind == "finished":
            running.discard(event.trial)
        most = max(most, len(running))
    return most


def _lines(search: Measured, bare: Measured, events: Sequence[Event]) -> list[tuple[str, str]]:
    starts = {event.trial: event.time for event in events if event.kind == "started"}
    ends = {event.trial: event.time for event in events if event.kind == "finished"}
    first, last = min(starts.values()), max(ends.values())
    busy = sum(ends[trial] - starts[trial] for trial in ends)
    idle = _most_at_once(events) * (last - first) - busy
    results = [TrialResult.model_validate({"trial": event.trial, **event.data})
               for event in events if event.kind == "finished"]
    spent = sum(result.cost.device_seconds for result in results)
    ratio = search.seconds / bare.seconds
    return [
        ("trials", f"{len(ends)} ({sum(r.scores is None for r in results)} failed)"),
        ("search, seconds", f"{search.seconds:.1f}"),
        ("bare processes, seconds", f"{bare.seconds:.1f}"),
        ("ratio", f"{ratio:.3f} (at most {WORST_RATIO})"),
        ("first scored trial after, seconds",
         f"{min(ends.values()) - search.began:.1f} (at most {FIRST_SECONDS:.0f})"),
        ("peak memory of the search, GiB PSS",
         f"{search.peak_mib / 1024:.2f} (below {MOST_GIB:.0f})"),
        ("peak memory of the bare processes, GiB PSS", f"{bare.peak_mib / 1024:.2f}"),
        ("of the search: until the first trial works", f"{first - search.began:.1f}"),
        ("of the search: between first and last trial", f"{last - first:.1f}"),
        ("  of which slots idle, seconds of one slot",
         f"{idle:.1f} ({idle / len(ends):.3f} a trial)"),
        ("of the search: after the last trial", f"{search.ended - last:.1f}"),
        ("training and evaluation in it, seconds", f"{spent:.1f}"),
        ("the same in bare processes", f"{float(bare.output.split()[-1]):.1f}"),
    ]


if __name__ == "__main__":
    main()
