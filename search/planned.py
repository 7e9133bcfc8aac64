"""Planned trials: what exists in a search before it has run."""

from __future__ import annotations

from search.design import Designed
from search.results import Role
from spaces.trial_config import TrialConfig
from spaces.value import Value

__all__ = ["Encoder", "Planned", "numbered"]

Encoder = tuple[str, int]
"""A model's name and its pretraining seed: what trials that share an encoder share."""


class Planned(Value):
    """A trial that exists in the search: its name, why it runs, and what it runs.

    `number` is the sampler's number of a search trial.
    """

    trial: str
    role: Role
    group: str = ""
    config: TrialConfig
    number: int | None = None

    @property
    def encoder(self) -> Encoder:
        """The encoder that it begins with."""
        return self.config.model.name, self.config.pretraining_seed


def numbered(part: Role, designed: list[Designed]) -> list[Planned]:
    """Return a part's designed trials, named by the part and their place in it."""
    return [Planned(trial=f"{part}-{index:03d}", role=each.role, group=each.group,
                    config=each.config) for index, each in enumerate(designed)]
