"""The arms for people: the primary contrast, gains by arm and model, controls, slopes, sources."""

from __future__ import annotations

from collections.abc import Iterator

from search.arm_entries import ArmsReadout, PrimaryAnswer
from search.intervals import Interval, spell
from search.source_tables import source_table, target_table
from search.split_half import spell_halves
from search.text_tables import NONE, TextTable, p_text

__all__ = ["arm_tables", "primary_headline", "primary_notes"]

# Intermediate training of two arms reads as much where their tokens differ by at most this share.
_EQUAL_TOKENS = 0.10


def primary_headline(arms: ArmsReadout) -> str:
    """Return the primary contrast's answer, and beside it what distances of sources do."""
    return " ".join((arms.primary.sentence, *(each.sentence for each in arms.sources)))


def arm_tables(arms: ArmsReadout, *, is_headline: bool = False) -> Iterator[TextTable]:
    """Yield the primary contrast, sources, gains, controls and slopes, where there are any.

    Args:
        arms: the arms.
        is_headline: whether the answer's sentences stand above already.
    """
    answer = [] if is_headline else [arms.primary.sentence]
    yield TextTable("Primary contrast", (), (), answer + primary_notes(arms.primary))
    for each in arms.sources:
        yield source_table(each, is_headline=is_headline)
        if (targets := target_table(each)) is not None:
            yield targets
    yield _gains(arms)
    yield _controls(arms)
    if arms.slopes:
        yield _slopes(arms)


def primary_notes(primary: PrimaryAnswer) -> list[str]:
    """Return how the primary contrast was declared, and whether halves of its units agree."""
    notes = [f"Declared before the start, as {primary.declared_digest} in MLflow; the only primary "
             "one, so that Holm's correction leaves its p value as it is"
             + (f": {p_text(primary.p_value)}." if primary.p_value is not None else ".")]
    split = primary.split_half
    if split is None:
        notes.append("Too few units to be halved: whether the verdict holds is not known.")
    else:
        notes.append(spell_halves(split, "units"))
    return notes


def _gains(arms: ArmsReadout) -> TextTable:
    rows = [(each.arm, each.model, _count(each.parameters), _signed(each.gain),
             p_text(each.p_value), f"{each.learning_rate:.2g}", f"{each.examples:,}",
             NONE if each.tokens is None else f"{each.tokens:,.0f}",
             str(each.failed)) for each in arms.gains]
    notes = [f"Gain over the controls of the same {arms.unit}, in the primary contrast's tasks, "
             f"languages and rows; {arms.level:.0%} t intervals over {arms.unit}."]
    notes.append(f"p: adjusted over all {len(arms.gains)} gains, {arms.correction}."
                 if arms.correction else
                 "p: none, for with so few units no flip of their signs is rare enough.")
    notes += [f"Note: {text}." for text in _unequal_tokens(arms)]
    return TextTable("Arms", ("arm", "model", "body", "gain (points)", "p", "rate", "examples",
                              "tokens", "failed"), rows, notes)


def _unequal_tokens(arms: ArmsReadout) -> Iterator[str]:
    """Yield a line for each model whose arms read unequal numbers of tokens."""
    by_model: dict[str, dict[str, float]] = {}
    for each in arms.gains:
        if each.tokens is not None:
            by_model.setdefault(each.model, {})[each.arm] = each.tokens
    for model, tokens in by_model.items():
        most, least = (pick(tokens, key=tokens.__getitem__) for pick in (max, min))
        if tokens[most] > tokens[least] * (1 + _EQUAL_TOKENS):
            yield (f"with {model}, {most} read {tokens[most] / tokens[least] - 1:.0%} more tokens "
                   f"than {least} in as many examples")


def _controls(arms: ArmsReadout) -> TextTable:
    rows = [(each.model, _count(each.parameters), spell(each.score), f"{each.chance:.1f}",
             f"{each.learning_rate:.2g}") for each in arms.controls]
    return TextTable("Controls of the arms", ("model", "body", "score (points)", "chance",
                                              "target rate"), rows, [])


def _slopes(arms: ArmsReadout) -> TextTable:
    rows = [(each.arm, each.family, str(each.sizes), _signed(each.slope), p_text(each.p_value))
            for each in arms.slopes]
    return TextTable("Gain per doubling of body parameters",
                     ("arm", "family", "sizes", "slope (points)", "p"), rows,
                     ["Least squares on log2 of the body's parameters for each of the "
                      f"{arms.unit}, which are random; within a family, never across. No exponent "
                      "is fitted. p: adjusted by Holm over these slopes.",
                      *(f"{each.arm}: of the line of the smaller sizes: {each.held.sentence}."
                        for each in arms.slopes if each.held)])


def _signed(interval: Interval | None) -> str:
    return spell(interval, signed=True)


def _count(parameters: int | None) -> str:
    return NONE if parameters is None else f"{parameters:,}"
