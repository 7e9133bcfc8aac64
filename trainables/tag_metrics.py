"""Metrics of tagging: pure functions from gold and predicted tags, a list a sentence, to points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain

from trainables.label_metrics import (
    CONSTANTS_TRIED,
    accuracy,
    balanced_accuracy,
    check_paired,
    points_of,
)

__all__ = ["balanced_tag_accuracy", "chunk_f1", "chunks", "constant_chunk_f1",
           "tag_accuracy"]

Sentences = Sequence[Sequence[int]]
_Chunk = tuple[int, int, int, str]


def tag_accuracy(gold: Sentences, predicted: Sentences) -> float:
    """Return the share of tokens tagged right, over all sentences together, in points.

    Raises:
        ValueError: as `accuracy`, or if a sentence has another number of predicted tags.
    """
    _check_sentences(gold, predicted)
    return accuracy(list(chain.from_iterable(gold)), list(chain.from_iterable(predicted)))


def balanced_tag_accuracy(gold: Sentences, predicted: Sentences) -> float:
    """Return the mean over tags of the share of a tag's tokens tagged right, in points.

    It is `balanced_accuracy` over the tokens of all sentences together.

    Raises:
        ValueError: as `tag_accuracy`.
    """
    _check_sentences(gold, predicted)
    return balanced_accuracy(list(chain.from_iterable(gold)),
                             list(chain.from_iterable(predicted)))


def chunk_f1(gold: Sentences, predicted: Sentences, labels: Sequence[str]) -> float:
    """Return the F1 of chunks over all sentences together (micro-averaged), in points.

    A chunk is right when its type, first and last token are. What a chunk is, is in `chunks`. Of
    PAN-X this is the F1 of entities, of UD-POS the "F1" that XTREME prints, which lies below token
    accuracy since runs of a tag merge. Without a right chunk it is 0, also where nobody has one.

    Args:
        gold: of each sentence its tags, as indices into `labels`.
        predicted: likewise.
        labels: the names of the tags.

    Raises:
        ValueError: as `tag_accuracy`.
    """
    _check_sentences(gold, predicted)
    return _f1(chunks(gold, labels), chunks(predicted, labels))


def constant_chunk_f1(gold: Sentences, labels: Sequence[str]) -> float:
    """Return the F1 of chunks of the best constant: one tag for every token, in points.

    Tried are the `CONSTANTS_TRIED` most frequent tags: all of most tag sets, of the hundreds of
    supertags as many as are worth their time. `gold` and `labels` are as of `chunk_f1`, some
    sentence with some tag.
    """
    wanted = chunks(gold, labels)
    return max(_f1(wanted, chunks([[tag] * len(row) for row in gold], labels))
               for tag, _ in Counter(chain.from_iterable(gold)).most_common(CONSTANTS_TRIED))


def chunks(sentences: Sentences, labels: Sequence[str]) -> set[_Chunk]:
    """Return (sentence, first token, last token, type) of each chunk, as seqeval 0.0.12 does.

    A tag's prefix is its first character, its type what follows its last hyphen, of a tag without
    one all of it. With B-, I- and O chunks are entities, and an I- that continues none begins one.
    Tags without prefixes are read by the same letter, as XTREME does: a chunk is a longest run of
    one tag, but that every token is one of its own whose tag begins with B, E or S (SCONJ, SYM),
    and none whose tag begins with O or a full stop. (seqeval 1 drops the first letter of such tags
    and so takes CCONJ for SCONJ; that is not followed.)
    """
    read = [(label[:1], label.rsplit("-", 1)[-1]) for label in labels]
    found = set()
    for number, tags in enumerate(sentences):
        first, before = 0, _OUTSIDE
        for place, now in enumerate([*(read[tag] for tag in tags), _OUTSIDE]):
            if _ends(before, now):
                found.add((number, first, place - 1, before[1]))
            if _begins(before, now):
                first = place
            before = now
    return found


def _f1(wanted: set[_Chunk], found: set[_Chunk]) -> float:
    right = len(wanted & found)
    return points_of(2 * right, len(wanted) + len(found)) if right else 0.0


_Tag = tuple[str, str]  # (prefix, type)
_OUTSIDE: _Tag = ("O", "O")
_NOWHERE = ("O", ".")


def _ends(before: _Tag, now: _Tag) -> bool:
    """Whether a chunk ends between two tags."""
    return (before[0] in ("E", "S")
            or (before[0] in ("B", "I") and now[0] in ("B", "S", "O"))
            or (before[0] not in _NOWHERE and before[1] != now[1]))


def _begins(before: _Tag, now: _Tag) -> bool:
    """Whether a chunk begins between two tags."""
    return (now[0] in ("B", "S")
            or (before[0] in ("E", "S", "O") and now[0] in ("E", "I"))
            or (now[0] not in _NOWHERE and before[1] != now[1]))


def _check_sentences(gold: Sentences, predicted: Sentences) -> None:
    check_paired(gold, predicted)
    for number, (right, given) in enumerate(zip(gold, predicted, strict=True)):
        if len(right) != len(given):
            raise ValueError(f"a sentence must have one predicted tag per token, got {len(given)} "
                             f"for {len(right)} tokens (row {number})")
