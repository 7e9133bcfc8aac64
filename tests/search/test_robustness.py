from __future__ import annotations

from collections.abc import Sequence

import pytest

from search.readout import read_out
from search.readout_tables import readout_tables
from search.results import Role, TrialResult
from search.robustness import observations, robustness_sections
from search.robustness_tables import robustness_tables
from search.study import Study, StudyError
from spaces.robustness import Perturbations, Robustness, Severity
from spaces.trial_config import TrialConfig
from tests.search.simulated_results import QUESTION, config, result, scores
from trainables.scores import PerturbedScore

ASKED = Robustness(perturbations=Perturbations(typos=Severity(fertility=1.3)))
LOST = {"control": 0.4, "dates": 0.2}  # of what lies above a chance of 20
SPREAD = {"sw": -8.0, "th": 8.0}


def changed(clean: float, lost: float, *, unmatched: Sequence[str] = ()
            ) -> tuple[PerturbedScore, ...]:
    return tuple(
        PerturbedScore(task="topics", language=code, metric="accuracy", condition="typos",
                       points=clean + side - lost * (clean + side - 20), clean=clean + side,
                       chance=20, rows=100, changed=0.9, fertility=1.3,
                       matched=code not in unmatched)
        for code, side in SPREAD.items())


def trials(*, seeds: int = 3, gain: float = 4.0, clean: float = 60.0,
           unmatched: Sequence[str] = ()) -> list[TrialResult]:
    found = []
    for seed in range(seeds):
        arms: dict[str, TrialConfig] = {"control": config(seed=seed).control(),
                                        "dates": config({"dates": 1}, seed=seed)}
        for arm, point in arms.items():
            own = clean + seed / 2 + (0 if arm == "control" else gain)
            scored = scores(own).model_copy(update={
                "perturbed": changed(own, LOST[arm], unmatched=unmatched)})
            found.append(result(f"s/{len(found)}", Role.CONTROL if arm == "control" else Role.TABLE,
                                point.model_copy(update={"robustness": ASKED}), scored, group=arm))
    return found


def test_each_arm_is_read_out_beside_its_control() -> None:
    (section,) = robustness_sections(trials())
    assert (section.task, section.condition, section.languages) == ("topics", "typos", ("sw", "th"))
    lines = {line.arm: line for line in section.lines}
    assert set(lines) == {"control", "dates"}
    for arm, line in lines.items():
        assert line.drop.value is not None
        assert line.drop.value.mean == pytest.approx(LOST[arm])
        assert line.drop.value.units == 3
    own = lines["dates"]
    assert own.excess is not None
    assert own.effective is not None
    assert own.excess.value is not None
    assert own.effective.value is not None
    assert own.excess.value.mean == pytest.approx(-0.2)
    assert own.effective.value.mean == pytest.approx(0.2 * 44.5, abs=0.5)  # of 64.5 above 20
    assert lines["control"].excess is None


def test_a_language_that_cannot_be_changed_as_much_counts_nowhere() -> None:
    (section,) = robustness_sections(trials(unmatched=["th"]))
    assert (section.languages, section.unmatched) == (("sw",), ("th",))
    assert len(observations(trials(), "topics", "typos", ["sw"]).arms) == 6
    (table,) = robustness_tables([section])
    assert any("Left out" in note and "th" in note for note in table.notes)


def test_no_number_where_nothing_can_be_lost_or_nothing_is_alike() -> None:
    (section,) = robustness_sections(trials(clean=19, gain=60))
    lines = {line.arm: line for line in section.lines}
    assert "not above chance" in str(lines["control"].drop.undefined)
    assert lines["dates"].effective is not None
    assert "beyond those of control" in str(lines["dates"].effective.undefined)
    (table,) = robustness_tables([section])
    assert [row[-2:] for row in table.rows] == [("-", "-"), ("undefined", "undefined")]
    assert any("control, lab-tiny: no drop" in note for note in table.notes)


def test_a_language_at_severity_in_no_trial_leaves_nothing_and_says_so() -> None:
    (section,) = robustness_sections(trials(unmatched=["sw", "th"]))
    assert section.lines == ()
    (table,) = robustness_tables([section])
    assert table.rows == []


def test_the_read_out_has_it_and_others_are_as_they_were() -> None:
    readout = read_out(trials(), QUESTION, search="s")
    assert readout.as_data()["robustness"][0]["task"] == "topics"
    assert any("under typos" in table.title for table in readout_tables(readout))
    clean = [each.model_copy(update={"scores": scores(60), "config": each.config.model_copy(
        update={"robustness": None})}) for each in trials()]
    assert "robustness" not in read_out(clean, QUESTION, search="s").as_data()


STUDY = """
study: small
models: [lab-tiny]
intermediate: {tasks: [lab-tags], learning_rate: 1e-3}
targets: {tasks: [%s], learning_rate: 1e-3}
panels: {selection: [el], report: [el]}
fidelity: {search: {intermediate_examples: 64, target_examples: 64, evaluation_rows: 20}}
robustness: %s
"""


@pytest.mark.parametrize(("targets", "asked", "message"), [
    ("lab-measure", "{}", "`perturbations` or `code_mix` must name something"),
    ("lab-measure", "{attack: {queries: 4}, code_mix: [en]}", "`attack` must have"),
    ("lab-measure", "{code_mix: [en]}", "to mix with, got 'en' with lab-measure"),
    ("lab-choice", "{code_mix: [en, en]}", "each language once"),
    ("lab-measure", "{perturbations: {typos: {fertility: 1}}}", "robustness.perturbations.typos"),
    ("lab-measure", "{perturbations: {swaps: {fertility: 2}}}", "robustness.perturbations"),
    ("lab-measure", "{perturbations: {typos: {fertility: 2}, diacritics: {fertility: 2}, "
                    "confusables: {fertility: 2}}, attack: {queries: 2}}", "attack.queries"),
])
def test_a_study_names_what_cannot_be(targets: str, asked: str, message: str) -> None:
    with pytest.raises(StudyError) as error:
        Study.from_text(STUDY % (targets, asked))
    assert message in str(error.value)


def test_retrieval_beside_a_perturbed_target_is_said_to_stay_clean() -> None:
    study = Study.from_text(STUDY % ("lab-measure, lab-retrieval",
                                     "{perturbations: {typos: {fertility: 2}}}"))
    assert any("lab-retrieval is scored on clean rows only" in each for each in study.warnings())
    assert Study.from_text(study.to_yaml()) == study
    assert study.robustness is not None
    assert study.robustness.passes == 1


def test_what_is_asked_reaches_every_trial_of_a_study() -> None:
    study = Study.from_file("robustness-lab")
    space = study.space({task: {"en": 100, **dict.fromkeys(study.intermediate.languages.pool, 100)}
                         for task in study.intermediate.tasks})
    assert space.robustness == study.robustness
    assert study.robustness is not None
    bare = Study.from_file("lab")
    assert "robustness" not in bare.model_dump(mode="json")
