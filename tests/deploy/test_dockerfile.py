"""The image installs what the README installs, at exact versions, for somebody without rights."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deploy.manifests import DEPLOY, ROOT, of_kind, pods

TEXT = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
STEPS = [line.strip() for line in re.sub(r"\\\n", " ", TEXT).splitlines()
         if line.strip() and not line.startswith("#")]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PINS = dict(line.split("==") for line in
            (DEPLOY / "constraints.txt").read_text(encoding="utf-8").splitlines()
            if line and not line.startswith("#"))
VERSIONS = {canonicalize_name(name): version for name, version in PINS.items()}


def stages() -> dict[str, list[str]]:
    """Return the steps of each stage by its name."""
    found: dict[str, list[str]] = {}
    for step in STEPS:
        if step.startswith("FROM "):
            found[step.split(" AS ")[1]] = []
        found[list(found)[-1]].append(step)
    return found


def test_it_installs_as_the_readme_does() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (install,) = re.findall(r"^(pip install .*?) && stiltune start lab$", readme, re.MULTILINE)
    assert [step for step in stages()["stiltune"] if "pip install" in step] == [f"RUN {install}"]


def test_its_python_is_the_readmes() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (python,) = re.findall(r"with Python (\d\.\d+), in a checkout", readme)
    used = set(re.findall(r"python(?: install|:| --python|.*--python)[ :]?(\d+\.\d+)\.\d+", TEXT))
    assert used == {python}


def test_everything_it_starts_from_has_a_version() -> None:
    images = re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE)
    assert [image.split(":")[0] for image in images] == [
        "ghcr.io/astral-sh/uv", "python", "nvidia/cuda"]
    for image in images:
        assert re.search(r":\d+\.\d+\.\d+", image)


@pytest.mark.parametrize("stage", ["mlflow", "stiltune"])
def test_it_ends_as_somebody_without_rights(stage: str) -> None:
    steps = stages()[stage]
    (user,) = (step for step in steps if step.startswith("USER "))
    assert user == "USER 10001"
    assert any("useradd --uid 10001" in step for step in steps)
    assert not [step for step in steps[steps.index(user):] if step.startswith(("RUN", "COPY"))]
    assert {pod["spec"]["securityContext"]["runAsUser"] for _, pod in pods()
            if pod["spec"]["containers"][0]["image"].startswith("stiltune")} == {10001}


@pytest.mark.parametrize("needed", PROJECT["dependencies"])
def test_every_dependency_is_pinned_within_its_range(needed: str) -> None:
    requirement = Requirement(needed)
    version = VERSIONS[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(version)


def test_the_pins_are_what_both_installs_use() -> None:
    for steps in (stages()["mlflow"], stages()["stiltune"]):
        (constraint,) = (re.search(r"PIP_CONSTRAINT=(\S+)", step) for step in steps
                         if "PIP_CONSTRAINT" in step)
        install = next(step for step in steps if "pip install" in step)
        assert constraint is not None
        assert any(step.startswith("COPY") and (
            constraint[1] in step or step == "COPY . .")
            for step in steps[:steps.index(install)])
    (server,) = (step for step in stages()["mlflow"] if "pip install" in step)
    for name in ("mlflow", "psycopg2-binary", "boto3"):
        assert name in server
        assert name in VERSIONS
    assert canonicalize_name("Flask-WTF") in VERSIONS  # what mlflow[auth] adds


def test_versions_are_said_alike_everywhere() -> None:
    images = {pod["spec"]["containers"][0]["image"] for _, pod in pods()}
    assert f"stiltune:{PROJECT['version']}" in images
    assert f"stiltune-mlflow:{VERSIONS['mlflow']}" in images
    for image in (f"stiltune:{PROJECT['version']}", f"stiltune-mlflow:{VERSIONS['mlflow']}"):
        assert f"-t {image} " in TEXT
    assert of_kind("RayCluster")["stiltune"]["spec"]["rayVersion"] == VERSIONS["ray"]


def test_no_secret_is_built_in() -> None:
    assert not re.search(r"^(ARG|ENV).*(TOKEN|PASSWORD|SECRET|KEY)", TEXT, re.MULTILINE)
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in ignored if line and not line.startswith("#")]
    assert rules[0] == "*"
    # What is let in is what the packages and these files are; what comes last counts.
    assert [rule for rule in rules if rule.startswith("!")] == [
        "!pyproject.toml", "!README.md", "!spaces", "!trainables", "!search", "!deploy"]
    assert rules.index("**/.env") > rules.index("!deploy")


def test_the_scripts_that_manifests_name_are_in_the_image() -> None:
    assert "WORKDIR /opt/stiltune" in stages()["stiltune"]
    entrypoint = of_kind("RayJob")["lab-first"]["spec"]["entrypoint"]
    for path in re.findall(r"/opt/stiltune/(\S+)", entrypoint):
        assert (ROOT / path).is_file()
    assert (DEPLOY / "start-or-resume.sh").stat().st_mode & 0o111
