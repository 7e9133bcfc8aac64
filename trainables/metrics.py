"""Metrics: pure functions from gold and predicted values to points, 0 to 100.

What a value is depends on the task's kind: a label index (classification, pair), a list of tag
indices per sentence (tagging), a text against its gold answers (QA), the position of the sentence
found in the pool (retrieval), the position of an option in its row (multiple choice).
"""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, groupby
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spaces.tasks import Kind, Task
from trainables.scores import Subset

__all__ = ["METRICS", "Metric", "accuracy", "answer_f1", "balanced_accuracy",
           "balanced_tag_accuracy", "chance", "collapsed", "exact_match", "metrics_of", "nearest",
           "normalise_answer", "tag_accuracy", "tag_f1"]

Metric = Callable[[Sequence[Any], Sequence[Any]], float]
"""(gold, predicted), one value per row each -> points. Order of rows does not matter."""

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
# Answers tried as the constant prediction; the best of all texts has no closed form.
_CONSTANT_ANSWERS = 20
_BALANCED = "balanced_accuracy"


def accuracy(gold: Sequence[int], predicted: Sequence[int]) -> float:
    """Return the share of rows predicted right, in points.

    For retrieval the values are positions in the pool: the share of queries whose nearest
    neighbour is their own translation, as XTREME scores Tatoeba.

    Raises:
        ValueError: if there are no rows, or not as many predictions as rows.
    """
    _check_paired(gold, predicted)
    return _points(sum(right == given for right, given in zip(gold, predicted, strict=True)),
                   len(gold))


def balanced_accuracy(gold: Sequence[int], predicted: Sequence[int]) -> float:
    """Return the mean over labels of the share of a label's rows predicted right, in points.

    The labels are those of `gold`, so any constant prediction of one of them scores 100 / labels,
    however often each occurs. Source: Brodersen et al. (2010), "The balanced accuracy and its
    posterior distribution".

    Raises:
        ValueError: as `accuracy`.
    """
    _check_paired(gold, predicted)
    rows = Counter(gold)
    right = Counter(label for label, given in zip(gold, predicted, strict=True) if label == given)
    return _points(math.fsum(right[label] / count for label, count in rows.items()), len(rows))


def tag_accuracy(gold: Sequence[Sequence[int]], predicted: Sequence[Sequence[int]]) -> float:
    """Return the share of tokens tagged right, over all sentences together, in points.

    Raises:
        ValueError: as `accuracy`, or if a sentence has another number of predicted tags.
    """
    _check_sentences(gold, predicted)
    return accuracy(list(chain.from_iterable(gold)), list(chain.from_iterable(predicted)))


def balanced_tag_accuracy(
    gold: Sequence[Sequence[int]], predicted: Sequence[Sequence[int]]
) -> float:
    """Return the mean over tags of the share of a tag's tokens tagged right, in points.

    It is `balanced_accuracy` over the tokens of all sentences together.

    Raises:
        ValueError: as `tag_accuracy`.
    """
    _check_sentences(gold, predicted)
    return balanced_accuracy(list(chain.from_iterable(gold)),
                             list(chain.from_iterable(predicted)))


def tag_f1(gold: Sequence[Sequence[int]], predicted: Sequence[Sequence[int]]) -> float:
    """Return the F1 of chunks over all sentences together (micro-averaged), in points.

    A chunk is a longest run of equal tags within a sentence, and is right when its tag, first and
    last token are. This is what XTREME's UD-POS "F1" amounts to: seqeval (0.0.12) reads tags
    without B- and I- prefixes that way. Two of its accidents are left out: that tags beginning
    with S (SCONJ, SYM) never merge, and that seqeval 1.x drops a tag's first letter, so that CCONJ
    and SCONJ count as equal. Runs merge, so the score lies below token accuracy.

    Raises:
        ValueError: as `tag_accuracy`.
    """
    _check_sentences(gold, predicted)
    gold_chunks, predicted_chunks = _chunks(gold), _chunks(predicted)
    _check_some(gold_chunks)
    right = len(gold_chunks & predicted_chunks)
    return _points(2 * right, len(gold_chunks) + len(predicted_chunks))


