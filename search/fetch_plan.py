"""The plan of a fetch: which files of which repositories of the hub a study reads."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from search.data_faults import needs_of
from search.faults import UserError
from search.study import Study
from spaces.data_sources import FilesSource, HubSource, PoolSource, Split
from spaces.models import HubModel
from spaces.robustness import MIXED_KINDS
from spaces.tasks import Task
from trainables.hub import CONVERTED, find_files
from trainables.hub_repository import HubFile, Listing, bring, list_repository
from trainables.mirror import Fetched, read_fetched, write_fetched
from trainables.readme import read_readme
from trainables.rows import DataError
from trainables.sources import SCORING

__all__ = ["Clone", "plan_of"]

_README: Final = "README.md"
# What of a model is read: its configuration, its tokenizer, its weights. Never pickles or code.
_MODEL_FILES: Final = (".json", ".txt", ".model", ".safetensors")
_ELSEWHERE: Final = {
    "lareqa": "clone https://github.com/{repository} there",
    "mewsli-x": "have get-mewsli-x.sh of github.com/google-research/google-research make its "
                "files, and put them there",
}


@dataclass
class Clone:
    """A repository and what of it a study reads; `listing` is None where the clone is the user's.

    `wanted` are files of the listing, `from_converted` those of `converted`, which lists what the
    hub has converted, once it was looked at; both by path. `brought` counts bytes fetched so far.
    """

    repository: str
    listing: Listing | None
    wanted: dict[str, HubFile] = field(default_factory=dict)
    converted: Listing | None = None
    from_converted: dict[str, HubFile] = field(default_factory=dict)
    brought: int = 0

    @property
    def files(self) -> tuple[HubFile, ...]:
        """All files that are read."""
        return (*self.wanted.values(), *self.from_converted.values())


def plan_of(study: Study, mirror: Path) -> tuple[list[Clone], list[str]]:
    """Return what of the hub a study reads, and a line for each thing that is not fetched.

    READMEs are brought at once, for they say which files a split has.

    Args:
        study: the study.
        mirror: the directory of the mirror.

    Raises:
        UserError: if the hub does not answer or lacks what is asked for, or the mirror has a
            repository at another commit.
    """
    published = {(model.path, model.revision): model for model in study.models
                 if isinstance(model, HubModel) and not Path(model.path).is_dir()}
    models = [_model(model, mirror) for model in published.values()]
    pins = _pins(study)
    if both := sorted({clone.repository for clone in models} & pins.keys()):
        raise UserError("a mirror must hold either the model or the data of a name, got both "
                        f"({both[0]})")
    with tempfile.TemporaryDirectory() as directory:
        data = _Data(mirror, Path(directory))
        for repository, revision in pins.items():
            data.open(repository, revision)
        for task, language, split in _splits_of(study):
            data.want(task, language, split)
    return [*models, *data.clones.values()], [*data.absent, *_not_of_the_hub(study, mirror)]


def _model(model: HubModel, mirror: Path) -> Clone:
    clone = _opened(mirror, model.path, "model", model.revision)
    if clone.listing is not None:
        clone.wanted = {path: file for path, file in clone.listing.files.items()
                        if "/" not in path and path.endswith(_MODEL_FILES)}
        if not any(path.endswith(".safetensors") for path in clone.wanted):
            raise UserError("an encoder must have safetensors weights, since pickles are not "
                            f"fetched, got none ({model.path}); `stiltune convert` makes them")
    return clone


def _opened(mirror: Path, repository: str, kind: str, revision: str | None) -> Clone:
    """Return a repository at the commit of its clone in the mirror, if there is one.

    Raises:
        DataError: if the hub lacks it, or the mirror has it at another commit.
    """
    place = mirror / repository
    known = read_fetched(place)
    if known is None and place.is_dir() and any(place.iterdir()):
        return Clone(repository, None)
    listing = list_repository(repository, "model" if kind == "model" else "dataset",
                              revision or (known.commit if known else None))
    found = Fetched(kind=listing.kind, commit=listing.commit)
    if known is not None and (known.kind, known.commit) != (found.kind, found.commit):
        raise DataError(f"a mirror must hold a repository at one commit, got {known.kind} "
                        f"{repository} at {known.commit} there and {found.kind} at {found.commit} "
                        f"asked for; fetch into another directory ({place})")
    if known is None:
        write_fetched(place, found)
    return Clone(repository, listing)


def _pins(study: Study) -> dict[str, str | None]:
    """Return the repositories of the data that a study reads, with their revisions."""
    pins: dict[str, str | None] = {}
    for task, language, split in _splits_of(study):
        for source in task.sources_of(split, language):
            if isinstance(source, HubSource):
                before = pins.setdefault(source.repository, source.revision)
                if before != source.revision:
                    raise UserError(f"a mirror must hold a repository at one commit, got {before} "
                                    f"and {source.revision} ({source.repository})")
    return pins


def _splits_of(study: Study) -> Iterator[tuple[Task, str, Split]]:
    """Yield each (task, language, split) whose rows a search of the study may read."""
    for task, trained, scored in needs_of(study):
        yield from ((task, code, "train") for code in trained)
        mixed = study.robustness.code_mix if study.robustness and scored else ()
        also = [code for code in mixed if task.kind in MIXED_KINDS and code in task.evaluation]
        for code in dict.fromkeys((*scored, *also)):
            yield from ((task, code, split) for split in SCORING)


class _Data:
    """Finds the files of splits by the mirror's own reader.

    It reads empty files that lie as the hub's do, so that exactly what a search would read of
    the mirror is fetched.
    """

    def __init__(self, mirror: Path, shadow: Path) -> None:
        self._mirror, self._shadow = mirror, shadow
        self.clones: dict[str, Clone] = {}
        self._found: dict[tuple[str, str], bool] = {}  # (task, language) -> rows of it, any
        self._where: dict[tuple[str, str], str] = {}

    @property
    def absent(self) -> list[str]:
        """A line for each task in a language of which the hub has nothing that is asked for."""
        return [f"the hub has no {what} of {task} ({self._where[task, what]})"
                for (task, what), found in self._found.items() if not found]

    def open(self, repository: str, revision: str | None) -> None:
        """List a repository and lay out empty files as its own."""
        clone = self.clones[repository] = _opened(self._mirror, repository, "dataset", revision)
        place = self._shadow / repository
        if clone.listing is None:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(self._mirror / repository)
            return
        place.mkdir(parents=True)
        self._lay_out(place, clone.listing.files)
        if _README in clone.listing.files:
            clone.wanted[_README] = clone.listing.files[_README]
            clone.brought += bring(clone.listing, [clone.wanted[_README]],
                                   self._mirror / repository)
            shutil.copyfile(self._mirror / repository / _README, place / _README)

    def want(self, task: Task, language: str, split: Split) -> None:
        """Note the files of a split."""
        what = f"{language} train" if split == "train" else f"{language} evaluation"
        whole = all if split == "train" else any  # one of two splits is enough to score on
        for source in task.sources_of(split, language):
            for name in source.splits_of(split) if isinstance(source, HubSource) else ():
                assert isinstance(source, HubSource)
                config = source.config_of(language)
                found = self._noted(source, config, name)
                self._where[task.name, what] = f"{source.repository}, config {config}"
                before = self._found.get((task.name, what), found)
                self._found[task.name, what] = whole((found, before))

    def _noted(self, source: HubSource, config: str, name: str) -> bool:
        """Note the files of a config and split as the repository names them; whether it has any."""
        clone, place = self.clones[source.repository], self._shadow / source.repository
        paths = self._paths(source, config, name)
        if clone.listing is None:
            return bool(paths)
        if not paths and config not in read_readme(place).files:
            self._lay_out_converted(clone, place, f"{config}/{name}/")
            paths = self._paths(source, config, name)
        for path in paths:
            if path in clone.listing.files:
                clone.wanted[path] = clone.listing.files[path]
            elif clone.converted is not None:
                clone.from_converted[path] = clone.converted.files[path]
        return bool(paths)

    def _paths(self, source: HubSource, config: str, name: str) -> list[str]:
        alone = source.model_copy(update={"copies": (), "revision": None})
        try:
            found = find_files(alone, config, name, self._shadow)
        except DataError as error:
            raise UserError(str(error).replace(f"{self._shadow}/", "hub: ")) from error
        return [file.relative_to(found.root).as_posix() for file in found.files]

    def _lay_out_converted(self, clone: Clone, place: Path, folder: str) -> None:
        """Lay out what the hub has converted into a folder, as it does where there is no Parquet.

        A repository without that branch has nothing there.
        """
        assert clone.listing is not None
        if clone.converted is None:
            try:
                known = read_fetched(self._mirror / clone.repository)
                clone.converted = list_repository(
                    clone.repository, "dataset", (known and known.converted) or CONVERTED)
            except DataError as error:
                if "`revision`" not in str(error):
                    raise
                clone.converted = clone.listing.model_copy(update={"files": {}})
        self._lay_out(place, [path for path in clone.converted.files if path.startswith(folder)])

    @staticmethod
    def _lay_out(place: Path, paths: Iterable[str]) -> None:
        for path in paths:
            if path.endswith(".parquet"):
                (place / path).parent.mkdir(parents=True, exist_ok=True)
                (place / path).touch()


def _not_of_the_hub(study: Study, mirror: Path) -> Iterator[str]:
    """Yield a line for each source that is not fetched, with how to get it."""
    seen = set()
    for task, language, split in _splits_of(study):
        for source in task.sources_of(split, language):
            if isinstance(source, PoolSource) and source.repository not in seen:
                seen.add(source.repository)
                if not (mirror / source.repository).is_dir():
                    how = _ELSEWHERE[source.origin].format(repository=source.repository)
                    yield (f"{task.name} is not on the hub as published and is not fetched: {how} "
                           f"({mirror / source.repository})")
            elif isinstance(source, FilesSource) and source.directory not in seen:
                seen.add(source.directory)
                yield (f"{task.name} is read from your own files, which every node must see "
                       f"({source.directory})")
