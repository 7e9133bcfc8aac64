"""The process that sends a search's journal to MLflow, beside the search and never in its way.

A process and not a thread: importing MLflow and making its first database take 5 s of Python,
which in a thread held up the search's own start by as much, and beside it cost nothing.
Its environment, its logging and its crashes are its own too.
"""

from __future__ import annotations

import fcntl
import logging
import math
import os
import queue
import sys
import threading
import time
from typing import BinaryIO, Final

from search.credentials import without_credentials
from search.spool import Ack, Settings, Spool
from search.tracking_client import Away
from search.tracking_writer import Writer

__all__ = ["CLOSE", "main", "send"]

# Events that come together are sent together: a trial's end is several of them.
_GATHER_SECONDS: Final = 1.0
_FIRST_WAIT_SECONDS: Final = 0.5
_LONGEST_WAIT_SECONDS: Final = 30.0
_LAST_ATTEMPTS: Final = 3  # once the search has ended
CLOSE: Final = b"close"


def send(writer: Writer, inbox: queue.SimpleQueue[bytes]) -> None:
    """Deliver whenever the inbox stirs, until it says to close or its sender is gone.

    A sender that is gone (an empty message: killed) gets one attempt more, a closing one three.
    """
    attempts_left = math.inf  # however often MLflow was away, until the search has ended
    wait = _FIRST_WAIT_SECONDS
    while attempts_left > 0:
        try:
            writer.deliver()
        except Away as away:
            writer.acks.add(Ack(problem=without_credentials(str(away))))
            attempts_left -= 1
            message = _heard(inbox, wait)
            wait = min(2 * wait, _LONGEST_WAIT_SECONDS)
        else:
            if writer.acks.problem:
                writer.acks.add(Ack(problem=""))
            wait = _FIRST_WAIT_SECONDS
            if attempts_left < math.inf:
                return
            message = inbox.get()
            if message not in (CLOSE, b""):
                message = _heard(inbox, _GATHER_SECONDS)
        if message == CLOSE:
            attempts_left, wait = _LAST_ATTEMPTS, _FIRST_WAIT_SECONDS
        elif message == b"":
            attempts_left = 1


def _heard(inbox: queue.SimpleQueue[bytes], seconds: float) -> bytes | None:
    """Wait; events do not shorten it, the end of the search does. Return the last message."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        try:
            message = inbox.get(timeout=left)
        except queue.Empty:
            return None
        if message in (CLOSE, b""):
            return message
    return None


def main() -> None:
    """Run the writer: settings on the first line of standard input, then one line an event."""
    lines = os.fdopen(0, "rb")
    settings = Settings.model_validate_json(lines.readline())
    handler = logging.StreamHandler()
    handler.setFormatter(_Discreet("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    sys.excepthook = lambda *raised: logging.critical("the writer ended", exc_info=raised)
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(lines, inbox), daemon=True).start()
    with Spool(settings.spool).lock.open("w") as lock:
        # The writer of a search killed a moment ago may still be at its last attempt.
        fcntl.flock(lock, fcntl.LOCK_EX)
        send(Writer(settings), inbox)


class _Discreet(logging.Formatter):
    """A formatter that shows no credentials."""

    def format(self, record: logging.LogRecord) -> str:
        return without_credentials(super().format(record))


def _listen(lines: BinaryIO, inbox: queue.SimpleQueue[bytes]) -> None:
    for line in lines:
        inbox.put(line.strip() or b".")
    inbox.put(b"")
