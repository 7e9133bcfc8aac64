"""The command that brings what a study reads of the hub into a mirror: fetch."""

from __future__ import annotations

from collections.abc import Sequence

import click

from search.cli_options import console, mirror_option, set_option

__all__ = ["fetch"]


@click.command(epilog="\b\nExamples:\n  stiltune fetch xtreme-r --hub /shared/hub\n"
                      "  stiltune start xtreme-r --hub /shared/hub --address auto")
@click.argument("study")
@mirror_option
@set_option
def fetch(study: str, hub: str, overrides: Sequence[str]) -> None:
    """Bring what STUDY reads of the hub into a mirror, for machines without internet.

    Configuration, tokenizer and safetensors of its encoders, and of its data the files of the
    splits that it reads; never pickles or code. What is there whole is not fetched again. HF_TOKEN
    opens gated repositories.
    """
    from search.fetching import fetch_study

    fetch_study(study, overrides=tuple(overrides), hub=hub, console=console())
