"""A rough disk: files that may not grow, bits that flip, entries cut short, at random places."""

from __future__ import annotations

import random
import resource
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from trainables.context import Context, Setting
from trainables.phases import Made, Phase, PhaseKind
from trainables.scores import Cost
from trainables.workspace import Workspace

__all__ = ["CONTENT", "Heavy", "damage", "files_of", "heavy", "here", "room_for"]

CONTENT = {"weights": bytes(range(256)), "scores.json": b'{"points": 1.5}', "empty": b""}


@dataclass(frozen=True)
class Heavy(Phase):
    """A phase that writes a few files."""

    kind: ClassVar[PhaseKind] = "target"
    version: ClassVar[int] = 1

    made: list[str] = field(default_factory=list, compare=False)

    @property
    def inputs(self) -> Mapping[str, Any]:
        return {}

    def make(self, context: Context, parents: tuple[Path, ...], directory: Path) -> Made:
        self.made.append(self.name)
        for name, data in CONTENT.items():
            (directory / name).write_bytes(data)
        return Made(Cost(examples=3, device_seconds=1.5), ((1, 0.5),))


def heavy() -> Heavy:
    return Heavy("heavy", (), Setting())


def here(place: Path, **fields: Any) -> Context:
    """Return a context whose store and cache lie in a directory."""
    return Context(Workspace(store=str(place / "store"), cache=str(place / "cache")), **fields)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond `size` bytes: the kernel cuts writes off there.

    It is what a full disk does to a write, of whatever library, and needs no rights.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def damage(path: Path, draw: random.Random) -> None:
    """Flip a bit of a file, or cut it short, at a random place."""
    data = bytearray(path.read_bytes())
    place = draw.randrange(len(data))
    if draw.random() < 0.5:
        data[place] ^= 1 << draw.randrange(8)
    else:
        del data[place:]
    path.write_bytes(data)


def files_of(directory: Path) -> dict[str, bytes]:
    """Return all files below a directory, by their paths in it."""
    return {path.relative_to(directory).as_posix(): path.read_bytes()
            for path in sorted(directory.rglob("*")) if path.is_file()}
