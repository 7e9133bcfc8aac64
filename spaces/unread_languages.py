"""Languages of the benchmarks that a published encoder's pretraining has not read."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from spaces.models import HubModel, Model

__all__ = ["NOT_READ", "unread_by"]

NOT_READ: Final[Mapping[str, frozenset[str]]] = MappingProxyType({
    "xlm-roberta": frozenset({"ht", "qu", "wo", "yo"}),
    "mt5": frozenset({"qu", "wo"}),
})
"""Family, as its hub names begin -> the languages of XTREME-R that it has not read.

Source: the lists of languages in the READMEs of XLM-R (fairseq) and of mT5
(google-research/multilingual-t5).
"""


def unread_by(model: Model) -> frozenset[str] | None:
    """Return the languages of XTREME-R that a model has not read, None where that is not known.

    A published encoder is known by the last part of its path; the lab's own and those in
    directories of another name are not.
    """
    if not isinstance(model, HubModel):
        return None
    name = model.path.rstrip("/").rsplit("/", 1)[-1].lower()
    return next((codes for family, codes in NOT_READ.items() if name.startswith(family)), None)
