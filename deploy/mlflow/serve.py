"""Starts an MLflow server behind its own authentication, on PostgreSQL and an S3-compatible store.

Everything that it needs to know is in the environment, secrets included: none of them stands in an
argument, which `ps` shows, nor in a file that outlives the container.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

NEEDED = (
    "POSTGRES_HOST", "POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD",
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "MLFLOW_S3_ENDPOINT_URL", "ARTIFACT_BUCKET",
    "MLFLOW_AUTH_ADMIN_USERNAME", "MLFLOW_AUTH_ADMIN_PASSWORD", "MLFLOW_FLASK_SERVER_SECRET_KEY",
    "MLFLOW_SERVER_ALLOWED_HOSTS",
)
# One worker: each further one adds 40 ms to every request, and the cache below is a worker's own.
COMMAND = ("mlflow", "server", "--app-name", "basic-auth", "--host", "0.0.0.0", "--port", "5000",
           "--workers", "1")


def main() -> None:
    """Prepare, then become the server; exit with a line where something is missing."""
    missing = [name for name in NEEDED if not os.environ.get(name)]
    if missing:
        sys.exit(f"the environment must have {', '.join(missing)}")
    make_bucket(os.environ)
    with tempfile.NamedTemporaryFile("w", suffix=".ini", delete=False) as file:  # mode 0600
        file.write(auth_settings(database_uri(os.environ)))
    os.execvpe(COMMAND[0], COMMAND, environment(os.environ, Path(file.name)))


def database_uri(given: Mapping[str, str]) -> str:
    """Return PostgreSQL's URI, whatever characters the password has."""
    user, password = (quote(given[name], safe="") for name in ("POSTGRES_USER",
                                                               "POSTGRES_PASSWORD"))
    return (f"postgresql+psycopg2://{user}:{password}@{given['POSTGRES_HOST']}:"
            f"{given.get('POSTGRES_PORT', '5432')}/{given['POSTGRES_DB']}")


def auth_settings(uri: str) -> str:
    """Return the file of the authentication: who it knows lies in the same database.

    The admin's name and password come from the environment. A password is checked by 145 ms of
    hashing; for a minute the server remembers that it was right.
    """
    return "\n".join((
        "[mlflow]", "default_permission = READ", "grant_default_workspace_access = false",
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth",
        "auth_cache_ttl_seconds = 60",
        f"database_uri = {uri.replace('%', '%%')}", ""))  # configparser's own escape


def environment(given: Mapping[str, str], settings: Path) -> dict[str, str]:
    """Return the server's environment: what it was given, and what this file decides."""
    return {
        **given,
        "MLFLOW_BACKEND_STORE_URI": database_uri(given),
        "MLFLOW_AUTH_CONFIG_PATH": str(settings),
        # Clients get and send artifacts through the server: they need no key of the store.
        "MLFLOW_SERVE_ARTIFACTS": "true",
        "MLFLOW_ARTIFACTS_DESTINATION": f"s3://{given['ARTIFACT_BUCKET']}/mlflow",
        # No job is ever sent to it, and its consumers take 1.3 GB.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def make_bucket(given: Mapping[str, str], client: Any = None) -> None:
    """Make the bucket of the artifacts where it is missing."""
    if client is None:
        import boto3

        client = boto3.client("s3", endpoint_url=given["MLFLOW_S3_ENDPOINT_URL"])
    names = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
    if given["ARTIFACT_BUCKET"] not in names:
        client.create_bucket(Bucket=given["ARTIFACT_BUCKET"])


if __name__ == "__main__":
    main()
