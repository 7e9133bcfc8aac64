"""Ways in which data can be broken, for `broken_data`: what each does to a copy of a mirror."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["CASES", "FOLDERS", "Case"]

FOLDERS: Final = (
    "facebook/xnli/de", "nyu-mll/glue/mnli", "google/xtreme/udpos.German",
    "google/xtreme/udpos.English", "google/xquad/xquad.de", "rajpurkar/squad/plain_text",
    "cambridgeltl/xcopa/it", "aps/super_glue/copa", "Rowan/hellaswag/data",
)
XNLI, UDPOS, XQUAD, SQUAD, XCOPA, HELLASWAG = (
    f"{folder}-00000-of-00001.parquet" for folder in
    ("facebook/xnli/de/test", "google/xtreme/udpos.German/test", "google/xquad/xquad.de/validation",
     "rajpurkar/squad/plain_text/train", "cambridgeltl/xcopa/it/test",
     "Rowan/hellaswag/data/train"))
Change = Callable[[Path], Any]


class Case(NamedTuple):
    """One way in which data is broken.

    `names` is what the line must hold; None where the data is good and must be read as before.
    """

    name: str
    spoil: Change
    names: tuple[str, ...] | None
    target: str = "xnli"
    language: str = "de"
    intermediate: str = "mnli"
    settings: tuple[str, ...] = ()
    skipped: str = ""


def edited(file: str, change: Callable[[pa.Table], pa.Table]) -> Change:
    """Return what rewrites a file's table."""
    def spoil(mirror: Path) -> None:
        pq.write_table(change(pq.read_table(mirror / file)), mirror / file)
    return spoil


def put(file: str, column: str, row: int, value: Any) -> Change:
    """Return what puts one value into a column."""
    def change(table: pa.Table) -> pa.Table:
        values = table[column].to_pylist()
        values[row] = value(values[row]) if callable(value) else value
        return with_column(table, column, pa.array(values, table.schema.field(column).type))
    return edited(file, change)


def every(file: str, column: str, make: Callable[[Any], Any], given: Any = None) -> Change:
    """Return what makes a column anew, of the type `given` or of what the values have."""
    return edited(file, lambda table: with_column(
        table, column, pa.array([make(value) for value in table[column].to_pylist()], given)))


