from __future__ import annotations

import pytest

from spaces.languages import languages
from spaces.models import find_model
from spaces.pretraining_data import pretraining_data
from spaces.unread_languages import unread_by


def test_xlm_r_has_read_what_cc100_holds_wherever_its_files_lie() -> None:
    for name in ("xlm-roberta-base", "FacebookAI/xlm-roberta-large", "/models/xlm-roberta-xl/"):
        found = pretraining_data(find_model(name), "de")
        assert found is not None
        assert (found.amount, found.unit) == (66.6, "GiB of CC-100")


def test_what_xlm_r_has_not_read_is_nothing() -> None:
    model = find_model("xlm-roberta-base")
    unread = unread_by(model)
    assert unread is not None
    for entry in languages("xtreme-r"):
        found = pretraining_data(model, entry.code)
        assert found is not None
        assert (found.amount == 0) == (entry.code in unread)
        assert (found.doublings == 0) == (found.amount == 0)


def test_the_lab_has_read_more_of_what_the_web_has_more_of() -> None:
    amounts = [pretraining_data(find_model("lab-small"), code) for code in ("de", "sw", "am", "cy")]
    assert [found.amount for found in amounts if found] == [360, 240, 120, 0]


@pytest.mark.parametrize("name", ["google/mt5-small", "simulated", "bert-base-multilingual-cased"])
def test_what_no_table_says_is_not_known(name: str) -> None:
    assert pretraining_data(find_model(name), "de") is None


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="catalogued code, got 'xx'"):
        pretraining_data(find_model("lab-small"), "xx")
