"""Costs: device time by role, and what the phase store saved. All of it is measured."""

from __future__ import annotations

from typing import Any, Final

from search.palette import BLUE, SKY
from search.report.markup import escaped
from search.report.pieces import Figure, Material, Numbers, Section
from search.text_tables import TextTable

__all__ = ["costs"]

_MINUTE: Final = 60.0
_TOTAL: Final = "total"


def costs(material: Material) -> Section:
    """Return what the search cost by role; times differ from run to run."""
    by_role = {str(role): cost for role, cost in material.readout.measured.get("cost", {}).items()}
    roles = {role: cost for role, cost in by_role.items() if role != _TOTAL}
    if not roles:
        return Section("costs", "Costs", ["Nothing was measured: no trial ended."])
    total = by_role.get(_TOTAL, {})
    parts: list[str | Figure | TextTable] = [
        f"{_minutes(total, 'device_seconds'):.1f} minutes of device time on "
        f"{total.get('device', 'an unknown device')}, {total.get('examples', 0):,} examples, "
        f"{total.get('tokens', 0):,} tokens, {total.get('flops', 0.0):.2e} training FLOPs. Phases "
        f"found in the store saved {_minutes(total, 'saved_seconds'):.1f} minutes more."]
    if any(cost["device_seconds"] or cost["saved_seconds"] for cost in roles.values()):
        parts.append(_figure(roles))
    return Section("costs", "Costs", parts)


def _minutes(cost: dict[str, Any], name: str) -> float:
    return float(cost.get(name, 0.0)) / _MINUTE


def _figure(roles: dict[str, dict[str, Any]]) -> Figure:
    names = [escaped(role) for role in roles]
    traces = [{
        "type": "bar", "orientation": "h", "name": title, "y": names,
        "x": [_minutes(cost, key) for cost in roles.values()], "marker": {"color": colour},
        "hoverinfo": "text",
        "hovertext": [f"{name}: {_minutes(cost, key):.2f} minutes {title}"
                      for name, cost in zip(names, roles.values(), strict=True)]}
        for title, key, colour in (("spent", "device_seconds", BLUE),
                                   ("saved by the store", "saved_seconds", SKY))]
    header = ("examples", "tokens", "flops", "device_seconds", "saved_seconds")
    return Figure(
        "costs", "Device time by why trials ran; measured, so other runs differ.", traces,
        {"barmode": "stack", "showlegend": True,
         "xaxis": {"title": {"text": "device time (minutes)"}},
         "yaxis": {"type": "category", "autorange": "reversed", "ticks": "", "showgrid": False}},
        Numbers(("role", *header, "device", "precision"),
                [(role, *(cost.get(key) for key in header), cost.get("device"),
                  cost.get("precision")) for role, cost in roles.items()]),
        height=130 + 34 * len(names))
