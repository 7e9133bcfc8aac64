"""The benchmarks: which tasks and languages make up XTREME and XTREME-R, and what stands for them.

Tasks, languages and metrics are those of google-research/xtreme, `evaluate.py` at 838c13b6: XTREME
is Hu et al. 2020 (arXiv 2003.11080), XTREME-R is Ruder et al. 2021 (arXiv 2104.07412). LAReQA,
which the evaluator lists without languages, has those of the XQuAD-R files.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Final

from spaces.value import Value

__all__ = ["BENCHMARKS", "Benchmark", "BenchmarkTask", "Category", "Missing", "find_benchmark"]

Pair = tuple[str, str]
"""A task of the catalogue, or of a benchmark, and a language."""


class Category(StrEnum):
    """What the tasks of a benchmark are averaged by."""

    CLASSIFICATION = "sentence-pair classification"
    CHOICE = "multiple choice"
    STRUCTURE = "structured prediction"
    QA = "question answering"
    RETRIEVAL = "retrieval"


class BenchmarkTask(Value):
    """A task as a benchmark has it.

    `task` is the one of the catalogue that stands for it, None where none does; `note` says why
    none does, or in what its rows differ from the benchmark's, and is empty where they do not.
    `trained_on` names what the benchmark tunes on before it scores the task, as catalogue tasks,
    in order. Rows of a `parallel` task that have one id are translations of each other.
    """

    name: str
    task: str | None
    category: Category
    languages: tuple[str, ...]
    trained_on: tuple[str, ...] = ()
    parallel: bool = False
    note: str = ""


class Missing(Value):
    """The languages of a benchmark's task without a score; all of them where the task has none."""

    task: str
    languages: tuple[str, ...]
    of_languages: int
    note: str = ""


class Benchmark(Value):
    """A named set of tasks, each with its languages; its score is the mean over the tasks."""

    name: str
    title: str
    tasks: tuple[BenchmarkTask, ...]

    @property
    def languages(self) -> tuple[str, ...]:
        """Every language of any task, sorted."""
        return tuple(sorted({code for task in self.tasks for code in task.languages}))

    def scored(self, pairs: Collection[Pair]) -> tuple[tuple[BenchmarkTask, tuple[str, ...]], ...]:
        """Return the tasks that have scores, each with its languages that have one.

        Args:
            pairs: (catalogue task, language) of every score at hand; the others are passed over.
        """
        found = ((task, tuple(code for code in task.languages if (task.task, code) in pairs))
                 for task in self.tasks)
        return tuple((task, languages) for task, languages in found if languages)

    def missing(self, pairs: Collection[Pair]) -> tuple[Missing, ...]:
        """Return what of the benchmark is missing from scores of these pairs, task by task.

        Args:
            pairs: (catalogue task, language) of every score at hand.
        """
        lacking = ((task, tuple(code for code in task.languages if (task.task, code) not in pairs))
                   for task in self.tasks)
        return tuple(Missing(task=task.name, languages=codes, of_languages=len(task.languages),
                             note="" if task.task else task.note)
                     for task, codes in lacking if codes)


def find_benchmark(name: str) -> Benchmark:
    """Return the benchmark of a name.

    Raises:
        ValueError: if there is none.
    """
    for benchmark in BENCHMARKS:
        if benchmark.name == name:
            return benchmark
    raise ValueError(f"a benchmark must be one of {', '.join(each.name for each in BENCHMARKS)}, "
                     f"got {name!r}")


def _codes(*listed: str) -> tuple[str, ...]:
    return tuple(sorted(code for part in listed for code in part.split()))


_XNLI = _codes("ar bg de el en es fr hi ru sw th tr ur vi zh")
_UDPOS = _codes("af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th "
                "tl tr ur vi yo zh")
_PANX = _codes("af ar bg bn de el en es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr ms my "
               "nl pt ru sw ta te th tl tr ur vi yo zh")
_XQUAD = _codes("ar de el en es hi ru th tr vi zh")
_TATOEBA = _codes("af ar bg bn de el es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr nl pt "
                  "ru sw ta te th tl tr ur vi zh")


def _xnli() -> BenchmarkTask:
    return BenchmarkTask(name="XNLI", task="xnli", category=Category.CLASSIFICATION,
                         languages=_XNLI, trained_on=("mnli",), parallel=True)


def _udpos(*more: str) -> BenchmarkTask:
    return BenchmarkTask(
        name="UD-POS", task="udpos", category=Category.STRUCTURE, languages=_codes(*_UDPOS, *more),
        trained_on=("udpos",), note="the hub's copy keeps the words of which a fused token is made")


def _panx(*more: str) -> BenchmarkTask:
    return BenchmarkTask(name="PAN-X", task="panx", category=Category.STRUCTURE,
                         languages=_codes(*_PANX, *more), trained_on=("panx",))


def _questions(*more: str) -> Iterable[BenchmarkTask]:
    yield BenchmarkTask(name="XQuAD", task="xquad", category=Category.QA, parallel=True,
                        languages=_codes(*_XQUAD, *more), trained_on=("squad",))
    yield BenchmarkTask(name="MLQA", task="mlqa", category=Category.QA, parallel=True,
                        languages=_codes("ar de en es hi vi zh"), trained_on=("squad",))
    yield BenchmarkTask(name="TyDiQA-GoldP", task="tydiqa", category=Category.QA,
                        languages=_codes("ar bn en fi id ko ru sw te"), trained_on=("tydiqa",))


def _tatoeba(*more: str, trained_on: tuple[str, ...] = ()) -> BenchmarkTask:
    note = f"the hub's copy has no {' '.join(more)}" if more else ""
    return BenchmarkTask(name="Tatoeba", task="tatoeba", category=Category.RETRIEVAL,
                         languages=_codes(*_TATOEBA, *more), trained_on=trained_on, note=note)


BENCHMARKS: Final[tuple[Benchmark, ...]] = (
    Benchmark(name="xtreme", title="XTREME", tasks=(
        _xnli(),
        BenchmarkTask(name="PAWS-X", task="pawsx", category=Category.CLASSIFICATION, parallel=True,
                      languages=_codes("de en es fr ja ko zh"), trained_on=("pawsx",)),
        _udpos(),
        _panx(),
        *_questions(),
        BenchmarkTask(name="BUCC", task=None, category=Category.RETRIEVAL,
                      languages=_codes("de fr ru zh"),
                      note="the hub holds its gold pairs without the sentences to tell them from"),
        _tatoeba(),
    )),
    Benchmark(name="xtreme-r", title="XTREME-R", tasks=(
        _xnli(),
        BenchmarkTask(name="XCOPA", task="xcopa", category=Category.CHOICE, parallel=True,
                      languages=_codes("et ht id it qu sw ta th tr vi zh"),
                      trained_on=("siqa", "copa")),
        _udpos("lt", "pl", "ro", "uk", "wo"),
        _panx("az", "gu", "lt", "pa", "pl", "qu", "ro", "uk"),
        *_questions("ro"),
        BenchmarkTask(name="LAReQA", task="lareqa", category=Category.RETRIEVAL, parallel=True,
                      languages=_XQUAD, trained_on=("squad",)),
        BenchmarkTask(name="Mewsli-X", task="mewsli-x", category=Category.RETRIEVAL,
                      languages=_codes("ar de en es fa ja pl ro ta tr uk"),
                      trained_on=("mewsli-x",)),
        _tatoeba("az", "lt", "pl", "ro", "uk", trained_on=("squad",)),
    )),
)
"""The benchmarks, each with its tasks in its own order."""
