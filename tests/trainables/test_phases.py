from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.trainables.tiny import context
from trainables.context import Context, Progress, Setting
from trainables.phases import EntryBusy, Made, Phase, PhaseKind, Runner
from trainables.scores import Cost

HERE = Setting(workers=1, precision="float32")


@dataclass(frozen=True)
class Note(Phase):
    """A phase that writes its parents' notes and its own."""

    kind: ClassVar[PhaseKind] = "target"
    version: ClassVar[int] = 1

    text: str = ""
    made: list[str] = field(default_factory=list, compare=False)

    @property
    def inputs(self) -> Mapping[str, Any]:
        return {"text": self.text}

    def make(self, context: Context, parents: tuple[Path, ...], directory: Path) -> Made:
        self.made.append(self.text)
        if self.text == "fault":
            raise ValueError("a fault")
        notes = [(parent / "note").read_text() for parent in parents]
        (directory / "note").write_text("".join([*notes, self.text]))
        return Made(Cost(examples=3, tokens=7, device_seconds=1.5), ((1, 0.5),), ("a/en",))


def note(text: str, *parents: Phase, made: list[str] | None = None, **changes: Any) -> Note:
    fields = {"name": text, "parents": parents, "setting": HERE, "text": text,
              "made": [] if made is None else made} | changes
    return Note(**fields)


def test_what_is_stored_is_not_made_again(tmp_path: Path) -> None:
    made: list[str] = []
    child = note("b", note("a", made=made), made=made)
    path = Runner(context(tmp_path)).path(child)
    assert (path / "note").read_text() == "ab"
    assert made == ["a", "b"]
    again = Runner(context(tmp_path))
    assert again.path(child) == path
    assert made == ["a", "b"]


def test_a_parent_is_not_made_for_a_child_that_is_stored(tmp_path: Path) -> None:
    made: list[str] = []
    parent = note("a", made=made)
    child = note("b", parent, made=made)
    Runner(context(tmp_path)).path(child)
    shutil.rmtree(tmp_path / "store" / "target" / parent.entry)
    runner = Runner(context(tmp_path))
    runner.path(child)
    assert made == ["a", "b"]
    assert [result.name for result in runner.results(child)] == ["b"]


def test_a_shared_parent_is_made_once(tmp_path: Path) -> None:
    made: list[str] = []
    parent = note("a", made=made)
    top = note("d", note("b", parent, made=made), note("c", parent, made=made), made=made)
    runner = Runner(context(tmp_path))
    runner.path(top)
    assert made == ["a", "b", "c", "d"]
    assert [result.name for result in runner.results(top)] == ["a", "b", "c", "d"]


def test_costs_of_stored_phases_are_savings(tmp_path: Path) -> None:
    phase = note("a")
    runner = Runner(context(tmp_path))
    runner.path(phase)
    (fresh,) = runner.results(phase)
    assert (fresh.stored, fresh.cost.examples, fresh.cost.saved_seconds) == (False, 3, 0.0)
    runner = Runner(context(tmp_path))
    runner.path(phase)
    (stored,) = runner.results(phase)
    assert (stored.stored, stored.cost.examples, stored.cost.saved_seconds) == (True, 0, 1.5)
    assert stored.cost.tokens == 0
    assert stored.cost.all_tokens == fresh.cost.all_tokens == 7
    assert stored.learning_curve == fresh.learning_curve == ((1, 0.5),)
    assert stored.seen_cells == ("a/en",)


def test_a_damaged_entry_is_made_again(tmp_path: Path) -> None:
    made: list[str] = []
    phase = note("a", made=made)
    path = Runner(context(tmp_path)).path(phase)
    (path / "note").write_text("b")
    from trainables.phase_store import open_store

    open_store.cache_clear()  # as in another process
    path = Runner(context(tmp_path)).path(phase)
    assert (path / "note").read_text() == "a"
    assert made == ["a", "a"]


