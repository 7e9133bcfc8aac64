"""Running: an open search on Ray to its end, followed by MLflow, and its answer."""

from __future__ import annotations

import math
import time
from contextlib import ExitStack

from search.agenda import Agenda
from search.answer import illustrator, print_answer, question_of, write_answer
from search.cluster import capacity, joined
from search.error_lines import shortened
from search.extension import taken_over
from search.faults import InterruptedSearch, SpentSearch, UserError
from search.headline import summary
from search.interrupts import Interrupted
from search.journal import JournalError
from search.limits import Limit, LimitReached, PilotOver
from search.live import LiveView
from search.open_search import OpenSearch
from search.pilot import print_projection
from search.preparation import Preparation
from search.survey import survey_of
from search.surveying import is_surveyed, take_survey
from search.tracking import DELIVERY_SECONDS, Tracker
from search.tuner import run_search
from trainables.full_disk import is_disk_full

__all__ = ["run_to_the_end"]


def run_to_the_end(search: OpenSearch, preparation: Preparation) -> None:
    """Run what is left of a search, write its answer and print it.

    Raises:
        InterruptedSearch: if the user stopped it; MLflow's runs are closed all the same.
        UserError: if a disk is full.
    """
    tracker = Tracker(search.options.tracking_uri, search.journal, search.directory.spool,
                      search.study.study)
    search.journal.listen(tracker.offer)
    search.journal.listen(illustrator)
    agenda: Agenda | None = None
    try:
        tracker.start()
        agenda = Agenda(search.study, search.study.space(search.sizes), search.journal,
                        taken_over(search.journal))
        began = time.monotonic()
        if not agenda.is_done and not _run_trials(search, agenda, preparation):
            return
        _survey(search)
        with search.console.status("reading out"):
            readout = write_answer(
                search.directory, search.journal, question_of(
                    search.study, agenda.space,
                    search.journal.of("opened")[0].data.get("parameters"),
                    survey_of(search.journal)),
                wall_seconds=time.monotonic() - began, tracker=tracker)
        search.journal.append("closed", readout=readout.as_data(), summary=summary(readout))
    except LimitReached as stop:
        search.journal.append("interrupted", limit=str(stop))
        raise SpentSearch(f"{stop}: {_how_to_go_on(search, agenda)}") from stop
    except (Interrupted, KeyboardInterrupt) as stop:
        search.journal.append("interrupted")
        raise InterruptedSearch(_how_to_go_on(search, agenda)) from stop
    except Exception as error:
        search.journal.append("interrupted", error=str(error))  # MLflow's run says FAILED
        if is_disk_full(error) and not isinstance(error, JournalError):
            raise UserError(f"{shortened(str(error), 300)}; once there is room, go on with: "
                            f"stiltune resume {search.directory.name}") from error
        raise
    finally:
        _deliver(search, tracker)
    print_answer(search.console, readout, search.directory, tracker.uri)


def _run_trials(search: OpenSearch, agenda: Agenda, preparation: Preparation) -> bool:
    """Run what is left; return whether it is all, and not a pilot that is over."""
    study, address = search.study, search.options.address
    with ExitStack() as ray:
        starting = "starting Ray" if address == "local" else f"joining Ray at {address}"
        with search.console.status(starting):
            dashboard = ray.enter_context(joined(address, dashboard=study.resources.workers > 1))
            search.interrupts.install()  # Ray has put a handler of its own there
            search.interrupts.check()
            offered = capacity(study.resources, stops_early=study.search.scheduler == "asha",
                               dashboard=dashboard)
            preparation.wait()
        view = LiveView(search.directory.name, agenda, search.console)
        limit = Limit(search.journal.events, study.resources.workers,
                      device_hours=search.options.max_device_hours,
                      minutes=search.options.pilot_minutes)
        try:
            run_search(agenda, search.directory, workspace=search.workspace, capacity=offered,
                       view=view, interrupts=search.interrupts, limit=limit)
        except PilotOver:
            search.journal.append("interrupted", pilot=True)
            print_projection(search, agenda, offered.max_concurrent)
            return False
    return True


def _survey(search: OpenSearch) -> None:
    """Take the survey, once trials have made all that it reads."""
    if is_surveyed(search.study) and survey_of(search.journal) is None:
        with search.console.status("surveying the targets' languages"):
            survey = take_survey(search.study, search.workspace)
        search.journal.append("surveyed", **survey.model_dump(mode="json"))


def _how_to_go_on(search: OpenSearch, agenda: Agenda | None) -> str:
    done = "" if agenda is None else (f": {len(agenda.results)} of {agenda.total} trials done, "
                                      "all of them kept")
    return (f"{search.directory.name} interrupted{done}; go on with: stiltune resume "
            f"{search.directory.name}")


def _deliver(search: OpenSearch, tracker: Tracker) -> None:
    """Give MLflow what is left, and say so where it does not take it.

    Whoever interrupts a search may kill it before long: then all of it has the time of one wait.
    """
    is_whole = search.journal.events[-1].kind == "closed"
    try:
        with search.console.status("sending MLflow what is left"):
            undelivered = tracker.close(
                DELIVERY_SECONDS, at_most_seconds=math.inf if is_whole else DELIVERY_SECONDS)
    except KeyboardInterrupt:
        undelivered = tracker.close(0.0)  # what is left is kept for the next start
    search.journal.close()
    for refusal in tracker.refused:
        search.console.print(f"note: MLflow refused {refusal}", style="yellow")
    if undelivered:
        search.console.print(
            f"note: {undelivered} records are not in MLflow yet "
            f"({tracker.problem or 'it is slow'}); they are kept, and "
            f"`stiltune sync {search.directory.name}` sends them", style="yellow")
