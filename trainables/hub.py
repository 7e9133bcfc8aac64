"""Hub repositories of data: where the Parquet files of a config and split lie, and what they hold.

A repository is read from a clone: one in an offline mirror (`mirror/<org>/<name>`), or the
snapshot that huggingface_hub keeps under HF_HOME. `README.md` says which files belong to which
config and split; without it they lie at `<config>/<split>-00000-of-00001.parquet`, under `data/`
for the config `default`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, combinations
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from spaces.data_sources import HubSource
from trainables.label_names import label_names
from trainables.readme import read_readme
from trainables.rows import AbsentError, DataError

__all__ = ["RawTable", "SplitFiles", "check_fetched", "count_rows", "find_files", "read_table",
           "readable"]

# The hub converts the repositories that hold no Parquet and keeps the files on this branch.
CONVERTED = "refs/convert/parquet"

_SHARD = re.compile(r"-(\d+)-of-(\d+)\.parquet$")

# How the file begins that Git LFS leaves in a clone in place of one it has not fetched.
_POINTER = b"version https://git-lfs"


@dataclass(frozen=True)
class SplitFiles:
    """The Parquet files of one split of a config, in order, in the clone at `root`."""

    root: Path
    config: str
    files: tuple[Path, ...]

    @property
    def stamps(self) -> tuple[tuple[int, int], ...]:
        """Size in bytes and time of change (ns) of the README and of each file.

        Raises:
            DataError: if a file is gone.
        """
        readme = self.root / "README.md"
        stamps = []
        for path in (readme, *self.files) if readme.exists() else self.files:
            with readable(path):
                stamps.append((path.stat().st_size, path.stat().st_mtime_ns))
        return tuple(stamps)


@dataclass(frozen=True)
class RawTable:
    """One split of a config as it lies on disk.

    `lengths` are the files' numbers of rows; `class_names` maps a column to the names of its
    integer labels, in the order of the integers, where the repository states them.
    """

    table: pa.Table
    files: tuple[Path, ...]
    lengths: tuple[int, ...]
    class_names: Mapping[str, tuple[str, ...]]

    def place(self, row: int) -> str:
        """Return the file and the row in it, counted from 0, for messages."""
        for file, length in zip(self.files, self.lengths, strict=True):
            if row < length:
                return f"{file}, row {row}"
            row -= length
        raise IndexError(row)


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
        DataError: if the mirror, the repository or one of its shards cannot be had.
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
        return _find_in(mirror / present[0], config, split)
    root = _snapshot(source.repository, source.revision, ("README.md",))
    patterns = tuple(chain.from_iterable(_patterns(root, config, split)))
    found = _find_in(_snapshot(source.repository, root.name, patterns), config, split)
    if found.files or config in read_readme(root).files:
        return found
    converted = _snapshot(source.repository, CONVERTED, tuple(_usual_patterns(config, split)))
    return _find_in(converted, config, split)


def count_rows(split: SplitFiles) -> int:
    """Return the number of rows, from the files' footers alone.

    Raises:
        DataError: if a file is not readable Parquet.
    """
    return sum(_footer(file).num_rows for file in split.files)


def read_table(split: SplitFiles, columns: Sequence[str]) -> RawTable:
    """Read the top-level `columns` of a split's files.

    Raises:
        DataError: if a file is not readable Parquet, lacks a column, or differs in its columns'
            types or label names from the first.
    """
    tables = [_read_file(file, columns) for file in split.files]
    _check_copies(split.files, tables)
    declared = read_readme(split.root).class_names.get(split.config, {})
    names = [label_names(file, table.schema, declared)
             for file, table in zip(split.files, tables, strict=True)]
    first = split.files[0]
    for file, table, named in zip(split.files, tables, names, strict=True):
        if not table.schema.equals(tables[0].schema):
            raise DataError("shards of a split must have columns of the same types, but "
                            f"{file} differs from {first}")
        if named != names[0]:
            raise DataError("shards of a split must have the same label names, but "
                            f"{file} differs from {first}")
    return RawTable(
        table=pa.concat_tables(table.replace_schema_metadata() for table in tables),
        files=split.files,
        lengths=tuple(table.num_rows for table in tables),
        class_names=names[0],
    )


def _check_copies(files: Sequence[Path], tables: Sequence[pa.Table]) -> None:
    """Refuse a shard that is a copy of another: its rows would count twice."""
    for (file, table), (other, same) in combinations(zip(files, tables, strict=True), 2):
        if len(table) and table.equals(same):
            raise DataError(f"shards of a split must hold different rows, but {other} is a copy "
                            f"of {file}")


def _read_file(file: Path, columns: Sequence[str]) -> pa.Table:
    with readable(file):
        _check_magic(file)
    with readable(file), pq.ParquetFile(file) as parquet:
        present = parquet.schema_arrow.names
        for column in columns:
            if present.count(column) != 1:
                once = " once" if column in present else ""
                raise DataError(f"a file must have the column `{column}`{once}, got "
                                f"{', '.join(present)} ({file})")
        try:
            return _whole(parquet, columns)
        except (OSError, pa.ArrowException):
            for column in columns:  # Arrow does not say in which it was
                with readable(file, f"column `{column}` of a file"):
                    _whole(parquet, [column])
            raise


def _whole(parquet: pq.ParquetFile, columns: Sequence[str]) -> pa.Table:
    # No threads: while one trial reads, the other cores train.
    table = parquet.read(columns=list(columns), use_threads=False)
    table.validate(full=True)
    return table


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
        raise DataError(f"a split that README.md lists must be there, got no file "
                        f"{', '.join(promised)} for {split} of config {config} ({root})")
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


def _footer(file: Path) -> pq.FileMetaData:
    with readable(file):
        _check_magic(file)
        return pq.read_metadata(file)


def check_fetched(file: Path) -> bytes:
    """Return a file's first bytes.

    Raises:
        DataError: if it is no regular file, which might block a reader for ever, or what Git LFS
            leaves in the place of one.
        OSError: if it cannot be read.
    """
    if file.exists() and not file.is_file():
        raise DataError(f"a file must be readable and whole: it is no regular file ({file})")
    with file.open("rb") as opened:
        start = opened.read(len(_POINTER))
    if start == _POINTER:
        raise DataError("a file must be readable and whole: it is a pointer of Git LFS; "
                        f"`git lfs pull` in the clone fetches the file ({file})")
    return start


def _check_magic(file: Path) -> None:
    """Refuse what is no Parquet; Arrow itself looks at a file's end alone."""
    start = check_fetched(file)
    if start and start[:4] not in (b"PAR1", b"PARE"):
        raise DataError("a file must be readable and whole: Parquet magic bytes not found at its "
                        f"start ({file})")


@contextmanager
def readable(path: Path, what: str = "a file") -> Iterator[None]:
    """Turn what the file system and Arrow say of a bad file into one line that names it."""
    try:
        yield
    except DataError:
        raise
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(f"{what} must be readable and whole: {reason} ({path})") from error


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
