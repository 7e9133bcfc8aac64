"""The README of a hub repository: its YAML says which files a split has and names the labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from trainables.rows import DataError

__all__ = ["Readme", "read_readme"]


@dataclass(frozen=True)
class Readme:
    """What a README declares.

    `files`: config -> split -> glob patterns of its files. `class_names`: config -> column ->
    names of its integer labels, in order.
    """

    files: Mapping[str, Mapping[str, tuple[str, ...]]]
    class_names: Mapping[str, Mapping[str, tuple[str, ...]]]


def read_readme(root: Path) -> Readme:
    """Return what `root/README.md` declares; nothing where there is none.

    Raises:
        DataError: if its front matter is not the YAML that the hub defines.
    """
    path = root / "README.md"
    try:
        stamp = path.stat()
    except FileNotFoundError:
        return Readme(files={}, class_names={})
    except OSError as error:
        raise DataError(f"a README must be readable: {error.strerror} ({path})") from error
    return _parsed(path, stamp.st_size, stamp.st_mtime_ns)


@lru_cache(maxsize=64)
def _parsed(path: Path, size: int, changed: int) -> Readme:
    """Parse once for as long as the file stays as it is."""
    try:
        header = _front_matter(path.read_text(encoding="utf-8"))
        return Readme(
            files={entry["config_name"]: _patterns(entry.get("data_files"))
                   for entry in _entries(header.get("configs"))},
            class_names={entry.get("config_name", "default"): _class_names(entry.get("features"))
                         for entry in _entries(header.get("dataset_info"))},
        )
    except (OSError, UnicodeDecodeError, yaml.YAMLError, LookupError, TypeError, AttributeError,
            ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise DataError("a README's front matter must be the hub's YAML, got "
                        f"{reason} ({path})") from error


def _front_matter(text: str) -> Mapping[str, Any]:
    if not text.startswith("---"):
        return {}
    # The C parser: XTREME's header has 3,000 lines.
    header = yaml.load(text.split("\n---", 1)[0][3:], Loader=getattr(yaml, "CSafeLoader",
                                                                     yaml.SafeLoader))
    return header or {}


def _entries(given: Any) -> list[Mapping[str, Any]]:
    if given is None:
        return []
    return [given] if isinstance(given, Mapping) else list(given)


def _patterns(data_files: Any) -> dict[str, tuple[str, ...]]:
    """Return split -> patterns; files that are given no split are the train split."""
    entries = [data_files] if isinstance(data_files, str) else data_files or []
    found: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        split, path = ("train", entry) if isinstance(entry, str) else (entry["split"],
                                                                       entry["path"])
        for pattern in [path] if isinstance(path, str) else path:
            if not pattern or Path(pattern).is_absolute() or ".." in Path(pattern).parts:
                raise ValueError(f"the path {pattern!r} of split {split}")
            found[split] = (*found.get(split, ()), pattern)
    return found


def _class_names(features: Any) -> dict[str, tuple[str, ...]]:
    found = {entry["name"]: _names_in(entry) for entry in _entries(features)}
    return {column: names for column, names in found.items() if names}


def _names_in(feature: Any) -> tuple[str, ...]:
    """Return the names of the first `class_label` within a feature, in the order of the labels."""
    if not isinstance(feature, Mapping):
        return ()
    if "class_label" in feature:
        names = feature["class_label"]["names"]
        if isinstance(names, Mapping):
            keys = sorted(names, key=int)
            if [int(key) for key in keys] != list(range(len(keys))):
                raise ValueError(f"labels numbered {', '.join(map(str, keys))}")
            return tuple(str(names[key]) for key in keys)
        return tuple(str(name) for name in names)
    return next(filter(None, map(_names_in, feature.values())), ())
