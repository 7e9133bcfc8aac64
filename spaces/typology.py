"""URIEL distances between catalogued languages (Littell et al. 2017; the data of `urielplus`).

The tables inside the `urielplus` wheel are read directly: its class copies files into
site-packages when constructed and its module sets up the root logger when imported. The
distances are those of `URIELPlus.new_distance` (union over sources, angular, over the features
known for both languages), except where that rests on too little: see `distance`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spaces.languages import language, languages

__all__ = ["MIN_SHARED_FEATURES", "DistanceKind", "distance"]

MIN_SHARED_FEATURES: Final = 20
"""The fewest features, known for both languages, that a distance rests on."""

_DECIMALS: Final = 4  # as URIEL+ rounds; it also makes orders independent of the platform


class DistanceKind(StrEnum):
    """What two languages are compared by; `featural` joins syntax, phonology and inventory."""

    SYNTACTIC = "syntactic"
    PHONOLOGICAL = "phonological"
    INVENTORY = "inventory"
    FEATURAL = "featural"
    GENETIC = "genetic"
    GEOGRAPHIC = "geographic"
    SCRIPT = "script"


# For each kind, the table it lies in and the prefix of its columns.
_TABLES: Final[Mapping[DistanceKind, tuple[str, str]]] = MappingProxyType(
    {
        DistanceKind.SYNTACTIC: ("features.npz", "S_"),
        DistanceKind.PHONOLOGICAL: ("features.npz", "P_"),
        DistanceKind.INVENTORY: ("features.npz", "INV_"),
        DistanceKind.FEATURAL: ("features.npz", ""),
        DistanceKind.GENETIC: ("family_features.npz", ""),
        DistanceKind.GEOGRAPHIC: ("geocoord_features.npz", ""),
        DistanceKind.SCRIPT: ("script_features.npz", ""),
    }
)


def distance(a: str, b: str, kind: str = DistanceKind.SYNTACTIC) -> float:
    """Return the URIEL distance of two languages: in [0, 1], symmetric, 0 to itself.

    Syntax is the default: it is known for nearly every language, whereas `featural` is more than
    half phoneme inventory, which text does not show and which a fifth of the languages lack.

    Fallback: where the two share fewer than `MIN_SHARED_FEATURES` known features, each unknown
    feature of either is taken from the catalogued language genetically nearest to it that has
    the feature (Slovak's from Czech), ties by code. Hence two languages may be at distance 0.

    Args:
        a: a catalogued BCP-47 code.
        b: a catalogued BCP-47 code.
        kind: a value of `DistanceKind`.

    Raises:
        ValueError: if a code is not catalogued or absent from URIEL, or the kind is unknown.
    """
    if kind not in list(DistanceKind):
        raise ValueError(f"`kind` must be one of {', '.join(DistanceKind)}, got {kind!r}")
    first, second = sorted((language(a).code, language(b).code))
    return 0.0 if first == second else _distance(first, second, DistanceKind(kind))


@cache
def _distance(first: str, second: str, kind: DistanceKind) -> float:
    u, v = _row(first, kind), _row(second, kind)
    if np.count_nonzero((u >= 0) & (v >= 0)) < MIN_SHARED_FEATURES:
        u, v = _completed(first, kind), _completed(second, kind)
    shared = (u >= 0) & (v >= 0)
    return _angle(u[shared], v[shared])


def _angle(u: NDArray[np.float64], v: NDArray[np.float64]) -> float:
    """Return the angle of two non-negative vectors in right angles; URIEL+ reads zeros as ones."""
    u, v = (w if w.any() else np.ones_like(w) for w in (u, v))
    cosine = float(u @ v) / float(np.sqrt((u @ u) * (v @ v)))
    return round(2 / np.pi * float(np.arccos(min(cosine, 1.0))), _DECIMALS)


@cache
def _completed(code: str, kind: DistanceKind) -> NDArray[np.float64]:
    def nearness(other: str) -> tuple[float, bool, str]:
        return distance(code, other, DistanceKind.GENETIC), other != code, other

    relatives = sorted((entry.code for entry in languages()), key=nearness)
    rows = np.stack([_row(relative, kind) for relative in relatives])
    known_first = np.argmax(rows >= 0, axis=0)
    completed: NDArray[np.float64] = rows[known_first, np.arange(rows.shape[1])]
    return completed


def _row(code: str, kind: DistanceKind) -> NDArray[np.float64]:
    rows = _rows(kind)
    if code not in rows:
        iso = language(code).iso639_3
        raise ValueError(f"`language` must be in URIEL, got {code!r} (ISO 639-3 {iso!r})")
    return rows[code]


@cache
def _rows(kind: DistanceKind) -> Mapping[str, NDArray[np.float64]]:
    """Return each catalogued language's features: 0 to 1, -1 where no source knows."""
    table, prefix = _TABLES[kind]
    source = resources.files("urielplus").joinpath("database", "original_uriel", table)
    with resources.as_file(source) as path, np.load(path) as archive:
        columns = np.char.startswith(archive["feats"], prefix)
        row_of = {str(iso): row for row, iso in enumerate(archive["langs"])}
        found = {e.code: row_of[e.iso639_3] for e in languages() if e.iso639_3 in row_of}
        values = archive["data"][list(found.values())].max(axis=2)[:, columns].astype(np.float64)
    return dict(zip(found, values, strict=True))
