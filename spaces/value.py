"""The base of every value in stiltune: frozen, closed to unknown keys, finite, with a digest."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

__all__ = ["Shares", "Value", "digest_of"]


class Value(BaseModel):
    """A frozen, validated value; unknown keys, NaN and infinities cannot enter it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def digest(self) -> str:
        """Return 16 hexadecimal digits that change whenever any field changes."""
        return digest_of(self.model_dump(mode="json"))


def digest_of(data: Any) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of `data` as canonical JSON.

    Raises:
        ValueError: if `data` holds NaN or an infinity.
    """
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _sorted_pairs(given: Any) -> Any:
    return tuple(sorted(given.items())) if isinstance(given, dict) else given


# A mapping name -> number that is truly immutable: sorted pairs inside, a plain dict in JSON.
Shares = Annotated[
    tuple[tuple[str, Annotated[float, Field(strict=True)]], ...],
    BeforeValidator(_sorted_pairs), PlainSerializer(dict),
]
