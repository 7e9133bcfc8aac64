"""Messages: what a trial says to its search, each one entry of a Tune result dictionary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from spaces.value import Value

__all__ = ["MESSAGE_KEY", "Message", "read_message"]

MESSAGE_KEY: Final = "stiltune"


class Message(Value):
    """What a trial says: it works on a step, scored a rung, gave way, met a full disk, or finished.

    `result` holds fields of a `TrialResult` for rungs and endings; `entry` is the store entry
    for which the trial gave its slot back; `doing` is a line for people. The search itself says
    `ended` when Tune is done with a trial.
    """

    kind: Literal["doing", "rung", "deferred", "full", "finished", "ended", "none"]
    doing: str = ""
    entry: str | None = None
    result: dict[str, Any] | None = None


def read_message(result: Mapping[str, Any]) -> Message:
    """Return the message in a Tune result; kind `none` where there is none."""
    if MESSAGE_KEY not in result:
        return Message(kind="none")
    return Message.model_validate_json(result[MESSAGE_KEY])
