"""A run goes on with the search that it began, and with no other."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from search import commands
from tests.deploy.manifests import DEPLOY
from tests.deploy.programs import Fakes

SCRIPT = DEPLOY / "start-or-resume.sh"


@pytest.fixture
def fakes(tmp_path: Path) -> Fakes:
    made = Fakes(tmp_path)
    made.add_python("stiltune", (Path(__file__).parent / "fake_stiltune.py").read_text())
    return made


def begin(fakes: Fakes, arguments: Sequence[str], how: str = "done") -> subprocess.Popen[str]:
    return subprocess.Popen([str(SCRIPT), *arguments], env=fakes.environment | {"FAKE": how},
                            stdout=subprocess.PIPE, text=True, start_new_session=True)


def run(fakes: Fakes, arguments: Sequence[str], how: str = "done") -> tuple[int, str]:
    """Run the script to its end; return its exit code and what it printed."""
    process = begin(fakes, arguments, how)
    printed, _ = process.communicate(timeout=60)
    return process.returncode, printed


def test_a_second_attempt_resumes_what_the_first_began(fakes: Fakes, tmp_path: Path) -> None:
    storage = tmp_path / "storage of all"
    given = ["run-7", str(storage), "lab", "--address", "auto", "--set", "a=1", "--set=b=2"]
    code, printed = run(fakes, given, "failed")
    assert (code, printed.splitlines()) == (1, ["lab-1: Which one: this or that?",
                                                "note: something"])
    (storage / "lab-2").mkdir()  # somebody else's, of the same study
    assert run(fakes, given)[0] == 0
    assert fakes.calls("stiltune") == [
        f"start lab --storage {storage} --address auto --set a=1 --set=b=2",
        f"resume lab-1 --storage {storage} --address auto"]


def test_another_run_begins_its_own(fakes: Fakes, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert run(fakes, [name, str(tmp_path), "lab"])[0] == 0
    assert [call.split()[0] for call in fakes.calls("stiltune")] == ["start", "start"]
    assert (tmp_path / ".runs/two").read_text() == "lab-2\n"


def test_a_study_that_was_refused_is_started_again(fakes: Fakes, tmp_path: Path) -> None:
    assert run(fakes, ["run", str(tmp_path), "lab"], "mistake")[0] == 2
    assert not (tmp_path / ".runs/run").exists()
    run(fakes, ["run", str(tmp_path), "lab"])
    assert [call.split()[0] for call in fakes.calls("stiltune")] == ["start", "start"]


@pytest.mark.parametrize("tell", [os.kill, os.killpg])  # as Slurm's script does; as Ray does
def test_a_signal_reaches_stiltune_once_and_its_code_and_output_come_back(
    fakes: Fakes, tmp_path: Path, tell: Callable[[int, int], None]
) -> None:
    process = begin(fakes, ["run", str(tmp_path), "lab"], "waits")
    end = time.monotonic() + 60
    while "running" not in fakes.log.read_text():
        assert time.monotonic() < end
        time.sleep(0.01)
    tell(process.pid, signal.SIGTERM)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert printed.startswith("lab-1: ")
    assert printed.endswith("saved\n")
    assert fakes.calls("told") == ["SIGTERM"]


@pytest.mark.parametrize("given", [(), ("run", "storage"), ("../run", "storage", "lab"),
                                   ("", "storage", "lab")])
def test_what_makes_no_sense_starts_nothing(fakes: Fakes, given: tuple[str, ...]) -> None:
    assert run(fakes, given)[0] == 2
    assert fakes.calls("stiltune") == []


def test_the_line_that_it_reads_is_the_one_that_start_prints() -> None:
    # Its name, a colon, the question: what the script looks for, after the journal is there.
    source = Path(str(commands.__file__)).read_text(encoding="utf-8")
    opened, printed = (source.index(text) for text in (
        'journal.append(\n            "opened"',
        'console.print(f"{directory.name}: {study.question}", highlight=False)'))
    assert opened < printed
