"""A study on simulated phases: the real path in milliseconds a trial."""

from __future__ import annotations

from collections.abc import Sequence

from search.study import Study

STUDY = """
study: simulated
question: Does the search find what is there?
models: [{origin: simulated, name: simulated, noise_sd: 0.5}]
intermediate:
  tasks: [lab-kind, lab-names, lab-tags]
  weighting: simplex
  max_active: 3
  languages: {pool: [de, fr, ru, zh], order: ["random:0", "random:1"], count: [0, 1, 2, 4]}
  learning_rate: {low: 1.0e-4, high: 1.0e-2}
targets: {tasks: [lab-measure, lab-tags], learning_rate: 1.0e-3}
panels: {selection: [el, hi, sw], report: [el, hi, sw]}
fidelity:
  search: {intermediate_examples: 320, target_examples: 320, evaluation_rows: 50}
search: {trials: 8, round_size: 4}
controls: {seeds: 2}
confirmation: {winners: 1, seeds: 2}
curve: {counts: [0, 1, 2, 4], orders: ["random:0", "random:1"], seeds: 2, worth: 0.5}
"""


def simulated_study(overrides: Sequence[str] = ()) -> Study:
    return Study.from_text(STUDY, overrides)


def sizes_of(study: Study) -> dict[str, dict[str, int]]:
    return {task: {code: 1600 for name, code in study.cells() if name == task}
            for task in study.intermediate.tasks}
