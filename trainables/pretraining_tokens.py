"""How many tokens of each language a lab encoder reads in its pretraining."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from spaces.models import LabModel
from trainables.pretrain import pretraining_text
from trainables.tokenizer import load_tokenizer

if TYPE_CHECKING:
    import pyarrow as pa

    from trainables.lab import Lab
    from trainables.tokenizer import Tokenizer

__all__ = ["tokens_read"]


def tokens_read(model: LabModel, lab: Lab) -> dict[str, float]:
    """Return language -> the tokens of it that a lab encoder is trained on, special ones apart.

    Masked text counts, and the text that must find its English translation; of rows read more
    than once, all readings. English in translations is left out, and whatever is cut off beyond
    the model's length is not. Languages that were not read are not there. All pretraining seeds
    read the same rows.
    """
    tokenizer = load_tokenizer(lab.tokenizer(model.vocabulary))
    found: dict[str, float] = {}
    for table, examples in pretraining_text(model, lab):
        readings = examples / len(table)
        for language, tokens in _tokens(table, tokenizer).items():
            found[language] = found.get(language, 0.0) + tokens * readings
    return found


def _tokens(table: pa.Table, tokenizer: Tokenizer) -> Counter[str]:
    found: Counter[str] = Counter()
    for name in sorted({"text", "text_pair"} & set(table.column_names)):
        texts = [text or "" for text in table[name].to_pylist()]
        for language, ids in zip(table["language"].to_pylist(), tokenizer.encode_whole(texts),
                                 strict=True):
            found[language] += len(ids)
    return found
