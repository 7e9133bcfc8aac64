"""Benchmark tables: XTREME's and XTREME-R's aggregates, and shared data, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from search.benchmark_scores import AggregateScore, BenchmarkLine, BenchmarkSection
from search.entries import Entry
from search.intervals import LEVEL, spell
from search.text_tables import NONE, TextRow, TextTable
from spaces.benchmarks import Missing

__all__ = ["benchmark_tables", "shared_data_table"]

_NOTES = (
    "Points on the report panel: a task's are the mean over its languages, of questions over exact "
    "match and F1. After ± the standard error over seeds, in brackets that over test items of the "
    f"first seed, where its predictions bear it out; below, the gain over the controls, {LEVEL:.0%}"
    " t interval.",
    "n/m: on so many of the benchmark's languages, or pairs of task and language. Languages trained"
    " on are those of any training phase. Transfer gap: English less the mean of the others.")


def benchmark_tables(sections: Iterable[BenchmarkSection]) -> Iterator[TextTable]:
    """Yield a table for each benchmark."""
    for number, section in enumerate(sections):
        names = dict.fromkeys((score.kind, score.name) for line in section.lines
                              for score in line.scores)
        whole = len({(line.model, line.fidelity) for line in section.lines}) > 1
        header = ("points", *(_name(line, whole=whole) for line in section.lines))
        notes = [] if section.official else [f"Not official: {'; '.join(section.reasons)}."]
        missing = "; ".join(map(_missing, section.missing))
        notes += [f"Missing: {missing}."] if missing else []
        yield TextTable(_title(section), header,
                        [_row(section, kind, name) for kind, name in names],
                        [*notes, *(() if number else _NOTES)])


def shared_data_table(entries: Iterable[Entry]) -> TextTable:
    """Return the table of what mixtures hold of the targets' own data."""
    listed = [entry for entry in entries if entry.same_data]
    rows: list[TextRow] = [(", ".join(entry.labels), each.text)
                        for entry in listed for each in entry.same_data]
    compared = any(entry.further for entry in listed)
    return TextTable(
        "The same data in both phases", ("mixture", "what"), rows,
        ["A gain there may be more updates on data of the target's own. The comparison is the "
         "equal-update control, "
         + ("above." if compared else "`controls.further`, which this study does not have.")])


def _title(section: BenchmarkSection) -> str:
    official = "official" if section.official else "not official"
    return (f"{section.title} ({section.tasks} of {section.of_tasks} tasks, {section.languages} of "
            f"{section.of_languages} languages, {official})")


def _name(line: BenchmarkLine, *, whole: bool) -> str:
    return f"{line.group} ({line.model}, {line.fidelity})" if whole else line.group


def _row(section: BenchmarkSection, kind: str, name: str) -> TextRow:
    found = [next((score for score in line.scores if (score.kind, score.name) == (kind, name)),
                  None) for line in section.lines]
    rests = {_rests(score) for score in found if score is not None}
    title = ", ".join(filter(None, (name, *rests))) if len(rests) == 1 else name
    return (title, *(NONE if score is None else _cell(score, with_rests=len(rests) > 1)
                     for score in found))


def _cell(score: AggregateScore, *, with_rests: bool) -> str:
    text = f"{score.points:.2f}"
    if score.seed_error is not None:
        text += f" ± {score.seed_error:.2f}"
    if score.item_error is not None:
        text += f" ({score.item_error:.2f})"
    rests = _rests(score) if with_rests else ""
    gain = "" if score.gain is None else spell(score.gain, signed=True)
    return "\n".join(filter(None, (text, rests, gain)))


def _rests(score: AggregateScore) -> str:
    """Return on how many tasks and pairs it rests, of how many; nothing where on all."""
    if score.pairs == score.of_pairs:
        return ""
    tasks = f"{score.tasks}/{score.of_tasks} tasks, " if score.of_tasks > 1 else ""
    return f"{tasks}{score.pairs}/{score.of_pairs}"


def _missing(missing: Missing) -> str:
    if len(missing.languages) == missing.of_languages:
        return missing.task + (f" ({missing.note})" if missing.note else "")
    return f"{missing.task} in {len(missing.languages)} of {missing.of_languages} languages"
