"""Ray's token mode, said explicitly before Ray is imported, which is when Ray reads it."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["set_token_mode"]


def set_token_mode(address: str) -> None:
    """Set RAY_AUTH_MODE for joining a cluster, where the user has not.

    The rule is `ray start --head`'s own: on where a token is found. A private cluster needs
    nothing: Ray turns the mode on itself and writes a token where there is none.
    """
    if address == "local" or "RAY_AUTH_MODE" in os.environ:
        return
    named = os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH")
    has_token = bool(named) or (Path.home() / ".ray" / "auth_token").exists()
    os.environ["RAY_AUTH_MODE"] = "token" if has_token else "disabled"
