"""Versions: of Python, stiltune and the libraries that decide what a search computes."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Final

__all__ = ["CHECKOUT", "difference", "versions"]

CHECKOUT: Final = "a checkout"
"""stiltune's version where it runs without being installed."""

_LIBRARIES: Final = ("stiltune", "ray", "optuna", "mlflow", "torch", "transformers", "babel")


def versions() -> dict[str, str]:
    """Return the version of Python and of each library, by name."""
    return {"python": platform.python_version(), **{name: _version(name) for name in _LIBRARIES}}


def difference(here: Mapping[str, str], there: Mapping[str, str]) -> str | None:
    """Return in what a machine and a cluster differ so that a submitted search would break.

    Python by its minor version, for what one pickles another cannot read; Ray and stiltune whole.
    A checkout has no version to compare: its code is sent along.
    """
    for name in ("python", "ray", "stiltune"):
        first, second = here[name], there.get(name, "none")
        told = [each.split(".")[:2 if name == "python" else None] for each in (first, second)]
        if CHECKOUT not in (first, second) and told[0] != told[1]:
            return f"{name} {first} here and {second} there"
    return None


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return CHECKOUT if library == "stiltune" else "none"
