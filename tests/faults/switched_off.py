"""Protections switched off in a started process, each so that one test must notice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from tests.faults.patching import Patch

__all__ = ["PATCHES"]


def _nothing(*given: Any, **named: Any) -> None:
    """Do nothing."""


def _without(*path: str) -> Callable[[ModuleType], None]:
    """Return a patch by which a function or method of a module does nothing."""

    def change(module: ModuleType) -> None:
        *owners, name = path
        owner: Any = module
        for each in owners:
            owner = getattr(owner, each)
        setattr(owner, name, _nothing)

    return change


def _raise_what_fails(module: ModuleType) -> None:
    def failure(error: BaseException) -> None:
        raise error

    module._failure = failure  # type: ignore[attr-defined]


def _one_life(module: ModuleType) -> None:
    module.MAX_DEATHS = 1  # type: ignore[attr-defined]


def _never_full(module: ModuleType) -> None:
    module.is_disk_full = lambda error: False  # type: ignore[attr-defined]


def _believe_files(module: ModuleType) -> None:
    module.is_whole = lambda directory, manifest: True  # type: ignore[attr-defined]


def _remember_for_ever(module: ModuleType) -> None:
    module.stamps_of = lambda directory, manifest: ()  # type: ignore[attr-defined]


def _believe_manifests(module: ModuleType) -> None:
    module.Manifest._own_digest = lambda self: ""


def _believe_states(module: ModuleType) -> None:
    module._check_of = lambda directory: ""  # type: ignore[attr-defined]


def _keep_drafts(module: ModuleType) -> None:
    class KeepsAll:
        rmtree = staticmethod(_nothing)

    module.shutil = KeepsAll  # type: ignore[attr-defined]


def _grant_all(module: ModuleType) -> None:
    @contextmanager
    def hold(self: Any, entry: str) -> Iterator[bool]:
        yield True

    module.FileLeases.hold = hold


def _model_all(module: ModuleType) -> None:
    module.Modelled.numbers = lambda self: None


PATCHES: dict[str, Patch] = {
    "no_replay": ("search.agenda", _without("Agenda", "_replay")),
    "no_watchdog": ("search.watchdog", _without("Watchdog", "look")),
    "no_catch": ("trainables.executors", _raise_what_fails),
    "one_life": ("search.searchers", _one_life),
    "never_full": ("trainables.full_disk", _never_full),
    "attempts_stay": ("trainables.phase_store", _without("PhaseStore", "_drop_attempt")),
    "files_believed": ("trainables.manifest", _believe_files),
    "checked_once": ("trainables.manifest", _remember_for_ever),
    "manifests_believed": ("trainables.manifest", _believe_manifests),
    "states_believed": ("trainables.train_state", _believe_states),
    "drafts_stay": ("trainables.train_state", _keep_drafts),
    "torn_lines_stay": ("search.journal", _without("Journal", "_take_back")),
    "no_leases": ("trainables.lease", _grant_all),
    "all_modelled": ("search.sampler", _model_all),
}
