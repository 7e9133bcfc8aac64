"""Preparation: the lab's data is made beside Ray's start.

Making the lab's data takes seconds of one core, once. A process of its own does it while this one
starts Ray and while the first trial pretrains the encoder, which needs the tokenizer alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Final

from search.data_faults import needs_of
from search.study import Study
from spaces.data_sources import LabSource
from spaces.models import LabModel, SimulatedModel
from trainables.workspace import Workspace

__all__ = ["Preparation"]

# The process imports the very copy of stiltune that started it, from any working directory.
_MAKER: Final = ("import sys; sys.path[:] = sys.argv[1:]; "
                 "from trainables.lab.prepare import main; main()")


class Preparation:
    """Makes the lab's data that a study reads, in a process beside this one."""

    def __init__(self, study: Study, workspace: Workspace) -> None:
        self._wanted = {
            "cache": workspace.cache,
            "vocabularies": sorted({model.vocabulary for model in study.models
                                    if isinstance(model, LabModel)}),
            "rows": list(_lab_rows(study)),
        }
        self._maker: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Preparation:
        if self._wanted["vocabularies"] or self._wanted["rows"]:
            self._maker = subprocess.Popen(
                [sys.executable, "-c", _MAKER, *sys.path], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
            assert self._maker.stdin is not None
            self._maker.stdin.write(json.dumps(self._wanted).encode())
            self._maker.stdin.close()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._maker is not None:
            self._maker.kill()
            self._maker.wait()
            assert self._maker.stdout is not None
            self._maker.stdout.close()

    def wait(self) -> None:
        """Wait until a first trial can start: tokenizers are made, rows may still follow.

        Had the maker failed, that trial would make them itself, and say why it cannot.
        """
        if self._maker is not None:
            assert self._maker.stdout is not None
            self._maker.stdout.readline()


def _lab_rows(study: Study) -> Iterator[tuple[str, str]]:
    """Yield each (task, language) of the lab that trials read, what controls read first."""
    if all(isinstance(model, SimulatedModel) for model in study.models):
        return  # nothing reads a row
    read = [(task, dict.fromkeys((*scored, *trained))) for task, trained, scored in needs_of(study)
            if isinstance(task.source, LabSource)]
    for task, codes in sorted(read, key=lambda each: each[0] not in study.target_tasks):
        yield from ((task.name, code) for code in codes)
