"""Preflight: the options of a start are checked before anything of it is made.

Ray tries an address where nobody answers for minutes, and MLflow's writer meets a wrong URI when
the search already runs. What can be seen from here is seen here, within seconds.
"""

from __future__ import annotations

import os
import re
import socket
import sqlite3
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from search.credentials import without_credentials
from search.faults import UserError
from search.options import Options
from search.study import Study
from search.tracking import resolve_uri

__all__ = ["check_address", "check_options", "check_resources", "check_tracking_uri"]

_ANSWER_SECONDS: Final = 5.0
# host:port, with or without the scheme of Ray's client
_HOST_AND_PORT: Final = re.compile(
    r"(?:ray://)?(?:\[([0-9a-fA-F:.]+)\]|([^\s:/\[\]]+)):([0-9]{1,5})")
_DATABASES: Final = ("sqlite", "mysql", "postgresql", "mssql")


def check_options(study: Study, options: Options, remembered: str | None = None) -> None:
    """Check where a search is to run and write, before anything is made.

    Args:
        study: the study.
        options: the command line's.
        remembered: the tracking URI of a search that goes on.

    Raises:
        UserError: if an option is at fault.
    """
    check_address(options.address)
    check_resources(study.resources.workers * study.resources.cpus, options.address)
    check_tracking_uri(resolve_uri(options.tracking_uri, remembered))


def check_address(address: str) -> None:
    """Check that something listens at the address of a cluster; `local` and `auto` are Ray's.

    Raises:
        UserError: if nobody does.
    """
    if address == "auto":
        address = os.environ.get("RAY_ADDRESS", "auto")
    if address in ("auto", "local"):
        return
    found = _HOST_AND_PORT.fullmatch(address)
    if found is None or not 0 < int(found[3]) < 65_536:
        raise UserError("`--address` must be local, auto or the HOST:PORT of a running Ray "
                        f"cluster, got {address!r}")
    try:
        socket.create_connection((found[1] or found[2], int(found[3])), _ANSWER_SECONDS).close()
    except (OSError, UnicodeError) as error:  # UnicodeError: a host name that cannot be one
        raise UserError(f"`--address` must be a running Ray cluster, got {address!r}, where nobody "
                        f"answers: {error}") from error


def check_resources(cpus: int, address: str) -> None:
    """Check that a trial's cores can be there; on a cluster, Ray alone knows.

    Raises:
        UserError: if this machine has fewer.
    """
    cores = os.cpu_count() or cpus
    if address == "local" and cpus > cores:
        raise UserError(f"`resources` must fit the machine, got trials of {cpus} CPU on {cores} "
                        "(resources.cpus, resources.workers)")


def check_tracking_uri(uri: str) -> None:
    """Check that MLflow can write to a resolved tracking URI, as far as this machine decides.

    A server need not answer: the search runs without it, and what it missed is sent later.

    Raises:
        UserError: if MLflow has no store for the URI, or its file or directory cannot be written.
    """
    shown = without_credentials(uri)
    scheme = "databricks" if uri == "databricks" else uri.partition(":")[0] if ":" in uri else ""
    if scheme.split("+")[0] == "sqlite":
        _check_sqlite(uri, shown)
    elif scheme in ("", "file"):
        if os.environ.get("MLFLOW_ALLOW_FILE_STORE", "").lower() in ("true", "1"):
            return
        raise UserError("MLflow's tracking URI must be a database or a server, since its directory "
                        f"store is closed to new runs, got {shown!r} (--tracking-uri)")
    elif scheme in ("http", "https"):
        if not _has_host(uri):
            raise UserError(f"MLflow's tracking URI must name a host, got {shown!r} "
                            "(--tracking-uri)")
    elif scheme.split("+")[0] not in _DATABASES and scheme not in _plugins():
        raise UserError("MLflow's tracking URI must begin with sqlite:///, http://, https:// or "
                        f"another store that MLflow has, got {shown!r} (--tracking-uri)")


def _has_host(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # a port that is no number
        return False


def _plugins() -> set[str]:
    return {"databricks", "databricks-uc", "uc"} | {
        entry.name for entry in entry_points(group="mlflow.tracking_store")}


def _check_sqlite(uri: str, shown: str) -> None:
    path = Path(uri.partition(":///")[2].partition("?")[0])
    try:
        if not path.parent.is_dir():
            raise UserError("MLflow's database must lie in a directory that is there, got "
                            f"{shown!r} (--tracking-uri)")
        fault = _fault_of(path)
    except (OSError, ValueError, sqlite3.Error) as error:
        if isinstance(error, UserError):
            raise
        fault = str(error)
    if fault:
        raise UserError(f"MLflow's database must be an SQLite file that can be written, got "
                        f"{shown!r}: {fault} (--tracking-uri)")


def _fault_of(path: Path) -> str:
    """Return why a database cannot be written to, empty if it can be."""
    if not path.exists():
        return "" if os.access(path.parent, os.W_OK) else "its directory is read-only"
    if not os.access(path, os.W_OK):
        return "it is read-only"
    connection = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=_ANSWER_SECONDS)
    try:
        connection.execute("PRAGMA schema_version")  # reads the file's head
    except sqlite3.OperationalError as error:
        # Another program holds it now; MLflow's writer tries again.
        return "" if "locked" in str(error) else str(error)
    finally:
        connection.close()
    return ""
