"""Reading a study's YAML: a small, strict subset of YAML 1.2, and `--set` on top of it.

PyYAML reads YAML 1.1, where `no` is false (and Norwegian a truth value), `5e-4` a text and `1:30`
a number of minutes. Here scalars resolve by the core schema of YAML 1.2. Aliases are refused, since
a study has no use for them and a few can expand to gigabytes; so are tags, which would let a
value be read as what it is not. Text holds no characters that act on a terminal or that nobody
sees, so that a study is what it looks like.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from search.error_lines import shortened
from search.faults import UserError

__all__ = ["MAX_BYTES", "apply_overrides", "dump_study", "parse_study", "read_study_text"]

MAX_BYTES: Final = 250_000
"""The most bytes of a study; PyYAML reads some hundred thousand a second."""

_MAX_VALUES: Final = 10_000  # keys counted: PyYAML makes some ten thousand a second
_MAX_DEPTH: Final = 20
_MAX_DIGITS: Final = 18  # more do not fit in 64 bits
_SHOWN: Final = 80  # characters of a value, in messages
# Controls but for tab and line feed, halves of surrogate pairs, and what turns the direction of
# writing, breaks a line unseen or is never shown. Joiners stay: Persian and Hindi need them.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff\ufff9-\ufffb\U000e0000-\U000e007f]")


def read_study_text(path: Path) -> str:
    """Return the text of a study file.

    Raises:
        UserError: if it is not a regular file of at most `MAX_BYTES` bytes of UTF-8.
    """
    try:
        if not path.is_file():
            what = "a directory" if path.is_dir() else "no file"
            raise UserError(f"a study must be a YAML file, got {what} ({path})")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise UserError(f"a study must have at most {MAX_BYTES} bytes, got {size} ({path})")
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise UserError(f"a study must be UTF-8, got the byte 0x{error.object[error.start]:02x} "
                        f"at {error.start} ({path})") from error
    except (OSError, ValueError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"a study must be readable, got {error} ({path})") from error


def parse_study(text: str) -> dict[str, Any]:
    """Return the mapping that a study's YAML holds.

    Raises:
        UserError: if the text is not YAML of one mapping with distinct keys.
    """
    data = _load(text, "a study")
    if not isinstance(data, dict):
        raise UserError(f"a study must be a mapping of keys to values, got {_named(data)}")
    return data


def apply_overrides(data: dict[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Return the study's mapping with each `key=value` set; keys are dotted, items numbered from 0.

    Values are YAML: `search.trials=50`, `models=[lab-small, ./mine]`, `curve=null`,
    `curve.counts.1=2`.

    Raises:
        UserError: if an override has no `=`, its value is not YAML, or its key leads nowhere.
    """
    copied: dict[str, Any] = _copied(data)
    for override in overrides:
        key, equals, value = override.partition("=")
        steps = key.strip().split(".")
        if not equals or not all(steps):
            raise UserError("`--set` must be key=value with a dotted key, got "
                            f"{shortened(override, _SHOWN)!r}")
        if len(steps) > _MAX_DEPTH or any(map(_UNSEEN.search, steps)):
            raise UserError(f"`--set` must be key=value with at most {_MAX_DEPTH} keys in plain "
                            f"characters, got {len(steps)}: {shortened(key, _SHOWN)!r}")
        _set(copied, steps, _load(value, f"the value of `--set {shortened(key.strip(), _SHOWN)}`"))
    return copied


def dump_study(data: Mapping[str, Any]) -> str:
    """Return the YAML of a study's mapping; `parse_study` reads the same mapping back."""
    return str(yaml.dump(dict(data), Dumper=_Dumper, sort_keys=False, allow_unicode=True,
                         width=100, default_flow_style=None))


def _set(data: dict[str, Any], steps: list[str], value: Any) -> None:
    """Set one value, making the mappings on the way to it."""
    at: Any = data
    for depth, step in enumerate(steps):
        is_last = depth == len(steps) - 1
        if isinstance(at, list):
            is_index = step.isdecimal() and len(step) <= _MAX_DIGITS
            if not is_index or int(step) >= len(at):
                items = f"an item from 0 to {len(at) - 1}" if at else "a list, for it has no item"
                raise UserError(f"`{'.'.join(steps[:depth])}` must be set by {items}, got {step!r} "
                                f"(--set {'.'.join(steps)})")
            index: Any = int(step)
        elif isinstance(at, dict):
            index = step
            if at.get(step) is None and not is_last:
                at[step] = {}
        else:
            raise UserError(f"`{'.'.join(steps[:depth])}` must be a mapping or a list to set "
                            f"{step!r} in, got {shortened(repr(at), _SHOWN)} "
                            f"(--set {'.'.join(steps)})")
        if is_last:
            at[index] = value
        else:
            at = at[index]


