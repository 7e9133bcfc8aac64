"""Credentials: cut out of whatever is shown, logged or sent on, and refused in studies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from search.cli import run
from search.credentials import holds_credentials, without_credentials
from search.journal import Journal
from search.study import Study, StudyError
from tests.search.simulated_study import STUDY

SECRET = "planted-5ecret"
# A text with a secret -> what may be shown of it.
SHOWN = [
    (f"http://me:{SECRET}@host:5000/x", "http://host:5000/x"),
    (f"postgresql://me:a/{SECRET}@host/db", "postgresql://host/db"),
    (f"s3://key:{SECRET}@bucket/p", "s3://bucket/p"),
    (f"no such file (/data/https:/me:{SECRET}@host/x)", "no such file (/data/https:/host/x)"),
    (f"https://host/file?X-Amz-Signature={SECRET}&x=1", "https://host/file?X-Amz-Signature=***&x=1"),
    (f"https://host/file?x=1&sig={SECRET}", "https://host/file?x=1&sig=***"),
    (f"https://h/f?X-Amz-Credential={SECRET}/eu", "https://h/f?X-Amz-Credential=***"),
    (f"host=db password={SECRET} user=me", "host=db password=*** user=me"),
    (f"Authorization: Bearer {SECRET}", "Authorization: Bearer ***"),
    (f"refused hf_{'a1B2' * 8} of {SECRET[:3]}", "refused *** of pla"),
    ("AKIA" + "Z" * 16 + " and ghp_" + "a" * 36, "*** and ***"),
]
# What only looks like one.
HARMLESS = ["mail a@b.c about http://host/a@b", "sqlite:////tmp/a@b/mlflow.db",
            "sqlite:///a@b.db", "http://host:80/a@b", "`--set` must be key=value", "http://[::1]:5",
            "refs/convert/parquet", "C:\\me:you@x", "ssh-keygen, hf_hub"]


@pytest.mark.parametrize(("text", "shown"), SHOWN)
def test_a_credential_is_cut_and_nothing_else(text: str, shown: str) -> None:
    assert without_credentials(text) == shown
    assert without_credentials(shown) == shown
    assert holds_credentials(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert without_credentials(text) == text


@pytest.mark.parametrize("name", ["MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "HF_TOKEN",
                                  "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "RAY_AUTH_TOKEN"])
def test_the_environments_secrets_are_cut_wherever_they_stand(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, f'{SECRET}"x')
    monkeypatch.setenv(f"{name}_PATH", "/home/me/token")
    assert without_credentials(f'at {SECRET}"x, /home/me/token') == "at ***, /home/me/token"
    assert SECRET not in without_credentials(json.dumps({"error": f'{SECRET}"x'}))


def test_a_shells_working_directory_is_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PWD", "/home/me/studies")
    monkeypatch.setenv("OLDPWD", "/home/me/earlier")
    text = "sqlite:////home/me/studies/mlflow.db, /home/me/earlier/mlruns"
    assert without_credentials(text) == text


@pytest.mark.parametrize("text", ["://" * 80_000 + " @", "?key" + "key" * 80_000, "eyJ" * 80_000,
                                  "a:" * 120_000 + " @", "password" * 30_000])
def test_no_text_takes_long(text: str) -> None:
    assert without_credentials(text) == text  # in a square of its length it would never end


def test_a_journal_holds_none_and_reads_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    error = f'no "table" at s3://me:{SECRET}@bucket/x?token={SECRET}"\\'
    journal.append("finished", "search-000", error=error, phases=[{"why": error}], points=1.5)
    journal.close()
    assert SECRET not in journal.path.read_text()
    (event,) = Journal(journal.path).events
    assert event == journal.events[0]
    shown = 'no "table" at s3://bucket/x?token=***"\\'
    assert event.data == {"error": shown, "phases": [{"why": shown}], "points": 1.5}


@pytest.mark.parametrize(("setting", "place"), [
    (f"models=['s3://key:{SECRET}@bucket/model']", "models.0"),
    (f"models=[{{path: x, token: {SECRET}}}]", "models.0.token"),
    (f"models=[{{hub_token: {SECRET}}}]", "models.0.hub_token"),
    (f"question=See https://me:{SECRET}@host/x", "question"),
    (f"tasks.mine.hub=https://host/x?X-Amz-Signature={SECRET}", "tasks.mine.hub"),
    (f"search={{password: {SECRET}}}", "search.password"),
    (f"search={{'https://me:{SECRET}@host': 1}}", "search"),
    (f"{{'https://me:{SECRET}@host'}}=1", "a key"),
    (f"models=[hf_{'a1B2' * 8}]", "models.0"),
    ("models=[planted-in-the-environment]", "models.0"),
])
def test_a_study_that_holds_one_is_refused_without_repeating_it(
    setting: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "planted-in-the-environment")
    with pytest.raises(StudyError) as caught:
        Study.from_text(STUDY, [setting])
    assert str(caught.value) == ("a study must hold no credentials, which come from the "
                                 f"environment, got one ({place})")


@pytest.mark.parametrize("arguments", [
    ["start", "lab", "--tracking-uri", f"http://me:{SECRET}@host"],
    ["resume", "lab", "--tracking-uri", f"postgresql://me:{SECRET}@host/db"],
    ["best", "lab", "--storage", f"s3://key:{SECRET}@bucket/x"],
    ["check", "lab", "--hub", f"https://host/x?token={SECRET}"],
    ["start", "lab", "--address", f"ray://me:{SECRET}@host:10001"],
    ["check", f"https://me:{SECRET}@host/study.yaml"],
    ["check", "lab", "--set", f"s3://key:{SECRET}@bucket"],
    ["best", f"s3://key:{SECRET}@bucket", "--storage", "none"],
    ["locate", f"https://me:{SECRET}@host/x.csv", "--worth", "1"],
    [f"https://me:{SECRET}@host"],
])
def test_an_argument_that_holds_one_is_refused_without_repeating_it(
    arguments: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    shown = capsys.readouterr()
    assert SECRET not in shown.out + shown.err
    assert shown.err.count("\n") == 1
    assert "must" in shown.err or "No such" in shown.err
    assert not list(tmp_path.iterdir())
