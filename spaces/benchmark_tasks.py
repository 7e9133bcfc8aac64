"""The benchmarks' tasks, stated as data: what they are and where on the Hugging Face hub they lie.

Languages, splits and labels are those of the repositories named there. The nine intermediate tasks
of Phang et al. 2020 (arXiv 2005.13013) are here but for CCG, whose licence keeps it off the hub; so
are the target tasks of XTREME (Hu et al. 2020, arXiv 2003.11080) and of XTREME-R (Ruder et al.
2021, arXiv 2104.07412), as far as the hub holds them.
"""

from __future__ import annotations

from typing import Final

from spaces.catalogue.choices import CHOICE_TASKS
from spaces.catalogue.pairs import PAIR_TASKS
from spaces.catalogue.questions import QUESTION_TASKS
from spaces.catalogue.retrieval import RETRIEVAL_TASKS
from spaces.catalogue.tagging import TAGGING_TASKS
from spaces.catalogue.texts import TEXT_TASKS
from spaces.tasks import Task

__all__ = ["BENCHMARK_TASKS"]

BENCHMARK_TASKS: Final[tuple[Task, ...]] = (
    PAIR_TASKS + TAGGING_TASKS + QUESTION_TASKS + CHOICE_TASKS + RETRIEVAL_TASKS + TEXT_TASKS)