def _copied(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _copied(value) for key, value in data.items()}
    return [_copied(item) for item in data] if isinstance(data, list) else data


def _load(text: str, what: str) -> Any:
    if len(text) > MAX_BYTES:
        raise UserError(f"{what} must have at most {MAX_BYTES} characters, got {len(text)}")
    loader = None
    try:
        loader = _Loader(text)
        return loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = _place(mark.line, mark.column) if mark else ""
        raise UserError(f"{what} must be plain YAML, got a fault: "
                        f"{shortened(str(error.problem or error.context), 2 * _SHOWN)}{place}"
                        ) from error
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = _place(before.count("\n"), len(before) - before.rfind("\n") - 1)
        raise UserError(f"{what} must be plain YAML, got a fault: the character "
                        f"U+{error.character:04X} is not allowed{place}") from error
    except (ValueError, OverflowError) as error:  # PyYAML's own, for an escape beyond Unicode
        place = _place(loader.line, loader.column) if loader else ""
        raise UserError(f"{what} must be plain YAML, got a fault: {error}{place}") from error


def _place(line: int, column: int) -> str:
    """Return where a fault is, for people, who count from one."""
    return f" (line {line + 1}, column {column + 1})"


def _named(data: Any) -> str:
    if data is None:
        return "nothing"
    return "a list" if isinstance(data, list) else shortened(repr(data), _SHOWN)


class _Loader(yaml.SafeLoader):
    """Plain mappings, lists, text, numbers, true, false and null; nothing else."""

    depth = 0
    values = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        if self.check_event(yaml.AliasEvent):
            raise self._refused("aliases are not allowed")
        event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs leave it out
        if event.tag is not None:
            raise self._refused(f"tags are not allowed, got {event.tag!r}")
        if self.depth > _MAX_DEPTH:
            raise self._refused(f"more than {_MAX_DEPTH} levels of nesting")
        if self.values >= _MAX_VALUES:
            raise self._refused(f"more than {_MAX_VALUES} keys and values")
        if isinstance(event, yaml.ScalarEvent) and (unseen := _UNSEEN.search(event.value)):
            raise self._refused(f"the character U+{ord(unseen.group()):04X} is not allowed")
        self.depth += 1
        self.values += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def _refused(self, problem: str) -> yaml.composer.ComposerError:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs leave it out
        return yaml.composer.ComposerError(None, None, problem, event.start_mark)

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys: set[str] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise _fault(f"a key must be text, got {shortened(repr(key), _SHOWN)}", key_node)
            if key in keys:
                raise _fault(f"the key {shortened(repr(key), _SHOWN)} is given twice", key_node)
            keys.add(key)
        return super().construct_mapping(node, deep)

    def construct_whole(self, node: ScalarNode) -> int:
        text = self.construct_scalar(node)
        if len(text.lstrip("+-")) > _MAX_DIGITS:
            raise _fault(f"a whole number must have at most {_MAX_DIGITS} digits, got "
                         f"{len(text.lstrip('+-'))}", node)
        return int(text)

    def construct_number(self, node: ScalarNode) -> float:
        return float(self.construct_scalar(node).lower().replace(".inf", "inf")
                     .replace(".nan", "nan"))

    def construct_truth(self, node: ScalarNode) -> bool:
        return self.construct_scalar(node).lower() == "true"


def _fault(problem: str, node: Node) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


class _Dumper(yaml.SafeDumper):
    """Writes what `_Loader` reads back: text that looks like a number or a truth is quoted."""


# Tag -> the scalars that have it, the first match wins. Source: YAML 1.2.2, section 10.3.2.
_CORE_SCHEMA: Final = {
    "null": r"~|null|Null|NULL|",
    "bool": r"true|True|TRUE|false|False|FALSE",
    "int": r"[-+]?[0-9]+",
    "float": r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
             r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
}
_TAG: Final = "tag:yaml.org,2002:"

_Loader.yaml_constructors = {
    f"{_TAG}str": yaml.SafeLoader.construct_yaml_str,
    f"{_TAG}seq": yaml.SafeLoader.construct_yaml_seq,
    f"{_TAG}map": yaml.SafeLoader.construct_yaml_map,
    f"{_TAG}null": yaml.SafeLoader.construct_yaml_null,
    f"{_TAG}bool": _Loader.construct_truth,
    f"{_TAG}int": _Loader.construct_whole,
    f"{_TAG}float": _Loader.construct_number,
    None: yaml.SafeLoader.construct_undefined,
}
_Loader.yaml_implicit_resolvers = _Dumper.yaml_implicit_resolvers = {
    None: [(f"{_TAG}{tag}", re.compile(rf"(?:{pattern})\Z"))
           for tag, pattern in _CORE_SCHEMA.items()]
}
