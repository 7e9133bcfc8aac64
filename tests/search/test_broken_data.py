"""Broken data on the whole way from a mirror to the command line: one line, exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.breakages import CASES, XNLI, Case
from tests.bench.broken_data import Said, check, wrong
from tests.trainables.mirrors import write_mirror

# A case of each way in which a line is made; the bench has them all, on real data.
CHOSEN = ("a renamed column", "a null", "a label out of range", "a damaged page",
          "text that is not UTF-8", "a missing shard", "a shard twice",
          "a directory in the place of a file", "a data set that is not in the catalogue",
          "a language that is not catalogued", "a language to mix with that has no rows")


@pytest.mark.parametrize("case", [case for case in CASES if case.name in CHOSEN],
                         ids=lambda case: case.name)
def test_broken_data_is_one_line(tmp_path: Path, case: Case) -> None:
    mirror = write_mirror(tmp_path / "mirror")
    case.spoil(mirror)
    assert wrong(case, check(mirror, case, tmp_path / "storage"), same=False) == ""


def test_the_bench_tells_a_good_line_from_others() -> None:
    case = next(case for case in CASES if case.name == "a null")
    line = f"stiltune: `hypothesis` must be a text, got None ({XNLI}, row 9)"
    assert wrong(case, Said(2, [line]), same=False) == ""
    assert wrong(case, Said(1, [line]), same=False) == "must end with 2, got 1"
    assert wrong(case, Said(None, [line]), same=False) == "must end with 2, got a traceback"
    assert wrong(case, Said(2, [line, line]), same=False) == "must be one line, got 2"
    assert wrong(case, Said(2, [line[:-8]]), same=False) == "must name row 9"


def test_each_kind_has_a_name_of_its_own_and_there_are_many() -> None:
    names = [case.name for case in CASES]
    assert set(CHOSEN) <= set(names)
    assert len(set(names)) == len(names) >= 25
