"""The driver killed with SIGKILL at random moments, its private Ray with it, and resumed each time.

`STILTUNE_TEST_KILLS` and `STILTUNE_TEST_SEED` vary how often and when.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.faulty import Faulty
from tests.faults.kills import ends_within, kill_with_all, spread_moments
from tests.search.simulated_study import STUDY
from tests.test_two_workers import STUDY as LAB_STUDY

KILLS = int(os.environ.get("STILTUNE_TEST_KILLS", "20"))
SEED = int(os.environ.get("STILTUNE_TEST_SEED", "6"))
ON_LAB = 3  # kills of a search on real phases, each of which takes longer
WRITER = "search.tracking_process"  # MLflow's writer, which outlives a killed driver by a moment


@dataclass
class Study:
    """A study, how it is started, and where its searches run."""

    text: str
    settings: tuple[str, ...]
    place: Path

    def fresh(self) -> Faulty:
        """Return a place of their own for searches, with nothing in store."""
        directory = self.place / f"{len(list(self.place.iterdir()))}"
        directory.mkdir(parents=True)
        return Faulty(directory, study=self.text)


def begun(stiltune: Faulty) -> str | None:
    """Return the search that has begun there, None where the start was killed before."""
    names = [path.parent.name for path in stiltune.storage.glob("*/journal.jsonl")]
    return next((name for name in names if stiltune.events(name)), None)


def go_on(stiltune: Faulty, study: Study) -> subprocess.Popen[str]:
    """Resume the search there, or start one."""
    name = begun(stiltune)
    if name is not None:
        return stiltune.popen("resume", name, "--storage", "results")
    return stiltune.popen("start", "simulated.yaml", "--storage", "results", *(
        each for setting in study.settings for each in ("--set", setting)))


def story(stiltune: Faulty) -> dict[str, Any]:
    """Return what a search suggested, what it told its sampler, and what it answers."""
    name = begun(stiltune)
    assert name is not None
    events = stiltune.events(name)
    suggested = [(event["trial"], event["data"]) for event in events
                 if event["kind"] == "suggested"]
    told = [(event["data"]["number"], event["data"]) for event in events
            if event["kind"] == "told"]
    assert len(dict(suggested)) == len(suggested)
    assert len(dict(told)) == len(told)
    answer = json.loads(stiltune.run("best", name, "--storage", "results", "--format", "json"))
    del answer["measured"], answer["search"]
    return {"suggested": dict(suggested), "told": dict(told),
            "answer": json.loads(re.sub(name, "NAME", json.dumps(answer)))}


def kill_again_and_again(study: Study, whole: Faulty, duration: float, kills: int) -> list[str]:
    """Kill searches at `kills` moments and hold each that ends against the whole one.

    A moment that comes after the end of a search that goes on is one of the next search.
    """
    moments, draw, log = spread_moments(duration, kills, SEED), random.Random(SEED), []
    expected = story(whole)
    stiltune, is_fresh = study.fresh(), True
    while moments:
        process, began = go_on(stiltune, study), time.monotonic()
        if ends_within(process, moments[0]):
            assert story(stiltune) == expected
            stiltune.assert_each_trial_once(begun(stiltune) or "")
            if is_fresh:  # a faster run than the one that was measured
                moments[0] = 0.7 * (time.monotonic() - began)
            stiltune, is_fresh = study.fresh(), True
            continue
        spared = draw.choice(["", WRITER])
        kill_with_all(process, sparing=spared)
        log.append(f"{stiltune.directory.name}: {'start' if is_fresh else 'resume'} killed after "
                   f"{moments.pop(0):.2f} s, {len(stiltune.finished(begun(stiltune) or ''))} "
                   f"trials done, MLflow's writer {'spared' if spared else 'too'}")
        is_fresh = begun(stiltune) is None
    assert ends_within(go_on(stiltune, study), 600)
    assert story(stiltune) == expected
    stiltune.assert_each_trial_once(begun(stiltune) or "")
    return log


@pytest.mark.slow
@pytest.mark.parametrize(("text", "settings", "kills"), [
    pytest.param(STUDY, ("models.0.seconds=0.5",), KILLS, id="simulated phases"),
    pytest.param(LAB_STUDY.replace("study: workers", "study: simulated"), (), min(KILLS, ON_LAB),
                 id="lab phases"),
])
def test_killed_at_random_moments_nothing_is_lost_or_repeated_and_the_answer_is_the_same(
    tmp_path: Path, text: str, settings: tuple[str, ...], kills: int
) -> None:
    study = Study(text, settings, tmp_path / "searches")
    study.place.mkdir()
    whole = study.fresh()
    began = time.monotonic()
    whole.start(*settings)
    duration = time.monotonic() - began
    log = kill_again_and_again(study, whole, duration, kills)
    sys.stdout.write("\n".join([f"seed {SEED}, whole in {duration:.1f} s", *log, ""]))
    assert len(log) == kills
