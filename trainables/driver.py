"""The driver: one trial inside Ray Tune, by one of two executors behind one interface.

With one worker the phases run in the Tune trial's own process, through Ray Train's local mode;
Tune reuses that process for the next trial, so a trial costs hundredths of a second more than
its phases. With several workers one Ray Train worker group runs all phases of the trial.

Trial and search speak in messages; each is one flat dictionary, since Ray wants dictionaries.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Literal

import ray.train
from ray import tune
from ray.train.torch import TorchTrainer

from spaces.trial_config import TrialConfig
from spaces.value import Value
from trainables.lease import Leases
from trainables.workspace import Workspace

__all__ = ["Message", "drive", "read_message"]

MESSAGE_KEY = "stiltune"


class Message(Value):
    """What a trial says: it started, works on a step, scored a rung, gave way, or finished.

    `result` holds fields of a `TrialResult` for rungs and endings; `entry` is the store entry
    for which the trial gave its slot back; `doing` is a line for people.
    """

    kind: Literal["started", "doing", "rung", "deferred", "finished", "ended", "none"]
    doing: str = ""
    entry: str | None = None
    result: dict[str, Any] | None = None


def read_message(result: dict[str, Any]) -> Message:
    """Return the message in a Tune result; kind `none` where there is none."""
    if MESSAGE_KEY not in result:
        return Message(kind="none")
    return Message.model_validate_json(result[MESSAGE_KEY])
