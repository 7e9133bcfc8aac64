"""Credentials: what of a text may be shown, logged or sent on, and what a study may not hold.

They come from the environment. A text is searched for the values of the variables that hold them,
for `user:password@` and secret query values of URIs, and for the tokens whose form is public.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from typing import Any, Final

__all__ = ["credential_places", "holds_credentials", "without_credentials",
           "without_credentials_in"]

# A URI's user and password, which end at the last @ before the path: scheme://user:password@host.
_USER_INFO: Final = re.compile(r"(?<=://)[^/?#\s\"']{1,500}@")
# SQLAlchemy also reads a password with a slash; digits alone before the slash are a port.
_SLASHED: Final = re.compile(r"(?<=://)[^/?#\s\"':@]{0,200}:(?!\d{1,5}/)[^@\s\"']{1,120}@")
# A URI that was taken for a path has lost a slash.
_AS_PATH: Final = re.compile(r"(?<=:/)(?!/)[^/?#\s\"':@]{1,200}:[^/?#\s\"']{1,300}@")
# ?secret_key=..., &token=..., X-Amz-Signature=... as in cloud stores' and signed URIs
_SECRET_QUERY: Final = re.compile(
    r"([?&;](?:[\w.-]{0,100}(?:credential|key|passw|pwd|secret|signature|token)[\w.-]{0,100}|sig)"
    r"=)[^&#\s\"']+", re.IGNORECASE)
# password=... as in the settings of a database's connection
_SETTING: Final = re.compile(r"\b((?:passw\w{0,20}|pwd|secret\w{0,20})=)[^&;,#\s\"']+",
                             re.IGNORECASE)
_HEADER: Final = re.compile(r"\b(Basic|Bearer) [\w+/=.~-]{8,}")
# Of Hugging Face, AWS, GitHub, GitLab and Slack, signed web tokens, private keys.
_TOKEN: Final = re.compile(
    r"\bhf_[A-Za-z0-9]{16,}|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[opsur]_[A-Za-z0-9]{20,}"
    r"|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bxox[a-z]-[\w-]{10,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|-----BEGIN [A-Z ]*PRIVATE KEY-----")
# One of these is in each of them, and is sooner looked for.
_TOKEN_MARKS: Final = ("hf_", "AKIA", "ASIA", "ghp_", "gho_", "ghs_", "ghu_", "ghr_", "github_",
                         "glpat-", "xox", "eyJ", "PRIVATE KEY")
_HIDDEN: Final = "***"
# Variables and keys that hold a credential; those of files that do end in _PATH or _FILE.
_SECRET_NAME: Final = re.compile(
    r"(?:^|[_.-])(?:credentials?|pass|passwd|password|pwd|secret|token|(?:access|api|private|secret"
    r"|secret_access)[_-]?key)$", re.IGNORECASE)
_DIRECTORIES: Final = ("PWD", "OLDPWD")  # a shell's working directories, no passwords
_SHORTEST: Final = 8  # of a variable's value: a shorter one would be found in any text


def without_credentials(text: str) -> str:
    """Return the text with every credential in it cut out."""
    for value in _secrets():
        text = text.replace(value, _HIDDEN)
    if "@" in text:
        for pattern in (_USER_INFO, _SLASHED, _AS_PATH):
            text = pattern.sub("", text)
    if "=" in text:
        text = _SETTING.sub(rf"\1{_HIDDEN}", _SECRET_QUERY.sub(rf"\1{_HIDDEN}", text))
    if "Basic " in text or "Bearer " in text:
        text = _HEADER.sub(rf"\1 {_HIDDEN}", text)
    has_mark = any(mark in text for mark in _TOKEN_MARKS)
    return _TOKEN.sub(_HIDDEN, text) if has_mark else text


def without_credentials_in(data: Any) -> Any:
    """Return JSON data with every credential cut out of the texts in it."""
    if isinstance(data, str):
        return without_credentials(data)
    if isinstance(data, dict):
        return {key: without_credentials_in(value) for key, value in data.items()}
    return [*map(without_credentials_in, data)] if isinstance(data, list | tuple) else data


def holds_credentials(text: str) -> bool:
    """Return whether there is a credential in the text."""
    return without_credentials(text) != text


def credential_places(data: Any, place: str = "") -> Iterator[str]:
    """Yield the dotted keys of a study's mapping where a credential stands, in order.

    A text under a key such as `password` or `hub_token` is one, whatever it is. A key that is one
    itself is not repeated: the place is that of its mapping.
    """
    if isinstance(data, str) and holds_credentials(data):
        yield place
    elif isinstance(data, list):
        for index, item in enumerate(data):
            yield from credential_places(item, f"{place}.{index}".lstrip("."))
    elif isinstance(data, dict):
        for key, value in data.items():
            if holds_credentials(key):
                yield place
                continue
            below = f"{place}.{key}".lstrip(".")
            if isinstance(value, str) and value and _SECRET_NAME.search(key):
                yield below
            else:
                yield from credential_places(value, below)


def _secrets() -> list[str]:
    """Return the values of the variables that hold credentials, as they are and within JSON."""
    held = {value for name, value in os.environ.items()
            if len(value) >= _SHORTEST and _SECRET_NAME.search(name)
            and name.upper() not in _DIRECTORIES}
    found = held | {json.dumps(value, ensure_ascii=False)[1:-1] for value in held}
    return sorted(found, key=lambda value: (-len(value), value))
