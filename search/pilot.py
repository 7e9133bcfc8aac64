"""Pilot: from minutes of measured trials to what the whole study will take."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from search.agenda import Agenda
from search.check import parameter_counts
from search.gains import finished_controls
from search.intervals import in_points, units_needed
from search.journal import Event
from search.limits import SECONDS_PER_HOUR
from search.objective import control_key
from search.open_search import OpenSearch
from search.results import Outcome, TrialResult
from search.study import Study
from search.work import Block, Work, blocks_of, work_of
from spaces.search_space import SearchSpace
from spaces.value import Value
from trainables.encoder_ref import ParameterCounts
from trainables.phase_store import PhaseStore

__all__ = ["ProjectedBlock", "Projection", "print_projection", "project", "render_projection"]

GIB: Final = 2**30


def print_projection(search: OpenSearch, agenda: Agenda, concurrent: int) -> None:
    """Print what a search takes in whole, by the trials that ended; `concurrent` run at once."""
    began = search.journal.events[0].time
    stored = sum(each.manifest.size for each in PhaseStore(search.workspace.store).entries()
                 if each.manifest.created >= began)
    found = project(
        search.study, agenda.space, agenda.results.values(), search.journal.events,
        parameters=parameter_counts(search.study, search.workspace), stored_bytes=stored,
        concurrent=concurrent)
    if found is None:
        search.console.print(f"{search.directory.name}: no trial finished in the pilot's "
                             f"{search.options.pilot_minutes:g} minutes; give it more")
    else:
        search.console.print(render_projection(found, search.directory.name), highlight=False)


class ProjectedBlock(Value):
    """Trials of one kind: how many there are at most and were measured, and device hours of all."""

    name: str
    trials: int
    measured: int
    device_hours: float


class Projection(Value):
    """What a whole study takes, by trials that were measured.

    `wall_hours` is at `concurrent` trials at once. `store_gib` is what the phase store will hold of
    it, None where nothing was stored. `seeds_needed` is how many seed blocks tell a difference of
    `points` points from none at the controls' spread `control_sd`, None of fewer than two controls.
    """

    blocks: tuple[ProjectedBlock, ...]
    device_hours: float
    wall_hours: float
    concurrent: int
    store_gib: float | None
    points: float
    control_sd: float | None = None
    seeds_needed: int | None = None


def project(
    study: Study, space: SearchSpace, results: Iterable[TrialResult], events: Sequence[Event], *,
    parameters: Mapping[str, ParameterCounts], stored_bytes: int, concurrent: int,
) -> Projection | None:
    """Return what a study takes, None where no trial finished.

    A trial takes as long for each of its FLOPs, reckoned at most, as those of its model that were
    measured; of a model that was not, as all that were. A simulated trial takes their mean.

    Args:
        study: the study.
        space: its search space.
        results: the trials that ended.
        events: the journal's.
        parameters: each model's number of parameters, by the model's name.
        stored_bytes: what the phase store has grown by meanwhile.
        concurrent: trials at once.
    """
    finished = [each for each in results if each.outcome is Outcome.FINISHED]
    seconds = _seconds(events)
    measured = [(each, work_of(each.config, study, parameters[each.config.model.name]),
                 seconds[each.trial]) for each in finished if each.trial in seconds]
    if not measured:
        return None
    pace = _Pace([(each.config.model.name, work, took) for each, work, took in measured])
    blocks, nbytes = [], 0.0
    for block in blocks_of(study, space):
        works = [(config.model.name, work_of(config, study, parameters[config.model.name]))
                 for config in block.configs]
        hours = block.trials * _mean([pace.seconds(*each) for each in works]) / SECONDS_PER_HOUR
        blocks.append(ProjectedBlock(
            name=block.name, trials=block.trials, measured=_measured_of(block, measured),
            device_hours=hours * study.resources.workers))
        nbytes += block.trials * _mean([work.bytes for _, work in works])
    kept = math.fsum(work.bytes for _, work, _ in measured)
    total = math.fsum(block.device_hours for block in blocks)
    points = _asked(study)
    sd = _control_sd(finished, study)
    return Projection(
        blocks=tuple(blocks), device_hours=total, concurrent=concurrent,
        wall_hours=total / study.resources.workers / concurrent, points=points,
        store_gib=stored_bytes * nbytes / kept / GIB if kept and stored_bytes else None,
        control_sd=sd, seeds_needed=None if sd is None else units_needed(
            sd * math.sqrt(2), points / 2))


class _Pace:
    def __init__(self, measured: Sequence[tuple[str, Work, float]]) -> None:
        by_model: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for model, work, took in measured:
            by_model[model].append((work.flops, took))
        everything = [pair for pairs in by_model.values() for pair in pairs]
        self._mean = _mean([took for _, took in everything])
        self._all = _per_flop(everything)
        self._by_model = {model: _per_flop(pairs) for model, pairs in by_model.items()}

    def seconds(self, model: str, work: Work) -> float:
        rate = self._by_model.get(model, self._all)
        return self._mean if rate is None or not work.flops else rate * work.flops


def _per_flop(pairs: Sequence[tuple[float, float]]) -> float | None:
    flops = math.fsum(work for work, _ in pairs)
    return math.fsum(took for _, took in pairs) / flops if flops else None


def _seconds(events: Sequence[Event]) -> dict[str, float]:
    """Return trial -> seconds from its last start to its end, of those that ran here."""
    started: dict[str, float] = {}
    found: dict[str, float] = {}
    for event in events:
        if event.kind == "started":
            started[str(event.trial)] = event.time
        elif event.kind == "finished" and str(event.trial) in started:
            found[str(event.trial)] = event.time - started[str(event.trial)]
    return found


def _measured_of(block: Block, measured: Sequence[tuple[TrialResult, Work, float]]) -> int:
    roles = {"controls": "control", "table controls": "control", "arm controls": "control",
             "fresh controls": "control", "arms": "arm", "further controls": "further control"}
    seeds, role = set(block.seeds), roles.get(block.name, block.name)
    return sum(each.role.value == role and (role == "search" or each.config.seed in seeds)
               for each, _, _ in measured)


def _asked(study: Study) -> float:
    """Return the difference in points that the study asks for, 1 where it names none."""
    if study.arms is not None:
        return study.arms.primary.minimal
    worths = [each.points for each in study.curve.worth.each.values()] if study.curve else []
    return min((points for points in worths if points is not None), default=1.0)


def _control_sd(finished: Sequence[TrialResult], study: Study) -> float | None:
    """Return the spread of controls between seeds, pooled over their kinds, in points."""
    groups: dict[str, list[float]] = defaultdict(list)
    tasks = [task.name for task in study.target_tasks if task.trained]
    for result in finished_controls(finished):
        if result.scores is not None:
            metrics = result.scores.primary_metrics()
            means = [result.scores.mean(task, "report", metrics[task]) for task in tasks]
            groups[control_key(result.config)].append(_mean(means))
    spread = [(np.var(values, ddof=1), len(values) - 1) for values in groups.values()
              if len(values) > 1]
    freedom = sum(count for _, count in spread)
    return math.sqrt(sum(v * count for v, count in spread) / freedom) if freedom else None


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0


def render_projection(projection: Projection, search: str) -> RenderableType:
    """Return the projection for a terminal, with how to go on."""
    table = Table(box=None, header_style="bold")
    table.add_column("trials of")
    for column in ("trials", "measured", "device hours"):
        table.add_column(column, justify="right")
    for block in projection.blocks:
        table.add_row(block.name, str(block.trials), str(block.measured),
                      f"{block.device_hours:.3g}")
    table.add_row("in all", str(sum(block.trials for block in projection.blocks)),
                  str(sum(block.measured for block in projection.blocks)),
                  f"{projection.device_hours:.3g}", style="bold")
    lines = [f"{projection.wall_hours:.3g} hours with {projection.concurrent} trials at once, at "
             "most; what trials share is trained once."]
    if projection.store_gib is not None:
        lines.append(f"The phase store grows to about {projection.store_gib:.3g} GiB.")
    if projection.seeds_needed is not None:
        lines.append(
            f"Controls spread by {projection.control_sd:.2f} points between seeds: about "
            f"{projection.seeds_needed} seed blocks tell {in_points(projection.points)} from "
            "nothing.")
    lines.append(f"The measured trials are kept; go on with: stiltune resume {search} "
                 f"[--max-device-hours {max(0.1, projection.device_hours * 1.5):.2g}]")
    return Group(Text(f"{search}: what the whole study takes, by the pilot", style="bold"), table,
                 *(Text(line) for line in lines))
