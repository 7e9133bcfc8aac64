"""The workspace: where a search's data, cache and phase store lie, and how its trials compute."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from spaces.value import Value

__all__ = ["Precision", "Workspace"]

Precision = Literal["auto", "float32", "bfloat16"]


class Workspace(Value):
    """What every trial of a search shares, and no score depends on but through `precision`.

    `store` is a directory or a pyarrow filesystem URI; `cache` a directory for data made,
    checked or tokenised once; `hub` an offline mirror of hub repositories, None for the hub itself.
    `one_machine` says that only processes of one machine make entries of the store. `precision`
    auto is bfloat16 on a CUDA device that has it, float32 elsewhere.
    """

    store: str
    cache: str
    hub: str | None = None
    workers: Annotated[int, Field(gt=0)] = 1
    one_machine: bool = False
    precision: Precision = "auto"
