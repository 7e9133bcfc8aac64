"""Tiny encoders, tokenizers, rows and sources that tests train on in fractions of a second."""

from __future__ import annotations

import random
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from tokenizers.processors import TemplateProcessing
from transformers import (
    BartConfig,
    BartModel,
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    MT5Config,
    MT5EncoderModel,
    MT5Model,
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaModel,
)

from spaces.data_sources import LabSource, Split
from spaces.fidelity import Fidelity, Panel, Panels
from spaces.language_orders import LanguageSet
from spaces.mixtures import Mixture
from spaces.models import HubModel, LabModel
from spaces.tasks import Kind, Task
from spaces.trial_config import Intermediate, Recipe, TrialConfig
from spaces.value import digest_of
from trainables.context import Context
from trainables.pool import Candidate, Pool
from trainables.rows import Rows, row_schema
from trainables.scores import PanelName
from trainables.workspace import Workspace

WORDS = [f"w{number}" for number in range(30)]
MARKS = ["red", "blue", "is"]
SPECIAL = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"]
LANGUAGES = ("en", "de", "fr", "fi", "sw")


def task(kind: Kind, name: str = "") -> Task:
    """Return a task of a kind.

    Colours are labels, a word's tag is whether its number is even, the right option is red.
    """
    named = name or f"tiny-{kind.value}"
    if kind is Kind.MLM:
        return Task(name=named, kind=kind, roles=("intermediate",), train=LANGUAGES,
                    source=LabSource())
    labels = {Kind.TAGGING: ("even", "odd", "mark"), Kind.QA: (), Kind.RETRIEVAL: (),
              Kind.RANKING: (), Kind.MULTIPLE_CHOICE: ("first", "second", "third")}
    trained = () if kind in (Kind.RETRIEVAL, Kind.RANKING) else LANGUAGES
    metric = {Kind.QA: "f1", Kind.RANKING: "map@20"}.get(kind, "accuracy")
    return Task(name=named, kind=kind, roles=("intermediate", "target"),
                train=trained, evaluation=LANGUAGES, labels=labels.get(kind, ("blue", "red")),
                metric=metric, source=LabSource())


