"""What the distance between source and target does, for people."""

from __future__ import annotations

from collections.abc import Iterator

from search.intervals import LEVEL, spell
from search.language_effects import STEP, DistanceEffect, Effect, LanguageEffects
from search.source_effects import SourceEffects
from search.text_tables import NONE, TextRow, TextTable

__all__ = ["source_table"]

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
    for each in found.between:
        yield (f"Between targets, one more of {each.covariate} comes with "
               f"{spell(each.points, signed=True)} points, beside the distances.")
    if found.left_out:
        yield f"Left out, for some pair is lacking: {'; '.join(found.left_out)}."


def _many(arrangements: int) -> str:
    return f"{arrangements:,}" if arrangements < _MANY else f"more than {_MANY:,}"


def _p(value: float | None) -> str:
    if value is None:
        return NONE
    return "<0.001" if value < 0.0005 else f"{value:.3f}"
