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
    assert (weights <= 4 * even * 1_000_000 + 1).all()
    assert (weights >= even * 50_000 - 1).all()


def test_a_form_that_all_kinds_share_is_drawn_most() -> None:
    kinds = np.array([0, 0, 1, 1])
    forms = np.array([[5], [7], [5], [9]])
    weights = form_balanced(kinds, forms, np.array([4, 4, 4, 4]))
    assert weights.tolist() == [975_000, 25_000, 975_000, 25_000]


def test_a_list_has_different_things_of_one_kind_and_none_set_aside() -> None:
    items = [(kind, f"{number}:{kind}-{thing}", f"{number} {'x' * (thing + kind + 1)}")
             for kind in range(2) for thing in range(5) for number in (11, 13)]
    pool, draws = Pool(items, 2), Draws("test")
    kinds = np.arange(400) % 2
    aside = pool.draw(kinds, 1, draws)
    lists = pool.draw(kinds, 2, draws, taken=aside)
    things = np.array([[pool.documents[item].partition(":")[2] for item in row]
                       for row in np.concatenate([lists, aside], axis=1)])
    assert (pool.kinds[lists] == kinds[:, None]).all()
    assert all(len(set(row)) == 3 for row in things)
