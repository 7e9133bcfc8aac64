"""Submitting: a search as a job of a cluster, which goes on without the machine it came from."""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console

import search
import spaces
import trainables
from search.credentials import holds_credentials, without_credentials
from search.faults import UserError
from search.jobs import SEARCH, TRACKING_URI, Jobs
from search.landing import answer_of
from search.options import Options
from search.storage import SearchDirectory
from search.study import Study
from search.versions import difference, versions

__all__ = ["submit_resume", "submit_start"]

_LANDING_SECONDS: Final = 180.0
_STUDY: Final = "study.yaml"
# Without the working directory among the places of modules: whatever lies there is no code of ours.
_PYTHON: Final = "exec python -P"


def submit_start(
    name: str, *, overrides: tuple[str, ...] = (), options: Options, console: Console
) -> None:
    """Submit a study to a cluster; the search's name is taken there, and printed.

    Raises:
        UserError: if the study or an option is at fault, no cluster answers, or its versions are
            others; nothing was started.
    """
    study = Study.from_file(name, overrides)
    places = _places(options)
    jobs = Jobs(options.address)
    with console.status("asking the cluster"), tempfile.TemporaryDirectory() as sent:
        (Path(sent) / _STUDY).write_text(study.to_yaml(), encoding="utf-8")
        search_name = _landed(jobs, ["new", study.study, str(options.storage), _STUDY], sent)
    laid = SearchDirectory(Path(str(options.storage)) / search_name).study
    _submit(jobs, search_name, ["start", str(laid), "--taken", search_name, *places], console)


def submit_resume(name: str, *, options: Options, console: Console) -> None:
    """Submit the resuming of a search that lies in the storage, whichever cluster began it.

    A cluster whose head was lost is gone with all that it knew of its jobs.

    Raises:
        UserError: if there is none, it still runs, or as for `submit_start`.
    """
    places = _places(options)
    jobs = Jobs(options.address)
    with console.status("asking the cluster"):
        search_name = _landed(jobs, ["old", name, str(options.storage)])
    for job in jobs.all():
        if job.search == search_name and not job.is_over:
            raise UserError(f"a search must have stopped to be resumed, got {search_name} running "
                            f"as job {job.job}")
    _submit(jobs, search_name, ["resume", search_name, *places], console)


def _places(options: Options) -> list[str]:
    """Return where the search writes and reads, as options of the command on the cluster.

    Raises:
        UserError: if it is not said, or a credential would be kept with the job.
    """
    uri = options.tracking_uri or os.environ.get("MLFLOW_TRACKING_URI")
    if options.storage is None or not Path(options.storage).is_absolute():
        raise UserError("`--storage` must be given to submit, as the absolute path of a directory "
                        f"that every node sees, got {options.storage or 'none'}")
    if uri is None:
        raise UserError("`--tracking-uri` must be given to submit (or MLFLOW_TRACKING_URI), since "
                        "the cluster's working directory is gone after the job, got none")
    if holds_credentials(uri):
        raise UserError("`--tracking-uri` must hold no credential to submit, since jobs show their "
                        "commands: set MLFLOW_TRACKING_USERNAME and _PASSWORD on the cluster, got "
                        f"one for {without_credentials(uri)}")
    return ["--address", "auto", "--storage", options.storage, "--tracking-uri", uri,
            *_given("--hub", options.hub), *_given("--max-device-hours", options.max_device_hours),
            *_given("--pilot", options.pilot_minutes)]


def _given(option: str, value: object) -> list[str]:
    return [] if value is None else [option, str(value)]


def _landed(jobs: Jobs, arguments: Sequence[str], sent: str | None = None) -> str:
    """Hold the cluster's versions against ours, and return the name of the search asked for.

    The files in the directory `sent` are there meanwhile, and not for the search itself: Ray lays
    a working directory anew, under the processes that work in it, whenever a node's agent has
    started since.

    Raises:
        UserError: if a version differs, or the cluster does not answer as it should.
    """
    here = versions()
    job = jobs.submit(f"{_PYTHON} -m search.landing {shlex.join(arguments)}",
                      runtime_env=_code() | ({"working_dir": sent} if sent else {}))
    status = jobs.wait(job, _LANDING_SECONDS)
    answer = answer_of(jobs.logs(job))
    if found := difference(here, answer.get("versions", here)):
        raise UserError(f"a machine that submits must have the cluster's versions, got {found} "
                        f"(`python` at {jobs.address})")
    if "refused" in answer:
        raise UserError(f"{answer['refused']} (on {jobs.address})")
    if "search" not in answer:
        last = (jobs.logs(job).strip().splitlines() or ["it printed nothing"])[-1]
        raise UserError(f"a cluster must run stiltune's code, got job {job} {status}: {last}")
    return str(answer["search"])


def _submit(
    jobs: Jobs, search_name: str, arguments: Sequence[str], console: Console
) -> None:
    uri = arguments[arguments.index("--tracking-uri") + 1]
    job = jobs.submit(f"{_PYTHON} -c 'from search.cli import main; main()' {shlex.join(arguments)}",
                      runtime_env=_code(), metadata={SEARCH: search_name, TRACKING_URI: uri})
    at = "" if jobs.address == "http://127.0.0.1:8265" else f" --address {jobs.address}"
    console.print(f"{search_name} submitted as job {job}; it goes on without this machine\n"
                  f"  stiltune status {search_name}{at}\n"
                  f"  stiltune logs {search_name}{at} --follow\n"
                  f"  stiltune stop {search_name}{at}", highlight=False)


def _code() -> dict[str, Any]:
    """Return this very copy of stiltune, as Ray sends it to every node."""
    return {"py_modules": [str(Path(package.__path__[0]).absolute())
                           for package in (spaces, trainables, search)]}
