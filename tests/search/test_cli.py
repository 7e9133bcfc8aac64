"""The command line: help that answers, exit codes that mean something, one line per mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from search.cli import app, run
from tests.search.simulated_study import STUDY

COMMANDS = ["studies", "check", "start", "resume", "best", "store", "convert"]


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
    assert [line.split()[0] for line in lines] == ["lab", "xtreme-mini"]


@pytest.mark.parametrize(("arguments", "law"), [
    (["start", "no-such-study"], "a study must be one of lab, xtreme-mini or a YAML file"),
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
