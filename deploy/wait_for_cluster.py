"""Waits until a Ray cluster has the nodes and GPUs that a search is to run on.

`stiltune start` runs as many trials at a time as there are nodes for, and is refused where there is
no GPU yet. It asks an autoscaler for no more nodes than there are.

    python wait_for_cluster.py --nodes 4
    python wait_for_cluster.py --gpus 8 --ask    # of a cluster that grows when it is asked to
    python wait_for_cluster.py --gpus 8 -- COMMAND [ARGUMENT]...    # and then becomes COMMAND
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from typing import Any


def main(arguments: Sequence[str] | None = None) -> int:
    """Wait; return 0 once everything is there, 1 if it was not in time; or become the command."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    split = given.index("--") if "--" in given else len(given)
    command = given[split + 1:]
    wanted = _parsed(given[:split])
    # `ray start` and `ray.init` take token mode over by different rules; here it is said.
    if os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH"):
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    failed = _waited(wanted)
    if command and not failed:
        os.execvp(command[0], command)
    return failed


def _parsed(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", default="auto", help="the cluster's (default: auto)")
    parser.add_argument("--nodes", type=int, default=0, help="how many nodes must be alive")
    parser.add_argument("--gpus", type=int, default=0, help="how many GPUs they must have")
    parser.add_argument("--ask", action="store_true", help="ask the autoscaler for the GPUs")
    parser.add_argument("--seconds", type=float, default=1800.0, help="wait no longer than this")
    return parser.parse_args(given)


def _waited(wanted: argparse.Namespace) -> int:
    """Join the cluster while waiting, and leave it; what is asked for is not left asked for."""
    import ray  # reads the mode of its authentication when it is imported

    ray.init(address=wanted.address, log_to_driver=False)
    try:
        if wanted.ask:
            _request([{"GPU": 1}] * wanted.gpus)
        try:
            return _look(ray, wanted)
        finally:
            # From here on the trials ask; a request that stays would keep GPUs for ever.
            if wanted.ask:
                _request([])
    finally:
        ray.shutdown()


def _request(bundles: list[dict[str, float]]) -> None:
    from ray.autoscaler.sdk import request_resources

    request_resources(bundles=bundles)


def _look(ray: Any, wanted: argparse.Namespace) -> int:
    """Look once a second; a line whenever the number changes."""
    end, before = time.monotonic() + wanted.seconds, ""
    while True:
        nodes = sum(bool(node["Alive"]) for node in ray.nodes())
        gpus = int(ray.cluster_resources().get("GPU", 0))
        now = f"{nodes} of {wanted.nodes} nodes, {gpus} of {wanted.gpus} GPUs"
        if now != before:
            print(now, flush=True)  # noqa: T201 - a program's progress
            before = now
        if nodes >= wanted.nodes and gpus >= wanted.gpus:
            return 0
        if time.monotonic() >= end:
            print(f"the cluster must have them within {wanted.seconds:g} s, got {now}",  # noqa: T201
                  file=sys.stderr)
            return 1
        time.sleep(1.0)


if __name__ == "__main__":
    sys.exit(main())
