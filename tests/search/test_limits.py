from __future__ import annotations

from typing import Any

import pytest

from search.journal import Event, EventKind
from search.limits import DeviceTime, Limit, LimitReached, PilotOver

HOUR = 3600.0


def events(*told: tuple[float, EventKind, str | None]) -> list[Event]:
    return [Event(sequence=number, time=at, kind=kind, trial=trial)
            for number, (at, kind, trial) in enumerate(told)]


BEGUN = ((0.0, "opened", None), (10.0, "started", "a"), (20.0, "started", "b"))


@pytest.mark.parametrize(("told", "now", "seconds"), [
    ([*BEGUN], 30.0, 20 + 10),
    ([*BEGUN, (50.0, "finished", "a")], 60.0, 40 + 40),
    # Killed at some time after 50: what ran is counted up to the last that was heard.
    ([*BEGUN, (50.0, "finished", "a"), (900.0, "resumed", None)], 1000.0, 40 + 30),
    ([*BEGUN, (50.0, "interrupted", None), (900.0, "resumed", None), (910.0, "started", "a")],
     920.0, 40 + 30 + 10),
    ([*BEGUN, (50.0, "started", "a"), (60.0, "finished", "a")], 60.0, 40 + 10 + 40),
    ([*BEGUN, (50.0, "finished", "a"), (60.0, "finished", "b"), (61.0, "closed", None)], 900.0,
     40 + 40),
    ([(0.0, "opened", None), (5.0, "finished", "a")], 9.0, 0),  # taken over, never run here
])
@pytest.mark.parametrize("workers", [1, 2])
def test_device_time_is_what_trials_had_a_worker_for(
    told: Any, now: float, seconds: float, workers: int
) -> None:
    listed = events(*told)
    assert DeviceTime(listed, workers).seconds(now) == pytest.approx(workers * seconds)
    growing: list[Event] = []
    measured = DeviceTime(growing, workers)
    for event in listed:
        growing.append(event)
        measured.seconds(event.time)
    assert measured.seconds(now) == pytest.approx(workers * seconds)


def test_a_limit_counts_what_was_spent_before_a_resume_and_stops_once_it_is_reached() -> None:
    told = events(*BEGUN, (10 + HOUR, "interrupted", None), (9 * HOUR, "resumed", None),
                  (9 * HOUR, "started", "a"))
    limit = Limit(told, 1, device_hours=2.5)
    limit.check(9 * HOUR + 0.4 * HOUR)
    with pytest.raises(LimitReached, match=r"2\.51 of 2\.5 device hours are spent"):
        limit.check(9 * HOUR + 0.51 * HOUR)
    Limit(told, 1).check(1000 * HOUR)


def test_a_pilot_lasts_from_the_first_trial_of_this_start() -> None:
    told = events(*BEGUN, (100.0, "resumed", None))
    pilot = Limit(told, 1, minutes=2)
    pilot.check(9_000.0)  # nothing has started yet
    told += [Event(sequence=4, time=9_000.0, kind="started", trial="a"),
             Event(sequence=5, time=9_001.0, kind="started", trial="b")]
    pilot.check(9_119.0)
    with pytest.raises(PilotOver):
        pilot.check(9_120.0)
