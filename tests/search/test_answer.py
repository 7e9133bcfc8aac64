"""The end of a search finds matplotlib imported."""

import subprocess
import sys

HEAR = """
import sys, threading
from search.answer import illustrator
from search.journal import Event
def heard(kind):
    illustrator(Event(sequence=0, time=0.0, kind=kind, trial="a", data={}))
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join()
    return "matplotlib" in sys.modules
print(heard("suggested"), heard("started"))
"""


def test_matplotlib_is_imported_once_a_trial_has_started_and_not_before() -> None:
    shown = subprocess.run([sys.executable, "-c", HEAR], check=True, capture_output=True, text=True)
    assert shown.stdout.split() == ["False", "True"]
