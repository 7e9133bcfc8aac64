"""Jobs: Ray's job server, where a search runs on without the machine that submitted it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import uuid4

import requests
from ray.job_submission import JobDetails, JobStatus, JobSubmissionClient

from search.credentials import without_credentials
from search.faults import UserError
from spaces.value import Value

__all__ = ["SEARCH", "TRACKING_URI", "Job", "Jobs"]

SEARCH: Final = "stiltune.search"
"""The key of a job's metadata under which the name of its search stands."""

TRACKING_URI: Final = "stiltune.tracking_uri"
"""The key under which it stands where the search logs to; it holds no credential."""

_POLL_SECONDS: Final = 0.5
_AGENT_SECONDS: Final = 60.0
_AGAIN_SECONDS: Final = (0.5, 2.0, 5.0)
_STOP_SECONDS: Final = 90
"""How long a job that is asked to stop may close its runs before it is killed; Ray's own is 3."""


class Job(Value):
    """A job of a search; times are Unix times in seconds, None where they have not come."""

    job: str
    search: str
    status: str
    tracking_uri: str | None = None
    began: float | None = None
    ended: float | None = None
    message: str = ""

    @property
    def is_over(self) -> bool:
        """Whether it will not go on."""
        return JobStatus(self.status).is_terminal()


class Jobs:
    """The job server of a cluster, at the address of Ray's dashboard.

    Raises:
        UserError: wherever nobody answers, or the server refuses.
    """

    def __init__(self, address: str) -> None:
        if not address.startswith(("http://", "https://")):
            raise UserError("`--address` must be the http:// address of Ray's dashboard for a "
                            f"submitted search, such as http://127.0.0.1:8265, got {address!r}")
        self.address = address
        try:
            self._client = JobSubmissionClient(address)
        except Exception as error:  # noqa: BLE001 - requests' own kinds, and Ray's, have no root
            raise self._refused(error) from error

    def submit(self, command: str, *, runtime_env: Mapping[str, Any],
               metadata: Mapping[str, str] | None = None) -> str:
        """Start a command on the cluster, and return the job's id.

        Args:
            command: what a shell runs there; anyone who may read jobs may read it.
            runtime_env: the code and files that it needs, as Ray has them.
            metadata: what it is found again by: `SEARCH` and `TRACKING_URI`.
        """
        variables = {"RAY_JOB_STOP_WAIT_TIME_S": str(_STOP_SECONDS)}
        job = f"stiltune-{uuid4().hex[:16]}"
        until = time.monotonic() + _AGENT_SECONDS
        while True:
            try:
                self._asked("submit_job", entrypoint=command, metadata=dict(metadata or {}),
                            runtime_env={**runtime_env, "env_vars": variables}, submission_id=job)
            except UserError as error:
                if "already exists" in str(error):
                    return job  # it was taken, and the answer lost
                # The dashboard answers before the agent that starts jobs is up.
                if "No available agent" not in str(error) or time.monotonic() > until:
                    raise
            else:
                return job
            time.sleep(_POLL_SECONDS)

    def of(self, search: str) -> list[Job]:
        """Return the jobs of a search, or of the latest of a study, the latest first."""
        jobs = self.all()
        named = [job for job in jobs if job.search == search]
        if named:
            return named
        numbered = [job for job in jobs if _is_number_of(job.search, search)]
        latest = max((int(job.search.rpartition("-")[2]) for job in numbered), default=0)
        found = [job for job in numbered if job.search == f"{search}-{latest}"]
        if not found:
            known = ", ".join(sorted({job.search for job in jobs})) or "(none yet)"
            raise UserError(f"a search must be one that was submitted to {self.address}: {known}, "
                            f"got {search!r}")
        return found

    def all(self) -> list[Job]:
        """Return every job of a search, the latest first."""
        found = [_job(each) for each in self._asked("list_jobs")]
        return sorted((job for job in found if job.search), key=lambda job: -(job.began or 0.0))

    def wait(self, job: str, seconds: float) -> str:
        """Wait until a job is over, and return its status; that which it has when time runs out."""
        until = time.monotonic() + seconds
        while True:
            status = JobStatus(self._asked("get_job_status", job))
            if status.is_terminal() or time.monotonic() > until:
                return str(status.value)
            time.sleep(_POLL_SECONDS)

    def logs(self, job: str) -> str:
        """Return what a job has printed so far."""
        return str(self._asked("get_job_logs", job))

    def follow(self, job: str) -> Iterator[str]:
        """Yield what a job prints, piece by piece, until it is over."""
        seen = 0
        while True:
            over = JobStatus(self._asked("get_job_status", job)).is_terminal()
            text = self.logs(job)
            if len(text) > seen:
                yield text[seen:]
                seen = len(text)
            if over:
                return
            time.sleep(_POLL_SECONDS)

    def stop(self, job: str) -> None:
        """Ask a job to stop: it is told to, closes its runs, and ends."""
        self._asked("stop_job", job)

    def _asked(self, what: str, *positional: Any, **named: Any) -> Any:
        before = logging.root.manager.disable
        logging.disable(logging.INFO)  # or it tells of every package that it sends
        try:
            return self._repeated(what, *positional, **named)
        except Exception as error:  # noqa: BLE001 - as above
            raise self._refused(error) from error
        finally:
            logging.disable(before)

    def _repeated(self, what: str, *positional: Any, **named: Any) -> Any:
        """Ask again where an answer got lost: every question may be asked twice."""
        for seconds in _AGAIN_SECONDS:
            try:
                return getattr(self._client, what)(*positional, **named)
            except (ConnectionError, requests.exceptions.ConnectionError):
                time.sleep(seconds)
        return getattr(self._client, what)(*positional, **named)

    def _refused(self, error: Exception) -> UserError:
        reason = without_credentials(" ".join(str(error).split()))[:300]
        return UserError("`--address` must be a Ray cluster that takes jobs, got "
                         f"{self.address!r}: {reason}")


def _job(details: JobDetails) -> Job:
    metadata = details.metadata or {}
    return Job(job=str(details.submission_id), search=str(metadata.get(SEARCH, "")),
               tracking_uri=metadata.get(TRACKING_URI),
               status=str(JobStatus(details.status).value), began=_seconds(details.start_time),
               ended=_seconds(details.end_time), message=_last_line(details.message or ""))


def _seconds(milliseconds: int | None) -> float | None:
    return milliseconds / 1000 if milliseconds else None


def _last_line(message: str) -> str:
    return (message.strip().splitlines() or [""])[-1]


def _is_number_of(search: str, study: str) -> bool:
    before, _, number = search.rpartition("-")
    return before == study and number.isdigit()
