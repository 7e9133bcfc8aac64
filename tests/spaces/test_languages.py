"""The catalogue against the benchmarks' own lists, against CLDR, and against its own laws."""

from __future__ import annotations

import csv
from importlib import resources

import babel
import pytest
from pydantic import ValidationError

from spaces.languages import (
    ENGLISH,
    GROUPS,
    Language,
    ResourceClass,
    language,
    languages,
    tatoeba_code,
    udpos_name,
)

# The 40 languages of XTREME's PAN-X, which are all of XTREME's (benchmarks.md A.2).
XTREME = (
    "af ar bg bn de el en es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr ms my nl pt ru sw "
    "ta te th tl tr ur vi yo zh"
)
# The union over XTREME-R's tasks (benchmarks.md B.1).
XTREME_R = (
    "af ar az bg bn de el en es et eu fa fi fr gu he hi ht hu id it ja jv ka kk ko lt ml mr ms my "
    "nl pa pl pt qu ro ru sw ta te th tl tr uk ur vi wo yo zh"
)
TATOEBA = (
    "af:afr ar:ara bg:bul bn:ben de:deu el:ell es:spa et:est eu:eus fa:pes fi:fin fr:fra he:heb "
    "hi:hin hu:hun id:ind it:ita ja:jpn jv:jav ka:kat kk:kaz ko:kor ml:mal mr:mar nl:nld pt:por "
    "ru:rus sw:swh ta:tam te:tel th:tha tl:tgl tr:tur ur:urd vi:vie zh:cmn"
)
UDPOS = (
    "af:Afrikaans ar:Arabic bg:Bulgarian de:German el:Greek en:English es:Spanish et:Estonian "
    "eu:Basque fa:Persian fi:Finnish fr:French he:Hebrew hi:Hindi hu:Hungarian id:Indonesian "
    "it:Italian ja:Japanese kk:Kazakh ko:Korean mr:Marathi nl:Dutch pt:Portuguese ru:Russian "
    "ta:Tamil te:Telugu th:Thai tl:Tagalog tr:Turkish ur:Urdu vi:Vietnamese yo:Yoruba zh:Chinese"
)
TYDIQA = "Arabic Bengali English Finnish Indonesian Korean Russian Swahili Telugu"


def codes(group: str | None = None) -> list[str]:
    return [entry.code for entry in languages(group)]


def test_xtreme_and_xtreme_r_are_complete() -> None:
    assert " ".join(codes("xtreme")) == XTREME
    assert " ".join(codes("xtreme-r")) == XTREME_R


def test_catalogue_is_the_union_of_its_groups_sorted_by_code() -> None:
    assert codes() == sorted({code for group in GROUPS for code in codes(group)})
    assert all(ENGLISH in codes(group) for group in GROUPS)


def test_every_row_is_one_language_and_no_identifier_repeats() -> None:
    text = resources.files("spaces").joinpath("languages.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert list(rows[0]) == list(Language.model_fields)
    assert [row["code"] for row in rows] == codes()
    for column in ("code", "iso639_3", "name"):
        assert len({row[column] for row in rows}) == len(rows)


def test_lab_languages_are_richly_localised_in_cldr() -> None:
    english = babel.Locale.parse(ENGLISH)
    territories = [code for code in map(str, english.territories) if len(code) == 2]
    two_letter = [code for code in map(str, english.languages) if len(code) == 2]
    assert len(codes("lab")) == 99
    for code in codes("lab"):
        locale = babel.Locale.parse(code)
        pairs = [
            (own[key], ours[key])
            for own, ours, keys in (
                (locale.territories, english.territories, territories),
                (locale.languages, english.languages, two_letter),
            )
            for key in keys
            if key in own
        ]
        assert locale.language == code
        assert sum(key in locale.territories for key in territories) >= 200, code
        assert sum(key in locale.languages for key in two_letter) >= 120, code
        assert len(locale.currencies) >= 150, code
        if code != ENGLISH:
            assert sum(own == our for own, our in pairs) < len(pairs) / 2, code


def test_scripts_are_cldrs_likeliest() -> None:
    likely = babel.core.get_global("likely_subtags")
    assert {e.code: e.script for e in languages()} == {
        code: likely[code].split("_")[1] for code in codes()
    }


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("en", ResourceClass.HIGH),
        ("ca", ResourceClass.HIGH),  # 10.1 GiB
        ("ka", ResourceClass.MEDIUM),  # 9.1 GiB
        ("ky", ResourceClass.MEDIUM),  # 1.2 GiB
        ("pa", ResourceClass.LOW),  # 0.8 GiB
        ("as", ResourceClass.LOW),  # 0.1 GiB, the least there is
    ],
)
def test_resource_class_follows_the_thresholds(code: str, expected: ResourceClass) -> None:
    assert language(code).resource_class is expected


@pytest.mark.parametrize(
    ("gib", "expected"), [(10.0, "high"), (9.99, "medium"), (1.0, "medium"), (0.99, "low")]
)
def test_thresholds_belong_to_the_higher_class(gib: float, expected: str) -> None:
    edge = Language.model_validate(language("de").model_dump() | {"cc100_gib": gib})
    assert edge.resource_class == expected


def test_xtreme_r_languages_unseen_by_xlm_r_are_the_four_known() -> None:
    unseen = [e.code for e in languages("xtreme-r") if e.resource_class == "unseen"]
    assert unseen == ["ht", "qu", "wo", "yo"]


@pytest.mark.parametrize("pair", TATOEBA.split())
def test_tatoeba_codes_are_those_of_the_hub(pair: str) -> None:
    code, expected = pair.split(":")
    assert tatoeba_code(code) == expected


@pytest.mark.parametrize("pair", UDPOS.split())
def test_udpos_names_are_those_of_the_hub(pair: str) -> None:
    code, expected = pair.split(":")
    assert udpos_name(code) == expected


def test_tydiqa_names_are_catalogued() -> None:
    assert set(TYDIQA.split()) <= {entry.name for entry in languages()}


def test_an_unknown_code_is_answered_with_the_nearest() -> None:
    law = "`language` must be a catalogued code, got 'sq2'; nearest: 'sq'"
    with pytest.raises(ValueError, match="^" + law + "$"):
        language("sq2")
    with pytest.raises(ValueError, match="got '#'$"):
        language("#")


def test_an_unknown_code_has_no_tatoeba_code_and_no_name() -> None:
    for name_of in (tatoeba_code, udpos_name):
        with pytest.raises(ValueError, match="must be a catalogued code, got 'xx'"):
            name_of("xx")


def test_an_unknown_group_is_refused() -> None:
    with pytest.raises(ValueError, match="must be one of lab, xtreme, xtreme-r, got 'xtreme_r'"):
        languages("xtreme_r")


def test_a_language_is_frozen_and_closed() -> None:
    with pytest.raises(ValidationError):
        language("de").code = "fr"
    with pytest.raises(ValidationError):
        Language.model_validate(language("de").model_dump() | {"speakers": 1})