def exact_match(gold: Sequence[Sequence[str]], predicted: Sequence[str]) -> float:
    """Return the share of predictions that equal one of their gold answers, in points.

    Both are compared as `normalise_answer` gives them. Source: the SQuAD v1.1 evaluation.

    Raises:
        ValueError: as `accuracy`, or if a row has no gold answer.
    """
    return _mean_of_best(_equal, gold, predicted)


def answer_f1(gold: Sequence[Sequence[str]], predicted: Sequence[str]) -> float:
    """Return the mean F1 of words against the best-fitting gold answer, in points.

    Words are what white space separates after `normalise_answer`: a language written without
    spaces scores by whole stretches of text. Source: the SQuAD v1.1 evaluation.

    Raises:
        ValueError: as `exact_match`.
    """
    return _mean_of_best(_word_f1, gold, predicted)


def normalise_answer(text: str) -> str:
    """Lower the case, drop ASCII punctuation and English articles, and join words by one space.

    Source: the SQuAD v1.1 evaluation; XQuAD and TyDiQA use it in every language.
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


METRICS: Final[Mapping[Kind, Mapping[str, Metric]]] = MappingProxyType({
    Kind.CLASSIFICATION: {"accuracy": accuracy, _BALANCED: balanced_accuracy},
    Kind.PAIR: {"accuracy": accuracy, _BALANCED: balanced_accuracy},
    Kind.TAGGING: {"f1": tag_f1, "accuracy": tag_accuracy, _BALANCED: balanced_tag_accuracy},
    Kind.QA: {"f1": answer_f1, "exact_match": exact_match},
    Kind.RETRIEVAL: {"accuracy": accuracy},
    Kind.MULTIPLE_CHOICE: {"accuracy": accuracy, _BALANCED: balanced_accuracy},
})
"""The metrics of each kind of task by name; a name may mean another function in another kind."""


def metrics_of(task: Task, subset: Subset = "all") -> tuple[str, ...]:
    """Return the names of the metrics that score a task, the primary one first.

    A part of the rows is scored by balanced accuracy alone, where the kind has it: labels are
    unequally frequent there, whatever they are in the whole.

    Raises:
        ValueError: if the task's metric is not one of its kind's.
    """
    names = METRICS[task.kind]
    if task.metric not in names:
        raise ValueError(f"`metric` must be one of {', '.join(names)} for {task.kind.value}, "
                         f"got {task.metric!r} ({task.name})")
    if subset != "all" and _BALANCED in names:
        return (_BALANCED,)
    return (task.metric, *(name for name in names if name not in (task.metric, _BALANCED)))


def nearest(queries: NDArray[np.floating], pool: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return for each query the position of its nearest neighbour in the pool by cosine.

    XTREME's direction is English queries into the foreign pool. A state of length zero is as far
    from everything; of equals the first is taken.

    Args:
        queries: pooled hidden states [queries, hidden].
        pool: pooled hidden states [pool, hidden].

    Raises:
        ValueError: if a state is not finite, or either has no rows.
    """
    _check_some(queries)
    _check_some(pool)
    similarity = _directions(queries) @ _directions(pool).T
    return np.asarray(similarity.argmax(axis=1), dtype=np.int64)


