"""Every malformed study costs a line with its place and exit code 2; nothing starts or is written.

`python -m tests.bench.malformed` prints how long each takes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from search.cli import run
from search.error_lines import MOST_CHARACTERS
from tests.bench.fuzz_studies import fuzz
from tests.search.malformed_studies import CASES, Case


def test_there_are_a_hundred_and_no_two_alike() -> None:
    assert len(CASES) >= 100
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_malformed_study_is_one_line(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if case.skipped:
        pytest.skip(case.skipped)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    case.make(tmp_path / "mine.yaml")
    before = list(tmp_path.iterdir())
    settings = [argument for each in case.settings for argument in ("--set", each)]
    assert run(["start", "mine.yaml", *settings]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    line = shown.err.removesuffix("\n")
    assert line.startswith("stiltune: ")
    assert case.part in line
    assert line.isprintable()  # so that there is no second line, and no terminal acts on it
    assert len(line) <= MOST_CHARACTERS + len("stiltune: ")
    assert list(tmp_path.iterdir()) == before


@pytest.mark.parametrize("seed", [1, 2])
def test_changed_at_random_a_study_is_accepted_or_refused_in_a_line(seed: int) -> None:
    tally = fuzz(seed, tries=25)
    assert tally.failures == []
    assert min(tally.outcomes["accepted"], tally.outcomes["refused"]) > 2
