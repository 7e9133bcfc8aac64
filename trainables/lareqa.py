"""LAReQA's XQuAD-R: questions, and the sentences of all languages as one pool of candidates.

A question's relevant candidates are the sentences, one in each language, that hold its answer. So
a reader must put translations of the answer before sentences in the question's own language.

Sources: Roy et al. (2020), arXiv 2004.05484; the files `xquad-r/<language>.json` of
github.com/google-research-datasets/lareqa, in SQuAD's format with `sentence_breaks`, pairs of the
first character of a sentence and the one after its last, for every paragraph; and
`third_party/utils_lareqa.py` of github.com/google-research/xtreme, for how candidates are named
and which are relevant. Two things are stricter than there: a question whose answer begins in no
sentence is refused, where XTREME leaves it out with a warning (as far as the files were seen,
none is), and all languages must have the same questions in the same paragraphs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import pyarrow as pa
from pydantic import Field

from spaces.tasks import Kind
from trainables.composed_text import composed_text
from trainables.pool import Candidate, Corpus, Pool
from trainables.published import Id, Position, Published, Text, read_json
from trainables.rows import DataError, row_schema

__all__ = ["lareqa_files", "read_lareqa"]

FOLDER = "xquad-r"


class _Answer(Published):
    text: Text
    answer_start: Position


class _Question(Published):
    id: Id
    question: Text
    answers: Annotated[list[_Answer], Field(min_length=1, max_length=1)]


class _Paragraph(Published):
    context: Text
    qas: Annotated[list[_Question], Field(min_length=1)]
    sentence_breaks: Annotated[list[tuple[Position, Position]], Field(min_length=1)]


class _Article(Published):
    paragraphs: Annotated[list[_Paragraph], Field(min_length=1)]


class _File(Published):
    data: Annotated[list[_Article], Field(min_length=1)]

    @property
    def paragraphs(self) -> Iterator[tuple[int, _Paragraph]]:
        """Each paragraph with its number through all articles, from 1, as XTREME counts them."""
        return enumerate((each for article in self.data for each in article.paragraphs), 1)


def lareqa_files(root: Path, languages: Sequence[str]) -> tuple[Path, ...]:
    """Return the files of the languages, in their order, in a clone of the repository."""
    return tuple(root / FOLDER / f"{code}.json" for code in languages)


def read_lareqa(files: Sequence[Path], languages: Sequence[str]) -> Corpus:
    """Return the benchmark, checked.

    A candidate is called `<language>_<paragraph>_<sentence>`, paragraphs counted from 1 and
    sentences from 0; its context is its paragraph. A query's id is its question's, alike in all
    languages, and its document its paragraph's number.

    Args:
        files: one a language.
        languages: of the files.

    Raises:
        DataError: if a file cannot be read or is not as published: breaks are missing or outside
            of their paragraph, an answer is not at its place or in no sentence, an id is repeated,
            or a question is not in the same paragraph of every language.
    """
    read = {code: read_json(file, _File) for code, file in zip(languages, files, strict=True)}
    places = dict(zip(languages, files, strict=True))
    relevant: dict[str, list[str]] = defaultdict(list)
    questions = {code: list(_questions(code, read[code], places[code], relevant))
                 for code in languages}
    _check_parallel(questions, places)
    pool = Pool.of(candidate for code in languages for candidate in _candidates(code, read[code]))
    schema = row_schema(Kind.RANKING)
    return Corpus(pool, {
        (code, "validation"): pa.Table.from_pylist([
            {"id": each.id, "document": f"{number}", "text": composed_text(each.question.strip()),
             "relevant": sorted(relevant[each.id])} for number, each in questions[code]
        ], schema=schema) for code in languages})


def _questions(code: str, read: _File, file: Path, relevant: dict[str, list[str]]
               ) -> Iterator[tuple[int, _Question]]:
    """Yield each question with its paragraph's number; note its relevant candidates by its id."""
    seen: set[str] = set()
    for number, paragraph in read.paragraphs:
        place = f"{file}, paragraph {number}"
        for first, end in paragraph.sentence_breaks:
            if not first < end <= len(paragraph.context):
                raise DataError("`sentence_breaks` must lie in order within the context's "
                                f"{len(paragraph.context)} characters, got [{first}, {end}] "
                                f"({place})")
        for question in paragraph.qas:
            if question.id in seen:
                raise DataError(f"`id` must be unique, got {question.id!r} twice ({place})")
            seen.add(question.id)
            sentences = _answering(paragraph, question, place)
            relevant[question.id] += [f"{code}_{number}_{each}" for each in sentences]
            yield number, question


def _answering(paragraph: _Paragraph, question: _Question, place: str) -> list[int]:
    """Return the sentence in which the answer begins, and others that read the same."""
    (answer,), context = question.answers, paragraph.context
    start = answer.answer_start
    if not context.startswith(answer.text, start):
        raise DataError("`text` must stand in the context at `answer_start`, got "
                        f"{answer.text[:60]!r} at {start} ({place}, question {question.id})")
    sentences = [context[first:end] for first, end in paragraph.sentence_breaks]
    for (first, end), sentence in zip(paragraph.sentence_breaks, sentences, strict=True):
        if first <= start < end:
            return [each for each, other in enumerate(sentences) if other == sentence]
    raise DataError("`answer_start` must lie in one of the `sentence_breaks`, got "
                    f"{start} ({place}, question {question.id})")


def _candidates(code: str, read: _File) -> Iterator[Candidate]:
    for number, paragraph in read.paragraphs:
        for each, (first, end) in enumerate(paragraph.sentence_breaks):
            yield Candidate(f"{code}_{number}_{each}",
                            composed_text(paragraph.context[first:end]),
                            composed_text(paragraph.context))


def _check_parallel(questions: Mapping[str, Sequence[tuple[int, _Question]]],
                    files: Mapping[str, Path]) -> None:
    """Refuse languages that differ in their questions, or in where these belong."""
    (first, given), *others = ((files[code], {each.id: number for number, each in listed})
                               for code, listed in questions.items())
    for file, found in others:
        for name in sorted({*given, *found}):
            if found.get(name) != given.get(name):
                said = [f"paragraph {each[name]}" if name in each else "nowhere"
                        for each in (found, given)]
                raise DataError("all languages must have the same questions in the same "
                                f"paragraphs, got question {name} in {said[0]} ({file}) and in "
                                f"{said[1]} ({first})")
