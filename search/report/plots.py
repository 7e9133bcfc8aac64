"""Plotly: figures as checked JSON in one style, and the JavaScript that draws them in a page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from search.palette import GREY, INK, PALE
from search.report.pieces import Figure

__all__ = ["DRAWING", "figure_json", "library"]

_DECIMALS: Final = 6  # of all numbers drawn, so that a last bit changes no byte

_AXIS: Final = {"automargin": True, "gridcolor": PALE, "linecolor": GREY, "zerolinecolor": GREY,
                "zeroline": False, "ticks": "outside", "tickcolor": GREY}
_LAYOUT: Final = {
    "autosize": True,
    "font": {"family": "system-ui, sans-serif", "size": 13, "color": INK},
    "hoverlabel": {"align": "left", "bgcolor": "white", "font": {"color": INK}},
    "hovermode": "closest",
    "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 0, "yanchor": "bottom",
               "yref": "container"},  # beneath, for plotly's buttons are above
    "margin": {"l": 8, "r": 12, "t": 40, "b": 52},  # above: plotly's buttons
    "paper_bgcolor": "white",
    "plot_bgcolor": "white",
    "template": {},  # plotly's own style would be longer than most figures
}
_CONFIG: Final = {
    "displayModeBar": "hover", "displaylogo": False, "responsive": True,
    "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"],
}

DRAWING: Final = """
for (const data of document.querySelectorAll('script[type="application/json"][data-figure]')) {
  const figure = JSON.parse(data.textContent);
  Plotly.newPlot(data.dataset.figure, figure.data, figure.layout, figure.config);
}
"""
"""The script that draws each figure into the element that its data names."""


def library() -> str:
    """Return plotly's JavaScript, about 5 MB; plotly ships no smaller bundle."""
    return str(get_plotlyjs())


def figure_json(figure: Figure) -> str:
    """Return a figure as JSON that may stand in a page: it holds no `<`, `>` or `&`.

    Raises:
        ValueError: if plotly knows no such trace or attribute.
    """
    drawn = go.Figure({"data": [dict(trace) for trace in figure.traces],
                       "layout": _styled(figure)}).to_plotly_json()
    text = json.dumps(_rounded({"data": drawn["data"], "layout": drawn["layout"],
                                "config": _CONFIG}),
                      separators=(",", ":"), sort_keys=True, allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _styled(figure: Figure) -> dict[str, Any]:
    layout = {**_LAYOUT, "height": figure.height, "xaxis": {}, "yaxis": {}, **figure.layout}
    return {key: {**_AXIS, **value} if key.startswith(("xaxis", "yaxis")) else value
            for key, value in layout.items()}


def _rounded(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {key: _rounded(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_rounded(value) for value in data]
    return round(data, _DECIMALS) + 0.0 if isinstance(data, float) else data
