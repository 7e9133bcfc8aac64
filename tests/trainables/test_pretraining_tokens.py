"""Tokens read in the lab's pretraining, counted on text that is known."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pyarrow as pa
import pytest

from spaces.models import LabModel
from tests.trainables.tiny import write_tokenizer
from trainables.lab import Lab
from trainables.pretrain import pretraining_text
from trainables.pretraining_tokens import tokens_read


class KnownText:
    """A lab of few rows: every row of masked text has three tokens, every translation two."""

    def __init__(self, place: Path) -> None:
        self._tokenizer = write_tokenizer(place)

    def tokenizer(self, vocabulary: int) -> Path:
        return self._tokenizer

    def text(self) -> pa.Table:
        return pa.table({"text": ["w1 w2", "w3 w4 w5", "w1 w2"],
                         "text_pair": ["w6", None, "w7"], "language": ["de", "fr", "de"]})

    def parallel_text(self) -> pa.Table:
        return pa.table({"text": ["w1 w2", "w3 w4"], "translation": ["w8", "w9"],
                         "language": ["fr", "fi"]})


def model(**fields: float) -> LabModel:
    return LabModel.model_validate({
        "name": "known", "layers": 1, "hidden": 8, "heads": 1, "feed_forward": 8, "steps": 4,
        "batch_size": 1, "learning_rate": 1e-3, "parallel_batch_size": 3, **fields})


@pytest.mark.parametrize(("fields", "expected"), [
    ({}, {"de": 3, "fr": 3 + 6, "fi": 6}),  # two rows masked, then each translation three times
    ({"parallel_share": 0.0}, {"de": 6 * 4 / 3, "fr": 3 * 4 / 3}),  # three rows, read four times
])
def test_each_reading_of_a_row_counts(
    fields: dict[str, float], expected: dict[str, float], tmp_path: Path
) -> None:
    lab = cast(Lab, KnownText(tmp_path))
    assert tokens_read(model(**fields), lab) == pytest.approx(expected)
    assert [examples for _, examples in pretraining_text(model(**fields), lab)] == (
        [2, 6] if not fields else [4])
