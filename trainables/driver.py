"""The driver: the function that Ray Tune calls for each trial.

What a trial needs, torch above all, is imported when the first one runs in a process: the
search's own process never trains, and does without.
"""

from __future__ import annotations

from typing import Any, Final

from trainables.assignment import Assignment

__all__ = ["RAY_ENVIRONMENT", "drive"]

# What Tune and Train read from the environment of the process that starts them.
RAY_ENVIRONMENT: Final = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # the journal is the record, not Tune's files
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",  # a message may carry no metric
    "TUNE_GLOBAL_CHECKPOINT_S": "600",  # nothing resumes from Tune's own state
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # the search has its own
    "TUNE_RESULT_BUFFER_LENGTH": "1",
    "TUNE_WARN_THRESHOLD_S": "30",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",  # a dead worker is told in the read-out, in one line
    "RAY_AIR_NEW_OUTPUT": "0",  # whose banner ignores `verbose=0`
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.2",  # its default of 2 s is added to every trial
    "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "120",
}

def drive(config: dict[str, Any]) -> None:
    """Run one trial; its assignment is the JSON text under `assignment`."""
    from trainables.executors import execute

    execute(Assignment.model_validate_json(config["assignment"]))
