"""Fuzzing the reader of studies: shipped ones changed at random, as YAML text and as values.

Each is either accepted, and then read back equal from what it is written as, or refused in one
line that a terminal can be given and that names a place. Whatever else happens is a failure, told
with its smallest input; so is how much CPU the slowest took.

    python -m tests.bench.fuzz_studies --seconds 60
    python -m tests.bench.fuzz_studies --seconds 5 --seed 7
"""

from __future__ import annotations

import argparse
import itertools
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Final

import yaml

from search.error_lines import MOST_CHARACTERS, error_line
from search.faults import UserError
from search.study import Study
from search.study_file import parse_study

_SPLICES: Final = (
    "&a ", "*a", "!!python/object/apply:os.system [ls]", "!!binary ", "\x00", "\x1b[2J", "\ufeff",
    "\u202e", "\u2028", "\ud800", "\u0430", "---\n", "...\n", "%YAML 9.9\n", "<<: ", "? ", "|", ">",
    "\t", "\r", "{", "[" * 30, "}", "]", "'", '"', '"\\uD800"', '"\\U00110000"', "#", ": ", "- ",
    "\n", "  ", "9" * 30, "1e999", ".nan", "-.inf", "null", "~", "true", "x" * 5_000, "@", "`",
    "https://me:secret@host/x", "../../x", "\u00e9",
)
_VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, 1, -1, 2, 10**9, 10**17, -(10**17), 0.5, 1.0, 1e-300, 1e300, float("nan"),
    float("inf"), "", " ", "x", "..", "../x", "/", "~", "C:\\x", "en", "de", "xx", "all", "uniform",
    "random:0", "random:-1", "random:99999999999999999999", "\x00", "\x1b[31m", "\u202eevil",
    "\ud800", "de\u0301", "d\u0435", "x" * 2_000, "`", "{", "{x}", "{0.__class__}", "%s", "[", [],
    [[]], [None], ["de", "de"], [1, "x"], {}, {"": 1}, {"low": 1, "high": 0},
    {"low": 0, "high": 9}, {"temperature": [1, 5]}, {"cap": 100}, {"path": "x"}, {"origin": "lab"},
    {"origin": "simulated"}, {"x": {"x": {"x": {}}}}, {"weights": [["x", 1]]}, ["x"] * 300,
    "password=hunter2hunter2",
)
_PLACE: Final = re.compile(r"\((?:line \d+, column \d+|[^()]+(?:\([^()]*\))*[^()]*)\)(?:; and \d+ "
                           r"more faults?)?$|got (?:nothing|a list|'|[\d.-]|True|False|\{)")


class Broken(Exception):  # noqa: N818 - it is what is looked for
    """A refusal that is not as a refusal must be."""


@dataclass
class Tally:
    """What became of the studies: how many of each, and those that failed as (why, text)."""

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[str, str]] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")


def fuzz(seed: int, *, tries: int | None = None, seconds: float | None = None) -> Tally:
    """Try so many changed studies, or for so long; the same seed gives the same ones."""
    source, tally = random.Random(seed), Tally()
    ends = None if seconds is None else time.monotonic() + seconds
    for _ in itertools.count() if tries is None else range(tries):
        if ends is not None and time.monotonic() > ends:
            break
        text = changed(source)
        began = time.process_time()
        why = outcome(text)
        took = time.process_time() - began
        tally.slowest = max(tally.slowest, (took, text))
        tally.outcomes[why if why in ("accepted", "refused") else "failed"] += 1
        if why not in ("accepted", "refused"):
            tally.failures.append((why, smallest(text, lambda each, why=why: outcome(each) == why)))
    return tally


def changed(source: random.Random) -> str:
    """Return a shipped study after one to four changes of its values or its text."""
    text = source.choice(_shipped())
    if source.random() < 0.6:
        data = parse_study(text)
        for _ in range(source.randint(1, 3)):
            _change_value(data, source)
        text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
    if source.random() < 0.5:
        for _ in range(source.randint(1, 3)):
            text = _change_text(text, source)
    return text


def outcome(text: str) -> str:
    """Return `accepted`, `refused`, or why neither."""
    try:
        study = Study.from_text(text)
        study.warnings()
        if Study.from_text(study.to_yaml()) != study:
            return "an accepted study reads back as another"
    except UserError as error:
        return _fault_of(str(error)) or "refused"
    except Exception as error:  # noqa: BLE001 - any is a finding
        return f"{type(error).__name__} in {_raiser(error)}"
    return "accepted"


def smallest(text: str, holds: Callable[[str], bool]) -> str:
    """Return a text that still `holds`, and does no more once any piece of it is left out."""
    size = max(1, len(text) // 2)
    while size:
        start = 0
        while start < len(text):
            shorter = text[:start] + text[start + size:]
            if holds(shorter):
                text = shorter
            else:
                start += size
        size //= 2
    return text


def _fault_of(message: str) -> str:
    """Return what is wrong with a refusal, empty where nothing is."""
    line = error_line(message)
    if "\n" in line or not line.isprintable() or len(line) > MOST_CHARACTERS:
        return "a refusal that is no line for a terminal"
    if "must" not in line:
        return "a refusal without a law"
    if "me:secret@" in line or "hunter2hunter2" in line:
        return "a refusal that repeats a credential"
    return "" if _PLACE.search(line) else "a refusal without a place"


def _raiser(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else trace.tb_frame.f_code.co_qualname


def _shipped() -> list[str]:
    folder = resources.files("search.studies")
    return [entry.read_text(encoding="utf-8") for entry in sorted(
        folder.iterdir(), key=lambda entry: entry.name) if entry.name.endswith(".yaml")]


def _places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every (container, key or index) in a mapping."""
    keys = data if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    for key in keys:
        yield data, key
        yield from _places(data[key])


def _change_value(data: dict[str, Any], source: random.Random) -> None:
    places = list(_places(data))
    if not places:
        return
    container, key = source.choice(places)
    other, other_key = source.choice(places)
    kind = source.randrange(6)
    if kind <= 1:
        container[key] = source.choice(_VALUES)
    elif kind == 2:
        del container[key]
    elif kind == 3:
        container[key] = yaml.safe_load(yaml.safe_dump(other[other_key]))
    elif kind == 4 and isinstance(container, dict):
        name = source.choice([value for value in _VALUES if isinstance(value, str)])
        container[source.choice([f"{key}s", str(key)[:-1], name])] = container.pop(key)
    elif isinstance(container, list):
        container.insert(key, source.choice(_VALUES))
    else:
        container[key] = [container[key]] * source.randint(1, 3)


def _change_text(text: str, source: random.Random) -> str:
    at = source.randint(0, len(text))
    to = min(len(text), at + source.choice((0, 1, 1, 5, 40)))
    piece = source.choice(("", source.choice(_SPLICES), text[at:to] * 2, text[at:to].upper()))
    return text[:at] + piece + text[to:]


def main() -> None:
    """Fuzz by the command line's options, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    tally = fuzz(options.seed, seconds=options.seconds)
    took, slowest = tally.slowest
    lines = [", ".join(f"{count} {what}" for what, count in sorted(tally.outcomes.items())),
             f"the slowest took {took:.2f} CPU s, of {len(slowest)} characters"]
    for why, text in dict(tally.failures).items():
        lines += [f"{why}, with", repr(text)]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.exit(1 if tally.failures else 0)


if __name__ == "__main__":
    main()
