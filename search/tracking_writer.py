"""The writer: makes MLflow's runs show what a search's journal says.

Every call is one that changes nothing when made twice: runs are looked up by their tags before
they are made, and points carry the journal's times. So a writer killed anywhere may start over.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from pyarrow import fs

from search.credentials import without_credentials
from search.journal import parse_event
from search.projection import Projection
from search.run_changes import Change, RunKey, RunStatus, merged
from search.spool import Ack, FileOffer, JsonLines, Settings, Spool, parse_offers
from search.storage import relocated, root_of, store_uri
from search.tracking_client import (
    Away,
    Client,
    LifecycleStage,
    Metric,
    Param,
    Refused,
    RunTag,
    attempt,
    connect,
    dataset_input,
    milliseconds,
    needed,
)

__all__ = ["Writer"]

# MLflow's limits on one `log_batch` call.
_METRICS_PER_CALL: Final = 1000
_PAIRS_PER_CALL: Final = 100
_EVENTS_PER_WINDOW: Final = 200
# MLflow's page then shows metrics and parameters, not traces.
_EXPERIMENT_TAGS: Final = {"mlflow.experimentKind": "custom_model_development"}


class Writer:
    """Delivers the journal's events and the spool's files, in order, each acknowledged.

    The client is made at the first delivery, since a server that is away may refuse even that.
    """

    def __init__(
        self, settings: Settings, make_client: Callable[[str], Client] = connect
    ) -> None:
        self._make_client = make_client
        self._uri = settings.uri
        self._experiment = settings.experiment
        self._experiment_id = ""  # not found yet
        self._projection = Projection(Path(store_uri(root_of(settings.journal))))
        self._search_directory = settings.spool.parent
        self._journal = JsonLines(settings.journal)
        spool = Spool(settings.spool)
        self._offers = spool.files()
        self._offers_read = 0
        self.acks = spool.acks(settings.uri)
        self.acks.mend()
        self._is_first = False
        self._events: deque[tuple[int, list[Change]]] = deque()
        self._files: deque[tuple[int, FileOffer]] = deque()

    def deliver(self) -> None:
        """Send all there is to send.

        Raises:
            Away: if MLflow does not take it now; the rest waits for the next call.
        """
        if not self._experiment_id:
            self._client = needed(partial(self._make_client, self._uri))
            self._begin_again_where_all_is_gone()
            self._experiment_id = needed(self._find_experiment)
        self._read_on()
        while self._events:
            window = list(islice(self._events, _EVENTS_PER_WINDOW))
            for change in merged(change for _, changes in window for change in changes):
                self._send(change)
            self.acks.add(Ack(event=window[-1][0]))
            for _ in window:
                self._events.popleft()
        parent = self._projection.parent
        while self._files and parent is not None:
            number, offer = self._files[0]
            run_id, _ = self._run(parent, time.time())
            self._part(parent, partial(
                self._client.log_artifact, run_id,
                relocated(offer.path, self._search_directory), offer.artifact_path))
            self.acks.add(Ack(file=number))
            self._files.popleft()

    def _begin_again_where_all_is_gone(self) -> None:
        """Forget what was delivered if the search's own run is not there: its database is new.

        A run that the user has deleted in MLflow is still there, and stays deleted.
        """
        first = next(iter(self.acks.run_ids.values()), None)  # parents are made first
        if first is None:
            return
        try:
            attempt(lambda: self._client.get_run(first))
        except Refused:
            self.acks.add(Ack(emptied=True))

    def _read_on(self) -> None:
        """Fold new events; what was acknowledged is folded too, and not sent."""
        for line in self._journal.read_on():
            event = parse_event(line.encode())
            changes = self._projection.changes(event)
            if event.sequence >= self.acks.events:
                self._events.append((event.sequence, changes))
        for offer in parse_offers(self._offers.read_on()):
            if self._offers_read >= self.acks.files:
                self._files.append((self._offers_read, offer))
            self._offers_read += 1

    def _send(self, change: Change) -> None:
        key = change.run
        run_id, is_new = self._run(key, change.time)
        self._log_batches(change, run_id)
        if change.inputs:
            self._part(key, lambda: self._client.log_inputs(
                run_id, [dataset_input(data) for data in change.inputs]))
        if change.texts or change.copies:
            self._part(key, lambda: self._log_files(run_id, change))
        if change.status is RunStatus.RUNNING and not is_new:
            self._part(key, lambda: self._client.update_run(run_id, RunStatus.RUNNING.value))
        elif change.status is not None and change.status is not RunStatus.RUNNING:
            if key.name in self.acks.doubtful:
                self._part(key, lambda: self._delete_twins(key, run_id))
            self._part(key, partial(self._client.set_terminated, run_id, change.status.value,
                                    milliseconds(change.status_time)))

    def _log_batches(self, change: Change, run_id: str) -> None:
        """Send tags, parameters and metrics in as few calls as MLflow's limits allow."""
        tags = [RunTag(*pair) for pair in change.tags.items()]
        parameters = [Param(*pair) for pair in change.parameters.items()]
        metrics = [Metric(point.key, point.value, milliseconds(point.time), point.step)
                   for point in change.points]
        while tags or parameters or metrics:
            self._part(change.run, partial(
                self._client.log_batch, run_id, metrics[:_METRICS_PER_CALL],
                parameters[:_PAIRS_PER_CALL], tags[:_PAIRS_PER_CALL], synchronous=True))
            del metrics[:_METRICS_PER_CALL], parameters[:_PAIRS_PER_CALL], tags[:_PAIRS_PER_CALL]

    def _log_files(self, run_id: str, change: Change) -> None:
        with tempfile.TemporaryDirectory(prefix="stiltune-") as name:
            directory = Path(name)
            for path, text in change.texts.items():
                (directory / path).write_text(text, encoding="utf-8")
            for path, uri in change.copies.items():
                (directory / path).mkdir(parents=True)
                _fetch(uri, directory / path)
            self._client.log_artifacts(run_id, name)

    def _part(self, key: RunKey, call: Callable[[], object]) -> None:
        """Make one call; what MLflow refuses for good is written down and left out."""
        try:
            attempt(call)
        except Refused as refusal:
            self.acks.add(Ack(refused=f"{key.name}: {without_credentials(str(refusal))}"[:500]))

    def _run(self, key: RunKey, time: float) -> tuple[str, bool]:
        """Return a run's id, and whether it was made now."""
        if key.name in self.acks.run_ids:
            return self.acks.run_ids[key.name], False
        found = []
        if not self._is_first or key.name in self.acks.doubtful:
            found = needed(lambda: self._find_runs(key))
        run_id = found[0] if found else self._make_run(key, time)
        # Parents are made first: where there was none, nobody has sent this search before.
        self._is_first = self._is_first or (key.trial is None and not found)
        self.acks.add(Ack(run=key.name, run_id=run_id))
        return run_id, not found

    def _make_run(self, key: RunKey, time: float) -> str:
        tags = {"stiltune.search_id": key.search_id, "mlflow.source.name": "stiltune"}
        if key.trial is not None:
            parent, _ = self._run(key.model_copy(update={"trial": None}), time)
            tags |= {"stiltune.trial": key.trial, "mlflow.parentRunId": parent}
        else:
            tags |= {"stiltune.search": key.search}
        try:
            run = needed(lambda: self._client.create_run(
                self._experiment_id, milliseconds(time), tags, key.name))
        except Away:
            # A server that made the run and could not say so may even show it only later.
            self.acks.add(Ack(run=key.name))
            raise
        return str(run.info.run_id)

    def _find_runs(self, key: RunKey) -> list[str]:
        own = f"tags.`stiltune.trial` = '{key.trial}'" if key.trial is not None else (
            f"tags.`stiltune.search` = '{key.search}'")
        runs = self._client.search_runs(
            [self._experiment_id], f"tags.`stiltune.search_id` = '{key.search_id}' and {own}")
        return sorted(run.info.run_id for run in runs)

    def _delete_twins(self, key: RunKey, run_id: str) -> None:
        for found in self._find_runs(key):
            if found != run_id:
                self._client.delete_run(found)

    def _find_experiment(self) -> str:
        found = self._client.get_experiment_by_name(self._experiment)
        if found is None:
            # Another search may make it first; then the next attempt finds it.
            return str(self._client.create_experiment(self._experiment, tags=_EXPERIMENT_TAGS))
        if found.lifecycle_stage != LifecycleStage.ACTIVE:
            raise Away(f"MLflow's experiment {self._experiment!r} must be active, got deleted: "
                       "restore it or delete it for good")
        return str(found.experiment_id)


def _fetch(uri: str, directory: Path) -> None:
    """Copy a file, by its path or its URI, into a directory."""
    if "://" not in uri:
        shutil.copy(uri, directory)
        return
    source, path = fs.FileSystem.from_uri(uri)
    fs.copy_files(path, str(directory / Path(path).name), source_filesystem=source,
                  destination_filesystem=fs.LocalFileSystem())
