"""Who does not read the rows scores near chance. Whole: `python -m tests.bench.lab_checks`."""

from __future__ import annotations

import pytest

from spaces.lab_tasks import LAB_TASKS
from spaces.tasks import Kind, Task
from tests.bench.lab_checks import (
    CLASSIFIED,
    MOST_BY_FORM,
    MOST_BY_PART,
    cases_of,
    findings,
    form_of,
    majority,
)
from trainables.lab import Lab

# A Latin language, one without spaces, one from right to left with digits of its own.
SAMPLE = ("de", "ja", "fa")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(tmp_path_factory.mktemp("cache"))


# A known miss, said in the README: what is long is a time zone.
GIVEN_AWAY_BY_FORM = {"lab-kind"}


@pytest.mark.parametrize("task", CLASSIFIED, ids=lambda task: task.name)
def test_form_and_parts_of_a_row_do_not_give_its_label_away(task: Task, lab: Lab) -> None:
    for code in SAMPLE:
        for found in findings(task, code, lab):
            if found.reader.startswith("form"):
                assert task.name in GIVEN_AWAY_BY_FORM or not found.exceeds(MOST_BY_FORM), found
            else:
                assert not found.exceeds(MOST_BY_PART), found


def test_a_leak_would_be_seen(lab: Lab) -> None:
    task = next(each for each in LAB_TASKS if each.kind is Kind.PAIR)
    leaking = _Leaking(lab)
    found = {each.reader: each for each in findings(task, "de", leaking)}  # type: ignore[arg-type]
    assert found["form"].exceeds(MOST_BY_FORM)
    assert found["hypothesis"].exceeds(MOST_BY_PART)
    assert not found["premise"].exceeds(MOST_BY_PART)


class _Leaking:
    """A lab whose every second label shows in an exclamation mark behind the hypothesis."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def rows(self, *asked: object) -> object:
        rows = self._lab.rows(*asked)  # type: ignore[arg-type]
        texts = [f"{text}!" if label else text
                 for text, label in zip(rows.table["text_pair"].to_pylist(),
                                        rows.table["label"].to_pylist(), strict=True)]
        place = rows.table.column_names.index("text_pair")
        table = rows.table.set_column(place, rows.table.schema.field(place), [texts])
        return type("Rows", (), {"table": table})()


def test_what_form_sees() -> None:
    assert (form_of("Ab 12!") == form_of("Cd 34?")).all()
    assert (form_of("ab 12!") != form_of("Ab 12!")).any()
    assert majority([0, 0, 1, 2]) == 50
    row = {"question": "q", "context": "a, b, and c", "answers": ["b"], "answer_starts": [3]}
    task = next(each for each in LAB_TASKS if each.kind is Kind.QA)
    assert [case.label for case in cases_of(task, "en", [row])] == [1]
