"""Mirrors that tests spoil: whole data of every kind, changes to it, the line each must give."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.data_sources import HubSource, Split
from spaces.tasks import Kind, Task, find_task
from tests.trainables.mirrors import (
    alternative_rows,
    choice_rows,
    nli_rows,
    shard,
    squad_rows,
    tatoeba_rows,
    udpos_rows,
    write,
    write_mirror,
)
from trainables.rows import Rows
from trainables.sources import Sources
from trainables.task_status import verify

UDPOS, XNLI, TATOEBA, SQUAD = (find_task(name, BENCHMARK_TASKS)
                               for name in ("udpos", "xnli", "tatoeba", "squad"))

Fault = tuple[Callable[[Path], Any], Task, str]
"""What spoils a mirror, the task that reads it, and what its one line must say."""


def choosing(name: str, labels: tuple[str, ...], **columns: Any) -> Task:
    source = HubSource(repository=f"made/{name}", config="{code}", columns=columns,
                       splits={"train": "train", "test": "test"})
    return Task(name=name, kind=Kind.MULTIPLE_CHOICE, roles=("target",), train=("en",),
                evaluation=("de", "en"), labels=labels, metric="accuracy", source=source)


ENDINGS = choosing("endings", ("1", "2", "3"), prompt="ctx", options="endings", label="label")
CAUSES = choosing("causes", ("choice1", "choice2"), prompt="premise",
                  options=("choice1", "choice2"), label="label")


def whole_mirror(place: Path) -> Path:
    """Write a mirror with the rows of every task here."""
    for task, made in ((ENDINGS, choice_rows), (CAUSES, alternative_rows)):
        write(shard(place, f"made/{task.name}", "de", "test"), made("de", 40))
    return write_mirror(place)


def load(mirror: Path, task: Task, language: str, split: Split) -> Rows:
    return Sources(hub=str(mirror), cache=str(mirror)).rows(task, language, split)


def column(rows: Rows, name: str) -> list[Any]:
    return rows.table[name].to_pylist()


LANGUAGE = {"squad": "en"}
SPLIT: dict[str, Split] = {"squad": "train", "tatoeba": "validation"}


def check_fault(place: Path, fault: Fault) -> None:
    """Spoil a mirror at `place`; what was whole before must give one clear line."""
    spoil, task, wanted = fault
    mirror = whole_mirror(place)
    language, split = LANGUAGE.get(task.name, "de"), SPLIT.get(task.name, "test")
    source = task.source_of(split)
    assert source.origin == "hub"
    file = shard(mirror, source.repository, source.config_of(language), source.splits[split])
    train = (language,) if split == "train" else ()
    evaluation = () if split == "train" else (language,)
    sources = Sources(hub=str(mirror), cache=str(mirror))
    assert verify(task, sources, train=train, evaluation=evaluation) == []
    spoil(mirror)
    (line,) = verify(task, sources, train=train, evaluation=evaluation)
    assert wanted.replace("FILE", str(file)) in line
    assert "\n" not in line
    assert len(line) < 400


def german(mirror: Path, split: str = "test") -> Path:
    return shard(mirror, "google/xtreme", "udpos.German", split)


def tagged(change: Callable[[dict[str, Any]], Any], metadata: Any = None) -> Callable[..., Any]:
    return _altered(german, udpos_rows("German-test-", 40), change, metadata)


def paired(change: Callable[[dict[str, Any]], Any], metadata: Any = None) -> Callable[..., Any]:
    return _altered(lambda mirror: shard(mirror, "facebook/xnli", "de", "test"),
                    nli_rows("de", 30), change, metadata)


def asked(change: Callable[[dict[str, Any]], Any]) -> Callable[..., Any]:
    return _altered(lambda mirror: shard(mirror, "rajpurkar/squad", "plain_text", "train"),
                    squad_rows(8), change, None)


def translated(change: Callable[[dict[str, Any]], Any]) -> Callable[..., Any]:
    return _altered(lambda mirror: shard(mirror, "google/xtreme", "tatoeba.deu", "validation"),
                    tatoeba_rows("deu", 40), change, None)


def ended(change: Callable[[dict[str, Any]], Any], count: int = 40) -> Callable[..., Any]:
    return _altered(lambda mirror: shard(mirror, "made/endings", "de", "test"),
                    choice_rows("de", count), change, None)


def caused(change: Callable[[dict[str, Any]], Any]) -> Callable[..., Any]:
    return _altered(lambda mirror: shard(mirror, "made/causes", "de", "test"),
                    alternative_rows("de", 40), change, None)


def _altered(where: Any, rows: dict[str, Any], change: Any, metadata: Any) -> Callable[..., Any]:
    def alter(mirror: Path) -> None:
        changed = {name: list(values) for name, values in rows.items()}
        write(where(mirror), change(changed) or changed, metadata)
    return alter


def put(name: str, row: int, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(rows: dict[str, Any]) -> None:
        rows[name][row] = value
    return change


def without(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda rows: {key: values for key, values in rows.items() if key != name}


def retyped(name: str, make: Callable[[Any], Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda rows: rows | {name: [make(value) for value in rows[name]]}


def a_shard_too_few(mirror: Path) -> None:
    german(mirror).rename(german(mirror).with_name("test-00000-of-00002.parquet"))
