from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from search.benchmark_scores import AggregateScore, BenchmarkLine, benchmark_sections
from search.entries import Question
from search.readout import read_out
from search.results import Outcome, Role, TrialResult
from spaces.fidelity import Panel, Panels
from spaces.language_orders import LanguageSet
from spaces.mixtures import Mixture
from spaces.models import find_model
from spaces.shared_data import SharedData
from spaces.tasks import Kind
from spaces.trial_config import Intermediate, Recipe, TrialConfig
from tests.search.simulated_results import CONFIRM, SEARCH, result
from tests.search.test_aggregates import scores_of
from tests.search.test_item_errors import judged, table
from trainables.scores import Cost, PhaseResult, Scores

KINDS = {"udpos": Kind.TAGGING, "xnli": Kind.PAIR, "tatoeba": Kind.RETRIEVAL}
PANELS = Panels(selection=Panel(languages=("sw",)), report=Panel(languages=("en", "de", "sw")))
SHARED = (SharedData(intermediate="mnli", languages=("en",), target="xnli", how="rows"),
          SharedData(intermediate="udpos", languages=("de", "fi"), target="udpos", how="task"))
ASKED = Question(kinds=KINDS, winners=1, shared=SHARED)
OFFERED = {"mnli": ("en",), "udpos": ("en", "de", "fi")}


def config(mixture: Mapping[str, float] | None, seed: int, *, confirm: bool = True,
           count: int = 1, model: str = "xlm-roberta-base") -> TrialConfig:
    intermediate = None
    if mixture is not None:
        given = Mixture.model_validate(dict(mixture))
        languages = LanguageSet(order="random:0", count=count, english=True)
        intermediate = Intermediate(
            mixture=given, languages=languages, recipe=Recipe(learning_rate=1e-4),
            cells=given.cells(("en", "de")[: 1 + count], OFFERED))
    point = TrialConfig(model=find_model(model), intermediate=intermediate, targets=tuple(KINDS),
                        target=Recipe(learning_rate=1e-4), panels=PANELS, seed=seed,
                        fidelity=CONFIRM if confirm else SEARCH)
    return point if mixture else point.control()


def scores(xnli: Sequence[float], udpos: Sequence[float], tatoeba: Sequence[float], *,
           official: bool = True) -> Scores:
    points = {("udpos", "f1"): dict(zip(("en", "de"), udpos, strict=True)),
              ("xnli", "accuracy"): dict(zip(("en", "de", "sw"), xnli, strict=True)),
              ("tatoeba", "accuracy"): dict(zip(("de", "sw"), tatoeba, strict=True))}
    both = [*scores_of(points).scores, *scores_of(points, panel="selection").scores]
    return Scores(scores=tuple(each.model_copy(update={"official": official}) for each in both))


CONTROL = scores((80, 70, 60), (90, 70), (40, 20))
BETTER = scores((80, 74, 68), (90, 80), (60, 50))


def told() -> list[TrialResult]:
    """Return a search to read out by hand: `single`, mnli alone, and `winner-1`, with UD-POS.

    On both seeds the controls score as `CONTROL`, but 2 points more on XNLI in the second; the
    winner as `BETTER` on both; `single` as the controls.
    """
    mixed, single = {"mnli": 0.5, "udpos": 0.5}, {"mnli": 1.0}
    later = scores((82, 72, 62), (90, 70), (40, 20))
    found = [result("search-0", Role.SEARCH, config(mixed, 0, confirm=False), BETTER),
             result("search-1", Role.SEARCH, config(single, 0, confirm=False), CONTROL),
             result("control-0", Role.CONTROL, config(None, 0, confirm=False), CONTROL)]
    for seed, own in ((100, CONTROL), (101, later)):
        found += [result(f"control-{seed}", Role.CONTROL, config(None, seed), own),
                  result(f"win-{seed}", Role.CONFIRMATION, config(mixed, seed), BETTER,
                         group="winner-1"),
                  result(f"single-{seed}", Role.CONFIRMATION, config(single, seed), own,
                         group="single")]
    return found


