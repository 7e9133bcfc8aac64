from __future__ import annotations

import pytest

from spaces.languages import ResourceClass, languages
from spaces.models import find_model
from spaces.unread_languages import NOT_READ, unread_by


@pytest.mark.parametrize(("name", "codes"), [
    ("xlm-roberta-large", "ht qu wo yo"), ("FacebookAI/xlm-roberta-base", "ht qu wo yo"),
    ("google/mt5-small", "qu wo"), ("bert-base-multilingual-cased", None), ("lab-small", None),
    ("simulated", None),
])
def test_an_encoder_is_known_by_its_hub_name(name: str, codes: str | None) -> None:
    found = unread_by(find_model(name))
    assert (None if found is None else " ".join(sorted(found))) == codes


def test_what_xlm_r_has_not_read_is_what_cc100_lacks() -> None:
    lacking = {each.code for each in languages("xtreme-r")
               if each.resource_class is ResourceClass.UNSEEN}
    assert lacking == NOT_READ["xlm-roberta"]
