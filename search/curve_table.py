"""A curve for people: scores and gains by x, the verdict, families, noise, number or nearness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from search.curve_coverage import CurveCoverage
from search.curve_work import CurveWork, work_note
from search.doubling_tests import ALPHA
from search.intervals import spell
from search.saturation import Saturation
from search.split_half import spell_halves
from search.stacking import Combination
from search.text_tables import NONE, TextRow, TextTable, p_text

__all__ = ["curve_notes", "curve_table", "doublings_table", "work_table"]


def curve_table(
    curve: Saturation, coverage: CurveCoverage | None = None, *, category: str = ""
) -> TextTable:
    """Return the scores and gains by x, and beneath them the verdict and what it rests on."""
    header = (curve.axis, "score (points)", "trials", "next step gains (points)")
    gains = {each.start: each for each in (*curve.doublings, curve.first_step) if each is not None}
    rows: list[TextRow] = []
    for point in curve.points:
        step = gains.get(point.x)
        rows.append((f"{point.x:g}", spell(point.score), str(point.trials),
                     NONE if step is None else spell(step.gain, signed=True)))
    of = f", {category}" if category else ""
    title = f"{curve.axis.capitalize()} curve{of}: {curve.verdict}"
    return TextTable(title, header, rows,
                     [curve.sentence, *curve_notes(curve), *_nearness(coverage)])


def curve_notes(curve: Saturation) -> Iterator[str]:
    """Yield what stands beside a curve's verdict: its costs, families, noise, halves."""
    if curve.worth.per_device_hour is not None and curve.points:
        spent = (f"{point.hours:.2g} at {point.x:g}" for point in curve.points
                 if point.hours is not None)
        yield f"Device hours of a trial, on average: {', '.join(spent) or 'not recorded'}."
    if curve.combined is not None:
        weights = ", ".join(f"{each.name} {each.weight:.2f}" for each in curve.combined.families)
        yield (f"Families of curves (weights: {weights}) put x* {_where(curve.combined)}, "
               f"{curve.combined.beyond:.0%} of it beyond the data.")
    if curve.points:
        said = (f"{kind}: {', '.join(level for level, of in curve.noise.items() if of == kind)}"
                for kind in ("sampled", "fixed") if kind in curve.noise.values())
        yield f"Noise {'; '.join(said)}."
    if curve.split_half is not None:
        yield spell_halves(curve.split_half, f"{curve.split_half.seeds} {curve.unit}s")


def _nearness(coverage: CurveCoverage | None) -> Iterator[str]:
    """Yield whether number or nearness of languages does it, and what nearness is told by."""
    if coverage is None:
        return
    yield coverage.sentence
    found = coverage.found
    if found is not None and found.errors is not None:
        steps, both = found.errors
        yield (f"At equal count orders differ in nearness by {found.between_orders:.3f} (standard "
               f"deviation); an order left out is predicted to {steps:.2f} points by count alone, "
               f"to {both:.2f} with nearness.")


def doublings_table(curve: Saturation) -> TextTable:
    """Return what is shown of each doubling without any family of curves."""
    gains = {each.start: each.gain for each in curve.doublings}
    hourly = curve.worth.per_device_hour is not None
    rows = [(f"{test.start:g} to {test.to:g}", spell(gains.get(test.start), signed=True),
             *([NONE if test.worth is None else f"{test.worth:.2g}"] if hourly else []),
             p_text(test.p_above), p_text(test.p_within),
             "more" if test.above else "at most" if test.within else "neither")
            for test in curve.tests]
    return TextTable(
        f"Each doubling against {curve.worth.amount}, without any family of curves",
        ("doubling", "gain (points)", *(["worth (points)"] if hourly else []), "p: more",
         "p: at most", "shown"), rows,
        [f"One-sided t tests over orders and seed blocks, each answer at {ALPHA:.0%} over all "
         "doublings: more by Holm's correction, at most in turn from the top until one is not "
         "shown. Where x or its double was not measured, the gain is read off between neighbours."])


def work_table(
    work: Sequence[CurveWork], tokens: Mapping[str, float], axis: str
) -> TextTable:
    """Return what the curve's trials train on at each x.

    Args:
        work: of each x.
        tokens: those read, by x; lacking where the store had them all.
        axis: what x counts.
    """
    rows = [(str(each.x), f"{each.examples:,}", f"{each.updates:,}",
             "all" if each.distinct is None else f"{each.distinct:,}",
             f"{tokens[str(each.x)]:,.0f}" if str(each.x) in tokens else NONE) for each in work]
    return TextTable(f"Training at each point of the {axis} curve",
                     (axis, "examples", "updates", "different in each language", "tokens read"),
                     rows, [work_note(work)])


def _where(found: Combination) -> str:
    low, high = found.low, found.high
    if low is None:
        return "anywhere" if high is None else f"at {high:.3g} or below"
    return f"at {low:.3g} or above" if high is None else f"between {low:.3g} and {high:.3g}"