def by_name(line: BenchmarkLine) -> dict[str, AggregateScore]:
    return {each.name: each for each in line.scores}


def lines(results: list[TrialResult] | None = None) -> dict[str, BenchmarkLine]:
    (section,) = read_out(told() if results is None else results, ASKED, search="s-1").benchmarks
    return {line.group: line for line in section.lines}


def test_the_section_says_how_much_of_the_benchmark_it_is() -> None:
    (section,) = read_out(told(), ASKED, search="s-1").benchmarks
    assert (section.benchmark, section.tasks, section.of_tasks) == ("xtreme", 3, 9)
    assert (section.languages, section.of_languages, section.official) == (3, 40, False)
    assert section.reasons == (
        "parts of it were not scored",
        "UD-POS: the hub's copy keeps the words of which a fused token is made")
    assert [line.group for line in section.lines] == ["control", "winner-1", "single"]
    assert {each.task: len(each.languages) for each in section.missing}["XNLI"] == 12
    halved = [each.model_copy(update={"scores": scores((80, 70, 60), (90, 70), (40, 20),
                                                       official=False)}) for each in told()]
    (section,) = benchmark_sections(halved, KINDS)
    assert "not the whole official split of XNLI, UD-POS, Tatoeba" in section.reasons


def test_controls_and_mixtures_are_as_worked_out_by_hand() -> None:
    control, winner = by_name(lines()["control"]), by_name(lines()["winner-1"])
    # XNLI: 70 and 72 on two seeds, so sd sqrt(2) and a standard error of 1.
    assert (control["XNLI"].points, control["XNLI"].seed_error) == pytest.approx((71, 1))
    # Average: (70 + 80 + 30) / 3 = 60 and 60.67.
    assert (control["average"].points, control["average"].seed_error) == pytest.approx(
        (60 + 1 / 3, 1 / 3))
    assert control["average without retrieval"].points == pytest.approx((71 + 80) / 2)
    assert control["average"].gain is None
    assert control["languages trained on"].points == pytest.approx((81 + 90) / 2)
    assert control["transfer gap"].points == pytest.approx((81 - 66 + 90 - 70) / 2)

    # XNLI 74, UD-POS 85, Tatoeba 55: 71.33, over the controls 11.33 and 10.67.
    assert (winner["average"].points, winner["average"].seed_error) == pytest.approx(
        (214 / 3, 0))
    gain = winner["average"].gain
    assert gain is not None
    assert (gain.mean, gain.units) == (pytest.approx(11), 2)
    # Their sd is sqrt(2) / 3; t of 0.95 with 1 degree of freedom is 6.3138.
    assert gain.low == pytest.approx(11 - 6.3138 / 3, abs=1e-3)
    transfer = winner["transfer gap"].gain
    assert transfer is not None
    assert transfer.mean == pytest.approx(((80 - 71) + (90 - 80) - 15 - 20) / 2)


def test_a_language_that_a_mixture_trains_on_is_not_zero_shot_in_it() -> None:
    found = lines()
    assert [found[name].seen for name in ("control", "winner-1", "single")] == [
        ("en",), ("de", "en"), ("en",)]
    control, winner = by_name(found["control"]), by_name(found["winner-1"])
    # Zero-shot of the winner: XNLI sw 68, Tatoeba sw 50; of the control de as well.
    assert winner["zero-shot languages"].points == pytest.approx((68 + 50) / 2)
    assert winner["zero-shot languages"].pairs == 2
    assert control["zero-shot languages"].pairs == 5
    # Its gain is over the controls in these languages: (61 + 20) / 2 on average.
    gain = winner["zero-shot languages"].gain
    assert gain is not None
    assert gain.mean == pytest.approx(59 - 40.5)
    stored = PhaseResult(phase="intermediate", name="i", entry="0", seen_cells=("mnli/sw",),
                         cost=Cost())
    touched = [each.model_copy(update={"phases": (stored,)}) for each in told()]
    assert lines(touched)["single"].seen == ("en", "sw")


