"""How numbers are written in tables."""

from __future__ import annotations

import pytest

from search.text_tables import NONE, p_text


@pytest.mark.parametrize(("value", "text"), [
    (None, NONE), (0.0, "<0.001"), (0.0004, "<0.001"), (0.0006, "0.001"), (0.25, "0.250"),
    (1.0, "1.000")])
def test_a_p_value_is_never_written_as_nothing(value: float | None, text: str) -> None:
    assert p_text(value) == text
