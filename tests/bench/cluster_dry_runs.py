"""The studies for clusters, cut down to a mirror and run here with one encoder: a dry run of each.

Each study is cut down by the rule of `cut_down.py`, checked as `stiltune check` does, and run trial
by trial in this process: real phases, tokenizer and data, on one core; of each role as few trials
as there are models and arms, or counts of a curve. So little is trained that nothing can be told;
the read-out, made of what ran, says so. Exits with 1 if a trial failed.

    python -m tests.bench.cluster_dry_runs --hub DIR --model ENCODER_DIR       minutes on two cores
    python -m tests.bench.cluster_dry_runs --hub DIR --model ENCODER_DIR --studies scaling
    python -m tests.bench.cluster_dry_runs --hub DIR --model ENCODER_DIR --examples 32 --rows 3
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from search.agenda import Agenda
from search.answer import question_of
from search.check import CheckReport, body_parameters, check
from search.headline import headline
from search.item_errors import read_predictions
from search.journal import Journal
from search.planned import Planned
from search.readout import read_out
from search.renderings import as_markdown
from search.results import Outcome, Role, TrialResult, unfinished
from search.snapshot import take_snapshot
from search.study import Study
from search.surveying import is_surveyed, take_survey
from tests.bench.cut_down import cut_down, held_by
from tests.bench.cut_small import Limits
from trainables.context import Context
from trainables.scores import Cost, PhaseResult
from trainables.sources import Sources
from trainables.trial import run_trial
from trainables.workspace import Workspace

STUDIES = ("languages", "low-resource", "robustness", "scaling", "similarity")


class DryRun(NamedTuple):
    """What a dry run came to; `planned` counts the trials that the whole study here would have."""

    study: str
    changes: tuple[str, ...]
    planned: int
    results: tuple[TrialResult, ...]
    seconds: float
    answer: str

    @property
    def failed(self) -> list[TrialResult]:
        """The trials that failed."""
        return [result for result in self.results if result.outcome is Outcome.FAILED]

    def line(self) -> str:
        """Return the run's row of the table."""
        roles = Counter(result.role.value for result in self.results)
        ran = ", ".join(f"{count} {role}" for role, count in roles.items())
        tokens = sum(result.cost.tokens for result in self.results)
        return " | ".join([
            self.study, "; ".join(self.changes) or "-",
            f"{len(self.results)} of {self.planned} ({ran})", str(len(self.failed)),
            f"{self.seconds:.0f}", f"{tokens:,}", self.answer])


def dry_run(study: Study, changes: Sequence[str], workspace: Workspace, directory: Path) -> DryRun:
    """Check a study that was cut down, run a part of it and read it out.

    Raises:
        UserError: if what it reads is at fault.
    """
    began = time.monotonic()
    snapshot = take_snapshot(study, workspace)
    space = study.space(snapshot.sizes)
    report = check(study, snapshot.sizes, workspace, snapshot.notes())
    sys.stdout.write(checked(report))
    sys.stdout.flush()
    journal = Journal(directory / f"{study.study}.jsonl")
    try:
        agenda = Agenda(study, space, journal)
        results = run_some(agenda, Context(workspace))
        readout = read_out(
            results,
            question_of(study, space, body_parameters(study, workspace),
                        take_survey(study, workspace) if is_surveyed(study) else None),
            search=f"{study.study}-dry-run", unfinished=unfinished(journal),
            predictions=read_predictions)
    finally:
        journal.close()
    assert as_markdown(readout)  # all of it can be written
    return DryRun(study.study, tuple(changes), agenda.total, tuple(results),
                  time.monotonic() - began, headline(readout))


def checked(report: CheckReport) -> str:
    """Return a line on the trials that `check` counts."""
    batches = ", ".join(f"{batch.trials} {batch.name}" for batch in report.batches)
    return f"{report.study}: {report.totals.trials} trials ({batches})\n"


def run_some(agenda: Agenda, context: Context) -> list[TrialResult]:
    """Run one trial of each sort, and all that choose learning rates; hand out the others unrun."""
    results: list[TrialResult] = []
    seen: set[tuple[str, ...]] = set()
    while (planned := agenda.next()) is not None:
        agenda.launched(planned.trial)
        if planned.role is not Role.TUNING:  # arms wait for all of these
            if (sort := sort_of(planned)) in seen:
                continue
            seen.add(sort)
        agenda.started(planned.trial, "here")
        results.append(run(planned, context))
        agenda.finished(results[-1])
    return results


def sort_of(planned: Planned) -> tuple[str, ...]:
    """Return what trials share that are alike but for seeds and orders."""
    group = planned.group
    if planned.role is Role.CURVE:
        group = group.split()[0]  # the count, of "4 random:0"
    return planned.role.value, planned.config.model.name, group


def run(planned: Planned, context: Context) -> TrialResult:
    """Run a trial; a failure is an outcome, and its traceback is printed."""
    began = time.monotonic()
    fields: dict[str, object] = {}
    phases: list[PhaseResult] = []
    try:
        for outcome in run_trial(planned.config, context):
            phases += outcome.phases
            fields = {"scores": outcome.scores, "rung": outcome.fraction,
                      "predictions": str(outcome.predictions), "baselines": outcome.baselines,
                      "outcome": Outcome.FINISHED}
    except Exception as error:  # noqa: BLE001  the others are run all the same
        traceback.print_exc()
        fields = {"outcome": Outcome.FAILED, "error": f"{type(error).__name__}: {error}"}
    cost = Cost.total(phase.cost for phase in phases)
    sys.stdout.write(f"  {planned.trial} {planned.group}: {cost.tokens:,} tokens, "
                     f"{time.monotonic() - began:.1f} s\n")
    sys.stdout.flush()
    return TrialResult.model_validate({
        "trial": planned.trial, "role": planned.role, "group": planned.group,
        "config": planned.config, "phases": phases, **fields,
        "cost": cost})


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hub", required=True, help="a mirror of hub repositories")
    parser.add_argument("--model", required=True, help="a directory with an encoder's files")
    parser.add_argument("--studies", nargs="+", default=STUDIES, choices=STUDIES, metavar="STUDY")
    parser.add_argument("--examples", type=int, default=64, help="of each training [64]")
    parser.add_argument("--rows", type=int, default=20, help="scored of each language [20]")
    parser.add_argument("--tuning", type=int, default=6,
                        help="the most trials of a model that choose its rates [6]")
    given = parser.parse_args(arguments)
    limits = Limits(given.examples, given.examples, given.rows, tuning=given.tuning)
    runs = []
    with tempfile.TemporaryDirectory() as storage:
        workspace = Workspace(store=f"{storage}/store", cache=f"{storage}/cache",
                              hub=str(Path(given.hub).absolute()))
        held = held_by(Sources(hub=workspace.hub, cache=workspace.cache))
        for name in given.studies:
            cut = cut_down(Study.from_file(name), held, limits=limits,
                           model=str(Path(given.model).absolute()))
            runs.append(dry_run(cut.study, cut.changes, workspace, Path(storage)))
            sys.stdout.write(f"{runs[-1].line()}\n")
            sys.stdout.flush()
    sys.stdout.write("\nstudy | dropped or replaced | trials run | failed | seconds | "
                     "tokens read | the answer\n--- | --- | --- | --- | --- | --- | ---\n")
    sys.stdout.writelines(f"{each.line()}\n" for each in runs)
    if any(each.failed for each in runs):
        sys.exit(1)


if __name__ == "__main__":
    main()
