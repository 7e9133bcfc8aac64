"""Splits: entities that share a name's stem stay together, the same in every language."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations

from babel.core import get_global

from spaces.data_sources import Split
from spaces.lab_tasks import ENTITY_KINDS
from trainables.lab.cldr import kind_of, raw_names

__all__ = ["group_of", "split_of"]

_SHARES: dict[Split, float] = {"train": 0.6, "validation": 0.2, "test": 0.2}
_STEM = 4  # letters
_WORD = re.compile(rf"[^\W\d_]{{{_STEM},}}")
# Stems of words that describe rather than name ("south", "island"): they join nothing.
_DESCRIPTIONS = frozenset(
    {
        "afri", "amer", "anti", "arab", "asia", "cent", "clas", "colo", "coun", "doll", "east",
        "euro", "fran", "gold", "high", "isla", "isle", "king", "land", "lang", "lowe", "mark",
        "midd", "mini", "mode", "nort", "ocea", "paci", "plai", "real", "repu", "rial", "roya",
        "sain", "sign", "sout", "stan", "stat", "terr", "time", "unit", "uppe", "west"
    }
)
# A stem within one kind only, in more names than this, is the kind's own word ("peso").
_KIND_WORD = 3


@lru_cache(maxsize=1)
def group_of() -> dict[str, str]:
    """Return entity -> the name of its group, its first member.

    Joined are: entities whose English names share a stem of four letters, or of which one is part
    of the other ("south africa" of "south africa time"), a currency and the territory whose code
    it begins with, a territory and its official language (by the CLDR's
    likely subtags). So DE, de and DEM are one group.
    """
    names = raw_names("en")
    parent = {entity: entity for entity in names}

    def root(entity: str) -> str:
        while parent[entity] != entity:
            parent[entity] = parent[parent[entity]]
            entity = parent[entity]
        return entity

    for first, second in (*_shared_stems(names), *_contained(names), *_related_codes(names)):
        low, high = sorted((root(first), root(second)))
        parent[high] = low
    return {entity: root(entity) for entity in names}


@lru_cache(maxsize=1)
def split_of() -> dict[str, Split]:
    """Return entity -> split. Groups are dealt whole, so that each kind nears 60/20/20."""
    members = defaultdict(list)
    for entity, group in group_of().items():
        members[group].append(entity)
    held = {split: dict.fromkeys(ENTITY_KINDS, 0) for split in _SHARES}
    splits: dict[str, Split] = {}
    for group in sorted(members, key=lambda name: hashlib.sha256(name.encode()).digest()):
        kinds = [kind_of(entity) for entity in members[group]]
        split = min(_SHARES, key=lambda name: sum(
            held[name][kind] / _SHARES[name] for kind in kinds))
        for entity, kind in zip(members[group], kinds, strict=True):
            splits[entity] = split
            held[split][kind] += 1
    return splits


def _shared_stems(names: dict[str, str]) -> Iterator[tuple[str, str]]:
    holders: defaultdict[str, list[str]] = defaultdict(list)
    for entity in sorted(names):
        for stem in stems(names[entity]):
            holders[stem].append(entity)
    for stem, entities in holders.items():
        is_kind_word = len({kind_of(entity) for entity in entities}) == 1
        if stem not in _DESCRIPTIONS and not (is_kind_word and len(entities) > _KIND_WORD):
            yield from _chain(entities)


def _contained(names: dict[str, str]) -> Iterator[tuple[str, str]]:
    holders = {name: entity for entity, name in names.items()}
    for entity, name in names.items():
        words = name.split()
        for first, last in combinations(range(len(words) + 1), 2):
            part = " ".join(words[first:last])
            if holders.get(part, entity) != entity:
                yield entity, holders[part]


def _related_codes(names: dict[str, str]) -> Iterator[tuple[str, str]]:
    likely, spoken = get_global("likely_subtags"), get_global("territory_languages")
    for entity in names:
        kind, _, code = entity.partition(":")
        territory = None
        if kind == "currency":
            territory = code[:2]
        elif kind == "language" and code in likely:
            candidate = likely[code].rsplit("_", 1)[-1]
            status = spoken.get(candidate, {}).get(code, {}).get("official_status")
            territory = candidate if status == "official" else None
        if f"territory:{territory}" in names:
            yield entity, f"territory:{territory}"


def stems(name: str) -> set[str]:
    """Return the first four letters, accents removed, of each word that has as many."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", name)
                    if not unicodedata.combining(char))
    return {word[:_STEM] for word in _WORD.findall(plain)}


def _chain(entities: Sequence[str]) -> Iterator[tuple[str, str]]:
    return zip(entities, entities[1:], strict=False)