def chance(kind: Kind, name: str, gold: Sequence[Any]) -> float:
    """Return the points of the best constant prediction: one value for every row (or token).

    For balanced accuracy that is 100 / labels, of the labels that occur. For the F1 of chunks it
    is next to nothing: one tag everywhere makes one chunk a sentence.
    For QA the constants tried are the empty text and the 20 most frequent gold answers.

    Raises:
        ValueError: if there are no rows.
    """
    _check_some(gold)
    metric = METRICS[kind][name]
    if metric is tag_f1:
        whole = Counter(row[0] for row in gold if len(set(row)) == 1)
        return _points(2 * max(whole.values(), default=0), len(_chunks(gold)) + len(gold))
    if kind is Kind.TAGGING:
        return chance(Kind.CLASSIFICATION, name, list(chain.from_iterable(gold)))
    if name == _BALANCED:
        return _points(1, len(set(gold)))
    if kind is Kind.QA:
        counted = Counter(chain.from_iterable(set(map(normalise_answer, row)) for row in gold))
        texts = ["", *(text for text, _ in counted.most_common(_CONSTANT_ANSWERS))]
        return max(metric(gold, [text] * len(gold)) for text in texts)
    return _points(max(Counter(gold).values()), len(gold))


def collapsed(kind: Kind, predicted: Sequence[Any]) -> bool:
    """Return whether one and the same value was predicted for every row (tagging: token).

    A single prediction is no collapse.
    """
    values = list(chain.from_iterable(predicted)) if kind is Kind.TAGGING else list(predicted)
    return len(values) > 1 and len(set(values)) == 1


def _points(part: float, whole: float) -> float:
    points = 100.0 * part / whole
    if not math.isfinite(points):
        raise ValueError(f"a score must be finite, got {part} of {whole}")
    return points


def _chunks(sentences: Sequence[Sequence[int]]) -> set[tuple[int, int, int, int]]:
    """Return (sentence, first token, length, tag) of every longest run of equal tags."""
    chunks = set()
    for number, tags in enumerate(sentences):
        first = 0
        for tag, run in groupby(tags):
            length = sum(1 for _ in run)
            chunks.add((number, first, length, tag))
            first += length
    return chunks


def _equal(answer: str, given: str) -> float:
    return float(normalise_answer(answer) == normalise_answer(given))


def _word_f1(answer: str, given: str) -> float:
    wanted, found = normalise_answer(answer).split(), normalise_answer(given).split()
    shared = sum((Counter(wanted) & Counter(found)).values())
    return 2 * shared / (len(wanted) + len(found)) if shared else 0.0


def _mean_of_best(
    agreement: Callable[[str, str], float],
    gold: Sequence[Sequence[str]],
    predicted: Sequence[str],
) -> float:
    _check_paired(gold, predicted)
    for number, answers in enumerate(gold):
        if not answers:
            raise ValueError(f"a row must have at least one gold answer, got none (row {number})")
    best = (max(agreement(answer, given) for answer in answers)
            for answers, given in zip(gold, predicted, strict=True))
    return _points(math.fsum(best), len(gold))


def _directions(states: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the states [n, hidden] scaled to length one."""
    wide = np.asarray(states, dtype=np.float64)
    if not np.isfinite(wide).all():
        row = int(np.flatnonzero(~np.isfinite(wide).all(axis=1))[0])
        raise ValueError(f"pooled states must be finite, got NaN or infinity (row {row})")
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(wide / np.where(lengths == 0, 1.0, lengths))


def _check_some(values: Iterable[Any]) -> None:
    if not len(values):  # type: ignore[arg-type]
        raise ValueError("a score must be formed over at least one row, got none")


def _check_paired(gold: Sequence[Any], predicted: Sequence[Any]) -> None:
    _check_some(gold)
    if len(gold) != len(predicted):
        raise ValueError(f"there must be one prediction per row, got {len(predicted)} "
                         f"for {len(gold)} rows")


def _check_sentences(gold: Sequence[Sequence[int]], predicted: Sequence[Sequence[int]]) -> None:
    _check_paired(gold, predicted)
    for number, (right, given) in enumerate(zip(gold, predicted, strict=True)):
        if len(right) != len(given):
            raise ValueError(f"a sentence must have one predicted tag per token, got {len(given)} "
                             f"for {len(right)} tokens (row {number})")
