"""A search starts when its cluster is whole, and leaves no request behind."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.deploy.programs import load


class Ray:
    """A cluster that grows by one look: each has (nodes, GPUs); it stays as it was last."""

    def __init__(self, looks: Iterable[tuple[int, int]]) -> None:
        given = list(looks)
        self._looks = itertools.chain(given, itertools.repeat(given[-1]))
        self._now = (0, 0)
        self.requests: list[Any] = []
        self.events: list[str] = []
        self.address = ""

    def init(self, address: str, log_to_driver: bool) -> None:
        self.address = address
        self.events.append("joined")

    def nodes(self) -> list[dict[str, bool]]:
        self._now = next(self._looks)
        return [{"Alive": True}] * self._now[0] + [{"Alive": False}]

    def cluster_resources(self) -> dict[str, float]:
        return {"GPU": float(self._now[1])} if self._now[1] else {}

    def request_resources(self, bundles: list[dict[str, int]]) -> None:
        self.events.append(f"asked for {len(bundles)}")
        self.requests.append(bundles)

    def shutdown(self) -> None:
        self.events.append("left")


@pytest.fixture(scope="module")
def program() -> ModuleType:
    return load("wait_for_cluster.py")


@pytest.fixture
def cluster(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a cluster in Ray's place, and has no second pass."""
    def put(*looks: tuple[int, int]) -> Ray:
        ray = Ray(looks)
        monkeypatch.setitem(sys.modules, "ray", ray)  # type: ignore[arg-type]
        monkeypatch.setitem(sys.modules, "ray.autoscaler", ModuleType("ray.autoscaler"))
        monkeypatch.setitem(sys.modules, "ray.autoscaler.sdk", SimpleNamespace(
            request_resources=ray.request_resources))  # type: ignore[arg-type]
        clock = itertools.count()
        monkeypatch.setattr(program, "time", SimpleNamespace(
            monotonic=lambda: float(next(clock)), sleep=lambda seconds: None))
        return ray
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    return put


def test_it_waits_for_every_node(program: ModuleType, cluster: Any, capsys: Any) -> None:
    ray = cluster((1, 0), (1, 0), (3, 0))
    assert program.main(["--address", "here:1", "--nodes", "3"]) == 0
    assert ray.address == "here:1"
    assert ray.events == ["joined", "left"]
    assert capsys.readouterr().out.splitlines() == [
        "1 of 3 nodes, 0 of 0 GPUs", "3 of 3 nodes, 0 of 0 GPUs"]


def test_it_asks_for_gpus_and_takes_the_request_back(program: ModuleType, cluster: Any) -> None:
    ray = cluster((2, 0), (4, 2), (6, 4))
    assert program.main(["--gpus", "4", "--ask"]) == 0
    assert ray.requests == [[{"GPU": 1}] * 4, []]
    assert ray.events == ["joined", "asked for 4", "asked for 0", "left"]


def test_it_asks_for_nothing_that_it_was_not_told_to(program: ModuleType, cluster: Any) -> None:
    ray = cluster((2, 4))
    program.main(["--gpus", "4"])
    assert ray.requests == []


def test_what_does_not_come_in_time_is_said(program: ModuleType, cluster: Any, capsys: Any) -> None:
    ray = cluster((2, 1))
    assert program.main(["--gpus", "4", "--ask", "--seconds", "5"]) == 1
    assert capsys.readouterr().err == (
        "the cluster must have them within 5 s, got 2 of 0 nodes, 1 of 4 GPUs\n")
    assert ray.events[-2:] == ["asked for 0", "left"]


@pytest.mark.parametrize(("looks", "became"), [((3, 0), [("run", ["run", "--nodes", "--", "x"])]),
                                               ((2, 0), [])])
def test_it_becomes_the_command_only_once_all_is_there(
    program: ModuleType, cluster: Any, monkeypatch: pytest.MonkeyPatch,
    looks: tuple[int, int], became: list[Any],
) -> None:
    ray, calls = cluster(looks), []
    monkeypatch.setattr(program.os, "execvp", lambda *given: calls.append(given))
    program.main(["--nodes", "3", "--seconds", "2", "--", "run", "--nodes", "--", "x"])
    assert calls == became
    assert ray.events[-1] == "left"


@pytest.mark.parametrize(("given", "mode"), [
    ({"RAY_AUTH_TOKEN_PATH": "/a"}, "token"), ({"RAY_AUTH_TOKEN": "a"}, "token"), ({}, None),
    ({"RAY_AUTH_TOKEN": "a", "RAY_AUTH_MODE": "disabled"}, "disabled")])
def test_it_says_the_mode_of_the_token(
    program: ModuleType, cluster: Any, monkeypatch: pytest.MonkeyPatch,
    given: dict[str, str], mode: str | None,
) -> None:
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    # What the program sets is undone with what the test sets.
    monkeypatch.setenv("RAY_AUTH_MODE", "")
    monkeypatch.delenv("RAY_AUTH_MODE")
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    cluster((1, 0))
    program.main(["--nodes", "1"])
    assert program.os.environ.get("RAY_AUTH_MODE") == mode
