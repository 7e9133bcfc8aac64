"""Whom a search lets in, and what it leaves behind: one on real Ray and MLflow, with secrets about.

Its Ray answers nobody without a token, and no file, process or output of it holds a secret.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from search.ray_ports import RAY_PORTS
from tests.listening_ports import Listening, answers, listening, tree_of
from tests.search.simulated_study import STUDY
from tests.stiltune_process import Stiltune

SECRETS = {name: f"planted-5ecret-{name[-6:]}" for name in (
    "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN", "HF_TOKEN")}
REFUSED = {"UNAUTHENTICATED", "401", "403"}
SMALL = ("models.0.seconds=1.5", "search.trials=3", "search.round_size=3", "confirmation.winners=0",
         "curve=null")


class Left(NamedTuple):
    """What a search said, ran and left: its output, command lines, ports and directories."""

    output: str
    commands: tuple[str, ...]
    ports: dict[Listening, dict[str, str]]
    directories: tuple[Path, ...]


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Left]:
    directory = tmp_path_factory.mktemp("access")
    (directory / "home").mkdir()
    (directory / "simulated.yaml").write_text(STUDY)
    session = Path(tempfile.mkdtemp(prefix="ray"))  # a short path, for Ray's sockets
    stiltune = Stiltune(directory)
    stiltune.environment |= SECRETS | {
        "HOME": str(directory / "home"), "RAY_TMPDIR": str(session)}
    process = stiltune.popen("start", "simulated.yaml", "--storage", "results", *(
        argument for each in SMALL for argument in ("--set", each)))
    try:
        stiltune.wait(process, lambda: bool(stiltune.finished("simulated-1")))
        commands = tree_of(process.pid)
        ports = {each: answers(each.port) for each in listening(commands)}
        assert process.poll() is None  # or else a port that is gone would pass for one that refuses
        output, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        yield Left(output + errors, tuple(commands.values()), ports, (directory, session))
    finally:
        process.kill()
        shutil.rmtree(session, ignore_errors=True)


def test_every_port_is_the_loopbacks(left: Left) -> None:
    assert len(left.ports) >= 6  # the driver's, a worker's, and those of Ray's own processes
    for each in left.ports:
        assert each.address.removeprefix("::ffff:").startswith("127."), each


def test_every_port_refuses_a_call_without_a_token_or_stands_in_the_table(left: Left) -> None:
    named = {port.number for port in RAY_PORTS if port.open_because}
    for each, found in left.ports.items():
        if each.port not in named:
            assert REFUSED & set(found.values()), (each, found)
            assert set(found.values()) <= REFUSED | {"no HTTP"}, (each, found)


def test_the_token_is_its_owners_alone(left: Left) -> None:
    token = left.directories[0] / "home" / ".ray" / "auth_token"
    assert token.stat().st_mode & 0o077 == 0
    assert len(token.read_text()) == 64


def test_no_secret_is_left_behind(left: Left) -> None:
    files = [path for directory in left.directories for path in directory.rglob("*")
             if path.is_file() and not path.is_symlink()]
    assert {"journal.jsonl", "mlflow.db", "writer.log", "gcs_server.out", "raylet.out"} <= {
        path.name for path in files}
    held = {str(path): path.read_bytes() for path in files}
    held |= {"its output": left.output.encode(), "arguments": "\n".join(left.commands).encode()}
    for where, data in held.items():
        for name, secret in SECRETS.items():
            assert secret.encode() not in data, (name, where)
