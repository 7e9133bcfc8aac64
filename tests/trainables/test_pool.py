"""The pool: one order, one fingerprint; rows of ranking name candidates of theirs."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spaces.tasks import Kind
from tests.trainables.tiny import POOL, rows, task
from trainables.pool import Candidate, Pool
from trainables.rows import DataError

CANDIDATES = [Candidate("b", "two", "x two"), Candidate("a", "one", "one y"),
              Candidate("c", "one", "one y")]


@given(order=st.permutations(CANDIDATES))
def test_candidates_lie_in_the_order_of_their_ids(order: list[Candidate]) -> None:
    pool = Pool.of(order)
    assert pool.ids == ("a", "b", "c")
    assert pool.places == {"a": 0, "b": 1, "c": 2}
    assert pool.table.to_pylist()[1] == {"id": "b", "text": "two", "text_pair": "x two"}
    assert pool.fingerprint == Pool.of(CANDIDATES).fingerprint


@pytest.mark.parametrize("other", [
    Candidate("d", "one", "one y"), Candidate("c", "on", "one y"), Candidate("c", "one", "one"),
])
def test_any_other_candidate_is_another_pool(other: Candidate) -> None:
    assert Pool.of([*CANDIDATES[:2], other]).fingerprint != Pool.of(CANDIDATES).fingerprint


def test_no_candidates_and_two_of_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one candidate, got none"):
        Pool.of([])
    with pytest.raises(ValueError, match="different ids"):
        Pool.of([*CANDIDATES, Candidate("a", "another", "one")])


def test_rows_have_a_pool_exactly_for_ranking() -> None:
    ranking, other = rows(task(Kind.RANKING)), rows(task(Kind.RETRIEVAL))
    with pytest.raises(DataError, match=r"exactly for ranking, got none \(tiny-ranking en train"):
        replace(ranking, pool=None)
    with pytest.raises(DataError, match=r"exactly for ranking, got 200 \(tiny-retrieval en train"):
        replace(other, pool=POOL)


@pytest.mark.parametrize(("relevant", "said"), [(["c1", "d7"], "d7"), ([], "none")])
def test_relevant_candidates_are_of_the_pool(relevant: list[str], said: str) -> None:
    ranking = rows(task(Kind.RANKING), count=2)
    table = ranking.table.set_column(3, "relevant", pa.array([["c1"], relevant]))
    with pytest.raises(DataError, match=rf"must name candidates of the pool, got {said} \(.*r1"):
        ranking.taken(table, "other")
