"""What lies in deploy/, read as data, and KubeRay's definitions where they are at hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
MANIFESTS = ("kuberay/namespace.yaml", "kuberay/network-policy.yaml", "kuberay/raycluster.yaml",
             "kuberay/rayjob.yaml", "mlflow/kubernetes.yaml")
# The definitions weigh megabytes: where libyaml is, it reads them in a tenth of the time.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def documents(name: str) -> tuple[dict[str, Any], ...]:
    """Return the documents of one file of deploy/."""
    text = (DEPLOY / name).read_text(encoding="utf-8")
    return tuple(yaml.load_all(text, Loader=LOADER))


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    """Return all documents of a kind by their name."""
    return {each["metadata"]["name"]: each for name in MANIFESTS for each in documents(name)
            if each["kind"] == kind}


def cluster_spec(kind: str) -> dict[str, Any]:
    """Return the specification of the Ray cluster in a RayCluster or a RayJob."""
    (found,) = of_kind(kind).values()
    spec: dict[str, Any] = found["spec"]
    return spec["rayClusterSpec"] if kind == "RayJob" else spec


def groups(kind: str) -> dict[str, dict[str, Any]]:
    """Return the groups of nodes of a RayCluster or a RayJob, the head's as `head`."""
    spec = cluster_spec(kind)
    return {"head": spec["headGroupSpec"],
            **{group["groupName"]: group for group in spec["workerGroupSpecs"]}}


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every pod that a manifest describes, named by where it is, as a template."""
    for kind in ("RayCluster", "RayJob"):
        for name, group in groups(kind).items():
            yield f"{kind}.{name}", group["template"]
    yield "RayJob.submitter", of_kind("RayJob")["lab-first"]["spec"]["submitterPodTemplate"]
    for kind in ("Deployment", "StatefulSet"):
        for name, document in of_kind(kind).items():
            yield f"{kind}.{name}", document["spec"]["template"]


def definitions() -> Path:
    """Return the directory of KubeRay's definitions; a test that needs them skips without."""
    default = ROOT.parent / "shared/schemas/kuberay"
    directory = Path(os.environ.get("STILTUNE_KUBERAY_CRDS", default))
    if not (directory / "ray.io_rayclusters.yaml").exists():
        pytest.skip(f"needs KubeRay's definitions (helm-chart/kuberay-operator/crds) in "
                    f"{directory}; STILTUNE_KUBERAY_CRDS names another directory")
    return directory


@cache
def schema(plural: str) -> dict[str, Any]:
    """Return the JSON schema of a resource, closed: a field that it does not know is refused.

    Kubernetes' own schemas leave that to the API server, which drops or refuses such fields.
    """
    definition = yaml.load((definitions() / f"ray.io_{plural}.yaml").read_text(), Loader=LOADER)
    (version,) = (each for each in definition["spec"]["versions"] if each["name"] == "v1")
    closed: dict[str, Any] = _closed(version["schema"]["openAPIV3Schema"])
    # Kubernetes checks these itself, wherever the schema says no more than "an object".
    closed["properties"]["metadata"] = {"type": "object", "required": ["name", "namespace"]}
    return closed


def _closed(node: dict[str, Any]) -> dict[str, Any]:
    node = dict(node)
    if "properties" in node:
        node["properties"] = {name: _closed(each) for name, each in node["properties"].items()}
        if not node.get("x-kubernetes-preserve-unknown-fields"):
            node.setdefault("additionalProperties", False)
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            node[key] = _closed(node[key])
    return node
