"""The MLflow server gets what it needs by its environment, and by nothing that others see."""

from __future__ import annotations

import configparser
import stat
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.deploy.programs import load

SECRETS = {"POSTGRES_PASSWORD": "pa%ss/w@rd:", "AWS_SECRET_ACCESS_KEY": "s3-secret",
           "AWS_ACCESS_KEY_ID": "s3-key", "MLFLOW_AUTH_ADMIN_PASSWORD": "admin-secret",
           "MLFLOW_FLASK_SERVER_SECRET_KEY": "flask-secret"}
GIVEN = {"POSTGRES_HOST": "db", "POSTGRES_DB": "mlflow", "POSTGRES_USER": "mlflow",
         "MLFLOW_S3_ENDPOINT_URL": "http://objects:7070", "ARTIFACT_BUCKET": "stiltune",
         "MLFLOW_AUTH_ADMIN_USERNAME": "admin", "MLFLOW_SERVER_ALLOWED_HOSTS": "localhost:5000",
         **SECRETS}


class Bucket:
    def __init__(self, *names: str) -> None:
        self.names = list(names)

    def list_buckets(self) -> dict[str, Any]:
        return {"Buckets": [{"Name": name} for name in self.names]}

    def create_bucket(self, Bucket: str) -> None:  # noqa: N803 - boto3's name
        self.names.append(Bucket)


@pytest.fixture(scope="module")
def serve() -> ModuleType:
    return load("mlflow/serve.py")


@pytest.fixture
def started(serve: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """What `main` becomes: the program, its arguments and its environment."""
    became: list[Any] = []
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(serve, "make_bucket", lambda given: None)
    monkeypatch.setattr(serve.os, "execvpe", lambda *given: became.extend(given))
    monkeypatch.setattr(serve.tempfile, "tempdir", str(tmp_path))
    serve.main()
    return became


def test_it_becomes_one_worker_behind_the_authentication(started: list[Any]) -> None:
    program, arguments, environment = started
    assert (program, *arguments[1:4]) == ("mlflow", "server", "--app-name", "basic-auth")
    assert arguments[arguments.index("--workers") + 1] == "1"
    assert environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert environment["MLFLOW_SERVE_ARTIFACTS"] == "true"
    assert environment["MLFLOW_ARTIFACTS_DESTINATION"] == "s3://stiltune/mlflow"
    assert environment["MLFLOW_SERVER_ALLOWED_HOSTS"] == "localhost:5000"


def test_no_secret_is_in_its_arguments(started: list[Any]) -> None:
    assert not [secret for secret in SECRETS.values() if secret in " ".join(started[1])]


def test_only_its_user_reads_the_settings_of_the_authentication(started: list[Any]) -> None:
    path = Path(started[2]["MLFLOW_AUTH_CONFIG_PATH"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    parsed = configparser.ConfigParser()
    parsed.read(path)
    settings = parsed["mlflow"]
    assert settings["database_uri"] == started[2]["MLFLOW_BACKEND_STORE_URI"]
    assert settings["auth_cache_ttl_seconds"] == "60"
    assert "admin_password" not in settings


@pytest.mark.parametrize("name", sorted(GIVEN))
def test_what_is_missing_is_named(
    serve: ModuleType, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for other, value in GIVEN.items():
        monkeypatch.setenv(other, value)
    monkeypatch.setenv(name, "")
    with pytest.raises(SystemExit, match=f"must have {name}$"):
        serve.main()


@settings(max_examples=25)
@given(password=st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1))
def test_any_password_reaches_postgresql_whole(serve: ModuleType, password: str) -> None:
    uri = serve.database_uri({**GIVEN, "POSTGRES_PASSWORD": password})
    parts = urlsplit(uri)
    assert unquote(parts.password or "") == password
    assert (parts.username, parts.hostname, parts.port, parts.path) == (
        "mlflow", "db", 5432, "/mlflow")
    parsed = configparser.ConfigParser()
    parsed.read_string(serve.auth_settings(uri))
    assert parsed["mlflow"]["database_uri"] == uri


@pytest.mark.parametrize("there", [(), ("other",), ("stiltune",)])
def test_the_bucket_is_made_once(serve: ModuleType, there: tuple[str, ...]) -> None:
    store = Bucket(*there)
    serve.make_bucket(GIVEN, store)
    serve.make_bucket(GIVEN, store)
    assert sorted(store.names) == sorted({*there, "stiltune"})
