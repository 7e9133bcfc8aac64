"""Full, damaged and slow disks: what is kept is whole, the rest is said, and made again."""

from __future__ import annotations

import random
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from search.journal import Journal, JournalError
from tests.faults.rough_disk import CONTENT, damage, files_of, heavy, here, room_for
from trainables.lease import FileLeases
from trainables.manifest import Manifest
from trainables.phase_store import MANIFEST, PhaseStore
from trainables.phases import Runner
from trainables.train_state import LoopState, load_state, save_state

SEED, DRAWS = 6, 40


@pytest.fixture
def draw() -> random.Random:
    return random.Random(SEED)


# ---- full -----------------------------------------------------------------------------------


def test_an_entry_that_finds_no_room_leaves_nothing_and_is_made_once_there_is_some(
    tmp_path: Path, draw: random.Random
) -> None:
    place = Runner(here(tmp_path / "whole")).path(heavy()).parent
    largest = max(len(CONTENT["weights"]), (place / MANIFEST).stat().st_size)
    context, phase = here(tmp_path), heavy()
    for _ in range(DRAWS):
        with room_for(draw.randrange(largest)), pytest.raises(OSError, match="File too large"):
            Runner(context).path(phase)
        assert files_of(tmp_path / "store") == {}
    assert files_of(Runner(context).path(phase)) == CONTENT


def test_a_train_state_that_finds_no_room_leaves_the_one_before(
    tmp_path: Path, draw: random.Random
) -> None:
    state = tmp_path / "state"
    # Numbers of more bytes than the tensors have: either may find no room.
    numbers = LoopState(seed=1, step=5, learning_curve=tuple((step, 1.0) for step in range(500)))
    save_state(state, numbers, {"weight": torch.arange(300.0)})
    kept = files_of(tmp_path)
    for _ in range(DRAWS):
        with room_for(draw.randrange(max(map(len, kept.values())))), \
                pytest.raises(Exception, match="File too large"):
            save_state(state, numbers, {"weight": torch.ones(300)})
        assert files_of(tmp_path) == kept
    save_state(state, LoopState(seed=1, step=9), {"weight": torch.ones(300)})
    taken = load_state(state)
    assert taken is not None
    assert taken[0].step == 9


def test_a_journal_that_finds_no_room_is_as_it_was_and_goes_on_once_there_is_some(
    tmp_path: Path, draw: random.Random
) -> None:
    journal = Journal(tmp_path / "lab-1" / "journal.jsonl")
    journal.path.parent.mkdir()
    journal.append("opened", search="lab-1")
    for turn in range(DRAWS):
        before = journal.path.read_bytes()
        with room_for(len(before) + draw.randrange(50)), \
                pytest.raises(JournalError, match="File too large .*stiltune resume lab-1"):
            journal.append("finished", f"search-{turn:03d}", outcome="finished")
        assert journal.path.read_bytes() == before
        journal.append("finished", f"search-{turn:03d}", outcome="failed")
        assert Journal(journal.path).events == journal.events
    assert [event.data["outcome"] for event in journal.of("finished")] == ["failed"] * DRAWS
    journal.close()


# ---- damaged --------------------------------------------------------------------------------


@pytest.mark.parametrize("file", [*(name for name, data in CONTENT.items() if data), MANIFEST])
@pytest.mark.parametrize("knows_it", [False, True], ids=["another process", "the same process"])
def test_a_file_of_an_entry_damaged_anywhere_is_never_used(
    tmp_path: Path, draw: random.Random, file: str, knows_it: bool
) -> None:
    context, phase = here(tmp_path), heavy()
    (wanted,) = results_of(context)
    for turn in range(DRAWS):
        place = Path(Runner(context).path(phase)).parent
        damage(place / MANIFEST if file == MANIFEST else next(place.glob(f"*/{file}")), draw)
        if not knows_it:
            context = here(tmp_path)
            context.__dict__["store"] = PhaseStore(context.workspace.store)
        assert files_of(Runner(context).path(phase)) == CONTENT, turn
        assert results_of(context) == [wanted]


def results_of(context: Any) -> list[Any]:
    """Return what is known of the phase, as of one that was stored."""
    Runner(context).path(heavy())
    return Runner(context).results(heavy())


def test_a_manifest_that_was_written_without_a_check_sum_is_read(tmp_path: Path) -> None:
    place = Runner(here(tmp_path)).path(heavy()).parent
    manifest = Manifest.read((place / MANIFEST).read_bytes())
    (place / MANIFEST).write_text(manifest.model_copy(update={"check": ""}).model_dump_json())
    assert PhaseStore(str(tmp_path / "store")).get("target", place.name) is not None


def test_a_train_state_damaged_anywhere_is_never_used(tmp_path: Path, draw: random.Random) -> None:
    weight = torch.arange(300.0)
    for turn in range(DRAWS):
        state = tmp_path / f"{turn}"
        save_state(state, LoopState(seed=1, step=5), {"weight": weight})
        damage(draw.choice(sorted(state.iterdir())), draw)
        assert load_state(state) is None, turn


# ---- slow -----------------------------------------------------------------------------------


def test_on_a_slow_disk_an_entry_is_made_once_and_seen_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = shutil.move

    def slow_move(*given: Any) -> Any:
        time.sleep(0.2)
        moved = move(*given)
        time.sleep(0.2)
        return moved

    monkeypatch.setattr("trainables.phase_store.shutil.move", slow_move)
    phase, seen, done = heavy(), [], threading.Event()

    def make() -> None:
        leases = FileLeases(tmp_path / "leases", patience=30.0)
        Runner(here(tmp_path, lease=leases.hold)).path(phase)

    def look() -> None:
        while not done.is_set():
            found = PhaseStore(str(tmp_path / "store")).get(phase.kind, phase.entry)
            seen.append(None if found is None else files_of(found))
            time.sleep(0.01)

    makers = [threading.Thread(target=make) for _ in range(3)]
    looker = threading.Thread(target=look)
    for thread in (looker, *makers):
        thread.start()
    for maker in makers:
        maker.join()
    done.set()
    looker.join()
    assert phase.made == ["heavy"]
    assert seen[0] is None
    assert all(each in (None, CONTENT) for each in seen)
