from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from search.language_effects import LanguageEffects, language_effects, script_match
from search.language_grid import Measurement, partial_points
from tests.search.language_rows import World, made_rows, made_world

WORLD = made_world(0)


def judged(rows: list[Measurement], world: World = WORLD, **options: Any) -> LanguageEffects:
    given = {"pair_covariates": {}, "families": world.families, "draws": 199} | options
    return language_effects(rows, given.pop("distances", {"made": world.distance}), **given)


def test_without_noise_the_effect_and_its_growth_are_found_exactly() -> None:
    found = judged(made_rows(WORLD, effect=-30.0, per_octave=5.0, sd=0.0)).distances[0]

    assert found.effect is not None
    assert found.per_octave is not None
    assert found.effect.points.mean == pytest.approx(-3.0)  # points per 0.1
    assert (found.effect.points.low, found.effect.points.high) == (
        pytest.approx(-3.0), pytest.approx(-3.0))
    assert found.per_octave.points.mean == pytest.approx(0.5)
    assert found.sentence.endswith(
        ": nearer sources help more, and the weaker the larger the encoder")


def test_good_sources_easy_targets_and_controls_change_nothing() -> None:
    rows = made_rows(WORLD, effect=-10.0)
    other = [row.model_copy(update={
        "score": row.score + 7 * int(row.source[1:]) - 11 * int(row.target[1:]) + 3 * row.parameters
        / 1e5, "control": row.control + 5 * int(row.target[1:])}) for row in rows]

    before, after = judged(rows).distances[0], judged(other).distances[0]

    assert before.effect is not None
    assert after.effect is not None
    assert after.effect.points.mean == pytest.approx(before.effect.points.mean)
    assert after.effect.points.low == pytest.approx(before.effect.points.low)
    assert after.effect.p_value == before.effect.p_value


def test_a_distance_that_only_sources_or_targets_make_is_not_told_apart() -> None:
    distances = {"source": lambda s, t: int(s[1:]) / 10, "target": lambda s, t: int(t[1:]) / 20}

    found = judged(made_rows(WORLD), distances=distances)

    assert [each.effect for each in found.distances] == [None, None]
    assert "nothing of it is left" in found.distances[0].sentence


def test_a_covariate_takes_what_is_its_own() -> None:
    def kin(source: str, target: str) -> float:
        return float(WORLD.families[source] == WORLD.families[target])

    rows = [row.model_copy(update={"score": row.score + 5 * kin(row.source, row.target)})
            for row in made_rows(WORLD, effect=-10.0, sd=0.0)]

    bare, held = judged(rows), judged(rows, pair_covariates={"kin": kin})
    same = judged(rows, pair_covariates={"made": WORLD.distance})

    effects = [each.distances[0].effect for each in (bare, held)]
    assert effects[0] is not None
    assert effects[1] is not None
    assert effects[1].points.mean == pytest.approx(-1.0)
    assert abs(effects[0].points.mean + 1.0) > 0.1
    assert same.distances[0].effect is None


def test_the_controls_slope_is_told_between_targets() -> None:
    rows = made_rows(WORLD, sd=0.0, seeds=4)
    data = {code: float(number % 5) for number, code in enumerate(WORLD.targets)}
    rows = [row.model_copy(update={"score": row.score + 2 * data[row.target]}) for row in rows]

    found = judged(rows, target_covariates={"data": data})

    assert [(each.covariate, round(each.points.mean, 6)) for each in found.between] == [
        ("control", 0.6), ("data", 2.0)]
    same = judged(rows, target_covariates={"twice": dict.fromkeys(data, 1.0)})
    assert same.between == ()
    assert same.between_refused is not None
    assert same.between_refused.startswith("one of control, twice is the same for all targets")
    many = {str(power): {code: float(number**power % 7) for number, code in
                         enumerate(WORLD.targets)} for power in range(1, 12)}
    assert "12 targets are too few" in str(judged(rows, target_covariates=many).between_refused)
    with pytest.raises(ValueError, match="must hold every target, got no data of 't0'"):
        judged(rows, target_covariates={"data": {}})


