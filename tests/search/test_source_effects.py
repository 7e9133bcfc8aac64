"""Distance between the arms' sources and targets: found where planted, not where it is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from search.arm_entries import ArmsReadout
from search.arm_readout import read_arms
from search.arm_tables import arm_tables
from search.entries import Question, Readout
from search.headline import headline, summary
from search.readout import read_out
from search.renderings import as_json, as_markdown
from search.results import Outcome, TrialResult
from search.source_effects import DISTANCES, SourceEffects, sources_of
from search.study import Study, StudyError
from search.survey import CutLanguage, Survey
from spaces.typology import distance
from tests.search.crossed_sources import KINDS, SIZES, SOURCES, TARGETS, crossed, section
from trainables.fertility import Fertility

PLANTED = crossed(-25.0)


def read(results: list[TrialResult], **fields: Any) -> ArmsReadout:
    found = read_arms(results, section(**fields), KINDS, parameters=SIZES)
    assert found is not None
    return found


def only(found: ArmsReadout) -> SourceEffects:
    one, = found.sources
    return one


def whole(results: list[TrialResult], **fields: Any) -> Readout:
    return read_out(results, Question(kinds=KINDS, winners=0, arms=section(**fields),
                                      parameters=SIZES), search="s-1")


def test_a_planted_distance_is_found_and_told_beside_the_primary() -> None:
    found = only(read(PLANTED))

    assert found.effects is not None
    assert (found.effects.sources, found.effects.targets) == (SOURCES, TARGETS)
    assert (found.effects.sizes, found.effects.blocks) == (tuple(SIZES.values()), 4)
    syntactic = next(each for each in found.effects.distances if each.distance == "syntactic")
    assert syntactic.effect is not None
    assert syntactic.effect.points.mean == pytest.approx(-2.5, abs=0.4)  # points per 0.1
    assert syntactic.effect.is_shown
    assert syntactic.per_octave is not None
    assert not syntactic.per_octave.is_shown
    assert found.sentence.startswith(
        "0.1 more of syntactic distance between source and target comes with -2.")
    assert found.sentence.count("nearer sources help more") == 1
    # Distances are correlated, and each is tested by itself.
    assert found.sentence.endswith("so which of them it is is not told.")


def test_where_no_distance_was_planted_none_is_shown() -> None:
    found = only(read(crossed(0.0)))

    assert found.effects is not None
    assert len(found.effects.distances) == len(DISTANCES)
    assert not any(each.effect is None or each.effect.is_shown
                   for each in found.effects.distances)
    assert found.sentence.startswith("No distance between source and target is shown to matter")


def test_the_read_out_has_it_as_a_sentence_a_table_and_data() -> None:
    readout = whole(PLANTED)
    found, data = only(read(PLANTED)), json.loads(as_json(readout))

    assert readout.arms is not None
    assert headline(readout) == f"{readout.arms.primary.sentence} {found.sentence}"
    assert found.sentence in summary(readout)
    text = as_markdown(readout)
    assert "## Distance between source and target (lab)" in text
    assert text.count(found.sentence) == 1
    assert [each["distance"] for each in data["arms"]["sources"][0]["effects"]["distances"]] == [
        kind.value for kind in DISTANCES]
    tables = {table.title: table for table in arm_tables(readout.arms)}
    table = tables["Distance between source and target (lab)"]
    assert table.notes[0] == found.sentence
    assert all(len(row) == len(table.header) for row in table.rows)


def test_arms_that_are_no_sources_read_out_as_they_always_did() -> None:
    plain, crossing = whole(PLANTED, sources=False), whole(PLANTED)

    assert plain.arms is not None
    assert crossing.arms is not None
    assert headline(plain) == plain.arms.primary.sentence
    assert "sources" not in json.loads(as_json(plain))["arms"]
    assert plain.arms == crossing.arms.model_copy(update={"sources": ()})
    assert "sources" not in section(sources=False).model_dump(mode="json")
    assert section(sources=False).digest() != section().digest()


def surveyed(*codes: str) -> Survey:
    """Return a survey in which a target's fertility is told by its place among the targets."""
    return Survey(cut=tuple(
        CutLanguage(model=model, task="tags", language=code, fertility=Fertility(
            tokens=100 + 37 * (place * 5 % 11), units=100, unit="word"))
        for model in SIZES for place, code in enumerate(codes)))


