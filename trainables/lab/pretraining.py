"""Pretraining text and the tokenizer made of it: train entities only, no unseen language."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers.processors import TemplateProcessing

from spaces.lab_tasks import LAB_TASKS, UNSEEN_IN_PRETRAINING
from spaces.tasks import find_task
from trainables.lab.cldr import LONGEST_LIST
from trainables.lab.draws import Pool
from trainables.lab.generation import Source
from trainables.lab.times import relative_times

__all__ = ["PRETRAINING_LANGUAGES", "SPECIAL_TOKENS", "make_text", "train_tokenizer"]

# XLM-R's, in its order.
SPECIAL_TOKENS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
PRETRAINING_LANGUAGES = tuple(code for code in find_task("lab-kind", LAB_TASKS).train
                              if code not in UNSEEN_IN_PRETRAINING)
_ROWS = {"measures": 200, "names": 100, "times": 60}  # sentences per language
_ALIKE = 2 / 3  # of the lists of measures and names, the share whose items are of one kind
_MEASURED = frozenset(find_task("lab-measure", LAB_TASKS).train)


def make_text(language: str) -> pa.Table:
    """Make one language's pretraining sentences: columns `text` and `language`.

    Lists of names, of measures and of relative times, two to four items long, in the language's
    own patterns ("and" and "or"), all of items of the train split.
    """
    source = Source("pretraining", language, "train")
    lists = _drawn(source, source.names, _ROWS["names"])
    if language in _MEASURED:
        lists += _drawn(source, source.measures, _ROWS["measures"])
        times = [time.text(source.locality) for time in relative_times()["train"]]
        places = source.draws.below(len(times), _ROWS["times"], LONGEST_LIST).tolist()
        lists += [[times[place] for place in row] for row in places]
    counts = (2 + source.draws.below(LONGEST_LIST - 1, len(lists))).tolist()
    styles = source.draws.below(2, len(lists)).tolist()
    sentences = [source.listed(items[:count], "or" if is_or else "standard")
                 for items, count, is_or in zip(lists, counts, styles, strict=True)]
    return pa.table({"text": pa.array(sentences, pa.string()),
                     "language": pa.array([language] * len(sentences), pa.string())})


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
        text: the pretraining text, column `text`.
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
    tokenizer.train_from_iterator(text["text"].to_pylist(), trainer)
    numbers = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=numbers)
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", cls_token="<s>",
        sep_token="</s>", pad_token="<pad>", unk_token="<unk>", mask_token="<mask>",
        model_input_names=["input_ids", "attention_mask"],
    ).save_pretrained(directory)
