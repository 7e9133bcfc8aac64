"""The command line: help that answers, exit codes that mean something, one line per mistake."""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path

import pytest

from search.cli import app, run
from search.interrupts import Interrupted, Interrupts
from search.journal import Journal
from tests.search.simulated_study import STUDY

COMMANDS = ("best", "check", "convert", "evaluate", "extend", "fetch", "locate", "logs", "report",
            "resume", "start", "status", "stop", "store", "studies", "sync", "tasks")


def test_help_names_every_command_and_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"  {command} " in text for command in COMMANDS)
    assert "stiltune start lab" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_helps_with_examples(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([command, "--help"]) == 0
    assert "Example" in capsys.readouterr().out


def test_the_commands_are_these_and_no_others() -> None:
    assert sorted(app.commands) == sorted(COMMANDS)


def test_studies_are_listed_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["studies"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "lab", "languages", "languages-lab", "low-resource", "low-resource-lab", "robustness",
        "robustness-lab", "scaling", "scaling-lab", "similarity", "similarity-lab", "xstilts",
        "xstilts-mini", "xtreme-mini", "xtreme-r", "xtreme-r-mini"]


@pytest.mark.parametrize(("arguments", "law"), [
    (["start", "no-such-study"], "a study must be one of lab, "),
    (["check", "no-such.yaml"], "no-such.yaml"),
    (["check", "lab", "--set", "search.trials=none"], "search.trials"),
    (["check", "lab", "--set", "search.trails=5"], "search.trails"),
    (["check", "lab", "--set", "search"], "search"),
    (["check", "lab", "--format", "xml"], "xml"),
    (["best", "lab", "--storage", "empty"], "a search must be one of"),
    (["resume", "lab-7", "--storage", "empty"], "lab-7"),
    (["check", "lab", "--storage", "s3://bucket"], "--storage"),
    (["check", "xtreme-mini", "--hub", "no-such-mirror"], "no-such-mirror"),
    (["store", "collect", "--storage", "empty"], "--older-than-days"),
    (["store", "collect", "--storage", "empty", "--max-gib", "inf"], "`--max-gib` must be finite"),
    (["store", "collect", "--storage", "empty", "--older-than-days", "nan"], "`--older-than-days`"),
    (["convert", "no-such-directory", "new"], "no-such-directory"),
    (["frobnicate"], "frobnicate"),
    (["start"], "STUDY"),
])
def test_a_mistake_is_one_line_and_exit_code_2(
    arguments: list[str], law: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert errors.startswith("stiltune: ")
    assert law in errors


@pytest.mark.parametrize(("arguments", "law"), [
    (["--address", "127.0.0.1:1"], "where nobody answers"),
    (["--address", "nowhere"], "`--address` must be local, auto or"),
    (["--tracking-uri", "foo://bar"], "got 'foo://bar' (--tracking-uri)"),
    (["--tracking-uri", "sqlite:////no/such/place/x.db"], "(--tracking-uri)"),
    (["--set", "resources.workers=4096"], "(resources.cpus, resources.workers)"),
    (["--set", "search.fixed_points=[{mixture: {lab-kind: 1}, intermediate_learning_rate: 0.5}]"],
     "a point must lie in the search space"),
    (["--set", "search.fixed_points=[{mixture: {lab-kind: 1}, "
      "languages: {order: 'random:0', count: 0, english: false}}]"],
     "got count 0 without English (search.fixed_points.0)"),
    (["--set", "models=[lab-smal]"], "nearest of the lab's: 'lab-small' (models.0)"),
    (["--storage", "simulated.yaml"], "`--storage` must be a directory"),
    (["--storage", "~no-such-user/x"], "`--storage` must be a directory"),
])
def test_a_start_that_cannot_be_makes_nothing(
    arguments: list[str], law: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "simulated.yaml").write_text(STUDY)
    assert run(["start", "simulated.yaml", "--storage", "results", *arguments]) == 2
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert law in errors
    assert not list(tmp_path.glob("results/simulated-*"))
    assert not (tmp_path / "mlflow.db").exists()


def test_reading_makes_no_storage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["store", "list", "--storage", "none"]) == 0
    assert run(["store", "size", "--storage", "none"]) == 0
    assert run(["best", "lab", "--storage", "none"]) == 2
    assert "a search must be one of (none yet)" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("name", ["", ".", "..", "../results/lab-1", "a" * 5_000, "lab\x00",
                                  "lab-2"])
def test_a_search_goes_by_its_plain_name(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in (tmp_path / "results", tmp_path / "results" / "lab-1"):
        place.mkdir()
        (place / "journal.jsonl").touch()
    assert run(["best", name, "--storage", str(tmp_path / "results")]) == 2
    assert "a search must be one of lab-1" in capsys.readouterr().err


def test_a_search_of_another_version_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lab-1").mkdir()
    journal = Journal(tmp_path / "lab-1" / "journal.jsonl")
    journal.append("opened", study={"study": "lab", "colour": 1}, versions={"stiltune": "9.0"})
    journal.close()
    for command in ("best", "resume"):
        assert run([command, "lab", "--storage", str(tmp_path)]) == 2
        errors = capsys.readouterr().err
        assert "a search must be one that this stiltune can read, got one of 9.0" in errors
        assert errors.count("\n") == 1


def test_an_interrupt_that_is_swallowed_is_noted() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Interrupts() as interrupts:
        interrupts.check()
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(Interrupted):
            interrupts.check()
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_gently_a_first_interrupt_waits_for_the_step_and_a_second_does_not(number: int) -> None:
    with Interrupts() as interrupts, interrupts.gently():
        signal.raise_signal(number)
        with pytest.raises(Interrupted):
            interrupts.check()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)


def test_check_prints_the_derived_numbers_and_starts_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "simulated.yaml").write_text(STUDY)
    assert run(["check", "simulated.yaml", "--storage", "results"]) == 0
    text = capsys.readouterr().out
    assert "search" in text
    assert "controls" in text
    assert not list((tmp_path / "results").glob("simulated-*"))
