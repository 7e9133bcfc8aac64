"""A second start on the same storage: seconds, what it trained, and whether it reads the same.

Runs `stiltune start` twice on one fresh storage. With a warm phase store and suggestions asked
in reproducible rounds, the second search must find every phase made, and its read-out must be
the first one's byte for byte but for the search's name and what lies under `measured`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from search.results import TrialResult
from search.storage import find_search
from tests.bench.measure import journal_of, report, start_search

MOST_SECONDS = 40.0
OWN_FIELDS = ("search", "measured")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", default="lab", help="a shipped study [lab]")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="KEY=VALUE",
                        help="a setting of the study, such as search.trials=8; repeatable")
    parser.add_argument("--storage", type=Path,
                        help="where all is written; where it holds a search of the study already, "
                             "that one is the first [a temporary directory]")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="stiltune-bench-") as temporary:
        storage = (given.storage or Path(temporary)).absolute()
        report([])
        if not list(storage.glob(f"{given.study}-*/readout.json")):
            start_search(given.study, given.settings, storage / "first", storage)
        first = find_search(storage, given.study)
        second = start_search(given.study, given.settings, storage / "second", storage)
        events = journal_of(storage, given.study)
        results = [TrialResult.model_validate({"trial": event.trial, **event.data})
                   for event in events if event.kind == "finished"]
        trained = sum(result.cost.examples for result in results)
        last = max(event.time for event in events if event.kind == "finished")
        begun = min(event.time for event in events if event.kind == "started")
        same = _common(first.readout) == _common(find_search(storage, given.study).readout)
        report([
            ("trials of the second search", str(len(results))),
            ("second search, seconds", f"{second.seconds:.1f} (at most {MOST_SECONDS:.0f})"),
            ("  until the first trial works", f"{begun - second.began:.1f}"),
            ("  between first and last trial",
             f"{last - begun:.1f} ({(last - begun) / len(results):.3f} a trial)"),
            ("  after the last trial", f"{second.ended - last:.1f}"),
            ("examples trained on or scored in it", f"{trained} (0)"),
            ("read-outs alike", "yes" if same else "NO"),
        ])


def _common(readout: Path) -> str:
    """Return a read-out's text without the fields of one search's own."""
    data: dict[str, Any] = json.loads(readout.read_text())
    return json.dumps({key: value for key, value in data.items() if key not in OWN_FIELDS})


if __name__ == "__main__":
    main()
