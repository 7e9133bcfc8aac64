"""How far searches are, said from their journals alone and without a word written to them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from search.code_versions import code_now
from search.faults import UserError
from search.journal import Journal
from search.status import ago, print_status, status_of
from search.storage import SearchDirectory
from tests.search.simulated_study import simulated_study, sizes_of
from tests.search.test_agenda import Bench

HOLD = ("import sys; from pathlib import Path; from search.journal import Journal; "
        "journal = Journal(Path(sys.argv[1])); journal._open(); "
        "print('held', flush=True); sys.stdin.read()")


def begun(root: Path, name: str = "simulated-1", trials: int = 5) -> SearchDirectory:
    """Make a search of which some trials ran."""
    study = simulated_study()
    directory = SearchDirectory(root / name)
    directory.path.mkdir(parents=True)
    journal = Journal(directory.journal)
    journal.append("opened", search=name, study=study.model_dump(mode="json"), code=code_now(),
                   sizes=sizes_of(study), storage=str(root), hub=None)
    journal.close()
    bench = Bench(study, directory.path)
    bench.steps(bench.agenda(), trials)
    bench.close()
    return directory


@pytest.mark.parametrize(("last", "state"), [
    (None, "killed"), ("interrupted", "interrupted"), ("closed", "finished"),
    ("resumed", "killed")])
def test_a_search_that_does_not_run_says_how_it_ended(
    tmp_path: Path, last: str | None, state: str
) -> None:
    directory = begun(tmp_path)
    if last is not None:
        journal = Journal(directory.journal)
        journal.append(last)  # type: ignore[arg-type]
        journal.close()
    before = directory.journal.read_bytes()
    found = status_of(directory)
    assert (found.state, found.done, found.failed) == (state, 5, 0)
    assert found.total == (5 if last == "closed" else 34)
    assert directory.journal.read_bytes() == before


def test_one_that_is_written_to_runs_and_to_look_at_it_is_no_hindrance(tmp_path: Path) -> None:
    directory = begun(tmp_path)
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(directory.journal)], text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    assert status_of(directory).state == "running"
    holder.communicate("")
    assert status_of(directory).state == "killed"
    with Journal(directory.journal).held():
        pass


def test_all_searches_of_a_storage_are_listed_a_damaged_one_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun(tmp_path)
    begun(tmp_path, "simulated-2", trials=3)
    broken = begun(tmp_path, "simulated-3", trials=2)
    whole = broken.journal.read_bytes()
    broken.journal.write_bytes(whole.replace(b'"sequence":1', b'"sequence":7'))
    print_status(None, storage=str(tmp_path), console=Console(width=200))
    lines = capsys.readouterr().out.splitlines()
    assert any("simulated-1" in line and "5 of 34" in line for line in lines)
    assert any("simulated-2" in line and "3 of 34" in line for line in lines)
    assert any("simulated-3" in line and "must hold" in line for line in lines)
    print_status("simulated-2", storage=str(tmp_path), console=Console(width=200))
    assert "simulated-1" not in capsys.readouterr().out


def test_where_there_is_none_a_line_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="must hold searches, got none in"):
        print_status(None, storage=str(tmp_path), console=Console())
    with pytest.raises(UserError, match="got 'nobody'"):
        print_status("nobody", storage=str(tmp_path), console=Console())


@pytest.mark.parametrize(("seconds", "text"), [
    (-3, "0 s ago"), (61, "61 s ago"), (125, "2 min ago"), (7300, "2 h ago"),
    (200_000, "2 days ago")])
def test_time_is_said_as_people_say_it(seconds: float, text: str) -> None:
    assert ago(seconds) == text
