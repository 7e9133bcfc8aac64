"""The spool: what MLflow has been told of a search, kept beside its journal.

The journal itself is the queue. The spool adds the files to send, and for each tracking server
an append-only file of acknowledgements: runs made, events and files delivered. Losing the end
of it costs sending again what MLflow already has, which changes nothing there.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from search.credentials import without_credentials
from spaces.value import Value, digest_of

__all__ = ["Ack", "Acks", "FileOffer", "JsonLines", "Settings", "Spool", "parse_offers"]


class JsonLines:
    """A growing file of JSON lines, read on from where the last reading stopped."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0

    def read_on(self) -> list[str]:
        """Return the complete lines written since the last call; a torn last line waits."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        # Not `splitlines`, which also breaks a line at the separators that JSON leaves in texts.
        return [line.decode(errors="replace") for line in whole.split(b"\n")[:-1]]

    def append(self, line: str, *, sync: bool = False) -> None:
        """Write one line; with `sync` it is on disk when this returns."""
        with self.path.open("ab") as file:
            file.write(line.encode() + b"\n")
            file.flush()
            if sync:
                os.fsync(file.fileno())

    def mend(self) -> None:
        """Cut a torn last line off the file."""
        data = self.path.read_bytes() if self.path.exists() else b""
        if not data.endswith(b"\n") and data:
            os.truncate(self.path, data.rfind(b"\n") + 1)


class FileOffer(Value):
    """A file for the parent run: where it lies, and the artifact directory it goes to."""

    path: str
    artifact_path: str | None = None


class Ack(Value):
    """One line of acknowledgement; exactly one thing happened.

    `run` with `run_id`: a run was made or found; `run` alone: making it may or may not have
    succeeded; `event`, `file`: delivered up to and with this sequence number; `refused`: MLflow
    will never take a part of it; `problem`: why nothing is delivered now, empty when it is again;
    `emptied`: MLflow has nothing of the search any more, and all of it is to be sent again.
    """

    run: str | None = None
    run_id: str | None = None
    event: int | None = None
    file: int | None = None
    refused: str | None = None
    problem: str | None = None
    emptied: bool | None = None


class Acks:
    """What one tracking server has taken of one search. One process writes, others may read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines = JsonLines(path)
        self._forget()
        self.read_on()

    def _forget(self) -> None:
        self.run_ids: dict[str, str] = {}
        self.doubtful: set[str] = set()
        self.events = 0  # the next event to deliver
        self.files = 0  # the next file to deliver
        self.refused: list[str] = []
        self.problem = ""

    def read_on(self) -> None:
        """Take in what was written since the last call."""
        for line in self._lines.read_on():
            try:
                self._take(Ack.model_validate_json(line))
            except ValidationError:
                # A line that no longer reads is a lost acknowledgement, and those are harmless.
                continue

    def add(self, ack: Ack) -> None:
        """Write one acknowledgement and take it in."""
        self._lines.append(ack.model_dump_json(exclude_none=True))
        self.read_on()

    def mend(self) -> None:
        """Cut a torn last line off, before the first `add` of a new writer."""
        self._lines.mend()

    def _take(self, ack: Ack) -> None:
        if ack.emptied:
            self._forget()
        if ack.run is not None and ack.run_id is None:
            self.doubtful.add(ack.run)
        elif ack.run is not None and ack.run_id is not None:
            self.run_ids[ack.run] = ack.run_id
        if ack.event is not None:
            self.events = ack.event + 1
        if ack.file is not None:
            self.files = ack.file + 1
        if ack.refused is not None:
            self.refused.append(ack.refused)
        if ack.problem is not None:
            self.problem = ack.problem


class Settings(Value):
    """What a writer must know: which journal, by which spool, to which experiment of which URI."""

    uri: str
    experiment: str
    journal: Path
    spool: Path


class Spool:
    """The directory of a search's spool."""

    _URI: Final = "tracking_uri"

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.lock = directory / "lock"
        self.log = directory / "writer.log"

    def make(self) -> None:
        """Make the directory where it is missing."""
        self.directory.mkdir(parents=True, exist_ok=True)

    def acks(self, uri: str) -> Acks:
        """Return what the server at `uri` has taken; another server starts from nothing."""
        return Acks(self.directory / f"acks-{digest_of(without_credentials(uri))}.jsonl")

    def files(self) -> JsonLines:
        """Return the files to send, one `FileOffer` a line."""
        return JsonLines(self.directory / "files.jsonl")

    @property
    def uri(self) -> str | None:
        """The tracking URI the search was last sent to, without credentials."""
        path = self.directory / self._URI
        return path.read_text().strip() if path.exists() else None

    def remember(self, uri: str) -> None:
        """Keep the tracking URI, without credentials, for the next resume."""
        fresh = self.directory / f"{self._URI}.new"
        fresh.write_text(without_credentials(uri) + "\n")
        fresh.replace(self.directory / self._URI)


def parse_offers(lines: list[str]) -> list[FileOffer]:
    """Return the offers in lines of the files' list."""
    return [FileOffer.model_validate_json(line) for line in lines]
