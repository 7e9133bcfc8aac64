from __future__ import annotations

from search.results import Role, TrialResult
from search.trained_on import active_data, seen_languages
from spaces.shared_data import SharedData
from tests.search.simulated_results import config, result
from trainables.scores import PhaseResult

MIXED = config({"dates": 0.5, "numbers": 0.5}, count=2)  # en and two of the pool


def trial(*phases: PhaseResult, mixed: bool = True) -> TrialResult:
    made = result("t", Role.SEARCH, MIXED if mixed else config(), None)
    return made.model_copy(update={"phases": phases})


def test_languages_are_those_of_the_cells_and_the_phases_and_english() -> None:
    assert seen_languages(trial(mixed=False)) == {"en"}
    assert MIXED.intermediate is not None
    cells = {cell.language for cell in MIXED.intermediate.cells}
    assert seen_languages(trial()) == cells
    assert len(cells) == 3
    text = PhaseResult(phase="intermediate", name="i", entry="0", seen_cells=("text/sw", "a/b/fi"))
    assert seen_languages(trial(text, mixed=False)) == {"en", "sw", "fi"}
    # Pretraining is no training phase of a trial's: what an encoder has read is told apart.
    read = PhaseResult(phase="pretrain", name="p", entry="0", seen_cells=("text/sw",))
    assert seen_languages(trial(read, mixed=False)) == {"en"}


def test_shared_data_counts_in_a_mixture_where_it_has_weight() -> None:
    assert MIXED.intermediate is not None
    known, *_ = (cell.language for cell in MIXED.intermediate.cells if cell.language != "en")
    shared = (SharedData(intermediate="dates", languages=("en",), target="topics", how="rows"),
              SharedData(intermediate="numbers", languages=(known, "xx"), target="tags",
                         how="task"),
              SharedData(intermediate="entities", languages=("en",), target="tags", how="recipe"))
    assert active_data(trial(), shared) == (
        shared[0], shared[1].model_copy(update={"languages": (known,)}))
    assert active_data(trial(mixed=False), shared) == ()
