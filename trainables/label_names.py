"""Label names: what a file's own metadata and its README call the integers of a label column."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from trainables.rows import DataError

__all__ = ["label_names"]


def label_names(
    file: Path, schema: pa.Schema, declared: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Return column -> names of its integer labels, in their order, where any are stated.

    Args:
        file: the Parquet file, for messages.
        schema: its schema; the `datasets` library writes names into its metadata.
        declared: column -> names as the repository's README has them.

    Raises:
        DataError: if the file and the README disagree, or the metadata cannot be read.
    """
    stated = _stated(file, schema.metadata or {})
    both = {column: stated.get(column, declared.get(column, ())) for column in schema.names}
    for column, names in both.items():
        if names and names != declared.get(column, names):
            raise DataError(
                f"label names of `{column}` must agree between file and README.md, got "
                f"{', '.join(names)} and {', '.join(declared[column])} ({file})"
            )
    return {column: names for column, names in both.items() if names}


def _stated(file: Path, metadata: Mapping[bytes, bytes]) -> dict[str, tuple[str, ...]]:
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}")).get("info", {})["features"]
        return {column: _names_in(feature) for column, feature in features.items()
                if _names_in(feature)}
    except KeyError:
        return {}
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise DataError("a file's `huggingface` metadata must be what the datasets library writes, "
                        f"got {error} ({file})") from error


def _names_in(feature: Any) -> tuple[str, ...]:
    """Return the names of the first ClassLabel within a feature, however deep a list it is in."""
    if isinstance(feature, list):
        return next(filter(None, map(_names_in, feature)), ())
    if not isinstance(feature, Mapping):
        return ()
    if feature.get("_type") == "ClassLabel":
        return tuple(map(str, feature.get("names") or ()))
    return next(filter(None, map(_names_in, feature.values())), ())
