"""Published row counts: how many rows the hub's copy of a split is documented to have.

`published_rows.csv` holds a row for each split of a config: its rows, unlabelled ones included;
where a config mixes languages, a row for each beginning of ids (`ids`). What is not there is not
known: nothing is reckoned or guessed. Where its numbers come from:

- `num_examples` of `dataset_infos.json` and of the data cards' `dataset_info` in the last state of
  huggingface/datasets that held data sets (d7dfbc83 and before);
- TyDiQA-GoldP by language: validation as EleutherAI/lm-evaluation-harness counts it (#193), its
  sum the hub's 5,077; English train: Chung et al. 2020 (arXiv 2010.12821), table 11;
- the treebanks and WikiAnn languages of XTREME-R: the cards of their repositories.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib import resources

from spaces.data_sources import HubSource, Split
from spaces.tasks import Kind, Task

__all__ = ["published_rows"]

_Key = tuple[str, str, str, str]
"""Repository, config, split, and what the ids begin with."""


def published_rows(task: Task, language: str, split: Split) -> int | None:
    """Return how many rows a task's split has where it was published; None where not documented.

    Of plain text it is never known, for repeats of a text are left out.

    Raises:
        ValueError: if the language is not catalogued.
    """
    if task.kind is Kind.MLM:
        return None
    counts = [count for source in task.sources_of(split, language)
              for count in (_counts(source, language, split)
                            if isinstance(source, HubSource) else [None])]
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


def _counts(source: HubSource, language: str, split: Split) -> list[int | None]:
    """Return the rows of each of the splits there of which a split is made."""
    config, ids = source.config_of(language), source.prefix_of(language) or ""
    return [next(filter(None, (_published().get((name, config, part, ids))
                               for name in (source.repository, *source.copies))), None)
            for part in source.splits_of(split)]


@cache
def _published() -> Mapping[_Key, int]:
    with resources.files("spaces").joinpath("published_rows.csv").open(encoding="utf-8") as file:
        return {(row["repository"], row["config"], row["split"], row["ids"]): int(row["rows"])
                for row in csv.DictReader(file)}
