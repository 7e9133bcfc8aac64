"""The catalogue of languages: the lab's, XTREME's and XTREME-R's, with what a study asks of them.

`languages.csv` holds one row per language. Where its columns come from:

- `code`: BCP-47, as the benchmarks write it (`zh`, `he`, `no`). CLDR keeps Tagalog under `fil`
  and Bokmaal under `no`; every other code names its CLDR locale too.
- `iso639_3`: the ISO 639-3 partner of that code, a macrolanguage where it is one (`ara`, `zho`,
  `swa`), because URIEL knows the macrolanguage's typology best. Tatoeba's names differ: see
  `tatoeba_code`.
- `script`: ISO 15924, the one CLDR holds likeliest; `family`: Glottolog's top-level family.
- `cc100_gib`: Conneau et al. 2020 (arXiv 1911.02116), table 6: what XLM-R was pretrained on. Two
  rows of one code are added up (both Chinese scripts, both Burmese encodings); romanised rows
  are left out.
- `lab`: two-letter languages for which CLDR (babel 2.18) names at least 200 territories, 120
  two-letter languages and 150 currencies, with fewer than half of the territory and language
  names equal to English; not constructed; Norwegian once. English is in.
- `xtreme`, `xtreme_r`: the language has data in at least one task of the benchmark.
"""

from __future__ import annotations

import csv
import difflib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import Field

from spaces.value import Value

__all__ = [
    "ENGLISH",
    "GROUPS",
    "HIGH_RESOURCE_GIB",
    "MEDIUM_RESOURCE_GIB",
    "Language",
    "ResourceClass",
    "language",
    "languages",
    "tatoeba_code",
    "udpos_name",
]

ENGLISH: Final = "en"
"""The source language of every target task."""

GROUPS: Final[Mapping[str, str]] = MappingProxyType(
    {"lab": "lab", "xtreme": "xtreme", "xtreme-r": "xtreme_r"}
)
"""The benchmarks whose languages are marked, each with its flag of `Language`."""

HIGH_RESOURCE_GIB: Final = 10.0
"""CC-100 size in GiB from which a language is high-resource."""

MEDIUM_RESOURCE_GIB: Final = 1.0
"""CC-100 size in GiB from which a language is medium-resource."""

_TATOEBA_CODES: Final[Mapping[str, str]] = MappingProxyType({"fa": "pes", "sw": "swh", "zh": "cmn"})


class ResourceClass(StrEnum):
    """How much of a language XLM-R was pretrained on."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    UNSEEN = "unseen"


class Language(Value):
    """One language; `cc100_gib` is its CC-100 size in GiB, None where CC-100 lacks it.

    `name` is English, spelt as UD-POS in XTREME and TyDiQA spell it.
    """

    code: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
    iso639_3: Annotated[str, Field(pattern=r"^[a-z]{3}$")]
    name: Annotated[str, Field(min_length=1)]
    script: Annotated[str, Field(pattern=r"^[A-Z][a-z]{3}$")]
    family: Annotated[str, Field(min_length=1)]
    cc100_gib: Annotated[float, Field(gt=0)] | None
    lab: bool
    xtreme: bool
    xtreme_r: bool

    @property
    def resource_class(self) -> ResourceClass:
        """The class by `cc100_gib`; a language without any is unseen."""
        if self.cc100_gib is None:
            return ResourceClass.UNSEEN
        if self.cc100_gib >= HIGH_RESOURCE_GIB:
            return ResourceClass.HIGH
        if self.cc100_gib >= MEDIUM_RESOURCE_GIB:
            return ResourceClass.MEDIUM
        return ResourceClass.LOW


def language(code: str) -> Language:
    """Return the catalogued language of a BCP-47 code.

    Raises:
        ValueError: if the code is not catalogued; the message offers the nearest one.
    """
    catalogue = _catalogue()
    if code not in catalogue:
        near = difflib.get_close_matches(code, catalogue, n=1)
        hint = f"; nearest: {near[0]!r}" if near else ""
        raise ValueError(f"`language` must be a catalogued code, got {code!r}{hint}")
    return catalogue[code]


def languages(group: str | None = None) -> tuple[Language, ...]:
    """Return the languages of a benchmark (a key of `GROUPS`), or all, sorted by code.

    Raises:
        ValueError: if `group` is not a key of `GROUPS`.
    """
    if group is None:
        return tuple(_catalogue().values())
    if group not in GROUPS:
        raise ValueError(f"`group` must be one of {', '.join(GROUPS)}, got {group!r}")
    return tuple(entry for entry in _catalogue().values() if getattr(entry, GROUPS[group]))


def tatoeba_code(code: str) -> str:
    """Return the ISO 639-3 code by which Tatoeba's files name a language: `cmn` for `zh`.

    Raises:
        ValueError: if the code is not catalogued.
    """
    return _TATOEBA_CODES.get(code) or language(code).iso639_3


def udpos_name(code: str) -> str:
    """Return the English name by which XTREME's UD-POS configs name a language.

    Raises:
        ValueError: if the code is not catalogued.
    """
    return language(code).name


@cache
def _catalogue() -> Mapping[str, Language]:
    with resources.files("spaces").joinpath("languages.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    entries = [
        Language.model_validate(row | {"cc100_gib": row["cc100_gib"] or None}) for row in rows
    ]
    return MappingProxyType({entry.code: entry for entry in sorted(entries, key=lambda e: e.code)})
