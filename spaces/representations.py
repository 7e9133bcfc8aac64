"""Representations: which of an encoder's hidden states retrieval reads, and how it pools them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator

from spaces.value import Value

__all__ = ["Layers", "Pooling", "Poolings", "Representation", "representations_of"]

Pooling = Literal["mean", "cls"]
"""The mean over all of a text's tokens, or the state of its first one."""


class Representation(Value):
    """A hidden state (0 is the embeddings, None the last one) and how its tokens are pooled."""

    layer: int | None = None
    pooling: Pooling = "mean"

    @property
    def name(self) -> str:
        """The representation in words: "layer 14, mean"."""
        return f"{'last layer' if self.layer is None else f'layer {self.layer}'}, {self.pooling}"


def representations_of(
    layers: int | tuple[int, ...] | None, poolings: Pooling | tuple[Pooling, ...]
) -> tuple[Representation, ...]:
    """Return every layer with every pooling, in the order given, layers first."""
    return tuple(Representation(layer=layer, pooling=pooling)
                 for layer in (layers if isinstance(layers, tuple) else (layers,))
                 for pooling in (poolings if isinstance(poolings, tuple) else (poolings,)))


def _layers(given: Any) -> Any:
    if given is None or _is_layer(given):
        return given
    return _listed(given, "a whole number of at least 0", all_are=_is_layer)


def _poolings(given: Any) -> Any:
    if _is_pooling(given):
        return given
    return _listed(given, " or ".join(get_args(Pooling)), all_are=_is_pooling)


def _listed(given: Any, what: str, *, all_are: Callable[[Any], bool]) -> Any:
    """Return a list as a tuple, and of one item the item, which means the same."""
    if not isinstance(given, Sequence) or isinstance(given, str) or not all(map(all_are, given)):
        raise ValueError(f"must be {what} or a list of them, got {given!r}")
    if not given:
        raise ValueError("must have something to choose from, got an empty list")
    if len(set(given)) < len(given):
        raise ValueError(f"must list each item once, got {list(given)}")
    return given[0] if len(given) == 1 else tuple(given)


def _is_layer(given: Any) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and given >= 0


def _is_pooling(given: Any) -> bool:
    return isinstance(given, str) and given in get_args(Pooling)


# One value, or several of which a trial chooses; a list of one is that one.
Layers = Annotated[int | tuple[int, ...] | None, BeforeValidator(_layers)]
Poolings = Annotated[Pooling | tuple[Pooling, ...], BeforeValidator(_poolings)]