def test_what_a_target_has_had_before_is_shown_apart_and_flagged() -> None:
    readout = read_out(told(), ASKED, search="s-1")
    flags = {entry.group: entry.same_data for entry in readout.entries}
    assert flags["single"] == SHARED[:1]
    assert flags["winner-1"] == (SHARED[0], SHARED[1].model_copy(update={"languages": ("de",)}))
    found = lines()
    both, single = by_name(found["winner-1"]), by_name(found["single"])
    assert both["targets with data of their own"].points == pytest.approx(55)
    assert single["targets with their data in both phases"].points == pytest.approx(71)
    assert "targets with data of their own" not in by_name(found["control"])


def test_the_errors_over_items_are_of_the_first_seed() -> None:
    rows = [*judged("xnli", "en", [1, 1, 1, 1, 0]), *judged("xnli", "de", [1, 1, 1, 0, 1] * 2),
            *judged("tatoeba", "sw", [1, 0, 0, 0, 0])]
    asked = []

    def predictions(trial: TrialResult) -> object:
        asked.append(trial.trial)
        return table(rows)

    (section,) = benchmark_sections(told(), KINDS, order=("winner-1", "single"),
                                    predictions=predictions)
    control = by_name(section.lines[0])
    assert asked == ["control-100", "win-100", "single-100"]
    assert control["transfer gap of XNLI"].item_error is None  # Swahili's rows are not at hand
    assert control["languages trained on"].item_error is None  # nor are those of UD-POS
    assert by_name(lines()["control"])["XNLI"].item_error is None


def test_further_controls_stand_beside_their_winner() -> None:
    further = result("further", Role.FURTHER, config({"mnli": 1.0}, 100), BETTER,
                     group="single shuffled")
    found = lines([*told(), further])
    assert list(found) == ["control", "winner-1", "single", "single shuffled"]
    assert by_name(found["single shuffled"])["XNLI"].seed_error is None


def test_failed_and_unconfirmed_trials_leave_the_controls() -> None:
    bare = [each for each in told() if each.trial in ("search-0", "control-0", "search-1")]
    assert list(lines(bare)) == ["control"]
    failed = [each.model_copy(update={"outcome": Outcome.FAILED, "scores": None})
              for each in told()]
    assert read_out(failed, ASKED, search="s-1").benchmarks == ()


def test_the_benchmark_with_more_of_the_scores_is_read_out() -> None:
    def shown(*tasks: str) -> list[str]:
        points = {(task, "accuracy"): {"de": 50.0, "en": 60.0, "et": 40.0} for task in tasks}
        trial = result("c", Role.CONTROL, config(None, 0), scores_of(points))
        return [each.benchmark for each in benchmark_sections([trial], {})]

    assert shown("xnli", "udpos") == ["xtreme"]  # as much of either
    assert shown("xnli", "pawsx", "panx") == ["xtreme"]
    assert shown("xnli", "xcopa", "panx") == ["xtreme-r"]
    assert shown("xnli", "xcopa", "pawsx") == ["xtreme", "xtreme-r"]
    assert shown("xnli") == shown("xnli", "mnli") == shown("lab-measure", "lab-tags") == []


def test_languages_that_pretraining_has_not_read_stand_apart_where_they_are_known() -> None:
    points = {("udpos", "f1"): {"de": 60.0, "yo": 20.0}, ("panx", "f1"): {"de": 40.0}}
    def names(model: str) -> set[str]:
        trial = result("c", Role.CONTROL, config(None, 0, model=model), scores_of(points))
        (section,) = benchmark_sections([trial], {})
        return {each.name for each in section.lines[0].scores if each.kind == "pretraining"}

    assert names("xlm-roberta-base") == {"languages read in pretraining",
                                         "languages not read in pretraining"}
    assert names("mt5-small") == {"languages read in pretraining"}
    assert names("bert-base-multilingual-cased") == set()
