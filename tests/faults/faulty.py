"""A started search whose trials meet faults, and what must hold of any search that went on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlflow.entities import Run
from mlflow.tracking import MlflowClient

from tests.faults.patching import patched
from tests.search.simulated_study import STUDY
from tests.stiltune_process import Stiltune

__all__ = ["Faulty"]


class Faulty(Stiltune):
    """Runs searches of the simulated study in a directory, with faults in their trials.

    Args:
        directory: an empty one.
        faults: a trial's name -> its fault (see `injected.py`).
        patches: further patches of the started processes, by name.
        study: the study's YAML.
    """

    def __init__(self, directory: Path, faults: Mapping[str, str] | None = None,
                 patches: tuple[str, ...] = (), study: str = STUDY) -> None:
        super().__init__(directory)
        (directory / "simulated.yaml").write_text(study)
        self.environment |= patched(*(("names", "faults") if faults else ()), *patches) | {
            "STILTUNE_TEST_FAULTS": json.dumps(dict(faults or {})),
            "STILTUNE_TEST_ONCE": str(directory / "struck"),
        }

    def start(self, *settings: str) -> str:
        """Run a search to its end with these settings of its study."""
        return self.run("start", "simulated.yaml", "--storage", "results",
                        *(each for setting in settings for each in ("--set", setting)))

    def ended(self, search: str) -> dict[str, dict[str, Any]]:
        """Return what the journal says of each trial that ended, by its name."""
        return {event["trial"]: event["data"] for event in self.events(search)
                if event["kind"] == "finished"}

    def told(self, search: str) -> dict[str, float | None]:
        """Return what the sampler was told of each search trial."""
        return {event["trial"]: event["data"]["objective"] for event in self.events(search)
                if event["kind"] == "told"}

    def mlflow_runs(self) -> list[Run]:
        """Return all active runs of the study's experiment."""
        client = MlflowClient(f"sqlite:///{self.directory / 'mlflow.db'}")
        experiment = client.get_experiment_by_name("simulated")
        assert experiment is not None
        return list(client.search_runs([experiment.experiment_id], max_results=1000))

    def assert_each_trial_once(self, search: str) -> None:
        """Every trial is in the journal once and in MLflow once, as the journal has it."""
        ended = [event["trial"] for event in self.events(search) if event["kind"] == "finished"]
        assert max(Counter(ended).values()) == 1
        status = {"finished": "FINISHED", "failed": "FAILED", "stopped": "KILLED"}
        runs = [(run.data.tags["mlflow.runName"], run.info.status) for run in self.mlflow_runs()]
        assert sorted(runs) == sorted([(search, "FINISHED"), *(
            (trial, status[data["outcome"]]) for trial, data in self.ended(search).items())])
