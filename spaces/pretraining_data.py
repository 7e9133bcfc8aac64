"""How much of each language an encoder was pretrained on, where that is published or made here."""

from __future__ import annotations

import math

from spaces.lab_tasks import LAB_TASKS, text_rows
from spaces.languages import language
from spaces.models import HubModel, LabModel, Model
from spaces.tasks import find_task
from spaces.value import Value

__all__ = ["PretrainingData", "pretraining_data"]


class PretrainingData(Value):
    """The text of one language that an encoder has read, 0 of none; `unit` is what it counts in.

    Amounts compare languages of one encoder, never encoders.
    """

    amount: float
    unit: str

    @property
    def doublings(self) -> float:
        """log2(1 + amount): doublings of much text, and 0 of none."""
        return math.log2(1 + self.amount)


def pretraining_data(model: Model, code: str) -> PretrainingData | None:
    """Return what a model has read of a language, None where that is not known.

    Of XLM-R it is the GiB of CC-100 that `languages.csv` has (Conneau et al. 2020, table 6), of
    the lab's encoders the rows of text that it makes; how many tokens they read of it is measured
    (`trainables.pretraining_tokens`). That table's counts of tokens are not taken: some are wrong
    by orders of magnitude, as Ukrainian's 6.5 million in 84.6 GiB (Mayhew 2020, Multilingual Data
    Stats). Published encoders are known by the last part of their path.

    Raises:
        ValueError: if the code is not catalogued.
    """
    known = language(code)
    if isinstance(model, LabModel):
        read = code in find_task("lab-text", LAB_TASKS).train
        return PretrainingData(amount=sum(text_rows(code).values()) if read else 0, unit="rows")
    if not isinstance(model, HubModel):
        return None
    name = model.path.rstrip("/").rsplit("/", 1)[-1].lower()
    if not name.startswith("xlm-roberta"):
        return None
    return PretrainingData(amount=known.cc100_gib or 0.0, unit="GiB of CC-100")
