from __future__ import annotations

import json
import math
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from search.cli import run
from search.curve_file import read_rows

XS = (0, 1, 2, 4, 8, 16, 32)


def rising_to_8(orders: int = 3, blocks: int = 2) -> list[str]:
    lines = []
    for x, order, block in product(XS, range(orders), range(blocks)):
        score = 50 + 2 * min(math.log2(x), 3) if x else 45.0
        noise = 0.05 * math.sin(7 * x + 3 * order + 11 * block)
        lines.append(f"{x},{score + noise + block:.4f},{f'o{order}' if x else ''},b{block}")
    return lines


def written(path: Path, text: str, encoding: str = "utf-8") -> str:
    (path / "results.csv").write_text(text, encoding=encoding)
    return str(path / "results.csv")


def test_json_holds_the_verdict_and_the_tests(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, "\n".join(["x,score,order,block", *rising_to_8()]))
    assert run(["locate", path, "--worth", "0.5", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)

    assert found["verdict"] == "located"
    assert found["low"] <= 8 * 2**-0.25 <= found["high"]
    assert found["low"] < found["x_star"] <= found["high"]
    assert [test["start"] for test in found["tests"]] == [1, 2, 4, 8, 16]
    assert found["first_step"]["to"] == 1
    assert sum(each["weight"] for each in found["combined"]["families"]) == pytest.approx(1)


def test_the_table_says_the_sentence_and_the_noise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, "\n".join(["x,score,order,block", *rising_to_8()]))
    assert run(["locate", path, "--worth", "0.5", "--axis", "tasks"]) == 0
    text = " ".join(capsys.readouterr().out.split())

    assert "Tasks curve: located" in text
    assert "Noise sampled: seed block, nested order; fixed: pretraining checkpoint" in text
    assert "power 0." in text


@pytest.mark.parametrize("change", [
    lambda text: "\ufeff" + text,
    lambda text: text.replace(",", ";"),
    lambda text: text.replace(",", "\t"),
    lambda text: text.replace("\n", "\r\n"),
    lambda text: text.replace("\n", "\n\n") + "\n , \n",
    lambda text: text.replace("x,score", "X , Score"),
    lambda text: text.replace("x,score", '"x","score"'),
])
def test_tables_are_read_as_programs_write_them(tmp_path: Path, change: object) -> None:
    text = "x,score\n1,50.5\n2,51"
    path = written(tmp_path, change(text))  # type: ignore[operator]

    assert [(row.x, row.score) for row in read_rows(Path(path))] == [(1, 50.5), (2, 51)]


def test_other_columns_are_left_alone_in_any_place(tmp_path: Path) -> None:
    path = written(tmp_path, 'note,block,score,x\n"a, b",s1,3.5,2\n')
    (row,) = read_rows(Path(path))

    assert (row.x, row.score, row.order, row.block) == (2, 3.5, "", "s1")


@pytest.mark.parametrize(("text", "said"), [
    ("", "must have a column `x`, got none (line 1)"),
    ("x,score\n", "must have a row beneath its header, got none"),
    ("x,points\n1,2\n", "must have a column `score`, got x, points (line 1)"),
    ("x,x,score\n1,1,2\n", "must have one column `x`, got 2 (line 1)"),
    ("x,score\n1,2\n2,high\n", "`score` must be a number, got 'high'"),
    ("x,score\n1,2\n\n2,\n", "line 4)"),
    ("x;score\n1;2,5\n", "`score` must be a number, got '2,5'"),
    ("x,score\n1,nan\n", "`score` must be finite, got nan"),
    ("x,score\n-1,2\n", "`x` must not be negative, got -1"),
    ("x,score\n1,2,3\n", "a row must have 2 cells, as the header, got 3"),
    ("x,score,block\n1,2,a\n2,3,\n", "`block` must be named in every row or have no column"),
    ('x,score\n1,"2\n', "must be CSV: unexpected end of data"),
])
def test_a_mistake_is_one_line_with_its_place(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["locate", written(tmp_path, text), "--worth", "0.5"]) == 2
    error = capsys.readouterr().err

    assert said in error
    assert "results.csv" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(("worth", "said"), [
    ("0", "`--worth` must be positive and finite, got 0"), ("nan", "got nan"), ("inf", "got inf"),
    ("-1", "got -1"), ("much", "much"),
])
def test_a_worth_that_is_none_is_refused(
    worth: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, "x,score\n1,2\n")

    assert run(["locate", path, f"--worth={worth}"]) == 2
    assert said in capsys.readouterr().err


def test_files_that_cannot_be_read_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    latin = written(tmp_path, "x,score,n\u00f6te\n1,2,3\n", encoding="latin-1")
    for path in (latin, str(tmp_path), str(tmp_path / "none.csv")):
        assert run(["locate", path, "--worth", "0.5"]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert path in error


def test_locating_imports_neither_torch_nor_ray() -> None:
    code = ("import sys, search.cli, search.curve_file; "
            "print(sorted({'torch', 'ray', 'mlflow', 'transformers'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


COSTS = ["x,score,order,block,cost", *(
    f"{row},{0.5 + 0.1 * float(row.split(',')[0])}" for row in rising_to_8())]


def test_costs_are_read_where_the_worth_is_per_hour(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, "\n".join(COSTS))
    assert run(["locate", path, "--worth-per-hour", "8", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)

    assert found["worth"] == {"per_device_hour": 8}
    assert found["verdict"] == "located"
    assert found["x_star"] < 8  # 2 points pay for a quarter of an hour and no more
    assert [test["worth"] for test in found["tests"]] == pytest.approx([0.8, 1.6, 3.2, 6.4, 12.8])
    assert found["points"][1]["hours"] == pytest.approx(0.6)


def test_in_points_a_column_of_that_name_is_left_alone(tmp_path: Path) -> None:
    (row,) = read_rows(Path(written(tmp_path, "x,score,cost\n1,2,cheap\n")))
    assert row.hours is None


@pytest.mark.parametrize(("text", "options", "said"), [
    ("x,score\n1,2\n", ["--worth-per-hour=2"], "must have a column `cost`, got x, score (line 1)"),
    ("x,score,cost\n1,2,-1\n", ["--worth-per-hour=2"], "`cost` must not be negative, got -1"),
    ("x,score,cost\n1,2,\n", ["--worth-per-hour=2"], "`cost` must be a number, got ''"),
    ("x,score,cost,cost\n1,2,3,4\n", ["--worth-per-hour=2"], "must have one column `cost`, got 2"),
    ("x,score\n1,2\n", [], "exactly one of `--worth` and `--worth-per-hour` must be given, got "
                           "neither"),
    ("x,score\n1,2\n", ["--worth=1", "--worth-per-hour=2"], "must be given, got both"),
    ("x,score\n1,2\n", ["--worth-per-hour=0"], "`--worth-per-hour` must be positive and finite"),
])
def test_a_worth_per_hour_without_its_costs_is_one_line(
    text: str, options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["locate", written(tmp_path, text), *options]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_costs_that_do_not_rise_are_said_to_have_no_price(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, "\n".join([COSTS[0], *(f"{row},1" for row in rising_to_8())]))
    assert run(["locate", path, "--worth-per-hour", "8"]) == 0
    assert "Not located: a trial at 2 costs no more device hours than one at 1" in " ".join(
        capsys.readouterr().out.split())
