from __future__ import annotations

from pathlib import Path

import pytest

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.tasks import Task, find_task
from tests.trainables.mirrors import shard, tatoeba_rows, udpos_rows, write, write_mirror
from trainables.halves import half
from trainables.rows import Rows
from trainables.sources import Sources
from trainables.task_status import verify

UDPOS, XNLI, TATOEBA = (find_task(name, BENCHMARK_TASKS) for name in ("udpos", "xnli", "tatoeba"))


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return write_mirror(tmp_path / "mirror")


@pytest.fixture
def sources(mirror: Path) -> Sources:
    return Sources(hub=str(mirror), cache=str(mirror))


def documents(rows: Rows) -> set[str]:
    return set(rows.table["document"].to_pylist())


@pytest.mark.parametrize(("task", "language"), [(UDPOS, "th"), (TATOEBA, "fr")])
def test_panels_halve_the_only_split(sources: Sources, task: Task, language: str) -> None:
    (chosen, official), (reported, also) = (sources.panel_rows(task, language, panel)
                                            for panel in ("selection", "report"))
    assert not official
    assert not also
    assert not documents(chosen) & documents(reported)
    assert len(chosen) + len(reported) == 40
    assert min(len(chosen), len(reported)) > 10
    assert chosen.fingerprint != reported.fingerprint


def test_halves_are_the_same_documents_in_every_language(sources: Sources) -> None:
    german, french = (sources.panel_rows(TATOEBA, code, "report")[0] for code in ("de", "fr"))
    assert documents(german) == documents(french)


def test_rows_of_one_document_stay_together(sources: Sources) -> None:
    rows = sources.rows(XNLI, "de", "test")
    chosen, reported = half(rows, "selection"), half(rows, "report")
    assert len(chosen) % 3 == len(reported) % 3 == 0
    assert documents(chosen) | documents(reported) == documents(rows)


def test_a_split_too_small_to_halve_is_refused(mirror: Path, sources: Sources) -> None:
    write(shard(mirror, "google/xtreme", "udpos.Thai", "test"), udpos_rows("th", 1))
    faults = verify(UDPOS, sources, train=(), evaluation=("th",))
    assert len(faults) == 1
    assert "must have rows in both of its halves" in faults[0]


def test_the_same_sentence_never_falls_into_both_halves(mirror: Path, sources: Sources) -> None:
    rows = tatoeba_rows("deu", 40)
    rows["target_sentence"] = rows["target_sentence"][:10] * 4
    write(shard(mirror, "google/xtreme", "tatoeba.deu", "validation"), rows)
    chosen, reported = (set(sources.panel_rows(TATOEBA, "de", panel)[0].table["english"]
                            .to_pylist()) for panel in ("selection", "report"))
    assert len(chosen | reported) == 10
    assert not chosen & reported
