"""Nested language orders, and the language sets cut from them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from typing import Annotated, Final

from pydantic import Field, field_validator

from spaces.languages import ENGLISH, language
from spaces.typology import distance
from spaces.value import Value

__all__ = ["LanguageOrder", "LanguageSet", "ordered"]

_RANDOM_ORDER: Final = re.compile(r"random:(0|[1-9][0-9]*)")
_LISTED_ORDER: Final = re.compile(r"listed:([A-Za-z-]+(?:,[A-Za-z-]+)*)")


class LanguageOrder(StrEnum):
    """What an order sorts by.

    `random` is written with its seed, as in `random:3`, `listed` with its codes, as in
    `listed:nl,de`.
    """

    RANDOM = "random"
    LISTED = "listed"
    RESOURCE = "resource"
    LOW_RESOURCE = "low-resource"
    NEAREST = "nearest"
    FARTHEST = "farthest"
    DIVERSE = "diverse"


class LanguageSet(Value):
    """The languages of intermediate training: the first `count` of an order, English in or out.

    `count` counts the non-English languages. Sets of one order and one pool are nested.
    """

    order: str
    count: Annotated[int, Field(ge=0, strict=True)]
    english: Annotated[bool, Field(strict=True)]

    @field_validator("order")
    @classmethod
    def _order_is_known(cls, order: str) -> str:
        _parse(order)
        return order

    def resolve(self, pool: Sequence[str]) -> tuple[str, ...]:
        """Return the set's codes: English first if it is in, then the first `count` of the order.

        Args:
            pool: the codes the set may draw from; English in it neither helps nor harms.

        Raises:
            ValueError: if the set is empty, or the pool has fewer than `count` languages besides
                English, or is itself at fault (see `ordered`).
        """
        codes = ordered(self.order, pool)
        if self.count > len(codes):
            raise ValueError(
                f"`count` must be at most the pool's {len(codes)} non-English languages, "
                f"got {self.count}"
            )
        if not (self.count or self.english):
            raise ValueError("a language set must hold a language, got count 0 without English")
        return ((ENGLISH,) if self.english else ()) + codes[: self.count]


def ordered(order: str, pool: Sequence[str]) -> tuple[str, ...]:
    """Return the pool without English, sorted by the order; ties, where it has any, by code.

    - `random:<seed>`: shuffled by a hash of seed and code, the same on every machine;
    - `listed:<code>,<code>`: these first, as they are listed, the others after them by code;
    - `resource`, `low-resource`: most, or least, pretraining data first (`cc100_gib`; none is 0);
    - `nearest`, `farthest`: by syntactic URIEL distance from English;
    - `diverse`: each next language is the one whose least distance to English and to all before
      it is greatest.

    The result does not depend on how the pool is sorted. In every order but `diverse`, what two
    languages' places are to each other does not depend on the rest of the pool either.

    Raises:
        ValueError: if the order is none of these, lists a language that the pool lacks, or the
            pool holds a language twice or one that is not catalogued.
    """
    kind, seed = _parse(order)
    repeated = [code for code, times in Counter(pool).items() if times > 1]
    if repeated:
        raise ValueError(f"`pool` must hold each language once, got {min(repeated)!r} again")
    codes = sorted(language(code).code for code in pool)
    if kind is LanguageOrder.LISTED and (lacking := set(seed.split(",")) - set(codes)):
        raise ValueError(f"a listed order must list languages of the pool, got {min(lacking)!r}")
    return _permutation(kind, seed, tuple(code for code in codes if code != ENGLISH))


def _parse(order: str) -> tuple[LanguageOrder, str]:
    """Return the kind of an order and its seed or its listed codes, "" for an order without."""
    if match := _RANDOM_ORDER.fullmatch(order):
        return LanguageOrder.RANDOM, match[1]
    if match := _LISTED_ORDER.fullmatch(order):
        codes = match[1].split(",")
        if ENGLISH in codes or len(set(codes)) < len(codes):
            raise ValueError("a listed order must list languages other than English, each once, "
                             f"got {order!r}")
        return LanguageOrder.LISTED, match[1]
    plain = [kind.value for kind in LanguageOrder
             if kind not in (LanguageOrder.RANDOM, LanguageOrder.LISTED)]
    if order not in plain:
        raise ValueError(f"`order` must be one of random:<seed>, {', '.join(plain)}, "
                         f"listed:<code>,<code>, got {order!r}")
    return LanguageOrder(order), ""


@cache
def _permutation(kind: LanguageOrder, seed: str, codes: tuple[str, ...]) -> tuple[str, ...]:
    if kind is LanguageOrder.DIVERSE:
        return _diverse(codes)
    return tuple(sorted(codes, key=lambda code: (_rank(kind, seed, code), code)))


def _rank(kind: LanguageOrder, seed: str, code: str) -> float:
    """Return what a language is sorted by, the smallest first."""
    match kind:
        case LanguageOrder.RESOURCE:
            return -(language(code).cc100_gib or 0.0)
        case LanguageOrder.LOW_RESOURCE:
            return language(code).cc100_gib or 0.0
        case LanguageOrder.NEAREST:
            return distance(ENGLISH, code)
        case LanguageOrder.FARTHEST:
            return -distance(ENGLISH, code)
        case LanguageOrder.LISTED:
            listed = seed.split(",")
            return listed.index(code) if code in listed else len(listed)
        case _:
            return int.from_bytes(hashlib.sha256(f"{seed}:{code}".encode()).digest()[:8])


def _diverse(codes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the greedy max-min order; of equally far languages the first by code comes first."""
    gaps = {code: distance(ENGLISH, code) for code in codes}
    chosen: list[str] = []
    while gaps:
        farthest = max(gaps, key=gaps.__getitem__)
        chosen.append(farthest)
        del gaps[farthest]
        gaps = {code: min(gap, distance(farthest, code)) for code, gap in gaps.items()}
    return tuple(chosen)
