"""Pretraining text and the tokenizer made of it: train entities only, no unseen language."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from spaces.lab_tasks import LAB_TASKS, UNSEEN_IN_PRETRAINING
from spaces.tasks import find_task
from trainables.lab.cldr import KINDS, LONGEST_LIST, ListStyle
from trainables.lab.generation import Source
from trainables.lab.times import relative_times

__all__ = ["PRETRAINING_LANGUAGES", "SPECIAL_TOKENS", "make_text", "train_tokenizer"]

# XLM-R's, in its order.
SPECIAL_TOKENS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
PRETRAINING_LANGUAGES = tuple(code for code in find_task("lab-kind", LAB_TASKS).train
                              if code not in UNSEEN_IN_PRETRAINING)
_ROWS = {"one kind": 200, "many kinds": 100, "times": 100}  # sentences per language
_TIMED = frozenset(find_task("lab-order", LAB_TASKS).train)


def make_text(language: str) -> pa.Table:
    """Make one language's pretraining sentences: columns `text` and `language`.

    Lists of names of one kind, lists of names of many kinds, and lists of relative times, in the
    language's own list patterns ("and" and "or"), all of entities of the train split.
    """
    source = Source("pretraining", language, "train")
    sentences = [*_names(source), *(_times(source) if language in _TIMED else ())]
    return pa.table({"text": pa.array(sentences, pa.string()),
                     "language": pa.array([language] * len(sentences), pa.string())})


def _names(source: Source) -> Iterator[str]:
    one, many = _ROWS["one kind"], _ROWS["many kinds"]
    kinds = np.concatenate([
        np.repeat(np.arange(one)[:, None] % len(KINDS), LONGEST_LIST, axis=1),
        source.draws.below(len(KINDS), many, LONGEST_LIST),
    ])
    for entities, count, style in _shapes(source, source.pool.any_of(kinds).tolist()):
        yield source.listed(entities[:count], style)


def _times(source: Source) -> Iterator[str]:
    times = relative_times()["train"]
    texts = [time.text(source.locality) for time in times]
    drawn = source.draws.below(len(times), _ROWS["times"], LONGEST_LIST).tolist()
    for places, count, style in _shapes(source, drawn):
        yield source.locality.templates[style, count].format(*(texts[at] for at in places[:count]))


def _shapes(source: Source, lists: list[list[int]]) -> Iterator[tuple[list[int], int, ListStyle]]:
    """Give each list a length of 2 to 4 and a style."""
    counts = (2 + source.draws.below(LONGEST_LIST - 1, len(lists))).tolist()
    styles = source.draws.below(2, len(lists)).tolist()
    for entities, count, is_or in zip(lists, counts, styles, strict=True):
        yield entities, count, "or" if is_or else "standard"


def train_tokenizer(text: pa.Table, vocabulary: int, directory: Path) -> None:
    """Train a Unigram tokenizer of XLM-R's form on the text and save it for transformers.

    One sequence becomes `<s> A </s>`, a pair `<s> A </s></s> B </s>`.

    Args:
        text: the pretraining text, column `text`.
        vocabulary: the number of pieces, special tokens included.
        directory: where `tokenizer.json` and its configuration go; made here.
    """
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=vocabulary, special_tokens=list(SPECIAL_TOKENS),
                                      unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(text["text"].to_pylist(), trainer)
    numbers = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=numbers)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", cls_token="<s>",
        sep_token="</s>", pad_token="<pad>", unk_token="<unk>", mask_token="<mask>",
        model_input_names=["input_ids", "attention_mask"],
    ).save_pretrained(directory)
