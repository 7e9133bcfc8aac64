"""A Ray cluster of several nodes on this machine: real `ray start` processes, each killed alone."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

from tests.faults.kills import below
from tests.stiltune_process import PATIENCE

WAIT_SECONDS = max(120.0, PATIENCE / 5)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class RayNodes:
    """Nodes in token mode; `environment` holds the token and this Python first on the path."""

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="ray-"))  # short, for the names of sockets
        self.port, self.dashboard = free_port(), free_port()
        self.token = secrets.token_hex(32)
        self.environment = {
            "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.token,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        self.nodes: list[subprocess.Popen[bytes]] = []

    @property
    def address(self) -> str:
        """Where jobs are submitted."""
        return f"http://127.0.0.1:{self.dashboard}"

    def start_head(self, cpus: int) -> subprocess.Popen[bytes]:
        node = self._start(
            "--head", "--port", str(self.port), "--dashboard-port", str(self.dashboard),
            "--dashboard-host", "127.0.0.1", "--include-dashboard", "true",
            "--temp-dir", str(self._home), "--num-cpus", str(cpus))
        self._wait_for_dashboard(node)
        return node

    def add_node(self, cpus: int, name: str = "") -> subprocess.Popen[bytes]:
        """Start one more node, whose processes find its name in STILTUNE_TEST_NODE.

        One after the other: two that start at once take the same sockets, and die of it.
        """
        node = self._start("--address", f"127.0.0.1:{self.port}", "--num-cpus", str(cpus),
                           STILTUNE_TEST_NODE=name)
        self._wait_until_joined()
        return node

    def _wait_until_joined(self) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        living = sum(node.poll() is None for node in self.nodes)
        while time.monotonic() < deadline:
            told = json.loads(self._asked("/nodes?view=summary"))["data"]["summary"]
            if sum(each["raylet"].get("state") == "ALIVE" for each in told) >= living:
                return
            time.sleep(0.2)
        raise AssertionError(f"{living} nodes are not all there")

    def kill(self, node: subprocess.Popen[bytes]) -> None:
        """Kill a node at once, with everything that runs on it.

        Its workers, left alone, would go on for seconds until they miss it.
        """
        others = below(node.pid)
        os.killpg(node.pid, signal.SIGKILL)
        for number in others:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        node.wait()

    def close(self) -> None:
        for node in reversed(self.nodes):
            if node.poll() is None:
                self.kill(node)
        shutil.rmtree(self._home, ignore_errors=True)

    def _start(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        node = subprocess.Popen(
            [sys.executable, "-m", "ray.scripts.scripts", "start", "--block",
             "--disable-usage-stats", "--node-ip-address", "127.0.0.1", *_own_ports(), *arguments],
            env={**os.environ, **self.environment, **environment}, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.nodes.append(node)
        return node

    def _wait_for_dashboard(self, node: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            assert node.poll() is None
            try:
                self._asked("/api/version")
            except OSError:
                time.sleep(0.2)
            else:
                return
        raise AssertionError(f"no dashboard at {self.address}")

    def _asked(self, path: str) -> bytes:
        asked = urllib.request.Request(f"{self.address}{path}",
                                       headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return bytes(answer.read())


def _own_ports() -> list[str]:
    """Return ports that nodes of one machine would otherwise all take."""
    return [part for name in ("dashboard-agent-listen-port", "dashboard-agent-grpc-port",
                              "metrics-export-port", "runtime-env-agent-port")
            for part in (f"--{name}", str(free_port()))]
