"""Which representation is chosen, on made-up states and in a trial."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from spaces.models import HubModel
from spaces.representations import Representation
from spaces.tasks import Kind
from tests.trainables.tiny import config, context, rows, task, write_encoder
from trainables.encoded import Encoded
from trainables.panel_sets import PanelSet
from trainables.retrieval import PanelTexts, choose, rank, retrieve
from trainables.rows import Rows, row_schema
from trainables.scores import Considered, PanelName, RepresentationChoice, Scores
from trainables.trial import RungOutcome, run_trial, rungs_of

TASK = task(Kind.RETRIEVAL)
FIRST, SECOND, THIRD = (Representation(layer=layer) for layer in (1, 2, 3))
EYE = np.eye(5)


class MadeUp:
    """Stands in for a predictor: an item's states are looked up by its row's number."""

    def __init__(self, states: dict[int, Sequence[NDArray[Any]]]) -> None:
        self.states_of, self.read = states, list[tuple[int, tuple[int | None, ...]]]()

    def states(self, items: Encoded, wanted: Sequence[Representation]) -> list[NDArray[Any]]:
        self.read.append((len(items), tuple(each.layer for each in wanted)))
        return [np.stack([self.states_of[int(row)][each.layer - 1]  # type: ignore[operator]
                          for each in wanted]) for row in items.items["row"]]


def items(numbers: Sequence[int]) -> Encoded:
    """Return items of one token each."""
    return Encoded(np.zeros(len(numbers), np.int32), np.arange(len(numbers) + 1),
                   {"row": np.asarray(numbers), "second": np.ones(len(numbers), np.int64)})


def texts(panel: PanelName, language: str, numbers: Sequence[int]) -> PanelTexts:
    made = [{"id": str(number), "document": str(number), "text": "a", "english": "b"}
            for number in numbers]
    of = PanelSet(task=TASK.name, language=language, panel=panel, rows=9, data="", official=False)
    table = pa.Table.from_pylist(made, schema=row_schema(Kind.RETRIEVAL))
    return PanelTexts(of, Rows(TASK, language, "test", table, ""), items(numbers))


# Two languages of the selection panel and one of the report panel, four rows each. Of English, the
# first representation says a row's own direction in as many rows as RIGHT has it, the second in
# others; elsewhere all say a row's own. On the report panel the second is the better one.
SETS = [texts("selection", "fi", range(4)), texts("report", "sw", range(4, 8)),
        texts("selection", "sw", range(8, 12))]
ENGLISH = [items(range(low, low + 4)) for low in (100, 104, 108)]
RIGHT = {1: (4, 0, 1), 2: (1, 4, 2), 3: (2, 4, 3)}  # layer -> rows found in each of the sets


def predictor(right: dict[int, tuple[int, int, int]] = RIGHT) -> MadeUp:
    states = {row: [EYE[row % 4]] * 3 for row in range(12)}
    for row in range(12):
        states[100 + row] = [EYE[row % 4 if row % 4 < right[layer][row // 4] else (row + 1) % 4]
                             for layer in (1, 2, 3)]
    return MadeUp(states)


def test_the_best_mean_over_the_selection_panels_languages_is_chosen() -> None:
    """(100 + 25)/2 against (25 + 50)/2 and (50 + 75)/2: a tie, which the first one listed wins."""
    found = retrieve(predictor(), SETS, ENGLISH, [FIRST, SECOND, THIRD])  # type: ignore[arg-type]
    assert found.choice == RepresentationChoice(task=TASK.name, chosen=FIRST, considered=(
        Considered(representation=FIRST, points=62.5),
        Considered(representation=SECOND, points=37.5),
        Considered(representation=THIRD, points=62.5)))
    assert found.values == [[0, 1, 2, 3], [1, 2, 3, 0], [0, 2, 3, 0]]
    other = retrieve(predictor(), SETS, ENGLISH, [THIRD, SECOND, FIRST])  # type: ignore[arg-type]
    assert other.choice is not None
    assert other.choice.chosen == THIRD
    assert other.values == [[0, 1, 3, 0], [0, 1, 2, 3], [0, 1, 2, 0]]


def test_the_report_panel_is_read_by_the_chosen_one_alone() -> None:
    """It would prefer the second one, and no score of it is known when the first is chosen."""
    asked = predictor()
    found = retrieve(asked, SETS, ENGLISH, [FIRST, SECOND])  # type: ignore[arg-type]
    assert found.choice is not None
    assert found.choice.chosen == FIRST
    assert asked.read == [(16, (1, 2)), (8, (1,))]
    alone = retrieve(predictor(), SETS, ENGLISH, [FIRST])  # type: ignore[arg-type]
    assert (alone.values, alone.choice) == (found.values, None)
    changed = predictor({**RIGHT, 1: (4, 4, 1), 2: (1, 0, 2)})
    again = retrieve(changed, SETS, ENGLISH, [FIRST, SECOND])  # type: ignore[arg-type]
    assert again.choice == found.choice


def test_a_choice_refuses_to_see_the_report_panel() -> None:
    with pytest.raises(ValueError, match=r"must be chosen on the selection panel, got the report "
                                         r"panel \(tiny-retrieval sw\)"):
        choose(SETS, [[[0] * 4]] * 3, [FIRST])


@pytest.mark.parametrize("held", [1, 16, 32, 47, 48])
def test_states_held_are_bounded_and_change_nothing(
    held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = retrieve(predictor(), SETS, ENGLISH, [FIRST, SECOND])  # type: ignore[arg-type]
    monkeypatch.setattr("trainables.retrieval._HELD", held)
    asked = predictor()
    assert retrieve(asked, SETS, ENGLISH, [FIRST, SECOND]) == whole  # type: ignore[arg-type]
    assert all(count * len(layers) <= max(held, 8 * len(layers)) for count, layers in asked.read)


def test_ranking_reads_its_pool_once_and_chooses_on_the_selection_panel(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    of, draw = task(Kind.RANKING), np.random.default_rng(0)
    sets, number = [], 0
    for panel, language in (("selection", "fi"), ("report", "sw")):
        held = rows(of, language, "test", 6)
        each = PanelSet(task=of.name, language=language, panel=panel,  # type: ignore[arg-type]
                        rows=6, data="", official=False)
        sets.append(PanelTexts(each, held, items(range(number, number + 6))))
        number += 6
    assert sets[0].rows.pool is not None
    places, pool = sets[0].rows.pool.places, items(range(1_000, 1_200))
    states = {1_000 + place: list(vector) for place, vector in
              enumerate(draw.normal(size=(200, 2, 16)))}
    for each in sets:  # the first is right on the selection panel, the second on the other one
        for row, relevant in zip(each.items.items["row"], each.rows.table["relevant"].to_pylist(),
                                 strict=True):
            gold = states[1_000 + places[relevant[0]]]
            selection = each.of.panel == "selection"
            states[int(row)] = [gold[0] * (1 if selection else -1), gold[1] * (1 - 2 * selection)]
    asked = MadeUp(states)
    monkeypatch.setattr("trainables.retrieval._BLOCK", 150)
    found = rank(asked, sets, pool, [FIRST, SECOND])  # type: ignore[arg-type]
    assert asked.read == [(12, (1, 2)), *[(75, (1, 2))] * 2, (50, (1, 2))]
    assert found.choice is not None
    assert found.choice.chosen == FIRST
    assert found.choice.considered[0].points >= 50 > found.choice.considered[1].points
    alone = rank(MadeUp(states), sets, pool, [FIRST])  # type: ignore[arg-type]
    assert (alone.values, alone.choice) == (found.values, None)


# ---- in a trial -----------------------------------------------------------------------------

TARGETS = ("tiny-retrieval", "tiny-ranking")


def trial(model: HubModel, place: Path) -> RungOutcome:
    (found,) = run_trial(config(model, targets=TARGETS), context(place))
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("retrieval")


@pytest.fixture(scope="module")
def model(place: Path) -> HubModel:
    return write_encoder(place / "encoder")


@pytest.fixture(scope="module")
def outcome(model: HubModel, place: Path) -> RungOutcome:
    return trial(model.model_copy(update={"layer": (0, 1, 2), "pooling": ("cls", "mean")}), place)


def test_a_trial_keeps_what_it_chose_of_each_task(outcome: RungOutcome) -> None:
    choices = {choice.task: choice for choice in outcome.scores.representations}
    assert tuple(choices) == TARGETS
    for name, choice in choices.items():
        assert [each.representation.name for each in choice.considered] == [
            f"layer {layer}, {pooling}" for layer in (0, 1, 2) for pooling in ("cls", "mean")]
        best = max(each.points for each in choice.considered)
        metric = outcome.scores.primary_metrics()[name]
        assert outcome.scores.mean(name, "selection", metric) == pytest.approx(best)
        # A state of the first token's embedding is of every text the same.
        assert choice.chosen != choice.considered[0].representation
    assert Scores.model_validate_json(outcome.scores.model_dump_json()) == outcome.scores


@pytest.mark.parametrize(("fields", "read_by"), [
    ({}, {"layer": None}),
    ({"layer": 1}, {"layer": 1}),
    ({"layer": (0, 1)}, {"layer": [0, 1]}),
    ({"layer": 1, "pooling": "cls"}, {"layer": 1, "pooling": "cls"}),
])
def test_a_phase_is_kept_under_all_that_may_be_read_and_one_layers_mean_as_ever(
    fields: dict[str, Any], read_by: dict[str, Any], model: HubModel, place: Path
) -> None:
    of = config(model.model_copy(update=fields), targets=TARGETS)
    inputs = rungs_of(of, context(place))[0].evaluate.inputs
    assert {name: inputs[name] for name in ("layer", "pooling") if name in inputs} == read_by


def test_both_panels_are_scored_as_by_the_chosen_one_alone(
    model: HubModel, outcome: RungOutcome, place: Path
) -> None:
    for choice in outcome.scores.representations:
        alone = trial(model.model_copy(update=choice.chosen.model_dump()), place)
        assert alone.phases[-1].entry != outcome.phases[-1].entry
        assert [result.stored for result in alone.phases][:2] == [True, True]
        assert alone.scores.representations == ()
        assert [each for each in alone.scores.scores if each.task == choice.task] == [
            each for each in outcome.scores.scores if each.task == choice.task]
