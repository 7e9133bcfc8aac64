"""stiltune against the recipe of the libraries' documentation (`recipe.py`), on the same trials.

`stiltune start` runs twice on a fresh storage, cold and warm; then the recipe runs the very
trials of the first start, controls included: the same mixtures, language sets, rates, examples,
batch sizes and panels, two at a time. Given to the recipe for nothing, though the cold start has
to make it in its time: the lab's data, its tokenizer, the pretrained encoder, and every row
tokenised. Printed are the wall seconds of each from process start to end, and the ratios.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from search.journal import Event
from search.results import TrialResult
from spaces.lab_tasks import LAB_TASKS
from spaces.tasks import Kind, Task, find_task
from spaces.trial_config import TrialConfig
from tests.bench.measure import ROOT, journal_of, report, run, start_search
from trainables.recipes import steps_of

LEAST_RATIO = 2.0
# Suggestions alone: the fewest controls that a study may have, no designed trials. The recipe knows
# no multiple choice, so the classification is the only target.
SETTINGS = ("controls.seeds=2", "confirmation.winners=0", "curve=null",
            "targets.tasks=[lab-measure]")
SPLITS = {"selection": "validation", "report": "test"}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=8, help="search trials, 2 controls more [8]")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="KEY=VALUE",
                        help="a setting of the lab study; repeatable")
    parser.add_argument("--directory", type=Path, help="where all is written [a temporary one]")
    given = parser.parse_args(arguments)
    settings = [*SETTINGS, f"search.trials={given.trials}", *given.settings]
    with tempfile.TemporaryDirectory(prefix="stiltune-bench-") as temporary:
        directory = (given.directory or Path(temporary)).absolute()
        storage = directory / "storage"
        report([])
        cold = start_search("lab", settings, directory / "cold", storage)
        events = journal_of(storage, "lab")
        warm = start_search("lab", settings, directory / "warm", storage)
        plan = directory / "plan.json"
        plan.write_text(json.dumps(_plan(events, storage, directory / "rows")))
        recipe = run([sys.executable, str(ROOT / "tests" / "bench" / "recipe.py"), str(plan),
                      str(directory / "recipe")], directory / "recipe")
        found = next(json.loads(line) for line in recipe.output.splitlines()
                     if line.startswith('{"trials"'))
        report([
            ("trials of each side", f"{_ended(events)} and {found['trials']}, "
                                    f"{found['errors']} errors in the recipe"),
            ("recipe, seconds", f"{recipe.seconds:.1f}"),
            ("stiltune cold, seconds", f"{cold.seconds:.1f}"),
            ("stiltune warm, seconds", f"{warm.seconds:.1f}"),
            ("recipe / stiltune cold",
             f"{recipe.seconds / cold.seconds:.2f} (at least {LEAST_RATIO})"),
            ("recipe / stiltune warm", f"{recipe.seconds / warm.seconds:.2f}"),
            ("mean score on the selection panel, stiltune", f"{_mean_score(events):.1f}"),
            ("mean score on the selection panel, recipe",
             f"{sum(found['scores']) / len(found['scores']):.1f}"),
            ("peak memory, GiB PSS: recipe, cold, warm", ", ".join(
                f"{side.peak_mib / 1024:.2f}" for side in (recipe, cold, warm))),
        ])


def _plan(events: Sequence[Event], storage: Path, rows: Path) -> dict[str, Any]:
    """Return what the recipe must know, and write its tokenised rows."""
    configs = [TrialConfig.model_validate(event.data["config"]) for event in events
               if event.kind == "suggested"]
    mixed = [config for config in configs if config.intermediate is not None]
    tasks = sorted({cell.task for config in mixed for cell in config.intermediate.cells})
    named = {name: find_task(name, LAB_TASKS) for name in (*tasks, *configs[0].targets)}
    sets = {_name_of(config): _languages(config) for config in configs}
    panels = {SPLITS[panel]: getattr(configs[0].panels, panel).languages for panel in SPLITS}
    tokenizer = next((storage / "cache" / "lab").glob("*/tokenizer-*"))
    for name in tasks:
        for language in sorted({code for codes in sets.values() for code in codes}):
            _tokenise(named[name], language, "train", storage, tokenizer, rows)
    for name in configs[0].targets:
        _tokenise(named[name], "en", "train", storage, tokenizer, rows)
        for split, languages in panels.items():
            for language in languages:
                _tokenise(named[name], language, split, storage, tokenizer, rows,
                          most=configs[0].fidelity.evaluation_rows)
    return {
        "points": [_point(config, tasks) for config in configs], "intermediate": tasks,
        "language_sets": sets, "targets": configs[0].targets, "panels": panels,
        "tasks": {name: {"labels": len(task.labels), "kind": _kind(task)}
                  for name, task in named.items()},
        "intermediate_steps": steps_of(mixed[0].fidelity.intermediate_examples,
                                       mixed[0].intermediate.recipe),
        "target_steps": steps_of(configs[0].fidelity.target_examples, configs[0].target),
        "target_rate": configs[0].target.learning_rate,
        "batch_size": configs[0].target.batch_size,
        "tokenizer": str(tokenizer), "data": str(rows), "encoder": _encoder(storage),
    }


def _point(config: TrialConfig, tasks: Sequence[str]) -> dict[str, Any]:
    """Return a trial as the recipe's space has it; a control is a mixture of nothing."""
    bare = config.intermediate is None
    return {
        **{task: 0.0 if bare else config.intermediate.mixture[task] for task in tasks},
        "learning_rate": 1e-3 if bare else config.intermediate.recipe.learning_rate,
        "languages": _name_of(config),
    }


