"""Tracking: the search's side of MLflow. It starts the writer and never waits for it."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from search.journal import Event, Journal
from search.spool import FileOffer, Settings, Spool

__all__ = ["DELIVERY_SECONDS", "Tracker", "resolve_uri", "sqlite_file"]

DELIVERY_SECONDS: Final = 60.0
"""How long the end of a search waits for an MLflow that takes nothing of what is left."""

# What the writer's process gets where the user has not said otherwise. MLflow's own retries
# would block for minutes; the writer's begin at half a second and last as long as the search.
_WRITER_ENVIRONMENT: Final = {
    "MLFLOW_CONFIGURE_LOGGING": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
# The writer imports the very copy of stiltune that started it, from any working directory. It
# gives way to the trials, above all while they start. Who ends a search may tell all of its
# processes to end; this one has last words to send, and ends when its pipe does.
_WRITER: Final = ("import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
                  "sys.path[:] = sys.argv[1:]; "
                  "from trainables.priority import give_way; give_way(10); "
                  "from search.tracking_process import main; main()")
_LOOK_SECONDS: Final = 0.5
_SQLITE_FILE: Final = re.compile(r"sqlite:///(?!/)(?!:memory:)(.+)")


def resolve_uri(given: str | None, remembered: str | None = None) -> str:
    """Return the tracking URI; a relative SQLite path is made absolute.

    The given one, else MLFLOW_TRACKING_URI, else the remembered one, else MLflow's own default,
    `sqlite:///mlflow.db` in the working directory.
    """
    uri = given or os.environ.get("MLFLOW_TRACKING_URI") or remembered or "sqlite:///mlflow.db"
    relative = _SQLITE_FILE.fullmatch(uri)
    return f"sqlite:///{Path(relative[1]).absolute()}" if relative else uri


def sqlite_file(uri: str) -> Path | None:
    """Return the file of a resolved SQLite URI, None of any other."""
    found = re.fullmatch(r"sqlite:///(/[^?]+)(\?.*)?", uri)
    return Path(found[1]) if found else None


class Tracker:
    """Sends a search's journal to MLflow from a process beside it; the search never waits.

    Whatever becomes of MLflow or of this process, the journal and the spool hold what is not
    sent yet, and the next tracker of the same search sends it, to the same runs.

    Args:
        uri: the tracking URI, None for the default (see `resolve_uri`).
        journal: the search's journal.
        spool: a directory of the search's storage, kept between starts.
        experiment: the study's name.
    """

    def __init__(self, uri: str | None, journal: Journal, spool: Path, experiment: str) -> None:
        self._spool = Spool(spool)
        self.uri = resolve_uri(uri, self._spool.uri)
        self._journal = journal
        self._experiment = experiment
        self._spool.make()
        self._files = self._spool.files()
        self._files.mend()
        self._files_offered = len(self._files.read_on())
        self._acks = self._spool.acks(self.uri)
        self._writer: subprocess.Popen[bytes] | None = None
        self._patience_seconds: float | None = None  # lost with a writer that got nowhere

    def start(self) -> None:
        """Start the writer; it imports MLflow and makes a missing database while others work."""
        self._spool.remember(self.uri)
        settings = Settings(
            uri=self.uri, experiment=self._experiment, journal=self._journal.path.absolute(),
            spool=self._spool.directory.absolute())
        search_path = [str(Path(entry).absolute()) for entry in sys.path]
        with self._spool.log.open("ab") as log:
            self._writer = subprocess.Popen(
                [sys.executable, "-c", _WRITER, *search_path], cwd=_home_of(self.uri),
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log,
                env=_WRITER_ENVIRONMENT | os.environ,
                start_new_session=True,  # Ctrl-C is the search's; it then closes the writer
            )
        pipe = self._pipe()
        # The settings go through the pipe, since anyone may read a process's arguments.
        os.write(pipe, settings.model_dump_json().encode() + b"\n")
        os.set_blocking(pipe, False)
        self._nudge(b"\n")

    def offer(self, event: Event) -> None:
        """Tell the writer that the journal has grown by `event`; returns at once."""
        del event  # the writer reads it in the journal, which alone decides what is sent
        self._nudge(b"\n")

    def artifact(self, path: Path, artifact_path: str | None = None) -> None:
        """Send a file to the search's own run, into the artifact directory `artifact_path`.

        The file must stay where it is until it is sent.
        """
        offer = FileOffer(path=str(path.absolute()), artifact_path=artifact_path)
        self._files.append(offer.model_dump_json(), sync=True)
        self._files_offered += 1
        self._nudge(b"\n")

    @property
    def problem(self) -> str:
        """Why MLflow takes nothing now, in one line; empty while it does."""
        self._acks.read_on()
        if self._patience_seconds is not None:
            return (self._acks.problem
                    or f"the end waits no longer than {self._patience_seconds:.0f} s for it")
        if self._writer is not None and self._writer.poll():
            return f"the MLflow writer ended early: see {self._spool.log}"
        return self._acks.problem

    @property
    def undelivered(self) -> int:
        """How many events and files MLflow has not taken yet."""
        self._acks.read_on()
        events = len(self._journal.events) - self._acks.events
        return events + self._files_offered - self._acks.files

    @property
    def refused(self) -> tuple[str, ...]:
        """What MLflow will never take, one line each, such as values of a run deleted there."""
        self._acks.read_on()
        return tuple(self._acks.refused)

    def close(self, patience_seconds: float, *, at_most_seconds: float = math.inf) -> int:
        """Send the rest, and end the writer once it is done or got nowhere for `patience_seconds`.

        Args:
            patience_seconds: how long it may take nothing.
            at_most_seconds: how long in all.

        Returns:
            How much stays undelivered, for the next start of the same search.
        """
        if self._writer is not None:
            self._nudge(b"close\n")
            if not self._ends(self._writer, patience_seconds, at_most_seconds):
                self._patience_seconds = min(patience_seconds, at_most_seconds)
                self._writer.kill()
                self._writer.wait()
            assert self._writer.stdin is not None
            self._writer.stdin.close()
        return self.undelivered

    def _ends(self, writer: subprocess.Popen[bytes], patience_seconds: float,
              at_most_seconds: float) -> bool:
        """Wait for the writer's end while it gets on, and return whether it came."""
        before, since = self._taken, time.monotonic()
        last = since + at_most_seconds
        while (left := min(since + patience_seconds, last) - time.monotonic()) > 0:
            with suppress(subprocess.TimeoutExpired):
                writer.wait(min(left, _LOOK_SECONDS))
                return True
            if self._taken != before:
                before, since = self._taken, time.monotonic()
        return writer.poll() is not None

    @property
    def _taken(self) -> tuple[int, int]:
        """What MLflow has taken: a window of events is acknowledged at once, a run when made."""
        return self.undelivered, len(self._acks.run_ids)

    def _nudge(self, line: bytes) -> None:
        if self._writer is None:
            return
        try:
            os.write(self._pipe(), line)
        except BlockingIOError:
            return  # a full pipe wakes the writer as well
        except BrokenPipeError:
            return  # the writer has ended: `problem` says so, and the journal keeps the event

    def _pipe(self) -> int:
        assert self._writer is not None
        assert self._writer.stdin is not None
        return self._writer.stdin.fileno()


def _home_of(uri: str) -> Path:
    """Return where the writer works: beside an SQLite file, since MLflow puts `mlruns` there."""
    path = Path(uri.removeprefix("sqlite:///"))
    return path.parent if uri.startswith("sqlite:///") and path.parent.is_dir() else Path.cwd()
