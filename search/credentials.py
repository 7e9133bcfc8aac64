"""Credentials: what of a text may be shown, logged or sent on."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["without_credentials"]

# scheme://user:password@host; the user part ends at the last @ before the path.
_USER_INFO: Final = re.compile(r"(?<=://)[^/?#\s\"']+@")
# ?secret_key=..., &token=... as in pyarrow's and cloud stores' URIs
_SECRET_QUERY: Final = re.compile(
    r"([?&][\w.-]*(?:key|password|secret|signature|token)[\w.-]*=)[^&#\s\"']+", re.IGNORECASE
)


def without_credentials(text: str) -> str:
    """Return the text with `user:password@` and secret query values cut from every URI in it."""
    return _SECRET_QUERY.sub(r"\1***", _USER_INFO.sub("", text))
