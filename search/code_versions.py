"""Code versions: which of a search's trials were run by which code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from search.journal import Journal
from trainables.context import computing_libraries
from trainables.phase_versions import phase_versions

__all__ = ["code_now", "code_of_trials", "spell_code"]

Code = Mapping[str, str]


def code_now() -> dict[str, str]:
    """Return what this code computes with: versions of its phases and of what they rest on."""
    return {**{name: str(number) for name, number in phase_versions().items()},
            **computing_libraries()}


def code_of_trials(journal: Journal) -> dict[str, Code]:
    """Return trial -> the code that ran it to its end, of a journal that says so.

    What is found in the phase store is found under a digest that holds these versions, so that a
    trial's phases are all of its code.
    """
    found: dict[str, Code] = {}
    current: Code = {}
    for event in journal.events:
        if event.kind in ("opened", "resumed"):
            current = _told(event.data)
        elif event.kind == "finished":
            found[str(event.trial)] = current
    return {trial: code for trial, code in found.items() if code}


def _told(data: Mapping[str, Any]) -> Code:
    return {str(name): str(each) for name, each in data.get("code", {}).items()}


def spell_code(by_trial: Mapping[str, Code]) -> tuple[str, ...]:
    """Return a line for each code that ran trials, of what they differ in; none of one code.

    The most trials come first.
    """
    codes: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for trial, code in by_trial.items():
        codes.setdefault(tuple(sorted(code.items())), []).append(trial)
    if len(codes) < 2:
        return ()
    listed = [(dict(code), trials) for code, trials in codes.items()]
    names = sorted({name for code, _ in listed for name in code})
    unlike = [name for name in names if len({code.get(name, "none") for code, _ in listed}) > 1]
    return tuple(_line([f"{name} {code.get(name, 'none')}" for name in unlike], trials)
                 for code, trials in sorted(listed, key=lambda each: -len(each[1])))


def _line(versions: list[str], trials: list[str]) -> str:
    more = ", ..." if len(trials) > 3 else ""
    return (f"{len(trials)} trial{'' if len(trials) == 1 else 's'} by {', '.join(versions)} "
            f"({', '.join(trials[:3])}{more})")
