"""Whom Ray answers: its token mode and its address, said before Ray is imported and reads them."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["keep_private", "set_token_mode"]

_OTHERS: Final = 0o077  # what a file's group and everyone else may do with it
# Ray's switch for clusters of several machines; despite its name Linux heeds it too.
_SEVERAL_MACHINES: Final = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"


def set_token_mode(address: str) -> None:
    """Set RAY_AUTH_MODE for joining a cluster, where the user has not.

    The rule is `ray start --head`'s own: on where a token is found. A private cluster needs
    nothing: Ray turns the mode on itself; see `keep_private`.
    """
    if address == "local" or "RAY_AUTH_MODE" in os.environ:
        return
    named = os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH")
    has_token = bool(named) or _token().exists()
    os.environ["RAY_AUTH_MODE"] = "token" if has_token else "disabled"


def keep_private(address: str) -> None:
    """Keep a private cluster, `local`, to its owner; leave others as they are.

    Its address becomes the loopback's, and then all of it listens there alone. Whoever reads its
    token may run code on it: where there is none it is made, as Ray would make it, but readable by
    its owner alone.
    """
    if address != "local":
        return
    os.environ.setdefault(_SEVERAL_MACHINES, "0")
    is_named = os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH")
    if not is_named and os.environ.get("RAY_AUTH_MODE", "token").lower() == "token":
        with suppress(OSError):  # a home that cannot be written to is Ray's to complain of
            _keep_token(_token())


def _token() -> Path:
    return Path.home() / ".ray" / "auth_token"


def _keep_token(token: Path) -> None:
    token.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not token.exists():
        draft = token.with_name(f".auth_token-{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(32))
        with suppress(FileExistsError):  # two starts at once agree on the first one's
            token.hardlink_to(draft)
        draft.unlink()
    if token.stat().st_mode & _OTHERS:
        token.chmod(0o600)
