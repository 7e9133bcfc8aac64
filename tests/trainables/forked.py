"""Two worker processes at once, as a test's other half."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from typing import Any

__all__ = ["run_two"]


def run_two(work: Callable[..., None], *arguments: Any) -> None:
    """Run `work(rank, *arguments)` in two processes and see both of them end well."""
    forked = multiprocessing.get_context("fork")  # spawned ones would import torch again
    both = [forked.Process(target=work, args=(rank, *arguments)) for rank in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
