"""Workers: how the processes of one trial act as one; alone by default."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Alone", "ProcessGroup", "Workers"]

T = TypeVar("T")


class Workers(Protocol):
    """The workers of one trial: this one's `rank` and how many they are."""

    rank: int
    size: int

    def agree(self, value: T) -> T:
        """Return rank 0's value, on every worker."""

    def gather(self, value: T) -> list[T]:
        """Return every worker's value, by rank, on every worker."""

    def add(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its sum over the workers."""


class Alone:
    """One worker."""

    rank = 0
    size = 1

    def agree(self, value: T) -> T:
        """Return the value."""
        return value

    def gather(self, value: T) -> list[T]:
        """Return the value alone."""
        return [value]

    def add(self, tensors: Sequence[Tensor]) -> None:
        """Leave the tensors as they are."""


class ProcessGroup:
    """The workers of torch's default process group, which must be initialised."""

    def __init__(self) -> None:
        import torch.distributed

        self._group = torch.distributed
        self.rank = self._group.get_rank()
        self.size = self._group.get_world_size()

    def agree(self, value: T) -> T:
        """Return rank 0's value, on every worker."""
        box = [value]
        self._group.broadcast_object_list(box, src=0)
        return box[0]

    def gather(self, value: T) -> list[T]:
        """Return every worker's value, by rank, on every worker."""
        box = [value] * self.size
        self._group.all_gather_object(box, value)
        return box

    def add(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its sum, all of them in one exchange."""
        import torch

        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        self._group.all_reduce(flat)
        totals = torch.split(flat, [each.numel() for each in tensors])
        for tensor, total in zip(tensors, totals, strict=True):
            tensor.copy_(total.view_as(tensor))
