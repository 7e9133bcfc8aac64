"""Simulated results: trials with a known truth, as a search would leave them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from search.entries import Question
from search.results import Outcome, Role, TrialResult
from spaces.fidelity import Fidelity, Panel, Panels
from spaces.language_orders import LanguageSet
from spaces.mixtures import Mixture, proportional, uniform
from spaces.models import LAB_MODELS
from spaces.tasks import Kind
from spaces.trial_config import Intermediate, Recipe, TrialConfig
from trainables.scores import Cost, Score, Scores

TASKS = ("dates", "entities", "numbers")
KINDS = {"topics": Kind.CLASSIFICATION, "tags": Kind.TAGGING}
OFFERED = dict.fromkeys(TASKS, ("en", "de", "es", "fr", "it", "nl", "pt", "sv", "da", "no", "fi",
                                "pl", "cs", "ro", "hu", "tr"))
POOL = OFFERED["dates"][1:]
PANELS = Panels(selection=Panel(languages=("el", "hi")), report=Panel(languages=("sw", "th")))
SEARCH = Fidelity(name="search", intermediate_examples=400, target_examples=200,
                  evaluation_rows=100)
CONFIRM = SEARCH.model_copy(update={"name": "confirm", "target_examples": 400})
REFERENCES = {"uniform": uniform(TASKS),
              "proportional": proportional({"dates": 600, "entities": 300, "numbers": 100})}
QUESTION = Question(kinds=KINDS, worth=0.5, winners=2, references=REFERENCES)


def config(
    mixture: Mapping[str, float] | Mixture | None = None, *, seed: int = 0, count: int = 4,
    order: str = "random:0", fidelity: Fidelity = SEARCH, panels: Panels = PANELS,
) -> TrialConfig:
    intermediate = None
    if mixture is not None:
        given = Mixture.model_validate(mixture)
        languages = LanguageSet(order=order, count=count, english=True)
        cells = given.cells(languages.resolve(POOL), OFFERED)
        intermediate = Intermediate(mixture=given, languages=languages, cells=cells,
                                    recipe=Recipe(learning_rate=5e-4))
    return TrialConfig(model=LAB_MODELS[0], intermediate=intermediate, targets=tuple(KINDS),
                       target=Recipe(learning_rate=1e-3), fidelity=fidelity, panels=panels,
                       seed=seed)


def scores(
    topics: float, tags: float | None = None, *, shift: float = 0.0, chance: float = 25.0,
    rows: int = 100, collapsed: bool = False,
) -> Scores:
    """Return scores whose task means on the report panel are `topics` and `tags`, in points."""
    means = {"topics": topics, "tags": topics if tags is None else tags}
    return Scores(scores=tuple(
        Score(task=task, language=language, panel=panel, metric="accuracy",
              points=float(np.clip(mean + side + (shift if panel == "selection" else 0), 0, 100)),
              rows=rows, chance=chance, collapsed=collapsed)
        for task, mean in means.items() for panel in ("selection", "report")
        for language, side in zip(getattr(PANELS, panel).languages, (-2.0, 2.0), strict=True)))


def result(
    trial: str, role: Role, point: TrialConfig, scored: Scores | None, *, group: str = "",
    outcome: Outcome = Outcome.FINISHED, error: str | None = None,
) -> TrialResult:
    return TrialResult(trial=trial, role=role, group=group, config=point, outcome=outcome,
                       error=error, scores=scored, cost=Cost(examples=600, device_seconds=1.5))


def controls(
    points: Iterable[float], *, fidelity: Fidelity = SEARCH, first_seed: int = 0, name: str = "c"
) -> list[TrialResult]:
    return [result(f"{name}-{index}", Role.CONTROL,
                   config(seed=first_seed + index, fidelity=fidelity), scores(value))
            for index, value in enumerate(points)]


def curve(
    truth: Callable[[float], float], *, counts: Iterable[int] = (0, 1, 2, 4, 8), orders: int = 4,
    seeds: int = 2, sd: float = 0.2, draw: int = 0,
) -> list[TrialResult]:
    """Return a designed block whose scores follow `truth` of the count, with noise `sd`."""
    rng = np.random.default_rng(draw)
    found = []
    for count in counts:
        for order in range(orders if count else 1):
            for seed in range(seeds):
                point = config(REFERENCES["uniform"], seed=seed, count=count,
                               order=f"random:{order}", fidelity=CONFIRM)
                found.append(result(f"curve-{len(found):03d}", Role.CURVE, point,
                                    scores(truth(count) + rng.normal(0, sd))))
    return found


def search(
    effects: Mapping[str, float], *, trials: int = 24, sd: float = 0.4, base: float = 60.0,
    draw: int = 0,
) -> list[TrialResult]:
    """Return a whole search: a mixture's true gain is the sum of weight times effect."""
    rng = np.random.default_rng(draw)

    def score(mixture: Mixture | None, seed: int) -> Scores:
        gain = sum(weight * effects[task] for task, weight in mixture.weights) if mixture else 0
        block = np.random.default_rng((draw, seed)).normal(0, sd)
        return scores(base + gain + block + rng.normal(0, sd), base - 10 + gain + block,
                      shift=rng.normal(0, sd))

    points = [Mixture.model_validate({task: 1.0}) for task in TASKS] + list(REFERENCES.values())
    while len(points) < trials:
        weights = rng.dirichlet(np.ones(len(TASKS)))
        points.append(Mixture.model_validate(dict(zip(TASKS, map(float, weights), strict=True))))
    found = [result(f"search-{index:03d}", Role.SEARCH, config(mixture), score(mixture, 0))
             for index, mixture in enumerate(points)]
    found += [result(f"control-{seed:03d}", Role.CONTROL, config(seed=seed), score(None, seed))
              for seed in range(5)]
    chosen = _chosen(found)
    for seed in range(100, 105):
        found.append(result(f"confirm-control-{seed}", Role.CONFIRMATION,
                            config(seed=seed, fidelity=CONFIRM), score(None, seed),
                            group="control"))
        found += [result(f"confirm-{group}-{seed}", Role.CONFIRMATION,
                         config(mixture, seed=seed, fidelity=CONFIRM), score(mixture, seed),
                         group=group)
                  for group, mixture in chosen.items()]
    return found


def _chosen(found: list[TrialResult]) -> dict[str, Mixture]:
    from search.confirmation import choose
    from search.readout import selection_objective

    objective = selection_objective(found, QUESTION)
    return {choice.group: choice.point.mixture
            for choice in choose(found, objective, QUESTION.winners, REFERENCES)}
