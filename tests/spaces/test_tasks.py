"""The laws of a task that is plain text, and what the lab's catalogue says of its own."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from spaces.data_sources import LabSource
from spaces.lab_tasks import LAB_ROWS, LAB_TASKS, UNSEEN_IN_PRETRAINING, lab_rows, text_rows
from spaces.tasks import CANONICAL_COLUMNS, Kind, Task, find_task

TEXT: dict[str, Any] = {"name": "my-text", "kind": "mlm", "roles": ["intermediate"],
                        "train": ["en", "de"], "source": LabSource()}
LABELLED = TEXT | {"kind": "pair", "labels": ["same", "different"], "metric": "accuracy"}


def test_text_needs_a_name_its_languages_and_a_source_alone() -> None:
    task = Task.model_validate(TEXT)
    assert (task.metric, task.labels, task.evaluation) == (None, (), ())
    assert CANONICAL_COLUMNS[task.kind] == ("text",)
    assert (task.trained, task.sequences) == (True, 1)
    assert Task.model_validate_json(task.model_dump_json()) == task


@pytest.mark.parametrize(("changes", "line"), [
    ({"metric": "accuracy"},
     "`metric` must be given exactly for kinds that are scored, got accuracy for mlm"),
    ({"metric": ""}, "`metric` must be given exactly for kinds that are scored, got  for mlm"),
    ({"roles": ["intermediate", "target"]},
     "`roles` must be intermediate alone for mlm, got intermediate, target"),
    ({"roles": ["target"]}, "`roles` must be intermediate alone for mlm, got target"),
    ({"roles": []}, "`roles` must be intermediate alone for mlm, got none"),
    ({"evaluation": ["en"]}, "`evaluation` must be empty for mlm, got ('en',)"),
    ({"labels": ["a", "b"]}, "`labels` must be given exactly for labelled kinds, got ('a', 'b')"),
    (LABELLED | {"metric": None},
     "`metric` must be given exactly for kinds that are scored, got None for pair"),
    (LABELLED | {"name": "mlm"},
     "`name` must not be mlm, as the head of all text is called, unless the kind is, got pair"),
])
def test_what_text_cannot_be_is_refused(changes: dict[str, Any], line: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Task.model_validate(TEXT | changes)
    (error,) = caught.value.errors()
    assert error["msg"] == f"Value error, {line}"


def test_text_may_be_called_what_its_head_is() -> None:
    assert Task.model_validate(TEXT | {"name": "mlm"}).name == "mlm"


def test_the_labs_text_is_of_every_language_with_names_but_the_unread() -> None:
    text, names = (find_task(name, LAB_TASKS) for name in ("lab-text", "lab-kind"))
    assert text.kind is Kind.MLM
    assert {*text.train} | {*UNSEEN_IN_PRETRAINING} == {*names.train}
    assert not {*text.train} & {*UNSEEN_IN_PRETRAINING}


@pytest.mark.parametrize(("code", "rows"), [
    ("de", {"names": 80, "times": 40, "measures": 180, "symbols": 60}),
    ("is", {"names": 53, "times": 27, "measures": 120, "symbols": 40}),  # less text on the web
    ("lb", {"names": 27, "measures": 60, "symbols": 20}),  # least; no times of its own
    ("ku", {"names": 27}),
])
def test_text_has_less_of_what_is_rare(code: str, rows: dict[str, int]) -> None:
    assert text_rows(code) == rows
    text, tags = (find_task(name, LAB_TASKS) for name in ("lab-text", "lab-tags"))
    assert lab_rows(text, code, "train") == sum(rows.values())
    assert lab_rows(tags, code, "train") == LAB_ROWS["train"]
