"""Leases: one maker at a time; a dead maker's lease ends, at once or after a while."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from trainables.lease import FileLeases, LeaseBoard, leases_of
from trainables.workspace import Workspace

# Prints a line once it holds the lease, and goes on holding it.
_HOLDER = """
import sys, time
from pathlib import Path
from trainables.lease import FileLeases
with FileLeases(Path(sys.argv[1])).hold("entry") as granted:
    print(granted, flush=True)
    time.sleep(60)
"""


def test_one_process_at_a_time_holds_a_file_lease(tmp_path: Path) -> None:
    first, second = FileLeases(tmp_path), FileLeases(tmp_path, patience=0.05)
    with first.hold("entry") as granted:
        assert granted
        assert not second.is_free("entry")
        assert second.is_free("another")
        with second.hold("entry") as granted_too, second.hold("another") as another:
            assert not granted_too
            assert another
    assert second.is_free("entry")
    assert not list(tmp_path.iterdir())  # and leaves nothing behind


def test_who_waits_for_a_moment_gets_the_lease_that_ends_in_it(tmp_path: Path) -> None:
    holding, leases = threading.Event(), FileLeases(tmp_path, patience=10.0)

    def hold() -> None:
        with FileLeases(tmp_path).hold("entry"):
            holding.set()
            time.sleep(0.2)

    holder = threading.Thread(target=hold)
    holder.start()
    holding.wait()
    with leases.hold("entry") as granted:
        assert granted
    holder.join()


def test_a_killed_holder_holds_no_file_lease(tmp_path: Path) -> None:
    leases = FileLeases(tmp_path, patience=0.05)
    with subprocess.Popen([sys.executable, "-c", _HOLDER, str(tmp_path)],
                          stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"True\n"
        assert not leases.is_free("entry")
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with leases.hold("entry") as granted:
        assert granted


def test_many_holders_in_turn_never_overlap(tmp_path: Path) -> None:
    inside, most = 0, 0
    counted = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with FileLeases(tmp_path, patience=30.0).hold("entry") as granted:
                assert granted
                with counted:
                    inside += 1
                    most = max(most, inside)
                with counted:
                    inside -= 1

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert most == 1


def test_a_workspace_of_one_machine_has_file_leases(tmp_path: Path) -> None:
    workspace = Workspace(store=str(tmp_path / "store"), cache=str(tmp_path / "cache"),
                          one_machine=True)
    assert isinstance(leases_of(workspace), FileLeases)


def test_one_holder_at_a_time() -> None:
    board = LeaseBoard()
    assert board.acquire("entry", "first")
    assert not board.acquire("entry", "second")
    assert not board.is_free("entry")
    assert board.acquire("another", "second")


def test_the_holder_may_renew_and_a_release_frees() -> None:
    board = LeaseBoard()
    assert board.acquire("entry", "first")
    assert board.acquire("entry", "first")
    board.release("entry", "first")
    assert board.is_free("entry")
    assert board.acquire("entry", "second")


def test_only_the_holder_can_release() -> None:
    board = LeaseBoard()
    board.acquire("entry", "first")
    board.release("entry", "second")
    assert not board.acquire("entry", "second")


def test_a_lease_that_nobody_renews_runs_out() -> None:
    board = LeaseBoard(seconds=0.05)
    board.acquire("entry", "dead")
    time.sleep(0.06)
    assert board.is_free("entry")
    assert board.acquire("entry", "alive")
