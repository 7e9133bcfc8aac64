"""Made-up scores of sources crossed with targets, whose effects are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from search.language_grid import Measurement


class World(NamedTuple):
    """Languages of a few families at places in a plane; distance is that of places.

    `clash` is what two languages have with each other beside distance: how far apart their traits
    are, which relatives share, so that pairs are not independent.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    families: dict[str, str]
    places: dict[str, NDArray[np.float64]]
    traits: dict[str, NDArray[np.float64]]

    def distance(self, source: str, target: str) -> float:
        return float(np.linalg.norm(self.places[source] - self.places[target])) / 8

    def clash(self, source: str, target: str) -> float:
        return float(np.linalg.norm(self.traits[source] - self.traits[target]))


def made_world(seed: int, *, sources: int = 8, targets: int = 12, families: int = 2) -> World:
    rng = np.random.default_rng(seed)
    codes = [f"s{n}" for n in range(sources)] + [f"t{n}" for n in range(targets)]
    of = {code: f"f{number % families}" for number, code in enumerate(codes)}
    centres = rng.normal(size=(families, 2))
    own = rng.normal(size=(families, 2))
    return World(
        tuple(codes[:sources]), tuple(codes[sources:]), of,
        {code: centres[int(of[code][1:])] + rng.normal(size=2) for code in codes},
        {code: own[int(of[code][1:])] + rng.normal(size=2) for code in codes})


def made_rows(
    world: World, *, effect: float = 0.0, per_octave: float = 0.0, clash: float = 0.0,
    sd: float = 1.0, sizes: Sequence[float] = (1e5, 4e5), seeds: int = 2, seed: int = 0,
) -> list[Measurement]:
    """Return scores; `effect` and `per_octave` in points per whole unit of distance."""
    rng = np.random.default_rng(seed)
    octaves = np.log2(np.array(sizes)) - np.log2(np.array(sizes)).mean()
    of_source = {code: rng.normal(0, 4) for code in world.sources}
    of_target = {code: rng.normal(0, 8) for code in world.targets}
    found = []
    for size, octave in zip(sizes, octaves, strict=True):
        for block in range(seeds):
            control = {code: 40 + of_target[code] + rng.normal() for code in world.targets}
            found += [Measurement(
                source=source, target=target, parameters=size, seed=block,
                control=control[target],
                score=20 + 0.6 * control[target] + of_source[source] + 2 * octave
                + (effect + per_octave * octave) * world.distance(source, target)
                + clash * world.clash(source, target) + sd * rng.normal())
                for source in world.sources for target in world.targets]
    return found
