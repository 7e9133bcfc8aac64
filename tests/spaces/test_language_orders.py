"""Language orders: permutations that stand still; language sets: nested."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from spaces.language_orders import LanguageOrder, LanguageSet, ordered
from spaces.languages import ENGLISH, language, languages
from spaces.typology import distance

LAB = [entry.code for entry in languages("lab")]
ORDERS = ["random:0", "random:17", "resource", "low-resource", "nearest", "farthest", "diverse"]
POOL = ["de", "en", "ja", "sw", "zh", "yo", "ru", "fi"]

pools = st.lists(st.sampled_from(LAB), unique=True, max_size=12)
some_order = st.sampled_from(ORDERS) | st.integers(0, 10**6).map("random:{}".format)


@given(some_order, pools)
def test_an_order_is_a_permutation_of_the_pool_without_english(order: str, pool: list[str]) -> None:
    assert sorted(ordered(order, pool)) == sorted(set(pool) - {ENGLISH})


@given(some_order, pools.flatmap(lambda pool: st.tuples(st.just(pool), st.permutations(pool))))
def test_an_order_does_not_depend_on_how_the_pool_is_sorted(
    order: str, both: tuple[list[str], list[str]]
) -> None:
    pool, shuffled = both
    assert ordered(order, pool) == ordered(order, shuffled)
    assert ordered(order, pool) == ordered(order, [*set(pool) - {ENGLISH}, ENGLISH])


@given(some_order.filter(lambda order: order != "diverse"), pools)
def test_places_do_not_depend_on_the_rest_of_the_pool(order: str, pool: list[str]) -> None:
    assert ordered(order, pool) == tuple(code for code in ordered(order, LAB) if code in pool)


@given(some_order, pools, st.booleans())
def test_sets_of_one_order_are_nested(order: str, pool: list[str], english: bool) -> None:
    size = len(set(pool) - {ENGLISH})
    sets = [
        LanguageSet(order=order, count=count, english=english).resolve(pool)
        for count in range(0 if english else 1, size + 1)
    ]
    for smaller, larger in pairwise(sets):
        assert larger[:-1] == smaller


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("random:0", "fi zh sw ru de yo ja"),
        ("random:1", "zh fi ru ja de sw yo"),
        ("resource", "ru ja de zh fi sw yo"),
        ("low-resource", "yo sw fi zh de ja ru"),
        ("nearest", "de ru fi zh yo ja sw"),
        ("farthest", "sw ja yo zh fi ru de"),
        ("diverse", "sw ja yo zh fi de ru"),
    ],
)
def test_orders_stand_still(order: str, expected: str) -> None:
    # The random rows are also what `printf '%s' <seed>:<code> | sha256sum` sorts to.
    assert " ".join(ordered(order, POOL)) == expected


def test_resource_orders_follow_the_pretraining_data() -> None:
    sizes = [language(code).cc100_gib or 0 for code in ordered("resource", LAB)]
    assert sizes == sorted(sizes, reverse=True)
    assert [language(code).cc100_gib or 0 for code in ordered("low-resource", LAB)] == sizes[::-1]


def test_ties_go_by_code() -> None:
    unseen = [e.code for e in languages("lab") if e.cc100_gib is None]
    assert ordered("low-resource", LAB)[: len(unseen)] == tuple(unseen)
    assert ordered("resource", LAB)[-len(unseen) :] == tuple(unseen)


def test_nearest_and_farthest_follow_the_distance_from_english() -> None:
    gaps = [distance(ENGLISH, code) for code in ordered("nearest", LAB)]
    assert gaps == sorted(gaps)
    assert [distance(ENGLISH, code) for code in ordered("farthest", LAB)] == gaps[::-1]


def test_diverse_takes_the_language_farthest_from_all_before_it() -> None:
    order = ordered("diverse", LAB)
    for place, code in enumerate(order):
        before = [ENGLISH, *order[:place]]
        gap = {c: min(distance(c, b) for b in before) for c in order[place:]}
        assert code == min(c for c in gap if gap[c] == max(gap.values()))


def test_seeds_give_different_orders() -> None:
    assert len({ordered(f"random:{seed}", LAB) for seed in range(50)}) == 50


def test_first_places_of_random_orders_are_spread_over_the_pool() -> None:
    first = [ordered(f"random:{seed}", POOL)[0] for seed in range(700)]
    assert all(60 <= first.count(code) <= 140 for code in set(POOL) - {ENGLISH})


@pytest.mark.parametrize(
    "order", ["nearset", "random", "random:", "random:-1", "random:01", "random:1\n", "Diverse", ""]
)
def test_an_unknown_order_is_refused(order: str) -> None:
    law = "`order` must be one of random:<seed>, resource, low-resource, nearest, farthest, diverse"
    with pytest.raises(ValueError, match=law):
        ordered(order, LAB)
    with pytest.raises(ValidationError, match=law):
        LanguageSet(order=order, count=1, english=True)


def test_every_kind_of_order_is_tested() -> None:
    # Of a listed order the pool must hold what is listed, which it need of no other.
    assert {order.split(":")[0] for order in ORDERS} == set(LanguageOrder) - {LanguageOrder.LISTED}


def test_a_listed_order_begins_with_what_it_lists_and_goes_on_by_code() -> None:
    assert ordered("listed:zh,fi", POOL) == ("zh", "fi", "de", "ja", "ru", "sw", "yo")
    chosen = LanguageSet(order="listed:zh,fi", count=2, english=False)
    assert chosen.resolve(POOL) == ("zh", "fi")


@pytest.mark.parametrize(("order", "law"), [
    ("listed:zh,ta", "must list languages of the pool, got 'ta'"),
    ("listed:zh,zh", "must list languages other than English, each once, got 'listed:zh,zh'"),
    ("listed:en,zh", "must list languages other than English, each once, got 'listed:en,zh'"),
    ("listed:", "`order` must be one of random:<seed>, "),
])
def test_a_faulty_list_is_refused(order: str, law: str) -> None:
    with pytest.raises(ValueError, match=law):
        ordered(order, POOL)


def test_a_faulty_pool_is_refused() -> None:
    with pytest.raises(ValueError, match="`pool` must hold each language once, got 'de' again"):
        ordered("nearest", ["de", "fr", "de"])
    with pytest.raises(ValueError, match="`language` must be a catalogued code, got 'xx'"):
        ordered("nearest", ["de", "xx"])


@pytest.mark.parametrize(
    ("count", "english", "expected"),
    [
        (0, True, "en"),
        (2, True, "en de ru"),
        (2, False, "de ru"),
        (7, True, "en de ru fi zh yo ja sw"),
    ],
)
def test_a_set_is_english_and_the_first_of_the_order(
    count: int, english: bool, expected: str
) -> None:
    chosen = LanguageSet(order="nearest", count=count, english=english)
    assert " ".join(chosen.resolve(POOL)) == expected
    assert LanguageSet.model_validate_json(chosen.model_dump_json()) == chosen


def test_a_set_larger_than_the_pool_or_empty_is_refused() -> None:
    with pytest.raises(ValueError, match="`count` must be at most the pool's 7 .*, got 8"):
        LanguageSet(order="nearest", count=8, english=True).resolve(POOL)
    with pytest.raises(ValueError, match="must hold a language, got count 0 without English"):
        LanguageSet(order="nearest", count=0, english=False).resolve(POOL)


@pytest.mark.parametrize(
    "fault", [{"count": -1}, {"count": 1.5}, {"count": True}, {"english": 1}, {"size": 3}]
)
def test_a_faulty_set_is_refused(fault: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        LanguageSet.model_validate({"order": "nearest", "count": 1, "english": True} | fault)