# Two hundred texts, of which any two that follow each other have the same words.
POOL = Pool.of(
    Candidate(f"c{number}", " ".join(words[:: 1 - 2 * (number % 2)]))
    for number in range(200)
    for words in [random.Random(number // 2).choices(WORDS, k=6)])

TASKS = tuple(task(kind) for kind in Kind)


def rows(of: Task, language: str = "en", split: Split = "train", count: int = 64) -> Rows:
    """Return made-up rows, a function of their place alone."""
    draw = random.Random(f"{of.name}/{language}/{split}/{count}")
    made = [_row(of.kind, number, draw) for number in range(count)]
    table = pa.Table.from_pylist(made, schema=row_schema(of.kind))
    return Rows(task=of, language=language, split=split, table=table,
                fingerprint=digest_of([of.name, language, split, count]),
                pool=POOL if of.kind is Kind.RANKING else None)


def _row(kind: Kind, number: int, draw: random.Random) -> dict[str, Any]:
    words = draw.choices(WORDS, k=draw.randint(3, 9))
    colour = draw.randint(0, 1)
    row: dict[str, Any] = {"id": f"r{number}", "document": f"r{number}"}
    coloured = " ".join([*words[:2], ("blue", "red")[colour], *words[2:]])
    match kind:
        case Kind.CLASSIFICATION:
            row |= {"text": coloured, "label": colour}
        case Kind.PAIR:
            row |= {"text": " ".join(words), "text_pair": coloured, "label": colour}
        case Kind.TAGGING:
            row |= {"tokens": words, "tags": [int(word[1:]) % 2 for word in words]}
        case Kind.QA:
            answer = draw.choice(WORDS)
            context = f"{' '.join(words)} is {answer} {words[0]}"
            row |= {"question": f"is {words[0]}", "context": context, "answers": [answer],
                    "answer_starts": [len(" ".join(words)) + 4]}
        case Kind.MLM:
            row |= {"text": coloured}
        case Kind.RETRIEVAL:
            row |= {"text": " ".join(words), "english": " ".join(reversed(words))}
        case Kind.RANKING:
            pair = 2 * draw.randrange(100)
            text = POOL.table["text"][POOL.places[f"c{pair}"]].as_py()
            row |= {"text": f"{text} is", "relevant": [f"c{pair}", f"c{pair + 1}"]}
        case Kind.MULTIPLE_CHOICE:
            label = draw.randint(0, 2)
            options = [[first, *draw.choices(WORDS, k=draw.randint(0, 3))]
                       for first in draw.sample(WORDS, 3)]
            row |= {"prompt": " ".join(words), "label": label, "options": [
                " ".join([*option, "red" if place == label else "blue"])
                for place, option in enumerate(options)]}
    return row


def write_tokenizer(directory: Path, **without: None) -> Path:
    """Write a fast tokenizer of whole words; `pad_token=None` and the like leave one out."""
    vocabulary = {token: number for number, token in enumerate([*SPECIAL, *WORDS, *MARKS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 1), ("[SEP]", 2)])
    names = {"pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]",
             "unk_token": "[UNK]", "mask_token": "[MASK]"} | without
    given = {name: token for name, token in names.items() if token is not None}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **given).save_pretrained(directory)
    return directory


SIZE = len(SPECIAL) + len(WORDS) + len(MARKS)
FAMILIES: dict[str, Any] = {
    "bert": lambda: BertModel(BertConfig(
        vocab_size=SIZE, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=40)),
    "xlm-roberta": lambda: XLMRobertaModel(XLMRobertaConfig(
        vocab_size=SIZE, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=42, type_vocab_size=1, pad_token_id=0)),
    "distilbert": lambda: DistilBertModel(DistilBertConfig(
        vocab_size=SIZE, dim=16, n_layers=2, n_heads=2, hidden_dim=32,
        max_position_embeddings=40)),
    "mt5": lambda: MT5Model(MT5Config(
        vocab_size=SIZE, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2)),
    "mt5-encoder": lambda: MT5EncoderModel(MT5Config(
        vocab_size=SIZE, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2)),
    "bart": lambda: BartModel(BartConfig(
        vocab_size=SIZE, d_model=16, encoder_layers=2, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=32,
        decoder_ffn_dim=32, max_position_embeddings=40)),
}


def write_encoder(directory: Path, family: str = "bert") -> HubModel:
    """Write an encoder of random weights with its tokenizer and return it as a model."""
    torch.manual_seed(0)
    FAMILIES[family]().save_pretrained(directory)
    write_tokenizer(directory)
    return HubModel(name=f"tiny-{family}", path=str(directory), max_length=24, dropout=0.0)


class TinySources:
    """Sources of the made-up rows."""

    def rows(self, of: Task, language: str, split: Split) -> Rows:
        """Return a split."""
        return rows(of, language, split, 320)

    def panel_rows(self, of: Task, language: str, panel: PanelName) -> tuple[Rows, bool]:
        """Return a panel's rows."""
        return rows(of, language, "validation" if panel == "selection" else "test", 24), True


class TinyContext(Context):
    """A context with the made-up sources and tasks."""

    @cached_property
    def sources(self) -> Any:
        """The made-up sources."""
        return TinySources()


def context(place: Path, **fields: Any) -> TinyContext:
    """Return a context whose store and cache lie under a directory."""
    workspace = Workspace(store=str(place / "store"), cache=str(place / "cache"),
                          precision="float32")
    return TinyContext(workspace=workspace, tasks=TASKS, **fields)


def config(model: Any, *, rungs: tuple[float, ...] = (1.0,), **changes: Any) -> TrialConfig:
    """Return a trial of a tagging and classification mixture on three targets."""
    mixture = Mixture(weights={"tiny-tagging": 0.75, "tiny-pair": 0.25})
    offered = {each.name: each.train for each in TASKS}
    panels = Panels(selection=Panel(languages=("fi", "sw")), report=Panel(languages=("sw",)))
    recipe = Recipe(learning_rate=3e-3, batch_size=8)
    intermediate = Intermediate(
        mixture=mixture, languages=LanguageSet(order="random:0", count=2, english=True),
        cells=mixture.cells(("en", "de", "fr"), offered), recipe=recipe, rungs=rungs)
    fields: dict[str, Any] = {
        "model": model, "intermediate": intermediate,
        "targets": ("tiny-classification", "tiny-qa", "tiny-retrieval"), "target": recipe,
        "fidelity": Fidelity(name="search", intermediate_examples=64, target_examples=32,
                             evaluation_rows=16),
        "panels": panels, "seed": 3,
    }
    return TrialConfig(**(fields | changes))


class SmallLab:
    """A lab of a few hundred texts; stands in for `trainables.lab.Lab`."""

    fingerprint = "small"

    def __init__(self, cache: Path) -> None:
        self._tokenizer = cache / "tokenizer"

    def text(self) -> pa.Table:
        table = rows(TASKS[0], count=320).table.select(["text"])
        return table.append_column("text_pair", pa.nulls(len(table), pa.string()))

    def parallel_text(self) -> pa.Table:
        texts = rows(TASKS[0], count=320).table["text"]
        return pa.table({"text": texts, "translation": texts})

    def tokenizer(self, vocabulary: int) -> Path:
        return self._tokenizer if self._tokenizer.exists() else write_tokenizer(self._tokenizer)


SMALL_LAB = LabModel(
    name="small", layers=1, hidden=16, heads=2, feed_forward=32, vocabulary=SIZE, max_length=24,
    steps=20, batch_size=16, learning_rate=1e-2, parallel_batch_size=8)
