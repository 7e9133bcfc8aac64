"""The live view: trials done of total, running, best so far, elapsed, left, and who does what."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from search.agenda import Agenda
from search.results import Outcome, Role
from trainables.messages import Message

__all__ = ["LiveView"]

# Without a terminal a line is printed at most this often, in seconds.
LINE_EVERY_SECONDS = 10.0


class LiveView:
    """Shows a running search on a terminal, or as a line now and then where there is none."""

    def __init__(self, name: str, agenda: Agenda, console: Console) -> None:
        self._name, self._agenda, self._console = name, agenda, console
        self._began = time.monotonic()
        self._done_before = len(agenda.results)
        self._doing: dict[str, str] = {}
        self._last_line = 0.0
        self._best: tuple[str, float] | None = None
        self._live = Live(get_renderable=self.render, console=console, refresh_per_second=2,
                          transient=True) if console.is_terminal else None

    def __enter__(self) -> LiveView:
        if self._live is not None:
            self._live.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._live is not None:
            self._live.__exit__(kind, error, trace)

    def changed(self, trial: str, message: Message) -> None:
        """Take note of a trial's message."""
        if message.kind == "doing":
            self._doing[trial] = message.doing
        elif message.kind in ("ended", "finished"):
            self._doing.pop(trial, None)
            self._note_best(trial)
        if self._live is None and time.monotonic() - self._last_line >= LINE_EVERY_SECONDS:
            self._last_line = time.monotonic()
            self._console.print(self._line(), highlight=False)

    def _note_best(self, trial: str) -> None:
        result = self._agenda.results.get(trial)
        if result is None or result.role is not Role.SEARCH or result.scores is None:
            return
        value = self._agenda.selection_points(result.scores)
        if value is not None and (self._best is None or value > self._best[1]):
            self._best = (trial, value)

    def _line(self) -> str:
        done, total = len(self._agenda.results), self._agenda.total
        parts = [f"{self._name}: {done} of {total} trials done, "
                 f"{len(self._agenda.running)} running"]
        if self._best is not None:
            parts.append(f"best so far {self._best[1]:.1f} points ({self._best[0]})")
        failed = sum(result.outcome is Outcome.FAILED for result in self._agenda.results.values())
        if failed:
            parts.append(f"{failed} failed")
        elapsed = time.monotonic() - self._began
        parts.append(f"{_clock(elapsed)} elapsed")
        left = self._seconds_left(elapsed)
        parts.append(f"about {_clock(left)} left" if left is not None else "time left unknown yet")
        return " · ".join(parts)

    def _seconds_left(self, elapsed: float) -> float | None:
        done = len(self._agenda.results) - self._done_before
        if done < 2:
            return None
        return elapsed / done * (self._agenda.total - len(self._agenda.results))

    def render(self) -> RenderableType:
        """Return the view as it looks now: a line of figures, a bar, a row per running trial."""
        # A bare bar ends without a line break, and the table's first row would follow it unseen.
        bar = Table.grid(expand=True)
        bar.add_row(ProgressBar(total=max(1, self._agenda.total),
                                completed=len(self._agenda.results), width=None))
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column(style="cyan", no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(justify="right", style="dim")
        now = time.time()
        for trial, since in sorted(self._agenda.running.items()):
            doing = self._doing.get(trial, "waits for a worker")
            table.add_row(trial, doing, _clock(now - since))
        return Group(Text(self._line()), bar, table)


def _clock(seconds: float) -> str:
    """Return seconds as m:ss, or h:mm:ss from an hour on."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
