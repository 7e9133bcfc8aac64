"""What can be had of the lab's tasks without reading them: each figure should be near chance.

For every language and every task but retrieval, where nothing is classified: a classifier on
non-lexical features (length, digits, punctuation, spaces, currency signs, capitals, position),
trained on English as trials are; and classifiers over character n-grams that see the premise, the
question or the options alone, or both sides as one bag, trained on the language itself. They see
the train split and score the other two.

    python -m tests.bench.lab_checks                    all tasks in all languages, some minutes
    python -m tests.bench.lab_checks --languages de ja
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import sys
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import RidgeClassifier

from spaces.data_sources import Split
from spaces.lab_tasks import LAB_TASKS
from spaces.languages import ENGLISH
from spaces.tasks import UNCOUNTED, Kind, Task, find_task
from trainables.lab import Lab
from trainables.lab.cldr import locality

__all__ = ["CLASSIFIED", "MOST_BY_FORM", "MOST_BY_PART", "Finding", "cases_of", "findings",
           "majority"]

CLASSIFIED = tuple(task for task in LAB_TASKS if task.kind not in (Kind.RETRIEVAL, Kind.MLM))
"""The tasks that classifiers can be held to."""

MOST_BY_FORM = 5.0
"""Points above the majority that a classifier on form alone may reach."""

MOST_BY_PART = 3.0
"""Points above chance that a reader of a part of the row may reach."""

Floats = NDArray[np.float64]


class Finding(NamedTuple):
    """Points above chance that a `reader` of a task in a language reaches on `rows` rows."""

    task: str
    language: str
    reader: str
    above: float
    rows: int

    def exceeds(self, most: float) -> bool:
        """Whether it lies above `most` by more than three standard errors of such a score."""
        return self.above > most + 300.0 * (0.25 / self.rows) ** 0.5


class Case(NamedTuple):
    """One thing to classify: the texts that each reader may see, by reader, and the label."""

    form: Floats
    parts: Mapping[str, str]
    label: int


def findings(task: Task, language: str, lab: Lab) -> Iterator[Finding]:
    """Yield what each reader reaches."""
    def cases(code: str, *splits: Split) -> list[Case]:
        rows = [row for split in splits for row in lab.rows(task, code, split).table.to_pylist()]
        return cases_of(task, code, rows)

    held, own = cases(language, "validation", "test"), cases(language, "train")
    truth = [case.label for case in held]
    base = majority(truth)
    said = _reader_of_form(task.name, lab).predict(np.array([case.form for case in held]))
    yield Finding(task.name, language, "form", _points(said, truth) - base, len(held))
    for part in held[0].parts:
        said = _by_words([case.parts[part] for case in own], [case.label for case in own],
                         [case.parts[part] for case in held])
        yield Finding(task.name, language, part, _points(said, truth) - base, len(held))


def majority(labels: Sequence[int]) -> float:
    """Return the points of the best constant prediction."""
    return 100.0 * float(np.bincount(labels).max()) / len(labels)


def cases_of(task: Task, language: str, rows: Sequence[dict[str, Any]]) -> list[Case]:
    """Return what there is to classify in rows."""
    return [case for row in rows for case in _CASES[task.kind](row, language)]


@cache
def _reader_of_form(name: str, lab: Lab) -> HistGradientBoostingClassifier:
    """Return a classifier on form alone, trained on English, the same for all languages."""
    task = find_task(name, LAB_TASKS)
    seen = cases_of(task, ENGLISH, lab.rows(task, ENGLISH, "train").table.to_pylist())
    return HistGradientBoostingClassifier(max_iter=60, random_state=0).fit(
        np.array([case.form for case in seen]), [case.label for case in seen])


def _by_words(texts: Sequence[str], labels: Sequence[int], asked: Sequence[str]) -> list[int]:
    ngrams = HashingVectorizer(analyzer="char", ngram_range=(1, 4), n_features=2**16)
    model = RidgeClassifier(random_state=0).fit(ngrams.transform(texts), labels)
    return [int(label) for label in model.predict(ngrams.transform(asked))]


def _points(said: Sequence[int], truth: Sequence[int]) -> float:
    return 100.0 * float(np.mean(np.equal(said, truth)))


# ---- what there is to classify, by kind -----------------------------------------------------


def _text(row: dict[str, Any], language: str) -> Iterator[Case]:
    yield Case(form_of(row["text"]), {}, row["label"])


def _pair(row: dict[str, Any], language: str) -> Iterator[Case]:
    one, two = row["text"], row["text_pair"]
    first, second = form_of(one), form_of(two)
    yield Case(np.concatenate([first, second, np.abs(first - second), first + second]),
               {"premise": one, "hypothesis": two, "bag of both": f"{one} {two}"}, row["label"])


def _words(row: dict[str, Any], language: str) -> Iterator[Case]:
    sentence = form_of(" ".join(row["tokens"]))
    counted = [place for place, tag in enumerate(row["tags"]) if tag != UNCOUNTED]
    for number, place in enumerate(counted):
        position = np.array([place, number, len(row["tokens"]) - place], dtype=np.float64)
        yield Case(np.concatenate([form_of(row["tokens"][place]), sentence, position]),
                   {"position": f"{number}"}, row["tags"][place])


def _question(row: dict[str, Any], language: str) -> Iterator[Case]:
    context, question = row["context"], row["question"]
    (answer,) = row["answers"]
    (start,) = row["answer_starts"]
    place, items = _items(context, answer, start, language)
    forms = [form_of(question), *map(form_of, items)]
    differences = [np.abs(forms[0] - form) for form in forms[1:]]
    yield Case(np.concatenate([*forms, *differences]),
               {"question": question, "context": context, "bag of both": f"{question} {context}"},
               place)


def _choice(row: dict[str, Any], language: str) -> Iterator[Case]:
    prompt, options = row["prompt"], row["options"]
    forms = [form_of(prompt), *map(form_of, options)]
    differences = [np.abs(forms[0] - form) for form in forms[1:]]
    yield Case(np.concatenate([*forms, *differences]),
               {"prompt": prompt, "options": "|".join(options)}, row["label"])


_CASES = {Kind.CLASSIFICATION: _text, Kind.PAIR: _pair, Kind.TAGGING: _words,
          Kind.QA: _question, Kind.MULTIPLE_CHOICE: _choice}


def _items(context: str, answer: str, start: int, language: str) -> tuple[int, list[str]]:
    """Return the place of the answer in a list of three, and the three.

    Where an item has in it what stands between items, only the answer says where it ends.
    """
    pieces = [re.escape(piece) for piece in
              re.split(r"\{\d\}", locality(language).templates["standard", 3])]
    for place in range(3):
        held = [f"({re.escape(answer)})" if number == place else "(.+?)" for number in range(3)]
        pattern = "".join(chain.from_iterable(zip(pieces, [*held, ""], strict=True)))
        for found in re.finditer(f"^{pattern}$", context):
            if found.start(place + 1) == start:
                return place, list(found.groups())
    raise ValueError(f"an answer must be an item of its list, got {answer!r} in {context!r}")


def form_of(text: str) -> Floats:
    """Return what a text looks like to one who cannot read."""
    kinds = [unicodedata.category(char) for char in text]
    words = text.split()
    counts = [sum(kind.startswith(prefix) for kind in kinds)
              for prefix in ("L", "Lu", "M", "Nd", "P", "S", "Sc", "Z")]
    lengths = [len(word) for word in words] or [0]
    digits = [place for place, kind in enumerate(kinds) if kind == "Nd"]
    return np.array([len(text), len(text.encode()), *counts, len(words), max(lengths),
                     min(lengths), sum(lengths) / len(lengths), text.count("."), text.count("-"),
                     min(digits, default=-1), max(digits, default=-1)], dtype=np.float64)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--languages", nargs="*", help="BCP-47 codes [all of each task]")
    parser.add_argument("--tasks", nargs="*", help="names of lab tasks [all]")
    parser.add_argument("--cache", type=Path, help="where the lab is kept [a temporary directory]")
    parser.add_argument("--processes", type=int, default=2, help="languages at once [2]")
    given = parser.parse_args(arguments)
    with (tempfile.TemporaryDirectory() as temporary,
          multiprocessing.get_context("spawn").Pool(given.processes) as pool):
        for task in CLASSIFIED:
            if given.tasks and task.name not in given.tasks:
                continue
            jobs = [(task.name, code, given.cache or Path(temporary))
                    for code in given.languages or task.evaluation if code in task.evaluation]
            _print(task, list(chain.from_iterable(pool.starmap(_found, jobs, chunksize=4))))


def _found(name: str, language: str, cache: Path) -> list[Finding]:
    return list(findings(find_task(name, LAB_TASKS), language, _lab(cache)))


@cache
def _lab(cache: Path) -> Lab:
    return Lab(cache)


def _print(task: Task, found: Sequence[Finding]) -> None:
    """Print each reader's mean over languages, its highest, and how many languages exceed."""
    sys.stdout.write(f"{task.name} ({task.kind.value}), points above the majority class\n")
    for reader in dict.fromkeys(each.reader for each in found):
        own = [each for each in found if each.reader == reader]
        top = max(own, key=lambda each: each.above)
        most = MOST_BY_FORM if reader.startswith("form") else MOST_BY_PART
        beyond = [each.language for each in own if each.exceeds(most)]
        sys.stdout.write(
            f"  {reader:22} mean {np.mean([each.above for each in own]):+6.2f}  highest "
            f"{top.above:+6.2f} ({top.language})  beyond {most:g} + 3 s.e.: "
            f"{', '.join(beyond) or 'none'}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
