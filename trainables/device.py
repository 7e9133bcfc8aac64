"""The device: where a worker computes, and how precisely."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

__all__ = ["Device", "choose_device"]


@dataclass(frozen=True)
class Device:
    """Where and how precisely a worker computes: weights are float32, bfloat16 is by autocast."""

    name: Literal["cpu", "cuda"]
    precision: Literal["float32", "bfloat16"]

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the context in which forward passes run."""
        if self.precision == "bfloat16":
            return torch.autocast(self.name, dtype=torch.bfloat16)
        return nullcontext()

    def put(self, array: Any) -> Tensor:
        """Return a numpy array as a tensor on this device."""
        tensor = torch.from_numpy(array)
        return tensor if self.name == "cpu" else tensor.pin_memory().cuda(non_blocking=True)

    def seed(self, seed: int) -> None:
        """Seed the draws of this device, such as dropout's.

        Not by `torch.manual_seed`: without CUDA it keeps a traceback of every call for later.
        """
        if self.name == "cuda":
            torch.cuda.manual_seed(seed)
        else:
            torch.default_generator.manual_seed(seed)

    @property
    def hardware(self) -> str:
        """The device's name, for costs."""
        return torch.cuda.get_device_name() if self.name == "cuda" else "cpu"


def choose_device(precision: str = "auto") -> Device:
    """Return this worker's device: CUDA where there is one.

    Also leaves torch one thread in this process: workers share a machine's cores by processes.

    Args:
        precision: `float32`, `bfloat16`, or `auto`: bfloat16 on CUDA that has it.

    Raises:
        ValueError: if bfloat16 is asked for and the device has none.
    """
    torch.set_num_threads(1)
    name: Literal["cpu", "cuda"] = "cuda" if torch.cuda.is_available() else "cpu"
    has_bfloat16 = name == "cuda" and torch.cuda.is_bf16_supported()
    if precision == "bfloat16" and not has_bfloat16:
        raise ValueError("`precision` must be float32 on a device without bfloat16, got 'bfloat16'")
    return Device(name, "bfloat16" if has_bfloat16 and precision != "float32" else "float32")
