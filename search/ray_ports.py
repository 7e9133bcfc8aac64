"""Ray's ports: what listens in a cluster, and what of it answers somebody without a token.

A private Ray, which `stiltune start` makes, listens on the loopback alone. One that `ray start`
made listens on every interface, whatever is asked: there a firewall or network policy must keep
whoever is not of the cluster out of these ports, above all of those that answer without a token.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["RAY_PORTS", "RayPort"]


class RayPort(NamedTuple):
    """A port; `number` is None where Ray takes a free one.

    `open_because` says why it may answer without a token, and is empty where it refuses.
    """

    process: str
    serves: str
    number: int | None
    open_because: str = ""


RAY_PORTS: Final = (
    RayPort("gcs_server", "the cluster's state", None),  # 6379 by `ray start --head --port 6379`
    RayPort("raylet", "the node's workers", None),
    RayPort("raylet", "the node's objects", None),
    RayPort("driver, workers", "their tasks and objects", None),
    RayPort("dashboard agent", "the node's jobs and figures", None),
    RayPort("dashboard agent", "the node's jobs, over HTTP", 52365),
    RayPort("runtime environment agent", "what workers are started with, over HTTP", None),
    RayPort("monitor", "the autoscaler's figures, over HTTP", 44217,
            "counts of nodes for Prometheus, which has no token; nothing can be sent there"),
    RayPort("dashboard", "its own figures, over HTTP", 44227,
            "counts of requests for Prometheus, which has no token; nothing can be sent there"),
    RayPort("dashboard", "its pages, and jobs and state behind the token, over HTTP", 8265,
            "the pages ask for the token, and show and start nothing without it"),
)
"""Every port of a cluster of Ray 2.60 in token mode; `tests/test_access.py` holds it."""