def with_column(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    """Return a table with a column replaced, its metadata as it was."""
    place = table.schema.get_field_index(name)
    return table.set_column(place, name, values).replace_schema_metadata(table.schema.metadata)


def bytes_of(file: str, make: Callable[[bytes], bytes]) -> Change:
    """Return what rewrites a file's bytes."""
    return lambda mirror: (mirror / file).write_bytes(make((mirror / file).read_bytes()))


def as_shards(file: str, *numbers: int) -> Change:
    """Return what puts a file in the place of these shards of two."""
    def spoil(mirror: Path) -> None:
        path = mirror / file
        for number in numbers:
            shutil.copyfile(path, path.with_name(
                path.name.replace("00000-of-00001", f"{number:05d}-of-00002")))
        path.unlink()
    return spoil


def replaced(file: str, make: Callable[[Path], Any]) -> Change:
    """Return what puts something else in the place of a file."""
    def spoil(mirror: Path) -> None:
        (mirror / file).unlink()
        make(mirror / file)
    return spoil


def turned(*, readme: bool, file: bool) -> Change:
    """Return what numbers XNLI's labels from behind, and says so in README, file or both.

    Where one of them does not say so, it says nothing.
    """
    def spoil(mirror: Path) -> None:
        names = ["contradiction", "neutral", "entailment"]
        stated = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
        for path in (mirror / "facebook/xnli/de").iterdir():
            table = pq.read_table(path)
            labels = pa.array([2 - label for label in table["label"].to_pylist()])
            pq.write_table(with_column(table, "label", labels).replace_schema_metadata(
                {"huggingface": json.dumps(stated)} if file else None), path)
        page = mirror / "facebook/xnli/README.md"
        text = page.read_text()
        page.unlink()
        if readme:
            page.write_text(re.sub(r"'0': entailment(\s+'1': neutral\s+)'2': contradiction",
                                   r"'0': contradiction\1'2': entailment", text))
    return spoil


def in_readme(old: str, new: str) -> Change:
    """Return what rewrites XNLI's README."""
    def spoil(mirror: Path) -> None:
        page = mirror / "facebook/xnli/README.md"
        text = page.read_text()
        assert old in text, old
        page.write_text(text.replace(old, new))
    return spoil


def two_columns(table: pa.Table) -> pa.Table:
    return table.append_column("label", table["label"])


def not_utf8(table: pa.Table) -> pa.Table:
    broken = pa.array([b"\xff\xfe"] * len(table)).view(pa.string())
    return with_column(table, "premise", broken)


def damaged(mirror: Path) -> None:
    start = pq.read_metadata(mirror / XNLI).row_group(0).column(0).data_page_offset
    bytes_of(XNLI, lambda data: data[:start] + bytes(40) + data[start + 40:])(mirror)


def moved(source: str, target: str) -> Change:
    return lambda mirror: (mirror / source).rename(mirror / target)


def nothing(mirror: Path) -> None:
    """Leave the data as it is: the study is at fault."""


def _answers(texts: list[str], starts: list[int]) -> dict[str, list[Any]]:
    return {"text": texts, "answer_start": starts}


CASES: Final[tuple[Case, ...]] = (
    Case("a renamed column", edited(XNLI, lambda table: table.rename_columns(
        ["sentence", *table.column_names[1:]])), (XNLI, "`premise`")),
    Case("a missing column", edited(XNLI, lambda table: table.drop_columns(["hypothesis"])),
         (XNLI, "`hypothesis`")),
    Case("a column twice", edited(XNLI, two_columns), (XNLI, "`label` once")),
    Case("a column of another type", every(XNLI, "premise", len), (XNLI, "`premise`", "int64")),
    Case("labels that are fractions", every(XNLI, "label", float), (XNLI, "`label`", "double")),
    Case("a null", put(XNLI, "hypothesis", 9, None), (XNLI, "row 9", "`hypothesis`")),
    Case("a blank text", put(XNLI, "premise", 3, " \t"), (XNLI, "row 3", "`premise`")),
    Case("an empty list", put(UDPOS, "tokens", 4, []), (UDPOS, "row 4", "`tokens`"), "udpos"),
    Case("a null among tokens", put(UDPOS, "tokens", 5, lambda row: [None, *row[1:]]),
         (UDPOS, "row 5", "`tokens`"), "udpos"),
    Case("a label out of range", put(XNLI, "label", 7, 3), (XNLI, "row 7", "`label`")),
    Case("a label that is no number of the file's", put(XNLI, "label", 7, -2),
         (XNLI, "row 7", "`label`")),
    Case("an unknown label name", every(XNLI, "label", lambda label: ("yes", "maybe", "no")[label]),
         (XNLI, "row 0", "`label`")),
    Case("label names reordered in README and file", turned(readme=True, file=True), None),
    Case("label names reordered in the README alone", turned(readme=True, file=False), None),
    Case("label names reordered in the file alone", turned(readme=False, file=True), None),
    Case("label names that README and file order differently",
         in_readme("'0': entailment", "'0': neutral-"), ("facebook/xnli", "`label`")),
    Case("tags and tokens of different length", put(UDPOS, "pos_tags", 6, lambda row: row[:-1]),
         (UDPOS, "row 6", "`pos_tags`"), "udpos"),
    Case("a tag out of range", put(UDPOS, "pos_tags", 6, lambda row: [17, *row[1:]]),
         (UDPOS, "row 6", "`pos_tags`"), "udpos"),
    Case("an answer not at its place",
         put(XQUAD, "answers", 2, lambda row: _answers(row["text"], [row["answer_start"][0] + 1])),
         (XQUAD, "row 2", "`answers.text`"), "xquad"),
    Case("an answer that starts before its context",
         put(XQUAD, "answers", 2, lambda row: _answers(row["text"], [-3])),
         (XQUAD, "row 2", "`answers.text`"), "xquad"),
    Case("a question of SQuAD v1 without an answer", put(SQUAD, "answers", 8, _answers([], [])),
         (SQUAD, "row 8", "`answers.text`"), "xquad"),
    Case("an id twice", edited(XQUAD, lambda table: with_column(
        table, "id", pa.array(["same", *table["id"].to_pylist()[1:5], "same",
                               *table["id"].to_pylist()[6:]]))),
         (XQUAD, "row 0", "row 5", "`id`"), "xquad"),
    Case("options of the wrong number", put(HELLASWAG, "endings", 5, lambda row: row[:3]),
         (HELLASWAG, "row 5", "`endings`"), intermediate="hellaswag"),
    Case("a value of XCOPA's that has no wording", put(XCOPA, "question", 1, "reason"),
         (XCOPA, "row 1", "`question`"), "xcopa", "it"),
    Case("a truncated file", bytes_of(XNLI, lambda data: data[:len(data) // 2]), (XNLI,)),
    Case("a file of no bytes", bytes_of(XNLI, lambda data: b""), (XNLI,)),
    Case("a damaged page", damaged, (XNLI, "`premise`")),
    Case("a pointer of Git LFS", bytes_of(XNLI, lambda data: (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")), (XNLI, "LFS")),
    Case("CSV that is called Parquet", bytes_of(XNLI, lambda data: (
        b"premise,hypothesis,label\na,b,0\n")), (XNLI,)),
    Case("text that is not UTF-8", edited(XNLI, not_utf8), (XNLI, "`premise`")),
    Case("a missing shard", as_shards(XNLI, 0), ("test-00000-of-00002.parquet", "00001")),
    Case("a shard twice", as_shards(XNLI, 0, 1), ("test-00001-of-00002.parquet", "is a copy")),
    Case("a split of no rows", edited(XNLI, lambda table: table.slice(0, 0)), (XNLI,)),
    Case("no row with a label", every(XNLI, "label", lambda label: -1, pa.int64()), (XNLI,)),
    Case("one label alone", every(XNLI, "label", lambda label: 1, pa.int64()), (XNLI, "`label`")),
    Case("a README that lists a file that is not there", replaced(XNLI, lambda path: None),
         ("facebook/xnli", "de/test-*")),
    Case("a README that is no YAML", in_readme("configs:", "configs: ["),
         ("facebook/xnli/README.md",)),
    Case("a config under another name", moved("facebook/xnli/de", "facebook/xnli/german"),
         ("facebook/xnli", "config de")),
    Case("a repository that is not there", moved("facebook/xnli", "facebook/xnli-1"),
         ("facebook/xnli",)),
    Case("a directory in the place of a file", replaced(XNLI, Path.mkdir), (XNLI,)),
    Case("a link to nowhere", replaced(XNLI, lambda path: path.symlink_to("nowhere")), (XNLI,)),
    Case("a file that may not be read", lambda mirror: (mirror / XNLI).chmod(0), (XNLI,),
         skipped="root may read all" if os.geteuid() == 0 else ""),
    Case("the validation split in the test split's place", lambda mirror: shutil.copyfile(
        mirror / XNLI.replace("test", "validation"), mirror / XNLI), ("xnli de test",)),
    Case("a language to mix with that has no rows", nothing, ("facebook/xnli", "config sw"),
         settings=("robustness={code_mix: [sw]}",)),
    Case("a language that is not catalogued", nothing, ("'xx'", "panels.report"),
         settings=("panels.report=[de, xx]",)),
    Case("a language that the mirror does without", nothing, ("facebook/xnli", "config ur"),
         settings=("panels.report=[de, ur]",)),
    Case("a data set that is not in the catalogue", nothing, ("'xnly'", "targets.tasks.0"),
         settings=("targets.tasks=[xnly]",)),
)