def test_a_trial_gives_way_where_another_makes_the_entry(tmp_path: Path) -> None:
    made: list[str] = []
    parent = note("a", made=made)
    child = note("b", parent, made=made)

    @contextmanager
    def lease(entry: str) -> Iterator[bool]:
        yield entry != child.entry

    with pytest.raises(EntryBusy) as caught:
        Runner(context(tmp_path, lease=lease)).path(child)
    assert caught.value.entry == child.entry
    assert made == ["a"]  # what it could do is done and kept
    Runner(context(tmp_path)).path(child)
    assert made == ["a", "b"]


def test_what_was_made_while_waiting_for_the_lease_is_read(tmp_path: Path) -> None:
    made: list[str] = []
    phase = note("a", made=made)

    @contextmanager
    def lease(entry: str) -> Iterator[bool]:
        Runner(context(tmp_path)).path(phase)  # another trial, just before
        yield True

    Runner(context(tmp_path, lease=lease)).path(phase)
    assert made == ["a"]


def test_a_fault_leaves_nothing_behind(tmp_path: Path) -> None:
    held: list[str] = []

    @contextmanager
    def lease(entry: str) -> Iterator[bool]:
        held.append(entry)
        try:
            yield True
        finally:
            held.remove(entry)

    phase = note("fault")
    with pytest.raises(ValueError, match="a fault"):
        Runner(context(tmp_path, lease=lease)).path(phase)
    assert held == []
    assert list((tmp_path / "store" / ".drafts").iterdir()) == []
    assert context(tmp_path).store.get("target", phase.entry) is None


def test_the_digest_holds_all_that_determines_the_result() -> None:
    entries = {
        note("a").entry,
        note("b").entry,
        note("a", note("b")).entry,
        note("a", note("b"), note("c")).entry,
        note("a", note("c"), note("b")).entry,
        note("a", setting=Setting(workers=2, precision="float32")).entry,
        note("a", setting=Setting(workers=1, precision="bfloat16")).entry,
    }
    assert len(entries) == 7
    assert note("a", name="another").entry == note("a").entry


def test_a_version_makes_another_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    before = note("a").entry
    monkeypatch.setattr(Note, "version", 2)
    assert note("a").entry != before


def test_progress_is_told_at_most_once_a_second_and_not_beside_the_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Progress] = []
    now = 100.0
    monkeypatch.setattr("trainables.context.time.monotonic", lambda: now)
    report = context(tmp_path, report=told.append).throttled("a", 12)
    for step in range(1, 13):
        report(step)
        now += 0.25  # exact in binary
    assert [progress.step for progress in told] == [5, 9]


class Pair:
    """A rank of two workers, whose clocks differ: what rank 0 says goes."""

    size = 2

    def __init__(self, rank: int, said: list[bool]) -> None:
        self.rank, self._said = rank, said

    def agree(self, value: bool) -> bool:
        if self.rank == 0:
            self._said.append(value)
            return value
        return self._said.pop(0)


def steps_told(given: Context, monkeypatch: pytest.MonkeyPatch, *, pace: float) -> list[int]:
    """Return the steps of twelve that a worker reports, each of which takes it `pace` seconds."""
    told: list[int] = []
    now = 100.0
    monkeypatch.setattr("trainables.context.time.monotonic", lambda: now)
    given.report = lambda progress: told.append(progress.step)
    report, lone = given.in_step("a", 12), given.throttled("a", 12)
    for step in range(1, 13):
        now += pace
        report(step)
        lone(step)
    return told


def test_workers_report_as_often_as_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[bool] = []
    told = []
    for rank, pace in enumerate((2.5, 70.0)):
        given = context(tmp_path)
        given.workers = Pair(rank, said)  # type: ignore[assignment]
        told.append(steps_told(given, monkeypatch, pace=pace))
    assert told == [[4, 8, 12]] * 2
