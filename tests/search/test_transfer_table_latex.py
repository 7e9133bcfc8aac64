"""The table as LaTeX: every special character is escaped, every row has all its columns."""

from __future__ import annotations

import re

import pytest

from search.table_entries import TransferTable
from search.transfer_table import transfer_table
from search.transfer_table_latex import escaped, table_as_latex
from tests.search.simulated_table import KINDS, random_table
from tests.search.test_transfer_table_text import NINE, paper


def of_the_paper() -> TransferTable:
    found = transfer_table(paper(), NINE)
    assert found is not None
    return found


@pytest.mark.parametrize(("plain", "written"), [
    ("a_b & 50% #1 $x {y} ~ ^", r"a\_b \& 50\% \#1 \$x \{y\} \textasciitilde{} "
                                r"\textasciicircum{}"),
    ("back\\slash", r"back\textbackslash{}slash"),
    ("<x|y>", r"\textless{}x\textbar{}y\textgreater{}"),
    ("[a]*", "{[}a{]}{*}"),
    ("a--b---c", "a-{}-b-{}-{}-c"),
    ("two\nlines\tand  more", "two lines and more"),
    ("±", r"$\pm$"),
    ("lab-tags", "lab-tags"),
])
def test_special_characters_are_escaped(plain: str, written: str) -> None:
    assert escaped(plain) == written


def test_nothing_special_is_left_bare() -> None:
    text = escaped("".join(map(chr, range(32, 127))))
    bare = re.sub(r"\\[&%$#_{}]|\\text[a-z]+\{\}|\{[\[\]*]\}", "", text)
    assert not set(bare) & set("\\{}$&#%_~^<>|`\"[]*")
    assert set("abcxyzABCXYZ0189+-.,:;!?()/@='") <= set(bare)


def test_every_row_has_every_column_and_only_booktabs_rules() -> None:
    found = of_the_paper()
    text = table_as_latex(found)
    body = text.split(r"\toprule")[1].split(r"\bottomrule")[0]
    rows = [line for line in body.splitlines() if line.endswith(r" \\")]
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {len(found.columns)}
    # header, control, rows, best per target, four published
    assert len(rows) == 1 + 1 + len(found.rows) + 1 + 4
    assert r"\begin{tabular}{l" + "r" * len(found.columns) + "}" in text
    assert set(re.findall(r"\\([a-z]+rule)", text)) == {"toprule", "midrule", "bottomrule"}
    assert text.count(r"\begin") == text.count(r"\end") == 2
    assert r"all {[}\$ {*} \textbar{} \_{]} & " in text


def test_bold_is_best_and_an_asterisk_survives() -> None:
    found = transfer_table(random_table(2, seeds=5), KINDS)
    assert found is not None
    text = table_as_latex(found)
    best = {column.name: column.best for column in found.columns}
    assert text.count(r"\mathbf{") == len(found.columns)
    assert text.count("^{*}") == sum(bool(cell.survives) for row in found.rows
                                     for cell in row.cells)
    row = next(each for each in found.rows if each.name == "dates")
    line = next(line for line in text.splitlines() if line.startswith("dates & "))
    for cell, written in zip(row.cells, line.removesuffix(r" \\").split(" & ")[1:], strict=True):
        assert cell.gain is not None
        assert (r"\mathbf" in written) == (best[cell.column] == "dates")
        assert f"{cell.gain.mean:+.1f}" in written
        assert rf"\pm{cell.gain.half_width:.1f}" in written
