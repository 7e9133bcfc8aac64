"""Balance: how often items are to be drawn, so that their forms do not give their kinds away."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Ints", "form_balanced"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_UNIT = 1_000_000  # of weights
# How often a cell is drawn, of how often it would be by chance alone: every thing stays in play.
_LEAST, _MOST = 0.04, 6.0


def form_balanced(kinds: Ints, forms: Ints, things: Ints) -> Ints:
    """Return how often to draw from each cell, so that forms tell as little as can be of kinds.

    A cell is what is written alike among the items of one kind. Kinds being equally frequent, the
    best reader of forms is right in the sum over forms of the largest share that a kind has
    there, of as many cases as there are kinds; the weights make that sum least, by a linear
    programme. A cell is drawn a twenty-fifth to six times as often as it would be by chance.

    Args:
        kinds: the kind of each cell, from 0 without gaps. Shape [cells].
        forms: how its items are written. Shape [cells, features].
        things: how many different things its items are of. Shape [cells].

    Returns:
        Integer weights, whose sum is nearly the same in every kind. Shape [cells].
    """
    found, form = np.unique(forms, axis=0, return_inverse=True)
    even = things / np.bincount(kinds, weights=things)[kinds]
    limits = np.stack([_LEAST * even, np.minimum(_MOST * even, 1.0)], axis=1)
    shares = _least_telling(kinds, form.ravel(), len(found), limits)
    return np.asarray(np.round(shares * _UNIT).astype(np.int64))


def _least_telling(kind: Ints, form: Ints, forms: int, limits: Floats) -> Floats:
    """Return each cell's share of its kind. Variables: these, and the maximum at each form."""
    # Half a second of imports, which who finds rows made does without.
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    cells, kinds = len(kind), int(kind.max()) + 1
    own, one, maxima = np.arange(cells), np.ones(cells), np.arange(kinds * forms)
    below_maximum = coo_array(
        (np.concatenate([one, -np.ones(kinds * forms)]),
         (np.concatenate([kind * forms + form, maxima]),
          np.concatenate([own, cells + maxima % forms]))), shape=(kinds * forms, cells + forms))
    of_kind = coo_array((one, (kind, own)), shape=(kinds, cells + forms))
    found = linprog(
        np.concatenate([np.zeros(cells), np.ones(forms)]),
        A_ub=below_maximum.tocsr(), b_ub=np.zeros(kinds * forms),
        A_eq=of_kind.tocsr(), b_eq=np.ones(kinds),
        bounds=np.concatenate([limits, np.tile([0.0, 1.0], (forms, 1))]), method="highs")
    return np.asarray(found.x[:cells])
