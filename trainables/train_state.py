"""Train states: everything a training phase needs to go on, as safetensors and JSON.

A state is a directory that appears whole or not at all.
"""

from __future__ import annotations

import shutil
import uuid
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from spaces.value import Value

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["LoopState", "load_state", "save_state"]

NUMBERS, TENSORS, CHECK = "state.json", "state.safetensors", "check"
_AT_ONCE = 1 << 22  # bytes


class LoopState(Value):
    """What a train state holds beside tensors.

    `step` counts optimiser steps done, and is the sampler's and the schedule's position and,
    with `seed`, the random state: every step's draws and dropout are functions of (seed, step,
    rank). `micro_batch` is in items, None until one was too large. `loss_sum` and `loss_steps`
    belong to the open point of the learning curve, a list of (step, mean loss).
    """

    seed: int
    step: int = 0
    micro_batch: int | None = None
    examples: int = 0
    tokens: int = 0
    seconds: float = 0.0
    loss_sum: float = 0.0
    loss_steps: int = 0
    learning_curve: tuple[tuple[int, float], ...] = Field(default=())


def save_state(directory: Path, numbers: LoopState, tensors: dict[str, Tensor]) -> None:
    """Write a state in place of the one that may be there.

    Where it cannot be written, that one stays, and the error is raised.
    """
    from safetensors.torch import save_file

    draft = directory.with_name(f".{directory.name}-{uuid.uuid4().hex}")
    draft.mkdir(parents=True)
    try:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()},
                  str(draft / TENSORS))
        (draft / NUMBERS).write_text(numbers.model_dump_json())
        (draft / CHECK).write_text(_check_of(draft))
    except Exception:  # a full disk, above all, whose room is needed
        shutil.rmtree(draft, ignore_errors=True)
        raise
    replaced = directory.with_name(f".{directory.name}-{uuid.uuid4().hex}")
    if directory.exists():
        directory.rename(replaced)
    draft.rename(directory)
    shutil.rmtree(replaced, ignore_errors=True)


def load_state(directory: Path) -> tuple[LoopState, dict[str, Tensor]] | None:
    """Return a state's numbers and tensors, on the CPU; None where none is there, or whole.

    A machine that lost its power may have kept a file's name and not its bytes, and a disk may
    have lost a bit; a state of a stiltune that wrote no check sum is believed.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        check = directory / CHECK
        if check.exists() and check.read_text() != _check_of(directory):
            return None
        numbers = LoopState.model_validate_json((directory / NUMBERS).read_bytes())
        return numbers, load_file(str(directory / TENSORS))
    except (FileNotFoundError, ValueError, SafetensorError):
        return None


def _check_of(directory: Path) -> str:
    """Return the CRC-32 of numbers and tensors, in hexadecimal digits: a moment for gigabytes."""
    check = 0
    for name in (NUMBERS, TENSORS):
        with (directory / name).open("rb") as file:
            while part := file.read(_AT_ONCE):
                check = zlib.crc32(part, check)
    return f"{check:08x}"
