"""MLflow's server as deploy/ has it: behind its authentication, on PostgreSQL and an S3 store.

All of it is real, on the loopback and free ports, and ended with the test: `serve.py` itself,
PostgreSQL, and moto's S3 in place of a store's.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Postgres, programs
from tests.ray_nodes import free_port
from tests.stiltune_process import PATIENCE, ROOT

__all__ = ["MlflowServer", "missing", "running"]

# serve.py as it is, but for the port and the address, which are a container's.
_SERVE = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("serve", sys.argv[1])
serve = importlib.util.module_from_spec(spec)
spec.loader.exec_module(serve)
program, *arguments = serve.COMMAND
arguments[arguments.index("--host") + 1] = "127.0.0.1"
arguments[arguments.index("--port") + 1] = sys.argv[2]
serve.COMMAND = (sys.executable, "-m", program, *arguments)
serve.main()
"""


def missing() -> str:
    """Return what is not installed of the parts; empty if they are all there."""
    packages = {"moto": "moto", "boto3": "boto3", "psycopg2": "psycopg2-binary",
                "flask_wtf": "mlflow[auth]"}
    absent = [name for module, name in packages.items() if importlib.util.find_spec(module) is None]
    return ", ".join([*absent, *(["PostgreSQL"] if programs() is None else [])])


class MlflowServer:
    """The server, which may be killed and started again; its database and store stay."""

    def __init__(self) -> None:
        self.port, self._s3_port = free_port(), free_port()
        self.password = f"planted-5ecret-{secrets.token_hex(8)}"
        self._home = Path(tempfile.mkdtemp(prefix="mlflow-"))
        self.postgres = Postgres()
        self._s3: subprocess.Popen[bytes] | None = None
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def client_environment(self) -> dict[str, str]:
        """What a client must have in its environment to be let in."""
        return {"MLFLOW_TRACKING_URI": self.uri, "MLFLOW_TRACKING_USERNAME": "admin",
                "MLFLOW_TRACKING_PASSWORD": self.password}

    def start(self) -> None:
        """Start what does not run, and return once it answers."""
        if self._s3 is None:
            self._s3 = self._run("-m", "moto.server", "-H", "127.0.0.1", "-p", str(self._s3_port))
            self.postgres.start()
            _wait(self._s3, f"http://127.0.0.1:{self._s3_port}/moto-api/")
        self._server = self._run(
            "-c", _SERVE, str(ROOT / "deploy/mlflow/serve.py"), str(self.port))
        _wait(self._server, f"{self.uri}/health")

    def kill(self) -> None:
        """Kill the server at once, its workers included."""
        assert self._server is not None
        _kill(self._server)

    def stored(self) -> dict[str, bytes]:
        """Return what lies in the store, by key."""
        import boto3

        store = boto3.resource(
            "s3", endpoint_url=f"http://127.0.0.1:{self._s3_port}", region_name="us-east-1",
            aws_access_key_id="key", aws_secret_access_key="secret")
        found = {}
        for each in store.Bucket("stiltune").objects.all():
            with contextlib.closing(each.get()["Body"]) as body:
                found[each.key] = body.read()
        store.meta.client.close()
        return found

    def close(self) -> None:
        for process in filter(None, (self._server, self._s3)):
            _kill(process)
        self.postgres.close()
        shutil.rmtree(self._home, ignore_errors=True)

    def _run(self, *arguments: str) -> subprocess.Popen[bytes]:
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("MLFLOW_", "AWS_", "STILTUNE_"))}
        environment |= {
            "TMPDIR": str(self._home), "PYTHONWARNINGS": "ignore",
            "POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": str(self.postgres.port),
            "POSTGRES_DB": "postgres", "POSTGRES_USER": "mlflow",
            "POSTGRES_PASSWORD": self.postgres.password,
            "MLFLOW_S3_ENDPOINT_URL": f"http://127.0.0.1:{self._s3_port}",
            "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1", "ARTIFACT_BUCKET": "stiltune",
            "MLFLOW_AUTH_ADMIN_USERNAME": "admin", "MLFLOW_AUTH_ADMIN_PASSWORD": self.password,
            "MLFLOW_FLASK_SERVER_SECRET_KEY": "0" * 32,
            "MLFLOW_SERVER_ALLOWED_HOSTS": f"127.0.0.1:{self.port}",
        }
        with (self._home / "log").open("ab") as log:
            return subprocess.Popen([sys.executable, *arguments], env=environment, cwd=self._home,
                                    start_new_session=True, stdout=log, stderr=log)


@contextlib.contextmanager
def running() -> Iterator[MlflowServer]:
    """Run a server; a test without what it needs is skipped, with what that is."""
    if lacking := missing():
        pytest.skip(f"needs {lacking}")
    server = MlflowServer()
    try:
        server.start()
        yield server
    finally:
        server.close()


def _wait(process: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + PATIENCE / 5
    while time.monotonic() < deadline:
        assert process.poll() is None
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except urllib.error.HTTPError as error:
            error.close()
            return  # it answers
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"nobody answers at {address}")


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
