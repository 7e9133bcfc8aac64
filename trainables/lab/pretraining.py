"""Pretraining text and the tokenizer made of it: train entities only, no unseen language."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers.processors import TemplateProcessing

from spaces.lab_tasks import LAB_TASKS, UNSEEN_IN_PRETRAINING
from spaces.tasks import find_task
from trainables.lab.cldr import LONGEST_LIST, ListStyle
from trainables.lab.draws import Pool
from trainables.lab.generation import Source

__all__ = ["PRETRAINING_LANGUAGES", "SPECIAL_TOKENS", "make_text", "train_tokenizer"]

# XLM-R's, in its order.
SPECIAL_TOKENS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
PRETRAINING_LANGUAGES = tuple(code for code in find_task("lab-kind", LAB_TASKS).train
                              if code not in UNSEEN_IN_PRETRAINING)
_ROWS = {"measures": 240, "names": 60, "times": 60}  # sentences per language
_ALIKE = 2 / 3  # of the lists, the share whose items are of one kind
_MEASURED = frozenset(find_task("lab-measure", LAB_TASKS).train)


def make_text(language: str) -> pa.Table:
    """Make one language's pretraining text: columns `text`, `text_pair` (or null), `language`.

    Lists of names, of measures and of relative times, two to four items long, in the language's
    own patterns ("and" and "or"), all of items of the train split. Every second one is parted in
    two, as sentences follow one another in running text.
    """
    source = Source("pretraining", language, "train", symbols=True)
    lists = _drawn(source, source.names, _ROWS["names"])
    if language in _MEASURED:
        lists += _drawn(source, source.measures, _ROWS["measures"])
        lists += _drawn(source, source.times, _ROWS["times"])
    counts = (2 + source.draws.below(LONGEST_LIST - 1, len(lists))).tolist()
    styles = source.draws.below(2, len(lists)).tolist()
    texts, pairs = [], []
    for number, (items, count, is_or) in enumerate(zip(lists, counts, styles, strict=True)):
        style: ListStyle = "or" if is_or else "standard"
        end = count if number % 2 else int(source.draws.below(count - 1, 1)[0]) + 1
        texts.append(_written(source, items[:end], style))
        pairs.append(_written(source, items[end:count], style) if end < count else None)
    return pa.table({"text": pa.array(texts, pa.string()),
                     "text_pair": pa.array(pairs, pa.string()),
                     "language": pa.array([language] * len(texts), pa.string())})


def _written(source: Source, items: list[str], style: ListStyle) -> str:
    return items[0] if len(items) == 1 else source.listed(items, style)


def _drawn(source: Source, pool: Pool, rows: int) -> list[list[str]]:
    alike = round(rows * _ALIKE)
    kinds = np.concatenate([
        np.repeat(np.arange(alike)[:, None] % pool.count, LONGEST_LIST, axis=1),
        source.draws.below(pool.count, rows - alike, LONGEST_LIST),
    ])
    return [[pool.texts[item] for item in items] for items in pool.any_of(kinds).tolist()]


def train_tokenizer(text: pa.Table, vocabulary: int, directory: Path) -> None:
    """Train a tokenizer of XLM-R's form on the text and save it for transformers.

    One sequence becomes `<s> A </s>`, a pair `<s> A </s></s> B </s>`. The pieces come from
    byte-pair merges, not from XLM-R's Unigram model, whose trainer gives other pieces each time.

    Args:
        text: the pretraining text, columns `text` and `text_pair`.
        vocabulary: the number of pieces, special tokens included.
        directory: where `tokenizer.json` and its configuration go.
    """
    # transformers takes seconds to import; who only reads rows does without.
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, special_tokens=list(SPECIAL_TOKENS),
                                  limit_alphabet=vocabulary // 2, show_progress=False)
    tokenizer.train_from_iterator(
        filter(None, (*text["text"].to_pylist(), *text["text_pair"].to_pylist())), trainer)
    numbers = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=numbers)
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", cls_token="<s>",
        sep_token="</s>", pad_token="<pad>", unk_token="<unk>", mask_token="<mask>",
        model_input_names=["input_ids", "attention_mask"],
    ).save_pretrained(directory)
