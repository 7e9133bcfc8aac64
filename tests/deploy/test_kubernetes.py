"""What holds for every pod and every port, whoever's they are."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from tests.deploy.manifests import MANIFESTS, documents, groups, of_kind, pods, schema

PODS = dict(pods())
every_pod = pytest.mark.parametrize("name", PODS)


def containers(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = PODS[name]["spec"]["containers"]
    return found


@every_pod
def test_its_template_is_one_that_kubernetes_knows(name: str) -> None:
    known = schema("rayclusters")["properties"]["spec"]["properties"]["headGroupSpec"]
    template = jsonschema.Draft202012Validator(known["properties"]["template"])
    assert [f"{error.json_path}: {error.message}"
            for error in template.iter_errors(PODS[name])] == []


@every_pod
def test_it_runs_as_somebody_without_rights(name: str) -> None:
    whole = PODS[name]["spec"]["securityContext"]
    assert whole["runAsNonRoot"] is True
    assert whole["runAsUser"] > 0
    assert whole["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in containers(name):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


@every_pod
def test_it_has_no_key_to_kubernetes(name: str) -> None:
    # The head's autoscaler must speak to Kubernetes; the operator gives it a role for that alone.
    needs_one = name.endswith(".head")
    assert PODS[name]["spec"].get("automountServiceAccountToken", True) is needs_one


@every_pod
def test_it_says_what_it_takes(name: str) -> None:
    for container in containers(name):
        given = container["resources"]
        assert {"cpu", "memory"} <= given["requests"].keys() & given["limits"].keys()
        if "stiltune/ray" in PODS[name]["metadata"]["labels"]:
            assert given["requests"]["memory"] == given["limits"]["memory"] or "submitter" in name


@every_pod
def test_its_image_has_a_version(name: str) -> None:
    for container in containers(name):
        _, _, version = container["image"].rpartition(":")
        assert version[-1].isdigit() or version.endswith("bookworm")
        assert any(character.isdigit() for character in version)


@every_pod
def test_it_is_looked_at(name: str) -> None:
    if name == "RayJob.submitter":
        return  # a job's command, which ends
    for container in containers(name):
        assert {"readinessProbe", "livenessProbe"} <= container.keys()
        named = {port["name"] for port in container["ports"]}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            request = container.get(probe, {}).get("httpGet")
            assert request is None or request["port"] in named


@every_pod
def test_no_secret_is_written_down(name: str) -> None:
    for container in containers(name):
        for variable in container.get("env", ()):
            is_secret = any(word in variable["name"] for word in ("PASSWORD", "SECRET", "KEY"))
            assert is_secret == ("valueFrom" in variable)
    assert not of_kind("Secret")


def test_nothing_is_published() -> None:
    assert {service["spec"]["type"] for service in of_kind("Service").values()} == {"ClusterIP"}
    assert not of_kind("Ingress")
    for kind in ("RayCluster", "RayJob"):
        assert groups(kind)["head"]["serviceType"] == "ClusterIP"
        assert "enableIngress" not in groups(kind)["head"]


def test_every_document_is_of_one_namespace() -> None:
    spaces = {each["metadata"].get("namespace") for name in MANIFESTS
              for each in documents(name) if each["kind"] != "Namespace"}
    assert spaces == {"stiltune"} == set(of_kind("Namespace"))


def test_the_namespace_is_closed() -> None:
    assert of_kind("NetworkPolicy")["closed"]["spec"] == {
        "podSelector": {}, "policyTypes": ["Ingress"]}


def opened(labels: dict[str, str]) -> set[tuple[int, int]]:
    """Return the ports, as ranges, that policies open on pods of these labels."""
    found = set()
    for policy in of_kind("NetworkPolicy").values():
        chosen = policy["spec"]["podSelector"].get("matchLabels", {})
        if chosen.items() <= labels.items():
            for rule in policy["spec"].get("ingress", ()):
                assert rule["from"]  # an empty one is everybody
                for port in rule["ports"]:
                    assert port["protocol"] == "TCP"
                    found.add((port["port"], port.get("endPort", port["port"])))
    return found


@every_pod
def test_what_is_opened_on_it_is_what_it_listens_to(name: str) -> None:
    labels = PODS[name]["metadata"]["labels"]
    listens = {(port["containerPort"], port["containerPort"])
               for container in containers(name) for port in container.get("ports", ())}
    if labels.get("stiltune/ray") == "node":
        listens |= {(6379, 6379), (8265, 8265), (10002, 19999)}  # one rule for heads and workers
        given = groups("RayJob")["gpus"]["rayStartParams"]
        assert (int(given["min-worker-port"]), int(given["max-worker-port"])) == (10002, 19999)
    if labels.get("stiltune/role") == "gpu":
        listens.add((32768, 60999))
    assert opened(labels) == listens


def test_the_dashboard_is_for_nodes_submitters_and_the_operator() -> None:
    rules = [rule for rule in of_kind("NetworkPolicy")["ray-nodes"]["spec"]["ingress"]
             if any(port["port"] == 8265 for port in rule["ports"])]
    callers = [each["podSelector"]["matchLabels"] for rule in rules for each in rule["from"]]
    assert callers == [{"stiltune/ray": "node"}, {"stiltune/ray": "submitter"},
                       {"app.kubernetes.io/name": "kuberay-operator"}]


def test_only_mlflow_reaches_its_database_and_store() -> None:
    for name in ("mlflow-postgres", "mlflow-objects"):
        (rule,) = of_kind("NetworkPolicy")[name]["spec"]["ingress"]
        assert rule["from"] == [
            {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "mlflow"}}}]


def test_services_lead_to_pods_that_are_there() -> None:
    labels = [PODS[name]["metadata"]["labels"] for name in PODS]
    for service in of_kind("Service").values():
        assert any(service["spec"]["selector"].items() <= each.items() for each in labels)
    for name in of_kind("StatefulSet"):
        assert of_kind("StatefulSet")[name]["spec"]["serviceName"] in of_kind("Service")
