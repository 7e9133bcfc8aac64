"""Malformed studies: text that is no plain YAML, files that are no study, values that cannot be.

Each with a part of the one line that refuses it: the line and column, or the dotted key.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from search.study_file import MAX_BYTES, dump_study
from tests.search.good_study import good

__all__ = ["CASES", "Case"]

GOOD: Final = yaml.safe_dump(good())


class Case(NamedTuple):
    """One malformed study: what makes it at a path, what is set on top, a part of its line."""

    name: str
    make: Callable[[Path], Any]
    part: str
    settings: tuple[str, ...] = ()
    skipped: str = ""


def text(name: str, content: str | bytes, part: str) -> Case:
    data = content if isinstance(content, bytes) else content.encode()
    return Case(name, lambda path: path.write_bytes(data), part)


def made(name: str, make: Callable[[Path], Any], part: str, skipped: str = "") -> Case:
    return Case(name, make, part, skipped=skipped)


def value(name: str, part: str, **changes: Any) -> Case:
    return Case(name, lambda path: path.write_text(dump_study(good(**changes))), part)


def setting(name: str, part: str, *settings: str) -> Case:
    return Case(name, lambda path: path.write_text(GOOD), part, settings)


def _nested(levels: int) -> Any:
    data: Any = "x"
    for _ in range(levels):
        data = {"x": data}
    return data


# Nine lists of ten references each: a billion values, if aliases were followed.
LAUGHS: Final = "a0: &a0 [lol]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 10))
AS_YAML: Final = (
    text("nothing", "", "got nothing"),
    text("a comment", "# study: lab", "got nothing"),
    text("white space", " \n \n", "got nothing"),
    text("a list", "- study: lab", "got a list"),
    text("a word", "lab", "got 'lab'"),
    text("JSON cut short", '{"study": "lab", ', "(line 1, column"),
    text("a tab", "study: a\n\tmodels: b", "(line 2, column 1)"),
    text("a quote that stays open", 'study: "lab', "(line 1, column 12)"),
    text("two documents", "a: 1\n---\nb: 2", "(line 2, column 1)"),
    text("a directive", "%YAML 9.9\n---\na: 1", "(line 1, column 1)"),
    text("a cycle", "&a {b: *a}", "aliases are not allowed (line 1, column 8)"),
    text("a cycle of lists", "a: &a\n  - *a", "aliases are not allowed (line 2, column 5)"),
    text("a billion laughs", LAUGHS, "aliases are not allowed (line 2, column 10)"),
    text("a merge", "a: &a {b: 1}\nc: {<<: *a}", "aliases are not allowed (line 2, column 9)"),
    text("an anchor of nothing", "a: *b", "aliases are not allowed"),
    text("a Python object", "a: !!python/object:os.system {}", "tags are not allowed"),
    text("a Python call", "a: !!python/object/apply:os.system [ls]", "tags are not allowed"),
    text("a Python name", "a: !!python/name:os.system", "tags are not allowed"),
    text("a tag of one's own", "a: !secret b", "tags are not allowed, got '!secret'"),
    text("a long tag", f"a: !{'x' * 9_000} b", "tags are not allowed"),
    text("a set", "a: !!set {b}", "tags are not allowed"),
    text("deep lists", "a: " + "[" * 60_000, "more than 20 levels of nesting (line 1, column"),
    text("deep mappings", "{a: " * 60_000, "more than 20 levels of nesting (line 1, column"),
    text("deep by indentation", "".join(f"{' ' * n}a:\n" for n in range(300)), "more than 20"),
    text("deep in a study", dump_study(good(search=_nested(40))), "more than 20 levels"),
    text("many values", "a: [" + "1," * 100_000 + "]", "more than 10000 keys and values"),
    text("many keys", "".join(f"a{n}: 1\n" for n in range(20_000)), "more than 10000 keys"),
    text("10 MB", "study: lab\n" + "#" * 10_000_000, f"at most {MAX_BYTES} bytes, got 10000011"),
    text("one long line", "a: " + "x" * MAX_BYTES, f"at most {MAX_BYTES} bytes"),
    text("a long key", f"{'x' * 100_000}: 1", "(line 1, column 100001)"),
    text("a long quoted key", f'? "{"x" * 100_000}"\n: 1', "(study); and 6 more faults"),
    text("a key twice", "study: a\nstudy: b", "given twice (line 2, column 1)"),
    text("a key twice, once quoted", "study: a\n'study': b", "given twice (line 2, column 1)"),
    text("a long key twice", f"'{'x' * 900}': 1\n'{'x' * 900}': 1", "given twice (line 2"),
    text("a number as a key", "1: a", "a key must be text, got 1 (line 1, column 1)"),
    text("null as a key", "~: a", "a key must be text, got None (line 1, column 1)"),
    text("a list as a key", "? [a]\n: b", "a key must be text"),
    text("a mapping as a key", "? {a: b}\n: c", "a key must be text"),
    text("a number of 5,000 digits", "a: " + "9" * 5_000, "at most 18 digits, got 5000 (line 1"),
    text("an escape beyond Unicode", 'a: "\\U00110000"', "(line 1, column"),
    text("NUL", "study: a\nb: \x00", "U+0000 is not allowed (line 2, column 4)"),
    text("an escaped NUL", 'study: "a\\0"', "U+0000 is not allowed (line 1, column 8)"),
    text("an escape of a terminal", 'question: "\\e[2J\\e]0;x\\a"', "U+001B is not allowed"),
    text("a raw escape of a terminal", "a: 1\nb: \x1b[31m", "U+001B is not allowed (line 2"),
    text("a raw control in a comment", "a: 1 # \x07", "U+0007 is not allowed (line 1, column 8)"),
    text("a backspace in a key", '"stu\\bdy": a', "U+0008 is not allowed (line 1, column 1)"),
    text("a carriage return in a name", 'study: "lab\\rx"', "U+000D is not allowed"),
    text("writing from the right", "question: lab\u202e gnp", "U+202E is not allowed"),
    text("an isolate", "question: \u2066lab", "U+2066 is not allowed (line 1, column 11)"),
    text("a space of no width", "study: l\u200bab", "U+200B is not allowed (line 1, column 8)"),
    text("a mark of order inside", "a: 1\nstudy: \ufefflab", "U+FEFF is not allowed (line 2"),
    text("two marks of order", "\ufeff\ufeffstudy: lab", "U+FEFF is not allowed (line 1, column"),
    text("invisible tags", "question: lab\U000e0041", "U+E0041 is not allowed"),
    text("a line separator", 'question: "a\\Lb"', "U+2028 is not allowed"),
    text("half of a pair", 'question: "\\uD800"', "U+D800 is not allowed (line 1, column 11)"),
    text("a raw half of a pair", b"a: \xed\xa0\x80", "must be UTF-8, got the byte 0xed at 3"),
    text("UTF-16", GOOD.encode("utf-16"), "must be UTF-8, got the byte 0x"),
    text("UTF-16 unmarked", GOOD.encode("utf-16-le"), "U+0000 is not allowed (line 1, column 2)"),
    text("UTF-32", GOOD.encode("utf-32-be"), "U+0000 is not allowed (line 1, column 1)"),
    text("Latin-1", "question: caf\u00e9".encode("latin-1"), "must be UTF-8, got the byte 0xe9"),
    text("overlong UTF-8", b"a: \xc0\xaf", "must be UTF-8, got the byte 0xc0"),
    text("a picture", b"\x89PNG\r\n\x1a\n" + bytes(100), "must be UTF-8, got the byte 0x89"),
    text("a pickle", b"cos\nsystem\n(S'ls'\ntR.", "got \"cos system"),
)
AS_FILE: Final = (
    made("a directory", Path.mkdir, "must be a YAML file, got a directory"),
    made("no file", lambda path: None, "must be a YAML file, got no file"),
    made("a pipe", os.mkfifo, "must be a YAML file, got no file"),
    made("a device", lambda path: path.symlink_to("/dev/zero"), "must be a YAML file, got no file"),
    made("a link to itself", lambda path: path.symlink_to(path), "must be a YAML file, got"),
    made("a file that may not be read", lambda path: (path.write_text(GOOD), path.chmod(0)),
         "must be readable", skipped="root may read all" if os.geteuid() == 0 else ""),
)
NAMES: Final = ("../evil", "/etc/evil", "~/evil", "a/b", "a\\b", "C:evil", "..", ".", ".hidden",
                "-rf", "a b", "Lab", "l\u0430b", "\uff4cab", "lab\n", "x" * 65, "%2e%2e", "$HOME",
                "lab;ls", "`ls`", "CON:")
NUMBERS: Final = (float("nan"), float("inf"), float("-inf"), 10**18 - 1, -(10**18) + 1, -1, True,
                  "24", "1e3", [24], {"low": 1}, 1e300, 0.5)
AS_VALUE: Final = (
    *(value(f"a study called {name[:20]!r}", "(study)", study=name) for name in NAMES),
    *(value(f"{number!r} trials", "(search.trials)", search={"trials": number})
      for number in NUMBERS),
    *(value(f"{number!r} as a rate", "(targets.learning_rate", targets__learning_rate=number)
      for number in (float("nan"), float("inf"), -1.0, 0, 1e300, True, "fast", {"high": 1}, [[]])),
    value("homoglyphs in a language", "d\\u0435' (panels.report.0)", panels__report=["d\u0435"]),
    value("homoglyphs in a task", "l\\u0430b-tags'; nearest: 'lab-tags' (intermediate.tasks.1)",
          intermediate__tasks=["lab-kind", "l\u0430b-tags"]),
    value("homoglyphs in a key", "'s\\u0435arch'; nearest: 'search'", **{"s\u0435arch": {}}),
    value("a long unknown key", "got 'xxx", **{"x" * 50_000: 1}),
    value("a key of format braces", "got '{0.x}'", **{"{0.x}": 1}),
    value("a key of backticks", "got '`'", **{"`": 1}),
    value("an empty key", "got ''", **{"": 1}),
    value("many unknown keys", "(search.x0); and 1999 more faults",
          search={f"x{n}": 1 for n in range(2_000)}),
    value("many unknown languages", "(panels.report.0)",
          panels__report=[f"x{n}" for n in range(2_000)]),
    value("a long value", "(models)", models="x" * 100_000),
    value("a long list of models", "(models.0)", models=[[n] for n in range(2_000)]),
    value("a model outside its mirror", "got '../../evil' (models.0)", models=["../../evil"]),
    value("a model outside, by path", "(models.0)", models=[{"path": "org/../../evil"}]),
    value("a revision outside", "(models.0.revision)",
          models=[{"path": "org/name", "revision": "../../../refs/x"}]),
    value("a repository outside", "(tasks.mine.hub)", tasks={"mine": {"hub": "../evil"}}),
    value("an absolute repository", "(tasks.mine.hub)", tasks={"mine": {"hub": "/etc/evil"}}),
    *(value(f"a config {config}", "(tasks.mine.config)", tasks={"mine": {
        "like": "mnli", "hub": "org/name", "splits": {"train": "train"}, "train": ["en"],
        "config": config}}) for config in ("../evil", "/etc", "a\\b", "a/../../b", "*")),
    *(value(f"a split {split}", "(tasks.mine.splits.train)", tasks={"mine": {
        "like": "mnli", "files": "mine", "splits": {"train": split}, "train": ["en"]}})
      for split in ("../evil", "/etc/passwd", "a/b", "..", "a\\b", "~")),
    *(value(f"a task called {name}", f"(tasks.{name}", intermediate__tasks=["lab-kind", "lab-tags"],
            tasks={name: {"kind": "pair", "metric": "accuracy", "files": "mine", "train": ["en"],
                          "labels": ["a", "b"]}}) for name in ("../evil", "a/b", "A", "~")),
    value("files of nobody's home", "(tasks.mine.files)", tasks={"mine": {
        "like": "mnli", "files": "~no-such-user/x", "train": ["en"]}}),
)
AS_SETTING: Final = (
    setting("an alias set", "aliases are not allowed (line 1", "models=*a"),
    setting("a tag set", "tags are not allowed", "models=!!python/object:os.system {}"),
    setting("deep set", "more than 20 levels", "models=" + "[" * 60_000),
    setting("much set", f"at most {MAX_BYTES} characters", "models=" + "x" * 10_000_000),
    setting("many set", "more than 10000", "models=[" + "1," * 50_000),
    setting("a deep key", "at most 20 keys", "a." * 5_000 + "b=1", "models=[x]"),
    setting("a deep key in a list", "at most 20 keys", "models.0" + ".0" * 5_000 + "=1"),
    setting("a long key set", "got 'xxx", "x" * 100_000 + "=1"),
    setting("no value", "must be key=value", "x" * 100_000),
    setting("an escape set", "U+001B is not allowed (line 1", 'question="\\e[2J"'),
    setting("a raw escape set", "U+001B is not allowed (line 1", "question=\x1b[2J"),
    setting("an escape in a key", "plain characters, got 2", "search.\x1b[2J=1"),
    setting("half of a pair in a key", "plain characters, got 1", "\udcff=1"),
    setting("half of a pair set", "U+DCFF is not allowed", "question=\udcff"),
    setting("NaN set", "(search.trials)", "search.trials=.nan"),
    setting("an item of nothing", "a list, for it has no item, got '0'", "models=[]", "models.0=x"),
    setting("an item far out", "an item from 0 to 0", f"models.{'9' * 5_000}=x"),
    setting("an item before the first", "an item from 0 to 0", "models.-1=x"),
    setting("into a text", "`study` must be a mapping or a list", "study.x=1"),
    setting("into a long text", "`question` must be a mapping or a list",
            "question=" + "x" * 100_000, "question.x=1"),
    setting("a name set", "(study)", "study=../evil"),
)


def _all() -> Iterator[Case]:
    yield from AS_YAML
    yield from AS_FILE
    yield from AS_VALUE
    yield from AS_SETTING


CASES: Final = tuple(_all())
