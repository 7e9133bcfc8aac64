"""The page: one HTML file with the answer, the sections, and all that draws them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Final

from search.report.markup import csv_details, escaped, paragraph, table
from search.report.pieces import Figure, Material, Part, Section
from search.report.plots import DRAWING, figure_json, library
from search.report.sections import sections_of

__all__ = ["figures_of", "page", "render"]

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #222; --dim: #5c5c5c; --paper: #fff; --rule: #ddd;
        --link: #0072b2; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e6; --dim: #a8a8a8; --paper: #16181b; --rule: #3a3d42; --link: #56b4e9; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem 1rem 4rem; color: var(--ink);
       background: var(--paper); font: 16px/1.5 system-ui, sans-serif;
       overflow-wrap: break-word; }
h1 { font-size: 1.15rem; margin: 0; color: var(--dim); font-weight: 600; }
h2 { font-size: 1.3rem; margin: 2.6rem 0 .5rem; padding-top: .6rem;
     border-top: 1px solid var(--rule); }
h3 { font-size: 1rem; margin: 1.6rem 0 .3rem; }
p { margin: .45rem 0; }
a { color: var(--link); }
nav { font-size: .9rem; margin-top: 1rem; }
nav a { margin-right: .9rem; display: inline-block; }
.answer { font-size: 1.4rem; line-height: 1.35; margin: .5rem 0 .8rem; }
.note, figcaption, summary { color: var(--dim); font-size: .88rem; }
figure { margin: 1rem 0; }
.scroll { overflow-x: auto; }
.drawing { background: #fff; border-radius: 4px; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem .25rem 0; text-align: right; vertical-align: top;
         border-bottom: 1px solid var(--rule); }
th:first-child { text-align: left; font-weight: 500; }
thead th { color: var(--dim); font-weight: 600; vertical-align: bottom; }
tbody th { min-width: 7rem; }
pre { font-size: .8rem; overflow: auto; max-height: 18rem; border: 1px solid var(--rule);
      padding: .5rem; }
"""


def render(material: Material) -> str:
    """Return the page of a search: the same material and plotly give the same bytes."""
    return page(material.readout.search, sections_of(material))


def figures_of(sections: Sequence[Section]) -> list[Figure]:
    """Return the figures of sections, in order."""
    return [part for section in sections for part in section.parts if isinstance(part, Figure)]


def page(search: str, sections: Sequence[Section]) -> str:
    """Return the page of sections, the first of them the answer.

    It loads nothing: its Content-Security-Policy forbids every address but the page's own data,
    and every script but the two whose digests it holds.
    """
    answer, *rest = sections
    first, *more = answer.parts
    # Without a figure there is nothing to draw, and the page is a few kilobytes.
    scripts = [library(), DRAWING] if figures_of(sections) else []
    links = "".join(f'<a href="#{escaped(section.name)}">{escaped(section.title)}</a>'
                    for section in rest)
    return "\n".join([
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{escaped(search)}: stiltune report</title>",
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<header>",
        f"<h1>{escaped(answer.title)}</h1>",
        f'<p class="answer">{escaped(str(first))}</p>',
        *map(_part, more), f"<nav>{links}</nav>\n</header>\n<main>", *map(_section, rest),
        "</main>", *(f"<script>{script}</script>" for script in scripts), "</body>\n</html>\n"])


def _policy(scripts: Sequence[str]) -> str:
    digests = " ".join(f"'sha256-{_sha256(script)}'" for script in scripts) or "'none'"
    # Plotly sets styles from its script; its pictures for saving are data and blobs of the page.
    return (f"default-src 'none'; script-src {digests}; style-src 'unsafe-inline'; "
            "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'")


def _sha256(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _section(section: Section) -> str:
    parts = "\n".join(map(_part, section.parts))
    return (f'<section id="{escaped(section.name)}">\n<h2>{escaped(section.title)}</h2>\n'
            f"{parts}\n</section>")


def _part(part: Part) -> str:
    if isinstance(part, str):
        return paragraph(part)
    return _figure(part) if isinstance(part, Figure) else table(part)


def _figure(figure: Figure) -> str:
    name = escaped(figure.name)
    return (f'<figure>\n<figcaption>{escaped(figure.caption)}</figcaption>\n<div class="scroll">'
            f'<div class="drawing" id="figure-{name}" style="height:{figure.height}px;'
            f'min-width:{figure.min_width}px"></div></div>\n'
            f'<script type="application/json" data-figure="figure-{name}">{figure_json(figure)}'
            f"</script>\n{csv_details(figure.name, figure.numbers)}\n</figure>")