def _kind(task: Task) -> str:
    return "tagging" if task.kind is Kind.TAGGING else "text"


def _name_of(config: TrialConfig) -> str:
    if config.intermediate is None:
        return "none"
    chosen = config.intermediate.languages
    return f"{chosen.order}-{chosen.count}{'' if chosen.english else '-without-english'}"


def _languages(config: TrialConfig) -> list[str]:
    cells = () if config.intermediate is None else config.intermediate.cells
    return sorted({cell.language for cell in cells})


def _encoder(storage: Path) -> str:
    """Return the directory of the pretrained encoder in the store."""
    return str(next((storage / "store" / "pretrain").glob("*/*/model.safetensors")).parent)


def _tokenise(task: Task, language: str, split: str, storage: Path, tokenizer: Path, rows: Path,
              *, most: int | None = None) -> None:
    from datasets import Dataset, disable_progress_bars

    from trainables.encoded import IGNORED
    from trainables.encoding import encode
    from trainables.panel_sets import subset
    from trainables.sources import Sources
    from trainables.tokenizer import load_tokenizer

    directory = rows / f"{task.name}-{language}-{split}"
    if directory.exists():
        return
    found = Sources(cache=storage / "cache").rows(task, language, split)
    items = encode(subset(found, most or len(found)), load_tokenizer(tokenizer), 64)
    cuts = list(zip(items.offsets[:-1], items.offsets[1:], strict=True))
    labels = items.items["label"].tolist() if task.kind is not Kind.TAGGING else [
        items.tokens["tag"][low:high].tolist() for low, high in cuts]
    ids = [items.ids[low:high].tolist() for low, high in cuts]
    assert IGNORED == -100  # transformers' own
    disable_progress_bars()
    Dataset.from_dict({"input_ids": ids, "attention_mask": [[1] * len(each) for each in ids],
                       "labels": labels}).save_to_disk(directory)


def _ended(events: Sequence[Event]) -> int:
    return sum(event.kind == "finished" for event in events)


def _mean_score(events: Sequence[Event]) -> float:
    """Return the mean over trials and targets of accuracy on the selection panel, in points."""
    results = [TrialResult.model_validate({"trial": event.trial, **event.data})
               for event in events if event.kind == "finished"]
    points = [result.scores.mean(task, "selection", "accuracy")
              for result in results if result.scores for task in result.config.targets]
    return sum(points) / len(points)


if __name__ == "__main__":
    main()
