"""Pretraining text and the tokenizer made of it: train entities only, no unseen language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers.processors import TemplateProcessing

from spaces.lab_tasks import LAB_TASKS, text_rows
from spaces.tasks import Kind, find_task
from trainables.lab.cldr import LONGEST_LIST, ListStyle
from trainables.lab.draws import Pool
from trainables.lab.generation import Source
from trainables.rows import row_schema

__all__ = ["PRETRAINING_LANGUAGES", "SPECIAL_TOKENS", "make_text", "make_text_rows",
           "train_tokenizer"]

# XLM-R's, in its order.
SPECIAL_TOKENS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
PRETRAINING_LANGUAGES = find_task("lab-text", LAB_TASKS).train
_ALIKE = 2 / 3  # of the lists, the share whose items are of one kind
_Items = list[tuple[str, str]]  # (name, text)
_Row = tuple[str, str | None]


def make_text(language: str) -> pa.Table:
    """Make one language's pretraining text: columns `text`, `text_pair` (or null), `language`.

    Lists of names, of measures and of relative times, two to four items long, in the language's
    own patterns ("and" and "or"), all of items of the train split. Every second one is parted in
    two, as sentences follow one another in running text. Some lists of measures are written out
    and followed by the same in symbols ("37 kilometers and 15 grams", "37 km and 15 g").
    """
    source = Source("pretraining", language, "train")
    count = text_rows(language)
    rows = _parted(source, _drawn(source, source.names, count["names"]))
    if "times" in count:
        rows += _parted(source, _drawn(source, source.times, count["times"]))
    if "measures" in count:
        rows += _parted(source, _drawn(source, source.measures, count["measures"]))
        rows += _glossed(source, _drawn(source, source.written_out, count["symbols"]))
    return pa.table({"text": pa.array([text for text, _ in rows], pa.string()),
                     "text_pair": pa.array([pair for _, pair in rows], pa.string()),
                     "language": pa.array([language] * len(rows), pa.string())})


def make_text_rows(language: str) -> pa.Table:
    """Make one language's pretraining text as rows of a task; both parts of a text are one row."""
    rows = make_text(language).to_pylist()
    texts = [" ".join(filter(None, (row["text"], row["text_pair"]))) for row in rows]
    names = [f"lab-text-{language}-{number}" for number in range(len(texts))]
    schema = row_schema(Kind.MLM)
    return pa.table({"id": names, "document": names, "text": texts}, schema=schema)


def _parted(source: Source, lists: Sequence[_Items]) -> list[_Row]:
    """Write lists, every second one in two parts."""
    rows: list[_Row] = []
    for number, (items, style) in enumerate(zip(lists, _styles(source, len(lists)), strict=True)):
        texts = [text for _, text in items]
        end = int(source.draws.below(len(texts) - 1, 1)[0]) + 1 if number % 2 else len(texts)
        rows.append((source.listed(texts[:end], style),
                     source.listed(texts[end:], style) if texts[end:] else None))
    return rows


def _glossed(source: Source, lists: Sequence[_Items]) -> list[_Row]:
    """Write lists of measures, and after each the same in symbols where the language has them."""
    return [(source.listed([text for _, text in items], style),
             source.listed([source.symbols.get(name, text) for name, text in items], style))
            for items, style in zip(lists, _styles(source, len(lists)), strict=True)]


def _styles(source: Source, rows: int) -> list[ListStyle]:
    return ["or" if drawn else "standard" for drawn in source.draws.below(2, rows).tolist()]


def _drawn(source: Source, pool: Pool, rows: int) -> list[_Items]:
    alike = round(rows * _ALIKE)
    kinds = np.concatenate([
        np.repeat(np.arange(alike)[:, None] % pool.count, LONGEST_LIST, axis=1),
        source.draws.below(pool.count, rows - alike, LONGEST_LIST),
    ])
    counts = (2 + source.draws.below(LONGEST_LIST - 1, rows)).tolist()
    return [[(pool.documents[item], pool.texts[item]) for item in items[:count]]
            for items, count in zip(pool.any_of(kinds, source.draws).tolist(), counts, strict=True)]


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
    texts = [tokenizer.normalizer.normalize_str(each) for each in
             filter(None, (*text["text"].to_pylist(), *text["text_pair"].to_pylist()))]
    # Said beforehand: of characters that are equally frequent the trainer would keep any.
    counts = Counter("".join(texts).replace(" ", ""))
    alphabet = sorted(counts, key=lambda char: (-counts[char], char))[: vocabulary // 2]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=list(SPECIAL_TOKENS), show_progress=False,
        initial_alphabet=[*alphabet, "\u2581"], limit_alphabet=len(alphabet) + 1)
    tokenizer.train_from_iterator(texts, trainer)
    numbers = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=numbers)
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", cls_token="<s>",
        sep_token="</s>", pad_token="<pad>", unk_token="<unk>", mask_token="<mask>",
        model_input_names=["input_ids", "attention_mask"],
    ).save_pretrained(directory)
