"""Mewsli-X: a mention, marked in its sentence, is to find its entity; a fault is one line."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spaces.benchmark_tasks import BENCHMARK_TASKS
from spaces.tasks import find_task
from tests.trainables.pools import article, entity, write_mewslix
from trainables.sources import Sources
from trainables.task_status import verify

MEWSLIX = find_task("mewsli-x", BENCHMARK_TASKS)


def sources(mirror: Path) -> Sources:
    return Sources(hub=str(mirror), cache=str(mirror))


def test_a_mention_is_marked_in_its_sentence_alone(tmp_path: Path) -> None:
    write_mewslix(tmp_path)
    rows = sources(tmp_path).rows(MEWSLIX, "ta", "test").table.to_pylist()
    assert len(rows) == 5
    # Two spaces become one where the sentence's own meet those around the braces.
    assert rows[3] == {"id": "ta.test.3", "document": "ta-test-3", "relevant": ["Q3"],
                       "text": "Größe 3: Was (a) { Größe 3 } ?"}


def test_a_mention_reads_alike_composed_and_decomposed(tmp_path: Path) -> None:
    apart = unicodedata.normalize("NFD", "Größe")
    assert apart != "Größe"
    for form, word in (("NFC", "Größe"), ("NFD", apart)):
        made = [article("de", number, "dev", word) for number in range(5)]
        write_mewslix(tmp_path / form, change=lambda listed, made=made: listed.__setitem__(
            slice(None), made))
    one, other = (sources(tmp_path / form).rows(MEWSLIX, "de", "validation")
                  for form in ("NFC", "NFD"))
    assert one.table.equals(other.table)
    assert one.fingerprint == other.fingerprint


def test_panels_are_the_official_splits_over_one_pool(tmp_path: Path) -> None:
    write_mewslix(tmp_path)
    panels = [sources(tmp_path).panel_rows(MEWSLIX, "de", panel)
              for panel in ("selection", "report")]
    assert [rows.split for rows, _ in panels] == ["validation", "test"]
    assert all(official for _, official in panels)
    pool = panels[0][0].pool
    assert pool is not None
    assert pool is panels[1][0].pool
    assert len(pool) == 30
    assert pool.table["text"][pool.places["Q7"]].as_py() == (
        "Entity 7 is described. In two sentences.")
    assert pool.table.schema.names == ["id", "text"]


def test_the_order_of_the_candidates_in_the_file_is_no_matter(tmp_path: Path) -> None:
    write_mewslix(tmp_path / "a")
    write_mewslix(tmp_path / "b", entities=[entity(number) for number in reversed(range(30))])
    one, other = (sources(tmp_path / name).rows(MEWSLIX, "ja", "test") for name in "ab")
    assert one.fingerprint == other.fingerprint


def mention(made: list[dict[str, Any]]) -> Any:
    return made[1]["mentions"][0]


FAULTS: list[tuple[Callable[[list[dict[str, Any]]], Any], str]] = [
    (lambda made: mention(made).update(entity_id="Q99"),
     "`entity_id` must be one of candidate_set_entities.jsonl, got 'Q99' ({dev}, line 2, "
     "mentions.0)"),
    (lambda made: mention(made).update(example_id="de.dev.0"),
     "`example_id` must be unique, got 'de.dev.0' twice ({dev}, line 1, mentions.0; {dev}, "
     "line 2, mentions.0)"),
    (lambda made: made[1]["context"].update(text=""),
     "`context.text` must hold the article, got none: the released file leaves it out and "
     "get-mewsli-x.sh fills it in ({dev}, line 2)"),
    (lambda made: made[1]["context"].update(sentence_spans=[]),
     "`mention_span` must lie within one of `context.sentence_spans`, got [25, 32] ({dev}, "
     "line 2, mentions.0)"),
    (lambda made: mention(made)["mention_span"].update(text="Groesse"),
     "`mention_span.text` must stand in `context.text` at its span, got 'Groesse' at [25, 32] "
     "({dev}, line 2, mentions.0)"),
    (lambda made: made[1].pop("mentions"), "`mentions` must be there, got none ({dev}, line 2)"),
    (lambda made: made[1]["context"].update(language="fr"),
     "`context.language` must be one of ar, de, en, es, fa, ja, pl, ro, ta, tr, uk, got 'fr' "
     "({dev}, line 2)"),
    (lambda made: mention(made)["mention_span"].update(start="24"),
     "`mentions.0.mention_span.start` must be as published: input should be a valid integer, "
     "got '24' ({dev}, line 2)"),
]


@pytest.mark.parametrize(("change", "line"), FAULTS)
def test_a_fault_in_the_mentions_is_one_line(
    tmp_path: Path, change: Callable[[list[dict[str, Any]]], Any], line: str
) -> None:
    folder = write_mewslix(tmp_path, change=change)
    faults = verify(MEWSLIX, sources(tmp_path), evaluation=("de", "ja"))
    assert faults == [line.replace("{dev}", str(folder / "wikinews_mentions-dev.jsonl"))]


@pytest.mark.parametrize(("entities", "line"), [
    ([], "a pool must hold at least one candidate, got none ({file})"),
    ([entity(1), entity(2), entity(1)],
     "`entity_id` must be unique, got 'Q1' twice ({file}, line 1; {file}, line 3)"),
    ([entity(1) | {"sentence_spans": []}],
     "an entity must be described by at least one sentence, got none ({file}, line 1)"),
    ([entity(1) | {"sentence_spans": [{"start": 3, "end": 400}]}],
     "`sentence_spans` must lie within `description`, got [3, 400] of 41 ({file}, line 1)"),
    ([entity(1) | {"description": ""}],
     "`description` must be a text, got '' ({file}, line 1)"),
    ([["Q1"]], "`value` must be as published: input should be an object, got ['Q1'] "
               "({file}, line 1)"),
])
def test_a_fault_in_the_pool_is_one_line(tmp_path: Path, entities: Any, line: str) -> None:
    folder = write_mewslix(tmp_path, entities=entities)
    faults = verify(MEWSLIX, sources(tmp_path), evaluation=("de",))
    assert faults == [line.replace("{file}", str(folder / "candidate_set_entities.jsonl"))]


def test_a_language_without_mentions_is_one_line(tmp_path: Path) -> None:
    folder = write_mewslix(tmp_path)
    assert verify(MEWSLIX, sources(tmp_path), evaluation=("de", "uk")) == [
        f"mewsli-x uk {split} must have at least one row, got none ({folder})"
        for split in ("validation", "test")]
