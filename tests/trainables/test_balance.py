"""What is drawn by form-balanced weights tells less of its kind by its form."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from trainables.lab.balance import form_balanced
from trainables.lab.draws import Draws, Pool

Array = npt.NDArray[np.int64]


def told(kinds: Array, forms: Array, weights: npt.NDArray[np.float64]) -> float:
    """How often the best reader of forms names the kind, kinds being equally frequent."""
    count = int(kinds.max()) + 1
    shares = weights / np.bincount(kinds, weights=weights)[kinds]
    cells: dict[tuple[int, ...], npt.NDArray[np.float64]] = {}
    for kind, form, share in zip(kinds, map(tuple, forms.tolist()), shares, strict=True):
        cells.setdefault(form, np.zeros(count))[kind] += share
    return sum(float(cell.max()) for cell in cells.values()) / count


CELLS = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 1)), min_size=1, max_size=8,
                 unique=True)


@given(st.lists(CELLS, min_size=2, max_size=4), st.data())
def test_weights_never_tell_more_than_chance_and_stay_spread(
    held: list[list[tuple[int, int]]], data: st.DataObject
) -> None:
    kinds = np.array([kind for kind, cells in enumerate(held) for _ in cells])
    forms = np.array([cell for cells in held for cell in cells])
    things = np.array(data.draw(st.lists(st.integers(1, 5), min_size=len(kinds),
                                         max_size=len(kinds))))
    weights = form_balanced(kinds, forms, things)
    assert told(kinds, forms, weights.astype(float)) <= told(
        kinds, forms, things.astype(float)) + 1e-4
    totals = np.bincount(kinds, weights=weights)
    assert np.allclose(totals, 1_000_000, atol=len(kinds))
    even = things / np.bincount(kinds, weights=things)[kinds]
    assert (weights <= 6 * even * 1_000_000 + 1).all()
    assert (weights >= even * 40_000 - 1).all()


def test_a_form_that_all_kinds_share_is_drawn_most() -> None:
    kinds = np.array([0, 0, 1, 1])
    forms = np.array([[5], [7], [5], [9]])
    weights = form_balanced(kinds, forms, np.array([4, 4, 4, 4]))
    assert weights.tolist() == [980_000, 20_000, 980_000, 20_000]


def pool_of(kinds: int, things: int) -> Pool:
    """Each thing with two numbers, each written in two ways."""
    return Pool([(kind, f"{number}:{kind}-{thing}", f"{number}{sign}{'x' * (thing + kind + 1)}")
                 for kind in range(kinds) for thing in range(things) for number in (11, 13)
                 for sign in (" ", "/")], kinds)


def test_a_list_has_items_of_one_kind_and_none_twice() -> None:
    pool, draws = pool_of(2, 5), Draws("test")
    kinds = np.arange(400) % 2
    lists = pool.draw(kinds, 3, draws)
    assert (pool.kinds[lists] == kinds[:, None]).all()
    assert all(len({pool.documents[item] for item in row}) == 3 for row in lists)


def test_what_is_asked_with_is_of_another_thing_whatever_the_kind() -> None:
    pool = pool_of(3, 6)
    kinds = np.tile([[0, 1], [1, 2], [2, 0]], (60, 1))
    held, asked = pool.crossed(kinds, 2, Draws("test"))
    assert (pool.kinds[held] == kinds).all()
    assert (pool.kinds[asked] == kinds[..., None]).all()
    for one, others in zip(held.reshape(-1), asked.reshape(-1, 2), strict=True):
        things = {pool.documents[item].partition(":")[2] for item in (one, *others)}
        assert len(things) == 3


def test_an_asked_item_is_no_more_like_a_held_one_of_another_kind_than_of_its_own() -> None:
    """One number and one sign, so that within a kind the same length is the same thing."""
    pool = Pool([(kind, f"7:{kind}-{thing}", "x" * (thing + 1))
                 for kind in range(3) for thing in range(6)], 3)
    kinds = np.tile([[0, 1], [1, 2], [2, 0]], (400, 1))
    held, asked = pool.crossed(kinds, 1, Draws("test"))
    lengths = np.array([len(text) for text in pool.texts])
    alike = lengths[held][:, :, None] == lengths[asked[..., 0]][:, None, :]
    assert not alike.any()  # in its own kind it would be the held thing itself
