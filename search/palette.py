"""Colours of every figure: Okabe and Ito's, which all common kinds of colour vision tell apart."""

from __future__ import annotations

from typing import Final

__all__ = ["BLUE", "GREEN", "GREY", "INK", "ORANGE", "PALE", "PURPLE", "RED", "SKY", "TASK_COLOURS"]

ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PURPLE = (
    "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")
TASK_COLOURS: Final = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED, YELLOW, "#999999")
GREY, PALE, INK = "#8A8A8A", "#E4E4E4", "#222222"