def test_what_targets_are_is_told_between_them_and_changes_no_distance() -> None:
    read_of = {survey is not None: read_arms(PLANTED, section(), KINDS, parameters=SIZES,
                                             survey=survey)
               for survey in (None, surveyed(*TARGETS))}
    (bare, found) = (only(each) for each in read_of.values() if each is not None)
    assert bare.effects is not None
    assert found.effects is not None
    assert bare.effects.distances == found.effects.distances
    assert [each.covariate for each in bare.effects.between] == ["control", "pretraining data"]
    assert [each.covariate for each in found.effects.between] == [
        "control", "pretraining data", "tokenizer fertility"]
    assert [each.covariate for each in bare.unknown] == ["tokenizer fertility"]
    assert found.unknown == ()


def test_the_targets_table_has_every_covariate_or_why_not() -> None:
    for survey, said in ((surveyed(*TARGETS), "one more doubling of tokenizer fertility comes "),
                         (surveyed(*TARGETS[1:]), "Not known: tokenizer fertility, for none of cy "
                                                  "with lab-medium")):
        found = read_arms(PLANTED, section(), KINDS, parameters=SIZES, survey=survey)
        assert found is not None
        table = next(each for each in arm_tables(found) if each.title == "Targets (lab)")
        assert [row[:2] for row in table.rows][:2] == [("cy", "Latn"), ("el", "Grek")]
        assert len(table.header) == len(table.rows[0]) == 5 + (said[0] == "o")
        assert any(said in note for note in table.notes)
        assert any("none of it is shown to be a cause" in note for note in table.notes)


def test_growth_is_told_within_a_family_and_each_has_its_own() -> None:
    found = read(PLANTED, families=["lab-small", "lab-medium"]).sources

    assert {each.models for each in found} == {("lab-medium",), ("lab-small",)}
    assert all(each.effects is not None and len(each.effects.sizes) == 1
               and each.effects.distances[0].per_octave is None for each in found)
    assert all(each.sentence.startswith(f"With {each.family}: ") for each in found)


def test_what_cannot_be_told_is_refused_with_its_reason() -> None:
    lost = [each.model_copy(update={"outcome": Outcome.FAILED, "scores": None})
            if each.group == "in tr" and each.config.seed == 0 else each for each in PLANTED]
    part = only(read(lost))
    assert part.effects is not None
    assert len(part.effects.left_out) == 2
    nothing = [each for each in PLANTED if each.group in ("control", "in ru", "in ar")]
    few = only(read(nothing))
    assert few.effects is None
    assert few.sentence == f"What distance does is not told: {few.refused}."
    assert "must cross at least 3 sources with at least 3 targets, got 2 and 12" in few.sentence
    assert few.sentence in as_markdown(whole(nothing))
    unknown = read_arms(PLANTED, section(), KINDS)
    assert unknown is not None
    assert "`parameters` must be known of every model" in only(unknown).sentence


def test_an_arms_source_is_the_one_language_it_trained_in() -> None:
    assert sources_of(PLANTED) == {f"in {code}": code for code in SOURCES}


@pytest.mark.parametrize(("override", "line"), [
    ("arms.arms.ar.languages=[bn, ar]", "each arm must have one language of its own that is not "
     "of the report panel, got bn, ar (arms.arms.ar.languages)"),
    ("arms.arms.ar.languages=[bn]", "got bn (arms.arms.bn.languages)"),
    ("arms.arms.ar.mixture=uniform", "arms must have one mixture, so that they differ in language "
     "alone, got another in 'bn' (arms.arms.bn.mixture)"),
    ("panels.report=[sk, uz]", "and as many languages of the report panel, got 8 and 2 "
     "(arms.sources)"),
])
def test_arms_that_cannot_be_crossed_are_refused(override: str, line: str) -> None:
    with pytest.raises(StudyError) as caught:
        Study.from_file("similarity-lab", [override])
    assert line in str(caught.value)


@pytest.mark.parametrize("name", ["similarity", "similarity-lab"])
def test_the_shipped_studies_are_near_on_one_side_and_far_on_the_other(name: str) -> None:
    arms = Study.from_file(name).arms
    assert arms is not None
    assert arms.sources
    assert {arms.family_of(model.name) for model in Study.from_file(name).arm_models} == {
        "lab" if name.endswith("lab") else "xlm-roberta"}

    def apart(side: str) -> list[tuple[str, float]]:
        return [(target, distance(each.arm, target, "genetic"))
                for each in getattr(arms.primary, side) for target in each.languages or ()]

    better, worse = dict(apart("better")), dict(apart("worse"))
    assert better.keys() == worse.keys()
    assert all(better[target] < worse[target] for target in better)
    near, far = (sorted(each.arm for each in side)
                 for side in (arms.primary.better, arms.primary.worse))
    assert near == far
    assert len(set(near)) == len(near)
