"""The laws between a study's arms and its other fields, and what arms may do but should know."""

from __future__ import annotations

from collections.abc import Iterator

from search.arms_section import CONTROL, Arms
from search.declaration import Declaration
from search.language_grid import LEAST_CROSSED
from search.octave_slopes import MIN_SIZES
from search.split_half import FEWEST_SEEDS
from search.study_faults import fault
from spaces.models import HubModel

__all__ = ["arm_warnings", "check_arms"]


def check_arms(study: Declaration) -> None:
    """Check the laws of the arms.

    Raises:
        PydanticCustomError: for the first law that is broken; it names the dotted key.
    """
    arms = study.arms
    if arms is None:
        return
    _check_models(study, arms)
    for name in arms.arms:
        _check_arm(study, arms, name)
    _check_sources(study, arms)
    _check_tuning(study, arms)
    _check_primary(study, arms)


def _check_models(study: Declaration, arms: Arms) -> None:
    names = [model.name for model in study.models]
    for place, listed in (("arms.models", arms.models), ("arms.primary.models",
                                                         arms.primary.models)):
        for name in listed if isinstance(listed, tuple) else ():
            if name not in names:
                raise fault(place, f"`models` must be of {', '.join(names)}, got {name!r}")
    if arms.pretraining_seeds > 1:
        for model in study.arm_models:
            if isinstance(model, HubModel):
                raise fault("arms.pretraining_seeds", "`pretraining_seeds` must be 1 where a model "
                            "is published, since it was pretrained once, got "
                            f"{arms.pretraining_seeds} with {model.name}")


def _check_arm(study: Declaration, arms: Arms, name: str) -> None:
    arm, pool = arms.arms[name], study.intermediate.languages.pool
    languages = study.arm_languages(arm)
    if languages.count > len(pool):
        raise fault(f"arms.arms.{name}.languages.count", f"`count` must be at most the {len(pool)} "
                    f"languages of `intermediate.languages.pool`, got {languages.count}")
    try:
        codes = languages.resolve(pool)
    except ValueError as error:
        raise fault(f"arms.arms.{name}.languages", str(error)) from error
    for task in getattr(arm.mixture, "tasks", study.intermediate.tasks):
        if task not in study.intermediate.tasks:
            raise fault(f"arms.arms.{name}.mixture", "a mixture must use the tasks "
                        f"{', '.join(study.intermediate.tasks)}, got {task!r}")
        if not set(study.task(task).train) & set(codes):
            raise fault(f"arms.arms.{name}.languages", "each task of an arm must have one of its "
                        f"languages, got {task!r} with {', '.join(codes)}")


def _check_sources(study: Declaration, arms: Arms) -> None:
    if not arms.sources:
        return
    pool, report = study.intermediate.languages.pool, study.panels.report
    sources: list[str] = []
    for name, arm in arms.arms.items():
        codes = study.arm_languages(arm).resolve(pool)
        place = f"arms.arms.{name}.languages"
        if len(codes) > 1 or codes[0] in (*sources, *report):
            raise fault(place, "with `arms.sources` each arm must have one language of its own "
                               f"that is not of the report panel, got {', '.join(codes)}")
        if arm.mixture != next(iter(arms.arms.values())).mixture:
            raise fault(f"arms.arms.{name}.mixture", "with `arms.sources` arms must have one "
                        f"mixture, so that they differ in language alone, got another in {name!r}")
        sources += codes
    if min(len(sources), len(report)) < LEAST_CROSSED:
        raise fault("arms.sources", f"`sources` must be at least {LEAST_CROSSED} arms, and as many "
                    f"languages of the report panel, got {len(sources)} and {len(report)}")


def _check_tuning(study: Declaration, arms: Arms) -> None:
    if arms.tuning is None:
        return
    if study.intermediate.learning_rate.low is not None:
        raise fault("intermediate.learning_rate", "`learning_rate` must be a list for "
                    "`arms.tuning` to choose from, got a range")
    if len(study.intermediate.learning_rate.options) < 2:
        raise fault("intermediate.learning_rate", "`learning_rate` must list at least 2 rates for "
                    "`arms.tuning` to choose from, got "
                    f"{study.intermediate.learning_rate.options[0]:g}")


def _check_primary(study: Declaration, arms: Arms) -> None:
    primary = arms.primary
    for field in ("better", "worse"):
        for side in getattr(primary, field):
            if side.arm not in (*arms.arms, CONTROL):
                raise fault(f"arms.primary.{field}", f"`{field}` must name arms of "
                            f"{', '.join((*arms.arms, CONTROL))}, got {side.arm!r}")
    for index, task in enumerate(primary.tasks or ()):
        if task not in study.targets.tasks:
            raise fault(f"arms.primary.tasks.{index}", "`tasks` must be of "
                        f"{', '.join(study.targets.tasks)}, got {task!r}")
    asked_under = () if study.robustness is None else study.robustness.conditions
    for index, condition in enumerate(primary.under or ()):
        if condition not in asked_under:
            raise fault(f"arms.primary.under.{index}", "`under` must name conditions of "
                        f"`robustness` ({', '.join(asked_under) or 'none'}), got {condition!r}")
    asked = [("arms.primary.languages", primary.languages),
             *((f"arms.primary.{field}", side.languages) for field in ("better", "worse")
               for side in getattr(primary, field))]
    for place, codes in asked:
        for code in codes or ():
            if code not in study.panels.report:
                raise fault(place, "languages must be of the report panel "
                                   f"({', '.join(study.panels.report)}), got {code!r}")


def arm_warnings(study: Declaration) -> Iterator[str]:
    """Yield what is allowed and should be known, one line each, with the dotted key."""
    arms = study.arms
    if arms is None:
        return
    if arms.units < 2:
        yield "one unit gives the arms no intervals (arms.seeds)"
    elif arms.units < FEWEST_SEEDS:
        place = "arms.pretraining_seeds" if arms.pretraining_seeds > 1 else "arms.seeds"
        yield (f"fewer than {FEWEST_SEEDS} units cannot be halved to see whether the verdict "
               f"holds, got {arms.units} ({place})")
    if arms.pretraining_seeds == 1 and any(model.origin == "lab" for model in study.arm_models):
        yield ("one pretraining seed speaks of its encoders alone: nothing is said of others "
               "pretrained alike (arms.pretraining_seeds)")
    rates = (study.intermediate.learning_rate.options, study.targets.learning_rate.options)
    # Beside a search the rates are there for its sampler.
    if arms.tuning is None and not study.search.trials and any(len(each) != 1 for each in rates):
        yield ("without `arms.tuning` every arm and model has the middle learning rates "
               "(arms.tuning)")
    if arms.tuning is not None and arms.tuning.seeds == 1:
        yield ("rates chosen on one seed block are chosen by luck in part, which is in no interval "
               "(arms.tuning.seeds)")
    if arms.primary.per is not None:
        sizes = [model.name for model in study.arm_models
                 if arms.primary.family in (None, arms.family_of(model.name))]
        if len(sizes) < MIN_SIZES:
            yield (f"a slope needs at least {MIN_SIZES} sizes of a family, got {len(sizes)}: the "
                   "primary contrast will have no answer (arms.primary.family)")
