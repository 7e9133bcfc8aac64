"""Workers: how the processes of one trial act as one; alone by default."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Alone", "LostPeer", "ProcessGroup", "Workers"]

T = TypeVar("T")


class LostPeer(RuntimeError):
    """Another worker of the group is gone, so that nothing can be exchanged any more."""


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
    """The workers of torch's default process group, which must be initialised.

    Raises:
        LostPeer: by every method, if the process of another worker has ended.
    """

    def __init__(self) -> None:
        import torch.distributed

        self._group = torch.distributed
        self.rank = self._group.get_rank()
        self.size = self._group.get_world_size()

    def agree(self, value: T) -> T:
        """Return rank 0's value, on every worker."""
        box = [value]
        with _exchange():
            self._group.broadcast_object_list(box, src=0)
        return box[0]

    def gather(self, value: T) -> list[T]:
        """Return every worker's value, by rank, on every worker."""
        box = [value] * self.size
        with _exchange():
            self._group.all_gather_object(box, value)
        return box

    def add(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its sum, all of them in one exchange."""
        import torch

        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        with _exchange():
            self._group.all_reduce(flat)
        totals = torch.split(flat, [each.numel() for each in tensors])
        for tensor, total in zip(tensors, totals, strict=True):
            tensor.copy_(total.view_as(tensor))


@contextmanager
def _exchange() -> Iterator[None]:
    """Tell a connection that broke from what else may go wrong in an exchange."""
    import torch

    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:  # gloo raises nothing more special
        raise LostPeer(f"another worker must stay, got {error}") from error
