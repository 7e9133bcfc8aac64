"""A table of results that a user already has: read, checked line by line, and located."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rich.console import Console, Group

from search.curve_halves import with_halves
from search.curve_table import curve_table
from search.doublings import Observation
from search.faults import UserError
from search.saturation import locate_observations
from search.text_tables import as_renderables
from search.worth import Worth

__all__ = ["locate_file", "read_rows", "worth_of"]

NEEDED, OPTIONAL = ("x", "score"), ("order", "block")
COST = "cost"


def locate_file(path: Path, *, worth: Worth, axis: str, form: str, console: Console) -> None:
    """Print the point of diminishing returns of a file's rows, as a table or as JSON.

    Raises:
        UserError: if the file cannot be read so, or has no costs where the worth is per hour.
    """
    rows = read_rows(path, with_costs=worth.per_device_hour is not None)
    found = with_halves(locate_observations(rows, worth=worth, axis=axis))
    if form == "json":
        data = found.model_dump(mode="json", exclude={"observations"})
        console.file.write(json.dumps(data, indent=2) + "\n")
    else:
        console.print(Group(*as_renderables(curve_table(found))))


def worth_of(points: float | None, per_hour: float | None) -> Worth:
    """Return the worth that a command line gives by exactly one of two options.

    Raises:
        UserError: if it gives both or neither, or a number that is not positive.
    """
    given = {name: value for name, value in (("worth", points), ("worth-per-hour", per_hour))
             if value is not None}
    if len(given) != 1:
        raise UserError("exactly one of `--worth` and `--worth-per-hour` must be given, got "
                        + ("both" if given else "neither"))
    for name, value in given.items():
        if not (value > 0 and math.isfinite(value)):
            raise UserError(f"`--{name}` must be positive and finite, got {value:g}")
    return Worth(points=points, per_device_hour=per_hour)


def read_rows(path: Path, *, with_costs: bool = False) -> list[Observation]:
    """Return the rows of a CSV file; commas, semicolons or tabs part its columns.

    Only `with_costs` is there a column `cost`, of device hours, which then must be there. Names of
    columns are read without case or blanks around them, others than ours are left alone,
    and so are empty lines.

    Raises:
        UserError: if the file cannot be read, lacks a column or a row, or a cell is wrong; the line
            of the file is named.
    """
    numbers = (*NEEDED, COST) if with_costs else NEEDED
    rows = list(_rows(_filled(_text(path), path), path, numbers))
    if not rows:
        raise UserError(f"{path} must have a row beneath its header, got none")
    return rows


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path} must be a file that can be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} must be text in UTF-8: {error}") from error


def _rows(
    lines: Iterator[tuple[int, list[str]]], path: Path, numbers: Sequence[str]
) -> Iterator[Observation]:
    _, header = next(lines, (1, []))
    names = [name.strip().lower() for name in header]
    for name in numbers:
        if name not in names:
            raise UserError(f"{path} must have a column `{name}`, got "
                            f"{', '.join(filter(None, names)) or 'none'} (line 1)")
    for name in (*numbers, *OPTIONAL):
        if names.count(name) > 1:
            raise UserError(f"{path} must have one column `{name}`, got {names.count(name)} "
                            "(line 1)")
    for line, cells in lines:
        if len(cells) != len(names):
            raise UserError(f"a row must have {len(names)} cells, as the header, got {len(cells)} "
                            f"({path}, line {line})")
        yield _row(dict(zip(names, (cell.strip() for cell in cells), strict=True)),
                   f"{path}, line {line}", numbers)


def _filled(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines that are not empty, each with its number in the file."""
    header = text.lstrip().partition("\n")[0]
    delimiter = max((",", ";", "\t"), key=header.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in lines:
            if any(cell.strip() for cell in cells):
                yield lines.line_num, cells
    except csv.Error as error:
        raise UserError(f"{path} must be CSV: {error} (line {lines.line_num})") from error


def _row(cells: Mapping[str, str], place: str, names: Sequence[str]) -> Observation:
    numbers = {name: _number(cells[name], name, place) for name in names}
    for name in ("x", COST):
        if numbers.get(name, 0.0) < 0:
            raise UserError(f"`{name}` must not be negative, got {cells[name]} ({place})")
    if not cells.get("block", "all"):
        raise UserError(f"`block` must be named in every row or have no column, got none ({place})")
    return Observation(x=numbers["x"], score=numbers["score"], hours=numbers.get(COST),
                       order=cells.get("order", ""), block=cells.get("block", ""))


def _number(text: str, name: str, place: str) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise UserError(f"`{name}` must be a number, got {text!r} ({place})") from error
    if not math.isfinite(number):
        raise UserError(f"`{name}` must be finite, got {text} ({place})")
    return number
