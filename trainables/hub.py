"""Hub repositories of data: where the Parquet files of a config and split lie.

A repository is read from a clone: one in an offline mirror (`mirror/<org>/<name>`), or the
snapshot that huggingface_hub keeps under HF_HOME. `README.md` says which files belong to which
config and split; without it they lie at `<config>/<split>-00000-of-00001.parquet`, under `data/`
for the config `default`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path

from spaces.data_sources import HubSource
from trainables.mirror import check_pin, fetched_commits
from trainables.parquet_files import SplitFiles, readable
from trainables.readme import read_readme
from trainables.rows import AbsentError, DataError

__all__ = ["CONVERTED", "find_files"]

CONVERTED = "refs/convert/parquet"
"""Where the hub keeps the files of the repositories that hold no Parquet, converted by it."""

_SHARD = re.compile(r"-(\d+)-of-(\d+)\.parquet$")

def find_files(
    source: HubSource, config: str, split: str, mirror: Path | None = None
) -> SplitFiles:
    """Return the Parquet files of a config and split (the repository's names), in order.

    There are none where the repository has no such config or split.

    Args:
        source: the repository and its revision.
        config: the repository's name of the config.
        split: the repository's name of the split.
        mirror: the directory of an offline mirror; None for the hub.

    Raises:
        DataError: if the mirror, the repository or one of its shards cannot be had, or the mirror
            has another commit than is pinned.
    """
    if mirror is not None:
        with readable(mirror):
            if not mirror.is_dir():
                raise DataError("`hub` must be a directory of clones of hub repositories, "
                                f"got {mirror}")
            names = (source.repository, *source.copies)
            present = [name for name in names if (mirror / name).is_dir()]
            if not present:
                raise AbsentError("`hub` must hold each repository as a directory, got no "
                                  f"{' and no '.join(names)} ({mirror})")
        check_pin(mirror / present[0], source.revision)
        return _find_in(mirror / present[0], config, split)
    root = _snapshot(source.repository, source.revision, ("README.md",))
    patterns = tuple(chain.from_iterable(_patterns(root, config, split)))
    found = _find_in(_snapshot(source.repository, root.name, patterns), config, split)
    if found.files or config in read_readme(root).files:
        return found
    converted = _snapshot(source.repository, CONVERTED, tuple(_usual_patterns(config, split)))
    return _find_in(converted, config, split)


def _find_in(root: Path, config: str, split: str) -> SplitFiles:
    """Return the files of the first group of patterns that has any."""
    for group in _patterns(root, config, split):
        files = tuple(sorted({file for pattern in group for file in _matches(root, pattern)}))
        for file in files:
            if file.suffix != ".parquet":
                raise DataError(f"a split's files must be Parquet, got {file}")
        if files:
            _check_shards(files)
            return SplitFiles(root=root, config=config, files=files)
    if promised := read_readme(root).files.get(config, {}).get(split, ()):
        # Else the split would pass for one that does not exist, and another be scored for it.
        lacks = (f"a split that README.md lists must be there, got no file {', '.join(promised)} "
                 f"for {split} of config {config}")
        if fetched_commits(root):
            raise AbsentError(f"{lacks}; `stiltune fetch` brings what a study reads ({root})")
        raise DataError(f"{lacks} ({root})")
    return SplitFiles(root=root, config=config, files=())


def _matches(root: Path, pattern: str) -> list[Path]:
    with readable(root):
        try:
            return list(root.glob(pattern))
        except (ValueError, NotImplementedError) as error:
            raise DataError(f"a README's paths must be patterns of file names, got {pattern!r}: "
                            f"{error} ({root / 'README.md'})") from error


def _patterns(root: Path, config: str, split: str) -> Iterator[tuple[str, ...]]:
    """Yield groups of glob patterns to try, those that the repository declares first."""
    yield read_readme(root).files.get(config, {}).get(split, ())
    for pattern in _usual_patterns(config, split):
        yield (pattern,)


def _usual_patterns(config: str, split: str) -> Iterator[str]:
    folder = "data" if config == "default" else config
    yield f"{folder}/{split}-*-of-*.parquet"
    yield f"{folder}/{split}.parquet"
    yield f"{config}/{split}/*.parquet"  # as on the hub's branch of converted repositories


def _check_shards(files: Sequence[Path]) -> None:
    numbers = [match.groups() for file in files if (match := _SHARD.search(file.name))]
    totals = {int(total) for _, total in numbers}
    if len(totals) > 1:
        raise DataError("a split must be one set of shards, got shards of "
                        f"{' and of '.join(map(str, sorted(totals)))} ({files[0].parent})")
    if numbers and len(numbers) < len(files):
        other = next(file for file in files if not _SHARD.search(file.name))
        raise DataError("a split must be one set of shards, got another file beside them "
                        f"({other})")
    present = {int(number) for number, _ in numbers}
    if present and (len(present) < len(files) or max(present) >= max(totals)):
        raise DataError(f"a split of {max(totals)} shards must have each of them once, numbered "
                        f"from 0, got {', '.join(file.name for file in files)} "
                        f"({files[0].parent})")
    missing = sorted(set(range(max(totals, default=0))) - present)
    if missing:
        raise DataError(f"a split must have all of its {max(totals)} shards, got none numbered "
                        f"{missing[0]:05d} beside {files[0]}")


@lru_cache(maxsize=1024)
def _snapshot(repository: str, revision: str | None, patterns: tuple[str, ...]) -> Path:
    """Return huggingface_hub's clone with at least the files of `patterns`.

    Its name is the commit. HF_HOME and HF_HUB_OFFLINE are huggingface_hub's to heed.
    """
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(repository, repo_type="dataset", revision=revision,
                                      allow_patterns=list(patterns)))
    except Exception as error:  # the HTTP client's own exceptions pass through, any of them
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"a repository must be on the hub, in its cache, or in a mirror given by "
                        f"`hub`: {reason} ({repository})") from error
