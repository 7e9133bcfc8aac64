"""The pretrain phase: a published encoder as it is, or a lab encoder trained on the lab's text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from spaces.models import HubModel, LabModel
from spaces.trial_config import Recipe
from trainables.context import Context
from trainables.encoder_ref import model_directory, weights_identity, write_ref
from trainables.phases import Made, Phase, PhaseKind
from trainables.recipes import derived_seed
from trainables.scores import Cost
from trainables.tokenizer import tokenizer_fingerprint

if TYPE_CHECKING:
    import pyarrow as pa

    from trainables.batches import Batches
    from trainables.lab import Lab
    from trainables.tokenizer import Tokenizer

__all__ = ["LoadPublished", "PretrainLab", "pretrain_phase", "pretraining_text",
           "tokenizer_directory", "tokenizer_identity"]


@dataclass(frozen=True)
class LoadPublished(Phase):
    """A published encoder. Its entry is a reference: nothing is copied.

    `identity` is a digest of its files, so that an altered checkpoint is another encoder.
    """

    kind: ClassVar[PhaseKind] = "pretrain"
    version: ClassVar[int] = 1

    model: HubModel
    identity: str

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The weights and the rates of dropout; where they lie does not matter."""
        return {"identity": self.identity, "dropout": self.model.dropout}

    def make(self, context: Context, parents: tuple[Path, ...], directory: Path) -> Made:
        """Write the reference."""
        write_ref(directory, self.entry, published=True)
        return Made(Cost())


@dataclass(frozen=True)
class PretrainLab(Phase):
    """A lab encoder, pretrained once per model and pretraining seed."""

    kind: ClassVar[PhaseKind] = "pretrain"
    version: ClassVar[int] = 2

    model: LabModel
    seed: int
    data: str  # the fingerprint of the lab, which determines text and tokenizer

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The model's shape and recipe, the seed, and the lab."""
        return {"model": self.model.model_dump(mode="json", exclude={"name"}), "seed": self.seed,
                "data": self.data}

    def make(self, context: Context, parents: tuple[Path, ...], directory: Path) -> Made:
        """Train on the lab's text, by masked tokens and by translations in turn."""
        # torch and transformers take seconds to import; who finds all in the store does without.
        from trainables.encoder import fresh_encoder
        from trainables.heads import Head, MaskedTokenHead, TranslationHead, initialised
        from trainables.lab import Lab
        from trainables.tokenizer import load_tokenizer
        from trainables.train_loop import TaskModel
        from trainables.training import Segment, train_phase

        model = self.model
        tokenizer = load_tokenizer(tokenizer_directory(model, context))
        encoder = fresh_encoder(model, tokenizer.pad_id, derived_seed(self.seed, "encoder"))
        heads: dict[str, Head] = {
            "mlm": initialised(MaskedTokenHead(encoder), f"{self.seed}:mlm"),
            "translation": TranslationHead()}
        batches = self._batches(Lab(Path(context.workspace.cache)), tokenizer)
        recipe = Recipe(learning_rate=model.learning_rate, batch_size=model.batch_size)
        return train_phase(self, context, TaskModel(encoder, heads), batches, recipe=recipe,
                           seed=self.seed, segment=Segment(stop=model.steps),
                           directory=directory, head="mlm")

    def _batches(self, lab: Lab, tokenizer: Tokenizer) -> Batches:
        from trainables.batches import MaskedBatches
        from trainables.encoding import encode_text, encode_translations
        from trainables.parallel_batches import ParallelBatches, TakingTurns

        model, seed = self.model, derived_seed(self.seed, "pretrain")
        (drawn, examples), *parallel = pretraining_text(model, lab)
        masked = MaskedBatches(
            encode_text(drawn, tokenizer, model.max_length), examples // model.batch_size,
            model.batch_size, seed=seed, tokenizer=tokenizer, rate=model.mask_rate)
        if not parallel:
            return masked
        (translated, pairs), = parallel
        return TakingTurns(masked, ParallelBatches(
            encode_translations(translated, tokenizer, model.max_length),
            pairs // model.parallel_batch_size, model.parallel_batch_size, seed=seed,
            pad_id=tokenizer.pad_id))


def pretraining_text(model: LabModel, lab: Lab) -> tuple[tuple[pa.Table, int], ...]:
    """Return the rows a lab encoder is trained on, each table with the examples drawn from it.

    First the masked text, then the parallel text, if it has any. There are more examples than
    rows where rows are read more than once. All have a column `language`.
    """
    from trainables.parallel_batches import TakingTurns

    masked, parallel = TakingTurns.shared(model.steps, model.parallel_share)
    examples, pairs = masked * model.batch_size, parallel * model.parallel_batch_size
    text = lab.text().slice(0, examples), examples  # rows lie in a hashed order
    return (text, (lab.parallel_text().slice(0, pairs), pairs)) if pairs else (text,)


def pretrain_phase(model: LabModel | HubModel, seed: int, context: Context) -> Phase:
    """Return the phase that provides an encoder; a published one has no seed.

    Raises:
        DataError: if a published encoder cannot be had.
    """
    if isinstance(model, HubModel):
        identity = weights_identity(model_directory(model, context.hub))
        return LoadPublished("pretrain", (), context.setting, model=model, identity=identity)
    from trainables.lab import Lab

    return PretrainLab("pretrain", (), context.setting, model=model, seed=seed,
                       data=Lab(Path(context.workspace.cache)).fingerprint)


def tokenizer_directory(model: LabModel | HubModel, context: Context) -> Path:
    """Return the directory of a model's tokenizer; the lab's is trained on first use."""
    if isinstance(model, HubModel):
        return model_directory(model, context.hub)
    from trainables.lab import Lab

    return Lab(Path(context.workspace.cache)).tokenizer(model.vocabulary)


def tokenizer_identity(model: LabModel | HubModel, context: Context) -> str:
    """Return what determines a tokenizer; the lab's need not have been trained."""
    if isinstance(model, HubModel):
        return tokenizer_fingerprint(model_directory(model, context.hub))
    from trainables.lab import Lab

    return f"{Lab(Path(context.workspace.cache)).fingerprint}-{model.vocabulary}"