def test_what_is_drawn_has_the_slopes_that_are_told() -> None:
    found = judged(made_rows(WORLD, effect=-30.0, per_octave=5.0), pair_covariates={
        "kin": lambda source, target: float(WORLD.families[source] == WORLD.families[target])})
    distance, shape = found.distances[0], (len(WORLD.sources), len(WORLD.targets))
    assert [each.mean for each in distance.by_size] == pytest.approx([-3.5, -2.5], abs=0.3)
    assert distance.effect is not None
    assert np.mean([each.mean for each in distance.by_size]) == pytest.approx(
        distance.effect.points.mean)
    assert [(pair.source, pair.target) for pair in found.pairs] == [
        (source, target) for source in sorted(WORLD.sources) for target in sorted(WORLD.targets)]
    table = np.array([pair.distances["made"] for pair in found.pairs]).reshape(shape)
    kin = np.array([pair.covariates["kin"] for pair in found.pairs]).reshape(1, *shape)
    for size, told in enumerate(distance.by_size):
        scores = np.array([pair.scores[size] for pair in found.pairs]).reshape(shape)
        points, slope = partial_points(scores, table, kin)
        assert slope / 10 == pytest.approx(told.mean)
        assert np.polyfit(table.ravel(), points.ravel(), 1) == pytest.approx(
            [slope, -slope * table.mean()])
    assert partial_points(table, np.ones(shape), kin)[1] == 0


def test_one_size_has_no_growth_and_relatives_alone_no_test() -> None:
    rows = made_rows(WORLD, sizes=(1e5,))

    one = judged(rows).distances[0]
    lonely = judged(rows, families={code: code for code in WORLD.families})

    assert one.effect is not None
    assert one.per_octave is None
    assert lonely.arrangements == 1
    assert lonely.distances[0].effect is not None
    assert lonely.distances[0].effect.p_value is None
    assert "not tested, for fewer than 40 arrangements" in lonely.distances[0].sentence


def test_holm_counts_the_distances() -> None:
    rows = made_rows(WORLD, effect=-30.0)
    other = made_world(9)

    found = judged(rows, distances={"made": WORLD.distance, "other": other.distance})

    effects = [each.effect for each in found.distances]
    assert effects[0] is not None
    assert effects[1] is not None
    assert effects[0].p_value == pytest.approx(1 / 200)
    assert effects[0].adjusted_p_value == pytest.approx(2 / 200)
    assert effects[1].adjusted_p_value == effects[1].p_value
    assert effects[0].is_shown


def test_a_block_that_lacks_a_pair_is_left_out_and_named() -> None:
    rows = made_rows(WORLD)

    found = judged(rows[1:])

    assert (found.blocks, found.left_out) == (3, ("100000 parameters, seed 0",))


@pytest.mark.parametrize(("change", "message"), [
    ({"target": "s0"}, "`targets` must be none of the sources, got s0 as both"),
    ({"target": "t0"}, "at least 3 sources with at least 3 targets, got 8 and 1"),
    ({"parameters": -1.0}, "`parameters` must be positive, got -1"),
])
def test_what_is_not_crossed_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        judged([row.model_copy(update=change) for row in made_rows(WORLD)])
    with pytest.raises(ValueError, match="`distances` must name at least one"):
        judged(made_rows(WORLD), distances={})


def test_scripts_match_as_the_catalogue_has_them() -> None:
    assert (script_match("ru", "uk"), script_match("ru", "pl")) == (1.0, 0.0)


def test_languages_that_clash_by_family_are_no_distance() -> None:
    """Pairs' own p values find distances that are not there; moved languages do not."""
    naive, moved = 0, 0
    for seed in range(100):
        world = made_world(seed, sources=6, targets=8)
        rows = made_rows(world, clash=3.0, seed=seed, sizes=(1e5,), seeds=1)
        effect = judged(rows, world, draws=99).distances[0].effect
        assert effect is not None
        assert effect.p_value is not None
        moved += effect.p_value <= 0.10
        naive += _pairs_p(rows, world) <= 0.10
    assert moved <= 17  # the 0.99 quantile of 100 tests that err in 10 %
    assert naive > 17


def _pairs_p(rows: list[Measurement], world: World) -> float:
    """Return the p value of ordinary least squares, every pair by itself."""
    from scipy import stats

    from search.language_grid import language_grid, pair_part

    grid = language_grid(rows)
    x = pair_part(grid.table(world.distance), np.zeros((0, *grid.mean.shape))).ravel()
    y = pair_part(grid.mean, np.zeros((0, *grid.mean.shape))).ravel()
    freedom = (len(grid.sources) - 1) * (len(grid.targets) - 1) - 1
    r = float(x @ y) / float(np.sqrt((x @ x) * (y @ y)))
    return float(2 * stats.t.sf(abs(r) * np.sqrt(freedom / (1 - r**2)), freedom))
