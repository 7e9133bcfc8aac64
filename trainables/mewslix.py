"""Mewsli-X: mentions in news of eleven languages, and a pool of described entities.

Given a mention in its sentence, the one relevant candidate is the entity that it names, by its
description, which is in any of fifty languages.

Sources: Ruder et al., "XTREME-R" (EMNLP 2021); github.com/google-research/google-research,
`dense_representations_for_entity_retrieval/mel/mewsli-x.md`, for the files that its
`get-mewsli-x.sh` writes; `third_party/utils_mewslix.py` of github.com/google-research/xtreme, for
how mentions and descriptions become texts. The rows of the hub's copy (izhx/mewsli-x) are in
another format, which was not seen, so they are not read.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
from pydantic import Field

from spaces.data_sources import Split
from spaces.tasks import Kind
from trainables.composed_text import composed_text
from trainables.pool import Candidate, Corpus, Pool
from trainables.published import Id, Position, Published, Text, read_lines
from trainables.rows import DataError, row_schema

__all__ = ["mewslix_files", "read_mewslix"]

ENTITIES = "candidate_set_entities.jsonl"
MENTIONS: dict[Split, str] = {"validation": "wikinews_mentions-dev.jsonl",
                              "test": "wikinews_mentions-test.jsonl"}
# Braces mark the mention, so a text's own pairs become parentheses.
_BRACES = re.compile(r"\{(.*?)\}")


class _Span(Published):
    start: Position
    end: Position

    def of(self, text: str) -> str | None:
        """Return what the span covers of a text, None where it does not lie in it."""
        return text[self.start:self.end] if self.start < self.end <= len(text) else None


class _Entity(Published):
    entity_id: Id
    description: Text
    sentence_spans: list[_Span]


class _MentionSpan(_Span):
    text: Text


class _Mention(Published):
    example_id: Id
    entity_id: Id
    mention_span: _MentionSpan


class _Article(Published):
    document_id: Id
    language: Id
    text: str
    sentence_spans: list[_Span]


class _Mentions(Published):
    context: _Article
    mentions: Annotated[list[_Mention], Field(min_length=1)]


def mewslix_files(root: Path, languages: Sequence[str]) -> tuple[Path, ...]:
    """Return the three files: entities, mentions of dev, mentions of test; of all languages."""
    return tuple(root / name for name in (ENTITIES, *MENTIONS.values()))


def read_mewslix(files: Sequence[Path], languages: Sequence[str]) -> Corpus:
    """Return the benchmark, checked.

    A candidate's id is its entity's, and its text the sentences of its description. A query's id
    is its mention's, its document the article, and its text the mention, a colon, and its
    sentence with braces around the mention.

    Args:
        files: as `mewslix_files` lists them.
        languages: all that a mention's article may be in.

    Raises:
        DataError: if a file cannot be read or is not as published: an article has no text, a
            mention is not at its place or in no one sentence, an entity is unknown, or an id is
            repeated.
    """
    entities, *mentions = files
    pool = _pool(entities)
    tables: dict[tuple[str, Split], pa.Table] = {}
    for split, file in zip(MENTIONS, mentions, strict=True):
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for language, row in _queries(file, pool, languages):
            rows[language].append(row)
        tables |= {(code, split): pa.Table.from_pylist(found, schema=row_schema(Kind.RANKING))
                   for code, found in rows.items()}
    return Corpus(pool, tables)


def _pool(file: Path) -> Pool:
    lines: dict[str, str] = {}

    def candidates() -> Iterator[Candidate]:
        for place, entity in read_lines(file, _Entity):
            if entity.entity_id in lines:
                raise DataError(f"`entity_id` must be unique, got {entity.entity_id!r} twice "
                                f"({lines[entity.entity_id]}; {place})")
            lines[entity.entity_id] = place
            yield Candidate(entity.entity_id, _description(entity, place))

    listed = list(candidates())
    if not listed:
        raise DataError(f"a pool must hold at least one candidate, got none ({file})")
    return Pool.of(listed)


def _description(entity: _Entity, place: str) -> str:
    sentences = []
    for span in entity.sentence_spans:
        sentence = span.of(entity.description)
        if sentence is None:
            raise DataError("`sentence_spans` must lie within `description`, got "
                            f"[{span.start}, {span.end}] of {len(entity.description)} ({place})")
        sentences.append(sentence)
    text = _one_line(" ".join(sentences))
    if not text:
        raise DataError(f"an entity must be described by at least one sentence, got none "
                        f"({place})")
    return text


def _queries(file: Path, pool: Pool, languages: Sequence[str]
             ) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each mention of a file with its language."""
    seen: dict[str, str] = {}
    for line, found in read_lines(file, _Mentions):
        article = found.context
        if article.language not in languages:
            raise DataError(f"`context.language` must be one of {', '.join(languages)}, got "
                            f"{article.language!r} ({line})")
        if not article.text.strip():
            raise DataError("`context.text` must hold the article, got none: the released file "
                            f"leaves it out and get-mewsli-x.sh fills it in ({line})")
        for number, mention in enumerate(found.mentions):
            place = f"{line}, mentions.{number}"
            if mention.example_id in seen:
                raise DataError(f"`example_id` must be unique, got {mention.example_id!r} twice "
                                f"({seen[mention.example_id]}; {place})")
            seen[mention.example_id] = place
            if mention.entity_id not in pool.places:
                raise DataError(f"`entity_id` must be one of {ENTITIES}, got "
                                f"{mention.entity_id!r} ({place})")
            yield article.language, {
                "id": mention.example_id, "document": article.document_id,
                "text": _query(article, mention.mention_span, place),
                "relevant": [mention.entity_id]}


def _query(article: _Article, mention: _MentionSpan, place: str) -> str:
    """Return a mention and its sentence, in which it is marked."""
    if mention.of(article.text) != mention.text:
        raise DataError("`mention_span.text` must stand in `context.text` at its span, got "
                        f"{mention.text[:60]!r} at [{mention.start}, {mention.end}] ({place})")
    for sentence in article.sentence_spans:
        if sentence.start <= mention.start and mention.end <= sentence.end <= len(article.text):
            left, right = (_BRACES.sub(r"(\1)", article.text[first:end]) for first, end in
                           ((sentence.start, mention.start), (mention.end, sentence.end)))
            return _one_line(f"{mention.text}: {left} {{ {mention.text} }} {right}")
    raise DataError("`mention_span` must lie within one of `context.sentence_spans`, got "
                    f"[{mention.start}, {mention.end}] ({place})")


def _one_line(text: str) -> str:
    """Return a text, composed, without line breaks and pairs of spaces, as XTREME's code has it."""
    return composed_text(" ".join(text.splitlines()).replace("  ", " ").strip())
