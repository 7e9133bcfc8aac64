"""What a study's primary contrast can show, before anything is started."""

from __future__ import annotations

from collections.abc import Mapping

from search.arm_sentence import contrast_text
from search.contrasts import POWER, minimal_detectable_effect
from search.intervals import LEVEL, in_points
from search.octave_line import slope_sd
from search.study import Study
from spaces.value import Value

__all__ = ["PlannedContrast", "planned_contrast"]


class PlannedContrast(Value):
    """The primary contrast, its digest, and the least effect its design shows, in points.

    `pilot_sd` is the study's assumption, or its pilot's; None where it makes none, and then the
    effect is not known either.
    """

    contrast: str
    declared_digest: str
    unit: str
    units: int
    minimal: float
    pilot_sd: float | None
    minimal_detectable_effect: float | None

    @property
    def text(self) -> str:
        """The same for people."""
        least = self.minimal_detectable_effect
        shown = ("least effect unknown: `arms.pilot_sd` is not given" if least is None else
                 f"minimal detectable effect {least:.2f} at {POWER:.0%} power ({LEVEL:.0%}, "
                 f"{self.units} {self.unit}), from an assumed or piloted sd of "
                 f"{in_points(self.pilot_sd or 0.0)}"
                 + (f": too few for {in_points(self.minimal)}" if least > self.minimal else ""))
        return f"{self.contrast} ({self.declared_digest}), {shown}"


def planned_contrast(study: Study, parameters: Mapping[str, int]) -> PlannedContrast | None:
    """Return what a study's primary contrast can show, None without arms.

    Args:
        study: the study.
        parameters: of the models' bodies, by name.
    """
    arms = study.arms
    if arms is None:
        return None
    primary, sd = arms.primary, arms.pilot_sd
    if sd is not None and primary.per is not None:
        sizes = [float(parameters[model.name]) for model in study.arm_models
                 if parameters.get(model.name)
                 and primary.family in (None, arms.family_of(model.name))]
        sd = slope_sd(sizes, sd)
    per = " per doubling of body parameters" if primary.per else ""
    return PlannedContrast(
        contrast=contrast_text(primary.better, primary.worse) + per,
        declared_digest=primary.digest(),
        unit="pretraining seeds" if arms.pretraining_seeds > 1 else "seed blocks",
        units=arms.units, minimal=primary.minimal, pilot_sd=arms.pilot_sd,
        minimal_detectable_effect=None if sd is None else minimal_detectable_effect(
            sd, arms.units))
