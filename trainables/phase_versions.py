"""The versions of all phases: another one may turn the same inputs into something else."""

from __future__ import annotations

from typing import Final

from trainables.baselines import BaselinesPhase
from trainables.evaluate import EvaluatePhase
from trainables.intermediate import IntermediatePhase
from trainables.phases import Phase
from trainables.pretrain import LoadPublished, PretrainLab
from trainables.simulated import SimulatedPhase
from trainables.target import TargetPhase

__all__ = ["PHASES", "phase_versions"]

PHASES: Final[tuple[type[Phase], ...]] = (
    LoadPublished, PretrainLab, IntermediatePhase, TargetPhase, EvaluatePhase, BaselinesPhase,
    SimulatedPhase)


def phase_versions() -> dict[str, int]:
    """Return each phase's version by the name of its class."""
    return {phase.__name__: phase.version for phase in PHASES}
