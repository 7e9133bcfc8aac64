"""The embedded lab: multilingual text of the Unicode CLDR with exact labels, offline."""

from __future__ import annotations

from trainables.lab.lab import Lab

__all__ = ["Lab"]
