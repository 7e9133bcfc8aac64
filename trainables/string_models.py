"""String models: what characters alone predict of rows, by kind of task.

No word is known to mean anything: rows are solved by the n-grams and the edit distances that
they share with English rows, or with what they choose from: so by cognates, symbols, names and
lengths.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Any, Final

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from spaces.tasks import Kind
from trainables.panel_sets import gold_of
from trainables.ranking_metrics import DEPTH
from trainables.rows import Rows
from trainables.scores import BaselineName

__all__ = ["predict_strings"]

# The training examples that are kept: those whose texts' hashes are smallest. Tagging has one a
# word, and a nearest neighbour compares each of them with every word that is scored. Twice as
# many changed no score of the lab's by more than two points.
_EXAMPLES: Final[dict[BaselineName, int]] = {"character n-grams": 2_400,
                                             "nearest neighbour": 1_200}
_RANKED = 512  # queries at a time against a whole pool
_COMPARED = 4_096  # queries at a time: their similarities to all examples take 20 MB
_NGRAMS = (1, 4)  # characters
_STEPS = 500  # of L-BFGS, at most

Example = tuple[str, ...]
"""The texts of one thing to label; each text is a block of features."""


def predict_strings(name: BaselineName, train: Rows | None, tests: Sequence[Rows]
                    ) -> list[list[Any]]:
    """Return for each set of rows one predicted value a row, as `trainables.metrics` has them.

    Labels are learnt from English: by logistic regression on the tf-idf of character 1- to
    4-grams, or from the most similar training example by edit distance. Spans, sentences and
    options are not learnt: the one most like the question is taken. Nor are rankings: candidates
    are ordered by how like the query their own text is, whatever stands around it.

    Args:
        name: the method.
        train: English train rows; None for a task that is never trained.
        tests: rows of the same task.

    Raises:
        ValueError: if the task's kind has no such method.
    """
    kind = tests[0].task.kind
    match kind:
        case Kind.CLASSIFICATION | Kind.PAIR | Kind.TAGGING:
            assert train is not None  # these kinds have train rows
            return _labelled(name, train, tests)
        case Kind.QA:
            assert train is not None
            words = _answer_words(train)
            return [_spans(name, rows, words) for rows in tests]
        case Kind.RETRIEVAL:
            return [_alike(name, rows.table["english"].to_pylist(),
                           rows.table["text"].to_pylist()).argmax(axis=1).tolist()
                    for rows in tests]
        case Kind.RANKING:
            return [_rankings(name, rows) for rows in tests]
        case Kind.MULTIPLE_CHOICE:  # the option most like the prompt
            return [[int(_alike(name, [prompt], options)[0].argmax()) for prompt, options in zip(
                rows.table["prompt"].to_pylist(), rows.table["options"].to_pylist(), strict=True)]
                for rows in tests]
        case _:
            raise ValueError(f"a string baseline must know the task's kind, got {kind.value} "
                             f"({tests[0].task.name})")


# ---- labels, learnt from English -------------------------------------------------------------


def _labelled(name: BaselineName, train: Rows, tests: Sequence[Rows]) -> list[list[Any]]:
    examples, labels = _kept(train, _EXAMPLES[name])
    wanted = [_examples(rows) for rows in tests]
    distinct = list(dict.fromkeys(example for each in wanted for row in each for example in row))
    if len(set(labels)) == 1:
        found = dict.fromkeys(distinct, labels[0])
    else:
        learn = _nearest if name == "nearest neighbour" else _regression
        found = dict(zip(distinct, learn(examples, labels, distinct), strict=True))
    tagging = train.task.kind is Kind.TAGGING
    return [[[found[example] for example in row] if tagging else found[row[0]] for row in each]
            for each in wanted]


def _kept(train: Rows, most: int) -> tuple[list[Example], list[int]]:
    """Return distinct training examples with their first label, at most so many."""
    known: dict[Example, int] = {}
    for row, given in zip(_examples(train), gold_of(train), strict=True):
        for example, label in zip(row, given if isinstance(given, list) else [given],
                                  strict=True):
            known.setdefault(example, label)
    chosen = sorted(known, key=lambda example: hashlib.sha256("\n".join(example).encode()
                                                              ).digest())[:most]
    return chosen, [known[example] for example in chosen]


def _examples(rows: Rows) -> list[list[Example]]:
    """Return each row's examples: one, or in tagging one a counted word, with its neighbours."""
    match rows.task.kind:
        case Kind.CLASSIFICATION:
            return [[(text,)] for text in rows.table["text"].to_pylist()]
        case Kind.PAIR:
            return [[pair] for pair in zip(rows.table["text"].to_pylist(),
                                           rows.table["text_pair"].to_pylist(), strict=True)]
        case _:
            return [_words(tokens, tags) for tokens, tags
                    in zip(rows.table["tokens"].to_pylist(), rows.table["tags"].to_pylist(),
                           strict=True)]


