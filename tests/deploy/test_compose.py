"""MLflow on one host: what is published, what is secret, who reaches whom."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.manifests import DEPLOY, ROOT, documents, of_kind
from tests.deploy.programs import load

TEXT = (DEPLOY / "mlflow/compose.yaml").read_text(encoding="utf-8")
EXAMPLE = (DEPLOY / "mlflow/example.env").read_text(encoding="utf-8")
(COMPOSE,) = documents("mlflow/compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
# The fields used, of the Compose specification; a misspelt one would be dropped or refused there.
TOP = {"name", "services", "networks", "volumes"}
FIELDS = {"image", "build", "command", "depends_on", "environment", "ports", "networks", "volumes",
          "healthcheck", "restart", "init", "cap_drop", "security_opt", "mem_limit",
          "stop_grace_period"}
SETTINGS = dict(re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))
USED = dict(re.findall(r"\$\{([A-Z_]+)(:[^}]*)?\}", TEXT))

every_service = pytest.mark.parametrize("name", SERVICES)


def test_it_uses_fields_that_compose_has() -> None:
    assert COMPOSE.keys() == TOP
    for service in SERVICES.values():
        assert service.keys() <= FIELDS


def test_every_variable_is_in_the_example_and_no_other() -> None:
    assert SETTINGS.keys() == USED.keys()


def test_the_example_has_no_secret_and_nothing_starts_without_them() -> None:
    secrets = {name for name in SETTINGS if re.search("PASSWORD|KEY", name)}
    assert len(secrets) == 5
    for name, value in SETTINGS.items():
        assert (value == "") == (name in secrets)
        assert USED[name].startswith(":?" if name in secrets else ":-")
        assert name in secrets or USED[name] == f":-{value}"


def test_the_file_with_secrets_is_neither_committed_nor_sent_to_the_builder() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "deploy/mlflow/.env" in ignored
    assert "**/.env" in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def test_its_own_command_makes_a_whole_file_of_settings(tmp_path: Path) -> None:
    (command,) = re.findall(r"^#   (\(umask.*)$", EXAMPLE, re.MULTILINE)
    (tmp_path / "example.env").write_text(EXAMPLE, encoding="utf-8")
    (tmp_path / "openssl").write_text("#!/bin/sh\necho made-$2-$3\n")
    (tmp_path / "openssl").chmod(0o755)
    subprocess.run(["bash", "-c", command], cwd=tmp_path, check=True,
                   env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    made = tmp_path / ".env"
    assert made.stat().st_mode & 0o077 == 0
    settings = dict(re.findall(r"^([A-Z_]+)=(.*)$", made.read_text(), re.MULTILINE))
    assert settings == {name: value or "made--hex-24" for name, value in SETTINGS.items()}


def test_only_mlflow_is_published_and_on_loopback() -> None:
    assert {name for name in SERVICES if "ports" in SERVICES[name]} == {"mlflow"}
    assert SERVICES["mlflow"]["ports"] == [
        "${MLFLOW_ADDRESS:-127.0.0.1}:${MLFLOW_PORT:-5000}:5000"]


def test_the_database_and_the_store_are_reached_from_mlflow_alone() -> None:
    assert COMPOSE["networks"]["back"] == {"internal": True}
    assert {name: service["networks"] for name, service in SERVICES.items()} == {
        "mlflow": ["front", "back"], "postgres": ["back"], "objects": ["back"]}


@every_service
def test_it_is_pinned_looked_at_limited_and_restarted(name: str) -> None:
    service = SERVICES[name]
    assert re.search(r":v?\d+(\.\d+)+(-[a-z]+)?$", service["image"])
    assert {"test", "interval", "timeout", "retries"} <= service["healthcheck"].keys()
    assert service["restart"] == "unless-stopped"
    assert "mem_limit" in service
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_mlflow_waits_for_what_it_needs() -> None:
    assert SERVICES["mlflow"]["depends_on"] == {
        name: {"condition": "service_healthy"} for name in ("postgres", "objects")}


def test_data_outlives_the_containers() -> None:
    mounted = {volume.split(":")[0] for service in SERVICES.values()
               for volume in service.get("volumes", ())}
    assert mounted == COMPOSE["volumes"].keys() == {"postgres", "objects"}


def test_the_server_gets_all_that_it_asks_for_here_and_on_kubernetes() -> None:
    needed = set(load("mlflow/serve.py").NEEDED)
    assert needed <= SERVICES["mlflow"]["environment"].keys()
    (container,) = of_kind("Deployment")["mlflow"]["spec"]["template"]["spec"]["containers"]
    secret = {name for name, value in SETTINGS.items() if not value}
    there = of_kind("ConfigMap")["mlflow"]["data"].keys() | secret | {
        each["name"] for each in container["env"]}
    assert needed <= there
    taken = {variable["valueFrom"]["secretKeyRef"]["key"] for template in (
        of_kind("Deployment")["mlflow"], *of_kind("StatefulSet").values())
        for each in template["spec"]["template"]["spec"]["containers"]
        for variable in each["env"] if "valueFrom" in variable}
    assert taken <= secret


def test_both_run_the_same_versions() -> None:
    here = {service["image"] for service in SERVICES.values()}
    there = {container["image"] for kind in ("Deployment", "StatefulSet")
             for each in of_kind(kind).values()
             for container in each["spec"]["template"]["spec"]["containers"]}
    assert here == there


def test_the_server_answers_to_its_own_names_only() -> None:
    for hosts in (SETTINGS["MLFLOW_ALLOWED_HOSTS"],
                  of_kind("ConfigMap")["mlflow"]["data"]["MLFLOW_SERVER_ALLOWED_HOSTS"]):
        assert "*" not in hosts
        assert all(host.endswith(":5000") for host in hosts.split(","))
    service = of_kind("Service")["mlflow"]["metadata"]["name"]
    uris = {each["value"] for group in of_kind("RayCluster")["stiltune"]["spec"]["workerGroupSpecs"]
            for each in group["template"]["spec"]["containers"][0]["env"]
            if each["name"] == "MLFLOW_TRACKING_URI"}
    assert uris == {f"http://{service}:5000"}
