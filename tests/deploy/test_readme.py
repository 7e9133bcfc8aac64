"""The page on deployments names what is there: its files, its ports, its tests, few commands."""

from __future__ import annotations

import re

import pytest

from tests.deploy.manifests import DEPLOY, ROOT, of_kind
from tests.deploy.test_compose import EXAMPLE

TEXT = (DEPLOY / "README.md").read_text(encoding="utf-8")
SECTIONS = {title.strip(): body for title, body in
            re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)}


def table(section: str) -> list[list[str]]:
    """Return the rows of the table of a section."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")]
            for line in SECTIONS[section].splitlines() if line.startswith("|")]
    return rows[2:]


def test_its_list_of_files_is_what_is_there() -> None:
    there = {path.relative_to(DEPLOY).as_posix() for path in DEPLOY.rglob("*")
             if path.is_file() and path.suffix != ".pyc" and path.name not in ("README.md", ".env")}
    assert {row[0].strip("`") for row in table("What each file is")} == there


@pytest.mark.parametrize("section", ["A laptop", "One GPU box", "Slurm", "Kubernetes"])
def test_every_way_takes_under_ten_commands(section: str) -> None:
    for block in re.findall(r"```\n(.*?)```", SECTIONS[section], re.DOTALL):
        assert 0 < len(block.splitlines()) < 10


def test_the_files_in_its_commands_are_there() -> None:
    for path in re.findall(r"(?:^|\s|/opt/stiltune/)(deploy/[\w./-]+)", TEXT):
        assert path == "deploy/mlflow/.env" or (ROOT / path).exists(), path


def test_the_secrets_that_it_makes_are_those_that_manifests_read() -> None:
    made = set(re.findall(r"create secret generic ([\w-]+)", TEXT))
    read: set[str] = set()
    for kind in ("RayCluster", "RayJob", "Deployment", "StatefulSet"):
        for document in of_kind(kind).values():
            read |= set(re.findall(
                r"'(?:secretRef|secretKeyRef)': \{'name': '([\w-]+)'", str(document)))
            read |= set(re.findall(r"'secretName': '([\w-]+)'", str(document)))
    assert made == read


def test_it_makes_settings_as_their_example_says() -> None:
    (command,) = re.findall(r"umask 077; (while .*)\)$", EXAMPLE, re.MULTILINE)
    assert command in TEXT


def test_its_ports_are_the_ones_that_policies_open() -> None:
    opened = {f"{port['port']}-{port['endPort']}" if "endPort" in port else str(port["port"])
              for policy in of_kind("NetworkPolicy").values()
              for rule in policy["spec"].get("ingress", ()) for port in rule["ports"]}
    shown = {row[2] for row in table("Security") if not row[3].startswith("nobody")}
    assert shown == opened


def test_its_ports_under_slurm_are_the_scripts() -> None:
    script = (DEPLOY / "slurm/study.sbatch").read_text(encoding="utf-8")
    (first,) = re.findall(r"^ports=\$\{STILTUNE_PORTS:-(\d+)\}", script, re.MULTILINE)
    offsets = [0] + [int(each) for each in re.findall(r"-port=\$\(\(ports \+ (\d+)\)\)", script)]
    used = {int(first) + offset for offset in offsets}
    shown = {int(port) for row in table("Security") for port in re.findall(r"\d+", row[1])}
    assert shown == used


def test_every_promise_has_a_test_that_is_there() -> None:
    rows = table("Promises")
    named = {test for row in rows for test in re.findall(r"`(tests/[\w/.]+)`", row[1])}
    assert all(re.search(r"`tests/", row[1]) for row in rows)
    assert all((ROOT / test).is_file() for test in named)
    own = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests/deploy").glob("test_*.py")}
    assert own <= named


def test_nothing_here_ends_the_ray_of_others() -> None:
    for path in DEPLOY.rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            for line in path.read_text(encoding="utf-8").splitlines():
                assert "ray stop" not in line or line.lstrip().startswith("#")
