"""A curve for people: scores and gains by x, the verdict, families, noise, number or nearness."""

from __future__ import annotations

from collections.abc import Iterator

from search.curve_coverage import CurveCoverage
from search.intervals import spell
from search.saturation import Saturation
from search.text_tables import NONE, TextRow, TextTable

__all__ = ["curve_table"]


def curve_table(curve: Saturation, coverage: CurveCoverage | None = None) -> TextTable:
    """Return the scores and gains by x, and beneath them the verdict and what it rests on."""
    header = (curve.axis, "score (points)", "trials", "next step gains (points)")
    gains = {each.start: each for each in (*curve.doublings, curve.first_step) if each is not None}
    rows: list[TextRow] = []
    for point in curve.points:
        step = gains.get(point.x)
        rows.append((f"{point.x:g}", spell(point.score), str(point.trials),
                     NONE if step is None else spell(step.gain, signed=True)))
    title = f"{curve.axis.capitalize()} curve: {curve.verdict}"
    return TextTable(title, header, rows, [curve.sentence, *_answers(curve), *_nearness(coverage)])


def _answers(curve: Saturation) -> Iterator[str]:
    """Yield what stands beside a curve's verdict: the families, and the noise that is sampled."""
    if curve.combined is not None:
        weights = ", ".join(f"{each.name} {each.weight:.2f}" for each in curve.combined.families)
        low, high = (NONE if x is None else f"{x:.3g}"
                     for x in (curve.combined.low, curve.combined.high))
        yield (f"Families of curves (weights: {weights}) put x* between {low} and {high}, "
               f"{curve.combined.beyond:.0%} of it beyond the data.")
    if curve.points:
        said = (f"{kind}: {', '.join(level for level, of in curve.noise.items() if of == kind)}"
                for kind in ("sampled", "fixed") if kind in curve.noise.values())
        yield f"Noise {'; '.join(said)}."


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
