"""Error lines: one line that a terminal can be given, whatever stands in what it tells of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.cli_options import console
from search.error_lines import MOST_CHARACTERS, error_line, shortened

ANY_TEXT = st.text(st.characters() | st.sampled_from("\x1b\u202e\ud800\x00\n\t\u2028@:/?="),
                   max_size=60)


@given(ANY_TEXT, st.integers(1, 200))
def test_a_line_is_one_short_and_printable(text: str, times: int) -> None:
    line = error_line(text * times)
    assert line.isprintable()
    assert len(line) <= MOST_CHARACTERS


@pytest.mark.parametrize(("text", "line"), [
    ("a\n\tb  c\r", "a b c"),
    ("\x1b[2J\x1b]0;x\x07", "\\x1b[2J\\x1b]0;x\\x07"),
    ("lab\u202egnp", "lab\\u202egnp"),
    ("half \ud800", "half \\ud800"),
    ("l\u0430b-kind and \u043c\u0438\u0440", "l\\u0430b-kind and \u043c\u0438\u0440"),
    ("\u00fcber \u0442\u0435\u0441\u0442", "\u00fcber \u0442\u0435\u0441\u0442"),
    ("\u0438\u043c\u044f_1", "\u0438\u043c\u044f_1"),
    ("[bold]x[/y] :smile:", "[bold]x[/y] :smile:"),
])
def test_what_acts_or_deceives_is_written_as_its_escape(text: str, line: str) -> None:
    assert error_line(text) == line


def test_a_long_line_keeps_its_beginning_and_its_place() -> None:
    line = error_line(f"`models` must be a list, got {'x' * 100_000} (models)")
    assert line.startswith("`models` must be a list, got xxx")
    assert line.endswith("xxx (models)")
    assert shortened("abcdefghij", 10) == "abcdefghij"


def test_a_command_prints_text_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    console().print("lab-1: is [/this] or :smile: [red]it[/red]?", highlight=False)
    assert capsys.readouterr().out == "lab-1: is [/this] or :smile: [red]it[/red]?\n"