def _words(tokens: Sequence[str], tags: Sequence[int]) -> list[Example]:
    around = pairwise(pairwise(["", *tokens, ""]))
    return [(before, word, after) for ((before, word), (_, after)), tag
            in zip(around, tags, strict=True) if tag >= 0]  # no metric counts a negative tag


def _regression(examples: Sequence[Example], labels: Sequence[int], wanted: Sequence[Example]
                ) -> list[int]:
    """Learn by logistic regression: the n-grams of each block apart, and how alike a pair is."""
    blocks = [_vectoriser().fit(texts) for texts in zip(*examples, strict=True)]

    def features(given: Sequence[Example]) -> scipy.sparse.csr_array:
        parts = [block.transform(texts) for block, texts
                 in zip(blocks, zip(*given, strict=True), strict=True)]
        if len(blocks) == 2:
            parts.append(np.array([[Levenshtein.normalized_similarity(*pair)] for pair in given]))
        return scipy.sparse.hstack(parts, format="csr")

    model = LogisticRegression(max_iter=_STEPS, tol=1e-3)
    model.fit(features(examples), np.array(labels))
    found: list[int] = model.predict(features(wanted)).tolist()
    return found


def _nearest(examples: Sequence[Example], labels: Sequence[int], wanted: Sequence[Example]
             ) -> list[int]:
    """Take the label of the most similar example; of equals the first."""
    known = ["\n".join(each) for each in examples]
    found = []
    for first in range(0, len(wanted), _COMPARED):
        asked = ["\n".join(each) for each in wanted[first : first + _COMPARED]]
        found += _edit_similarities(asked, known).argmax(axis=1).tolist()
    return [labels[place] for place in found]


# ---- texts chosen for being alike ------------------------------------------------------------


def _spans(name: BaselineName, rows: Rows, count: int) -> list[str]:
    """Return of each context the `count` words in a row that are most like the question."""
    found = []
    for question, context in zip(rows.table["question"].to_pylist(),
                                 rows.table["context"].to_pylist(), strict=True):
        words = context.split()
        spans = [" ".join(words[first : first + count])
                 for first in range(max(1, len(words) - count + 1))]
        found.append(spans[int(_alike(name, [question], spans)[0].argmax())])
    return found


def _answer_words(train: Rows) -> int:
    """Return the median number of words of the gold answers, at least 1."""
    return max(1, round(median(len(answer.split()) for answers
                               in train.table["answers"].to_pylist() for answer in answers)))


def _rankings(name: BaselineName, rows: Rows) -> list[tuple[int, ...]]:
    """Return of each query the places of the candidates most like it, of equals the first."""
    assert rows.pool is not None  # checked on construction
    queries = rows.table["text"].to_pylist()
    candidates = rows.pool.table["text"].to_pylist()
    vectoriser = _vectoriser().fit(candidates)
    known = vectoriser.transform(candidates).T
    found: list[tuple[int, ...]] = []
    for first in range(0, len(queries), _RANKED):
        asked = queries[first : first + _RANKED]
        alike = (_edit_similarities(asked, candidates) if name == "nearest neighbour"
                 else (vectoriser.transform(asked) @ known).toarray())
        found += map(tuple, np.argsort(-alike, axis=1, kind="stable")[:, :DEPTH].tolist())
    return found


def _alike(name: BaselineName, queries: Sequence[str], candidates: Sequence[str]
           ) -> NDArray[np.floating]:
    """Return how alike texts are: n-gram cosine or edit similarity. Shape [queries, candidates]."""
    if name == "nearest neighbour":
        return _edit_similarities(queries, candidates)
    vectoriser = _vectoriser().fit([*queries, *candidates])
    alike = vectoriser.transform(queries) @ vectoriser.transform(candidates).T
    return np.asarray(alike.toarray())


def _edit_similarities(queries: Sequence[str], candidates: Sequence[str]
                       ) -> NDArray[np.floating]:
    return process.cdist(queries, candidates, scorer=Levenshtein.normalized_similarity,
                         dtype=np.float32)


def _vectoriser() -> TfidfVectorizer:
    return TfidfVectorizer(analyzer="char", ngram_range=_NGRAMS, sublinear_tf=True,
                           dtype=np.float32)
