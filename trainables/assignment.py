"""An assignment: what Ray Tune hands to a trial, as one JSON text in its configuration."""

from __future__ import annotations

from spaces.tasks import Task
from spaces.trial_config import TrialConfig
from spaces.value import Value
from trainables.workspace import Workspace

__all__ = ["Assignment"]


class Assignment(Value):
    """A trial's name, role and point, and where it works.

    `tasks` are the study's own, beside the catalogue. `cpus` and `gpus` are what each worker asks
    Ray for; `run_name` is unique to (search, trial).
    """

    trial: str
    role: str
    config: TrialConfig
    workspace: Workspace
    tasks: tuple[Task, ...] = ()
    cpus: float = 1.0
    gpus: float = 0.0
    run_name: str
