"""Token mode: a private cluster's token is its owner's alone, a joined one's is left as it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from search.token_mode import keep_private


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(os, "environ", {"HOME": str(tmp_path)})
    return tmp_path / ".ray" / "auth_token"


def test_a_token_is_made_once_and_only_its_owner_may_read_it(token: Path) -> None:
    keep_private("local")
    made = token.read_text()
    assert len(made) == 64
    keep_private("local")
    assert token.read_text() == made
    assert [path.name for path in token.parent.iterdir()] == ["auth_token"]
    assert token.stat().st_mode & 0o777 == 0o600
    assert token.parent.stat().st_mode & 0o777 == 0o700


def test_a_token_that_ray_left_readable_is_closed(token: Path) -> None:
    token.parent.mkdir()
    token.write_text("as it was")
    token.chmod(0o644)
    keep_private("local")
    assert token.stat().st_mode & 0o777 == 0o600
    assert token.read_text() == "as it was"


@pytest.mark.parametrize(("address", "variable"), [
    ("auto", None), ("10.0.0.1:6379", None), ("local", ("RAY_AUTH_MODE", "disabled")),
    ("local", ("RAY_AUTH_TOKEN", "x")), ("local", ("RAY_AUTH_TOKEN_PATH", "/secret/token")),
])
def test_elsewhere_no_token_is_made(
    token: Path, address: str, variable: tuple[str, str] | None
) -> None:
    os.environ.update([variable] if variable else [])
    keep_private(address)
    assert not token.exists()
    assert ("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER" in os.environ) == (address == "local")
