from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from spaces.lab_tasks import LAB_TASKS
from spaces.tasks import Kind, Task, find_task
from trainables.lab.generation import make_rows
from trainables.lab.similarity import edit_similarity, item_similarities, row_similarities
from trainables.panel_sets import NON_COPY_BELOW, NON_COPY_ROWS, non_copy_rows
from trainables.rows import Rows, row_schema


def rows_of(task: Task, language: str, table: pa.Table) -> Rows:
    return Rows(task=task, language=language, split="test", table=table, fingerprint="0" * 16)


def measured(language: str, document: str, text: str) -> float:
    """Return the similarity of one row of lab-measure."""
    task = find_task("lab-measure", LAB_TASKS)
    row = {"id": "0", "document": document, "text": text, "label": 0}
    table = pa.Table.from_pylist([row], schema=row_schema(task.kind))
    return float(row_similarities(rows_of(task, language, table))[0])


def made(task: str, language: str) -> Rows:
    found = find_task(task, LAB_TASKS)
    return rows_of(found, language, make_rows(found, language, "test"))


@pytest.mark.parametrize(("first", "second", "similarity"), [
    ("kilometers", "kilometros", 0.8),  # two substitutions in ten letters
    ("kilometers", "kilómetros", 0.7),  # an accent is a third
    ("meters", "metriä", 0.5),
    ("weeks", "week", 0.8),  # one deletion in the longer's five
    ("inches", "ίντσες", 0.0),
    ("km", "km", 1.0),
])
def test_edit_similarity_is_as_worked_out_by_hand(
    first: str, second: str, similarity: float
) -> None:
    assert edit_similarity(first, second) == pytest.approx(similarity)
    assert edit_similarity(second, first) == pytest.approx(similarity)


@pytest.mark.parametrize(("language", "item", "found"), [
    ("es", "37:length-kilometer", {"37 kilómetros": 0.7, "37 km": 1.0}),
    ("el", "37:length-kilometer", {"37 χιλιόμετρα": 0.0, "37 χλμ.": 0.0}),
    ("es", "-3:week", {"hace 3 semanas": 0.25}),  # "hace semanas", "weeks ago"
    ("ja", "territory:DE", {"ドイツ": 0.0}),
    ("ja", "nothing:XX", {}),
])
def test_items_are_compared_without_their_numbers(
    language: str, item: str, found: dict[str, float]
) -> None:
    assert dict(item_similarities(language, item)) == pytest.approx(found)


@pytest.mark.parametrize(("language", "document", "text", "similarity"), [
    ("el", "15:length-inch+37:length-kilometer", "37 χιλιόμετρα και 15 ίντσες", 0.0),
    ("es", "15:length-inch+37:length-kilometer", "37 kilómetros y 15 pulgadas", 0.7),
    ("es", "15:length-inch+37:length-kilometer", "37 km y 15 pulgadas", 1.0),
    ("fi", "37:length-meter", "37 metriä", 0.5),  # not the "37 m" in it
    ("fi", "37:length-meter", "37\u00a0m", 1.0),
    ("fi", "37:length-meter+37:length-meter", "37 metriä ja 37 m", 1.0),
    ("fi", "37:length-meter", "37 askelta", 1.0),  # in neither style: the larger one
    ("fi", "37:length-meter+nothing", "37 metriä", 1.0),
    ("en", "37:length-meter", "37 meters", 1.0),
])
def test_a_row_is_as_near_as_its_nearest_item_in_its_own_style(
    language: str, document: str, text: str, similarity: float
) -> None:
    assert measured(language, document, text) == pytest.approx(similarity)


@pytest.mark.parametrize("task", [task for task in LAB_TASKS if task.evaluation],
                         ids=lambda task: task.name)
def test_every_item_of_every_lab_task_is_rendered(task: Task) -> None:
    documents = make_rows(task, "el", "test")["document"].to_pylist()
    items = {item for document in documents for item in document.split("+")}
    assert not {item for item in items if not item_similarities("el", item)}


@pytest.mark.parametrize(("task", "language", "least", "most"), [
    ("lab-kind", "ka", 1.0, 1.0),  # names in another script
    ("lab-measure", "ka", 0.8, 1.0),
    ("lab-measure", "es", 0.0, 0.05),
    ("lab-tags", "fi", 0.0, 0.05),
])
def test_another_script_hardly_copies_and_a_close_language_mostly_does(
    task: str, language: str, least: float, most: float
) -> None:
    near = row_similarities(made(task, language))
    assert least <= float(np.mean(near < NON_COPY_BELOW)) <= most


def test_too_few_rows_are_no_subset_and_hub_tasks_have_none() -> None:
    assert len(non_copy_rows(made("lab-measure", "ka"))) > 100
    # Close relatives of English have a few such rows each: one of them has too few.
    few = next(rows for rows in (made("lab-measure", code) for code in ("da", "de", "es", "no"))
               if 0 < int((row_similarities(rows) < NON_COPY_BELOW).sum()) < NON_COPY_ROWS)
    assert len(non_copy_rows(few)) == 0
    assert len(non_copy_rows(made("lab-measure", "en"))) == 0
    from spaces.benchmark_tasks import BENCHMARK_TASKS

    hub = next(task for task in BENCHMARK_TASKS if task.kind is Kind.CLASSIFICATION
               or task.kind is Kind.PAIR)
    row = {"id": "0", "document": "0", "text": "a", "text_pair": "b", "label": 0}
    table = pa.Table.from_pylist([row] * 30, schema=row_schema(hub.kind))
    assert len(non_copy_rows(rows_of(hub, "el", table))) == 0
