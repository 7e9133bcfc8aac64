"""What the distance between source and target does, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from search.between_targets import CONTROL_NAME
from search.intervals import LEVEL, spell
from search.language_effects import STEP, DistanceEffect, Effect, LanguageEffects
from search.source_effects import SourceEffects
from search.target_covariates import FERTILITY, PRETRAINING
from search.text_tables import NONE, TextRow, TextTable
from spaces.languages import language

__all__ = ["source_table", "target_table"]

_MANY = 1_000_000


def source_table(found: SourceEffects, *, is_headline: bool = False) -> TextTable:
    """Return the effect of each distance and its growth with size, and what they rest on.

    Args:
        found: of one family of models.
        is_headline: whether its sentence stands above already.
    """
    title = f"Distance between source and target ({found.family})"
    answer = [] if is_headline else [found.sentence]
    if found.effects is None:
        return TextTable(title, (), (), [found.sentence])
    header = ("distance", f"points per {STEP:g} farther", "p", "by Holm",
              "more per octave", "its p by Holm")
    return TextTable(title, header, [_row(each) for each in found.effects.distances],
                     [*answer, *_notes(found.effects)])


def target_table(found: SourceEffects) -> TextTable | None:
    """Return what the targets are, and what goes with it between them; None without effects."""
    effects = found.effects
    if effects is None:
        return None
    header = ("target", "script", "control (points)", "mean gain (points)",
              *(f"{each.covariate} ({each.unit})" for each in found.covariates))
    rows = [_target(code, found, effects) for code in effects.targets]
    return TextTable(f"Targets ({found.family})", header, rows,
                     [*_between(found, effects), *(
                         f"Not known: {each.covariate}, for {each.why}."
                         for each in found.unknown)])


def _target(code: str, found: SourceEffects, effects: LanguageEffects) -> TextRow:
    pairs = [pair for pair in effects.pairs if pair.target == code]
    control = _mean([value for pair in pairs for value in pair.controls])
    score = _mean([value for pair in pairs for value in pair.scores])
    return (code, language(code).script, f"{control:.1f}", f"{score - control:+.1f}",
            *(f"{each.amounts[code]:.3g}" for each in found.covariates))


def _between(found: SourceEffects, effects: LanguageEffects) -> Iterator[str]:
    """Yield what goes with the targets' scores, and what that is not."""
    units = {CONTROL_NAME: "one more point of control",
             PRETRAINING: "one more doubling of pretraining data",
             FERTILITY: "one more doubling of tokenizer fertility"}
    if effects.between_refused is not None:
        yield (f"What goes with the targets' scores between targets is not told: "
               f"{effects.between_refused}.")
    for each in effects.between:
        yield (f"Between targets, {units[each.covariate]} comes with "
               f"{spell(each.points, signed=True)} points of score after intermediate training.")
    if effects.between:
        yield (f"Least squares over {len(effects.targets)} targets, each of these at equal value "
               f"of the others, {LEVEL:.0%} t intervals, not tested: few targets, which differ in "
               "much else, so that none of it is shown to be a cause. What distances do is told "
               "within targets and does not change with it.")
    if any(each.covariate == PRETRAINING for each in found.covariates):
        yield "Doublings of pretraining data are of 1 + the amount, so that none counts as 0."


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _row(each: DistanceEffect) -> TextRow:
    return (each.distance, *_cells(each.effect), *_cells(each.per_octave)[::2])


def _cells(effect: Effect | None) -> tuple[str, str, str]:
    if effect is None:
        return NONE, NONE, NONE
    return (spell(effect.points, signed=True), _p(effect.p_value), _p(effect.adjusted_p_value))


def _notes(found: LanguageEffects) -> Iterator[str]:
    sizes = f"{len(found.sizes)} size{'' if len(found.sizes) == 1 else 's'}"
    yield (f"Scores of {len(found.sources)} sources crossed with {len(found.targets)} targets, "
           f"means over {found.blocks} blocks ({sizes}), beside effects of sources, of targets and "
           "of a shared script; within a target the control is one for all sources.")
    yield (f"{LEVEL:.0%} intervals over languages; p by whole languages that change places within "
           f"their families ({_many(found.arrangements)} arrangements), Holm over the distances of "
           "a column.")
    if found.left_out:
        yield f"Left out, for some pair is lacking: {'; '.join(found.left_out)}."


def _many(arrangements: int) -> str:
    return f"{arrangements:,}" if arrangements < _MANY else f"more than {_MANY:,}"


def _p(value: float | None) -> str:
    if value is None:
        return NONE
    return "<0.001" if value < 0.0005 else f"{value:.3f}"
