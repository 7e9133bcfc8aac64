"""The Ray clusters are valid where KubeRay would say so, and are what the comments promise."""

from __future__ import annotations

import copy
import shlex
from typing import Any

import jsonschema
import pytest

from search.sections import Resources
from tests.deploy.manifests import cluster_spec, documents, groups, of_kind, schema

KINDS = {"RayCluster": "rayclusters", "RayJob": "rayjobs"}
FILES = {"RayCluster": "kuberay/raycluster.yaml", "RayJob": "kuberay/rayjob.yaml"}
PORTS = ("node-manager-port", "object-manager-port", "runtime-env-agent-port",
         "dashboard-agent-grpc-port", "dashboard-agent-listen-port", "metrics-export-port",
         "min-worker-port", "max-worker-port")

every_kind = pytest.mark.parametrize("kind", KINDS)


def validator(kind: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema(KINDS[kind]))


@every_kind
def test_it_is_valid_and_has_no_field_that_kuberay_does_not_know(kind: str) -> None:
    (document,) = documents(FILES[kind])
    assert [f"{error.json_path}: {error.message}"
            for error in validator(kind).iter_errors(document)] == []


@every_kind
@pytest.mark.parametrize("path", [
    ("spec",), ("spec", "headGroupSpec"), ("spec", "workerGroupSpecs", 1, "template", "spec"),
    ("spec", "workerGroupSpecs", 0, "template", "spec", "containers", 0, "livenessProbe")])
def test_an_unknown_field_would_be_seen(kind: str, path: tuple[str | int, ...]) -> None:
    document = copy.deepcopy(documents(FILES[kind])[0])
    place: Any = document
    if kind == "RayJob":
        path = ("spec", "rayClusterSpec", *path[1:])
    for step in path:
        place = place[step]
    place["misspelt"] = 1
    (error,) = validator(kind).iter_errors(document)
    assert "misspelt" in error.message


@every_kind
def test_who_calls_ray_needs_the_token(kind: str) -> None:
    assert cluster_spec(kind)["authOptions"] == {"mode": "token", "secretName": "ray-token"}


@every_kind
def test_no_trial_runs_on_the_head(kind: str) -> None:
    head = groups(kind)["head"]
    assert head["rayStartParams"]["num-cpus"] == "0"
    limits = head["template"]["spec"]["containers"][0]["resources"]["limits"]
    assert not any("gpu" in name for name in limits)


@every_kind
def test_every_port_is_fixed_and_declared(kind: str) -> None:
    for name, group in groups(kind).items():
        given = group["rayStartParams"]
        (container,) = group["template"]["spec"]["containers"]
        declared = {port["containerPort"] for port in container["ports"]}
        fixed = {int(given[port]) for port in PORTS if not port.endswith("worker-port")}
        assert int(given["min-worker-port"]) < int(given["max-worker-port"])
        assert declared == fixed | ({6379, 8265} if name == "head" else set())
    # A server that Ray does not start without: named, so that it is known what stays closed.
    assert groups(kind)["head"]["rayStartParams"]["ray-client-server-port"] == "10001"


@every_kind
def test_all_nodes_see_the_storage(kind: str) -> None:
    claim = of_kind("PersistentVolumeClaim")["stiltune"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    for group in groups(kind).values():
        pod = group["template"]["spec"]
        assert pod["volumes"] == [
            {"name": "stiltune", "persistentVolumeClaim": {"claimName": "stiltune"}}]
        assert pod["containers"][0]["volumeMounts"] == [
            {"name": "stiltune", "mountPath": "/shared"}]


@every_kind
def test_gpu_nodes_may_be_taken_away_and_the_others_not(kind: str) -> None:
    evicted = "cluster-autoscaler.kubernetes.io/safe-to-evict"
    for name, group in groups(kind).items():
        template = group["template"]
        tolerated = {each["key"] for each in template["spec"].get("tolerations", ())}
        if name == "gpus":
            assert "cloud.google.com/gke-spot" in tolerated
            assert "annotations" not in template["metadata"]
        else:
            assert not tolerated
            assert template["metadata"]["annotations"][evicted] == "false"


def test_gpus_of_the_standing_cluster_grow_from_none() -> None:
    spec, group = cluster_spec("RayCluster"), groups("RayCluster")["gpus"]
    assert spec["enableInTreeAutoscaling"] is True
    assert (group["replicas"], group["minReplicas"]) == (0, 0)
    assert group["maxReplicas"] > 0
    # What a search's job takes lies on the drivers, which must be there before any GPU is.
    assert groups("RayCluster")["drivers"]["minReplicas"] == 1


def test_the_job_has_its_gpus_from_the_start_and_waits_for_them() -> None:
    group = groups("RayJob")["gpus"]
    words = shlex.split(of_kind("RayJob")["lab-first"]["spec"]["entrypoint"])
    waited = int(words[words.index("--gpus") + 1])
    assert group["replicas"] == group["minReplicas"] == group["maxReplicas"] == waited
    assert not cluster_spec("RayJob").get("enableInTreeAutoscaling")


def test_the_jobs_command_is_words_that_no_shell_changes() -> None:
    entrypoint = of_kind("RayJob")["lab-first"]["spec"]["entrypoint"]
    assert not set(entrypoint) & set("&|;<>$`'\"\\\n*?()")
    words = shlex.split(entrypoint)
    command = words[words.index("--") + 1:]
    assert command[0].endswith("deploy/start-or-resume.sh")
    assert command[1] == of_kind("RayJob")["lab-first"]["metadata"]["name"]
    assert command[2] == "/shared"


@every_kind
def test_a_search_runs_on_the_drivers(kind: str) -> None:
    (offered,) = groups(kind)["drivers"]["resources"]
    assert offered == "stiltune_driver"
    wanted = of_kind("RayJob")["lab-first"]["spec"]["entrypointResources"]
    assert wanted == '{"stiltune_driver": 0.9}'
    others = [group for name, group in groups(kind).items() if name != "drivers"]
    assert not any("resources" in group for group in others)


@every_kind
def test_only_drivers_have_mlflows_password(kind: str) -> None:
    named = {name for name, group in groups(kind).items()
             if "mlflow-client" in str(group["template"])}
    assert named == {"drivers"}


@every_kind
def test_a_stopped_job_has_time_to_save(kind: str) -> None:
    (container,) = groups(kind)["drivers"]["template"]["spec"]["containers"]
    environment = {each["name"]: each["value"] for each in container["env"]}
    # More than the minute for which the end of a search waits for MLflow.
    assert int(environment["RAY_JOB_STOP_WAIT_TIME_S"]) > 60


def test_both_clusters_differ_in_size_alone() -> None:
    sizes = {"replicas", "minReplicas", "maxReplicas"}
    one, other = ({name: {key: value for key, value in group.items() if key not in sizes}
                   for name, group in groups(kind).items()} for kind in KINDS)
    assert one == other


def test_a_gpu_node_takes_a_trial_of_one_gpu() -> None:
    limits = groups("RayJob")["gpus"]["template"]["spec"]["containers"][0]["resources"]["limits"]
    trial = Resources(gpus=1)
    assert int(limits["cpu"]) >= trial.cpus
    assert int(limits["nvidia.com/gpu"]) >= trial.gpus


