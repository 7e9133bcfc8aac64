"""A study in which nothing is wrong, for tests to change."""

from __future__ import annotations

import copy
from typing import Any

import yaml

from search.study import Study

__all__ = ["GOOD", "good", "read"]

GOOD: dict[str, Any] = {
    "study": "good",
    "models": ["lab-tiny"],
    "intermediate": {
        "tasks": ["lab-kind", "lab-tags"],
        "languages": {"pool": ["de", "fr", "ar", "fi"], "order": ["random:0", "diverse"],
                      "count": [0, 2, 4]},
        "learning_rate": {"low": 5e-4, "high": 4e-3},
    },
    "targets": {"tasks": ["lab-measure", "lab-choice"], "learning_rate": 1e-3},
    "panels": {"selection": ["el", "tr"], "report": ["el", "tr"]},
    "fidelity": {"search": {"intermediate_examples": 64, "target_examples": 64,
                            "evaluation_rows": 20}},
    "curve": {"counts": [0, 1, 2, 4], "orders": ["random:0", "random:1"]},
}


def good(**changes: Any) -> dict[str, Any]:
    """Return the good study with values set at dotted keys; None removes a key."""
    data = copy.deepcopy(GOOD)
    for dotted, value in changes.items():
        *parents, last = dotted.split("__")
        at = data
        for parent in parents:
            at = at[parent]
        if value is None:
            at.pop(last)
        else:
            at[last] = value
    return data


def read(data: Any, *overrides: str) -> Study:
    return Study.from_text(yaml.safe_dump(data), overrides)
