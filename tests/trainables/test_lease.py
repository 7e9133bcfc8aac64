"""Leases: one maker at a time, and a dead maker's lease runs out."""

from __future__ import annotations

import time

from trainables.lease import LeaseBoard


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
