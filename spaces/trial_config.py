"""One trial: the point of the search space that is trained and scored."""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from pydantic import Field, model_validator

from spaces.fidelity import Fidelity, Panels
from spaces.language_orders import LanguageSet
from spaces.mixtures import Cell, Mixture
from spaces.models import Model
from spaces.robustness import Robustness
from spaces.value import Value

__all__ = ["FURTHER_CONTROLS", "FurtherControl", "Intermediate", "Recipe", "Supervision",
           "TrialConfig"]

Seed = Annotated[int, Field(ge=0, lt=2**31)]

FurtherControl = Literal["mlm", "shuffled"]
Supervision = Literal["task", FurtherControl]

FURTHER_CONTROLS: Final[tuple[FurtherControl, ...]] = get_args(FurtherControl)
"""What intermediate training may be instead of its tasks, on the very same inputs."""


class Recipe(Value):
    """How a phase trains: AdamW with a linear warm-up and a linear decay to zero.

    `learning_rate` is the peak; `batch_size` the effective batch in examples, however many
    workers and micro-batches share it; `warmup` a fraction of the steps.
    """

    learning_rate: Annotated[float, Field(gt=0)]
    batch_size: Annotated[int, Field(gt=0)] = 32
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.1
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    max_gradient_norm: Annotated[float, Field(gt=0)] = 1.0


class Intermediate(Value):
    """The intermediate phase: a mixture, the language set it is shared over, and the recipe.

    `cells` are the shares that the mixture and the set amount to; they, not the set, are what
    is trained. `rungs` are the fractions of the examples at which targets are scored.

    `supervision` is what the cells' inputs are trained against: the tasks' labels (`task`), their
    own masked tokens (`mlm`), or labels that say nothing of them (`shuffled`). Each language is
    trained on at most `distinct_examples` different rows, shared over its tasks by their weights;
    None for all there are.
    """

    mixture: Mixture
    languages: LanguageSet
    cells: tuple[Cell, ...]
    recipe: Recipe
    rungs: tuple[Annotated[float, Field(gt=0, le=1)], ...] = (1.0,)
    # Left out where they are as usual, so that these trials keep the digests they always had.
    supervision: Supervision = Field(default="task", exclude_if=lambda given: given == "task")
    distinct_examples: Annotated[int, Field(gt=0)] | None = Field(
        default=None, exclude_if=lambda given: given is None)

    @model_validator(mode="after")
    def _rungs_rise_to_one(self) -> Intermediate:
        if list(self.rungs) != sorted(set(self.rungs)) or self.rungs[-1:] != (1.0,):
            raise ValueError(f"`rungs` must rise and end at 1, got {self.rungs}")
        return self

    @model_validator(mode="after")
    def _cells_share_the_whole(self) -> Intermediate:
        total = sum(cell.weight for cell in self.cells)
        if abs(total - 1) > 1e-6:
            raise ValueError(f"`cells` must have weights that sum to 1, got {total}")
        return self


class TrialConfig(Value):
    """One validated point: everything that determines a trial's scores.

    `intermediate` is None for a control. `seed` is the seed block: trials that share it share
    head initialisation and the draws of data. `pretraining_seed` chooses the lab's encoder.
    `robustness` is what is scored beside the clean rows of the report panel.
    """

    model: Model
    pretraining_seed: Seed = 0
    intermediate: Intermediate | None
    targets: Annotated[tuple[str, ...], Field(min_length=1)]
    target: Recipe
    fidelity: Fidelity
    panels: Panels
    seed: Seed
    # Left out where nothing is perturbed, so that these trials keep the digests they always had.
    robustness: Robustness | None = Field(default=None, exclude_if=lambda given: given is None)

    @model_validator(mode="after")
    def _examples_fit_the_phase(self) -> TrialConfig:
        if self.intermediate is not None and self.fidelity.intermediate_examples < 1:
            raise ValueError("`intermediate_examples` must be at least 1 with an intermediate "
                             f"phase, got {self.fidelity.intermediate_examples}")
        return self

    @property
    def is_control(self) -> bool:
        """Whether the trial has no intermediate phase."""
        return self.intermediate is None

    def control(self) -> TrialConfig:
        """Return the control: this trial without its intermediate phase, all else equal."""
        fidelity = self.fidelity.model_copy(update={"intermediate_examples": 0})
        return self.model_copy(update={"intermediate": None, "fidelity": fidelity})

    def further_control(self, supervision: FurtherControl) -> TrialConfig:
        """Return this trial with another supervision of its intermediate phase, all else equal.

        Raises:
            ValueError: if the trial has no intermediate phase.
        """
        if self.intermediate is None:
            raise ValueError("a further control must be of a trial with an intermediate phase, "
                             "got a control")
        phase = self.intermediate.model_copy(update={"supervision": supervision})
        return self.model_copy(update={"intermediate": phase})
