"""Small made-up files in the published formats of LAReQA and Mewsli-X."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

LAREQA = Path("google-research-datasets/lareqa/xquad-r")
MEWSLIX = Path("google-research/mewsli-x")
# A word for "word" in each of LAReQA's languages.
WORDS = {"ar": "كلمة", "de": "Wörter", "el": "λέξη", "en": "word", "es": "señal", "hi": "शब्द",
         "ru": "слово", "th": "คำ", "tr": "ışık", "vi": "từ", "zh": "词"}
PARAGRAPHS, SENTENCES = 8, 3


def lareqa_file(word: str) -> dict[str, Any]:
    """Return the file of a language with this word: two articles, a question on every sentence."""
    paragraphs = [_paragraph(word, number) for number in range(1, PARAGRAPHS + 1)]
    return {"data": [{"title": "a", "paragraphs": paragraphs[:3]},
                     {"title": "b", "paragraphs": paragraphs[3:]}]}


def _paragraph(word: str, number: int) -> dict[str, Any]:
    # A clef is one code point and two units of UTF-16, in which places would be others.
    sentences = [f"{word} 𝄞 n{number}s{each}." for each in range(SENTENCES)]
    context, breaks, questions = "", [], []
    for each, sentence in enumerate(sentences):
        context += " " * bool(context)
        breaks.append([len(context), len(context) + len(sentence)])
        answer = f"n{number}s{each}"
        start = len(context) + sentence.index(answer)
        context += sentence
        questions.append({"id": f"q{number}.{each}", "question": f"{word} {answer}?",
                          "answers": [{"text": answer, "answer_start": start}]})
    return {"context": context, "qas": questions, "sentence_breaks": breaks,
            "sentences": sentences}


def write_lareqa(mirror: Path, *, changed: str = "",
                 change: Callable[[dict[str, Any]], Any] = lambda given: None) -> Path:
    """Write all eleven files, one of them after a change; return their folder."""
    folder = mirror / LAREQA
    folder.mkdir(parents=True, exist_ok=True)
    for code, word in WORDS.items():
        made = lareqa_file(word)
        if code == changed:
            change(made)
        (folder / f"{code}.json").write_text(json.dumps(made))
    return folder


def entity(number: int) -> dict[str, Any]:
    """Return a described entity, as a line of the candidate set."""
    first, second = f"Entity {number} is described.", "In two  sentences."
    return {"entity_id": f"Q{number}", "title": f"E{number}", "description": f"{first} {second}",
            "description_url": "http://x", "description_language": "en",
            "sentence_spans": [{"start": 0, "end": len(first)},
                               {"start": len(first) + 1, "end": len(first) + 1 + len(second)}]}


def article(code: str, number: int, split: str, word: str = "Größe") -> dict[str, Any]:
    """Return an article of two sentences with a mention in the second."""
    first, name = f"𝄞 {code} {{news}} {split}.", f"{word} {number}"
    second = f"Was {{a}} {name}?"
    text = f"{first}\n{second}"
    start = text.index(name)
    return {
        "context": {"document_id": f"{code}-{split}-{number}", "document_url": "http://x",
                    "document_title": "t", "language": code, "text": text,
                    "sentence_spans": [{"start": 0, "end": len(first)},
                                       {"start": len(first) + 1, "end": len(text)}]},
        "mentions": [{"example_id": f"{code}.{split}.{number}", "entity_id": f"Q{number}",
                      "mention_span": {"start": start, "end": start + len(name), "text": name},
                      "metadata": {"bin_name": "b"}}]}


def write_mewslix(mirror: Path, *, entities: Iterable[dict[str, Any]] | None = None,
                  change: Callable[[list[dict[str, Any]]], Any] = lambda given: None) -> Path:
    """Write the three files, those of dev after a change; return their folder."""
    folder = mirror / MEWSLIX
    folder.mkdir(parents=True, exist_ok=True)
    _write_lines(folder / "candidate_set_entities.jsonl",
                 [entity(number) for number in range(30)] if entities is None else entities)
    for split in ("dev", "test"):
        made = [article(code, number, split) for code in ("de", "ta", "ja")
                for number in range(5)]
        if split == "dev":
            change(made)
        _write_lines(folder / f"wikinews_mentions-{split}.jsonl", made)
    return folder


def _write_lines(file: Path, values: Iterable[Any]) -> None:
    file.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in values),
                    encoding="utf-8")
