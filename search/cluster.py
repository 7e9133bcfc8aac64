"""The cluster: joining or starting Ray, and what fits on it."""

from __future__ import annotations

import gc
import logging
import os
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import ray

from search.faults import UserError
from search.sections import Resources
from search.variables import environment
from spaces.value import Value

__all__ = ["Capacity", "Slots", "capacity", "joined", "trial_resources",
           "worker_cpus"]

# A trial's driver; it must not be 0 (Ray refuses) and must leave whole cores to the workers.
DRIVER_CPUS = 0.01
# What nodes may offer that are meant for drivers, and what a driver takes of it: some hundred fit
# beside a search, which takes 0.9.
DRIVER_RESOURCE = "stiltune_driver"
DRIVER_SHARE = 0.01
RECOUNT_SECONDS = 10.0
# A worker asks for a little less than its cores, so that the drivers fit beside the workers.
CORE_ALLOWANCE = 0.9
# What only who starts a cluster may say. Its workers give way to Ray's own processes, as
# everywhere (Ray's default is 15); nobody looks at the metrics of a cluster of its own; and
# Tune's trials have processes made for them, so that those made in advance only delay them.
_PRIVATE = {
    "RAY_worker_niceness": "10",
    "RAY_enable_metrics_collection": "0",
    "RAY_enable_worker_prestart": "0",
    "RAY_prestart_worker_first_driver": "0",
}


class Capacity(Value):
    """What a cluster offers, and how many trials it runs at once."""

    cpus: float
    gpus: float
    max_concurrent: int


def _environment_of(address: str) -> dict[str, dict[str, str]] | None:
    """Return what processes of the cluster find in their environment.

    Ray Train asks from within them whether a trial's driver still lives, to free what a dead one
    held; where a machine runs more than one Ray it must be told of which it asks.
    """
    if address == "local":
        return None
    known = os.environ.get("RAY_ADDRESS", "") if address == "auto" else address
    return {"env_vars": {"RAY_ADDRESS": known}} if known else None


@contextmanager
def joined(address: str, *, dashboard: bool) -> Iterator[str]:
    """Join the cluster at `address`, or start a private one for `local`; leave it at the end.

    Yields the dashboard's address, empty where there is none.

    Raises:
        UserError: if no cluster answers at `address`.
    """
    own = address == "local"
    try:
        with environment(_PRIVATE if own else {}):
            context = ray.init(
                address=address, namespace="stiltune", log_to_driver=False,
                logging_level=logging.ERROR, include_dashboard=dashboard if own else None,
                runtime_env=_environment_of(address))
    except (ConnectionError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"`--address` must be a running Ray cluster, got {address!r}: {reason}"
                        ) from error
    try:
        yield context.dashboard_url or ""
    finally:
        _leave()


def _leave() -> None:
    """Leave the cluster, and let nothing of Ray's be freed meanwhile.

    A handle or reference that is freed once Ray's core is gone, but before Ray's Python knows of
    it, ends the whole process: exit code 1 and not a word.
    """
    gc.collect()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        ray.shutdown()
    finally:
        if was_enabled:
            gc.enable()


def capacity(resources: Resources, *, stops_early: bool, dashboard: str) -> Capacity:
    """Return how many trials of `resources` the joined cluster runs at once.

    Args:
        resources: what one trial takes.
        stops_early: whether a scheduler may stop trials before their end.
        dashboard: the address of the cluster's dashboard.

    Raises:
        UserError: if not even one trial fits, or if stopped trials would keep their workers.
    """
    if stops_early and resources.workers > 1 and not _answers(dashboard):
        raise UserError(
            "`search.scheduler` must be fifo for trials of several workers on a cluster without "
            "its dashboard (ray[default]), where stopped trials keep their resources; got 'asha'")
    offered = _offered()
    cpus, gpus = offered.get("CPU", 0.0), offered.get("GPU", 0.0)
    fits = _fitting(resources, offered)
    if fits < 1:
        raise UserError(
            f"`resources` must fit the cluster, got {resources.workers} worker(s) of "
            f"{resources.cpus} CPU and {resources.gpus:g} GPU on {cpus:g} CPU and {gpus:g} GPU "
            "(resources)")
    return Capacity(cpus=cpus, gpus=gpus, max_concurrent=fits)


def _offered() -> dict[str, float]:
    offered: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return offered


def _fitting(resources: Resources, offered: dict[str, float]) -> int:
    """Return how many trials fit on what a cluster offers in all."""
    per_trial = resources.workers * worker_cpus(resources)
    if resources.workers > 1:
        per_trial += DRIVER_CPUS
    fits = [int(offered.get("CPU", 0.0) // per_trial)]
    if resources.gpus:
        fits.append(int(offered.get("GPU", 0.0) // (resources.gpus * resources.workers)))
    return min(fits)


class Slots:
    """How many trials may run at once, at least one: counted again as nodes come and go.

    Args:
        resources: what one trial takes.
        first: the count at the start.
        offered: asks what the cluster offers.
        clock: the time in seconds.
    """

    def __init__(
        self, resources: Resources, first: int, *,
        offered: Callable[[], dict[str, float]] = _offered,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._resources, self._count = resources, first
        self._offered, self._clock = offered, clock
        self._counted = clock()

    def __call__(self) -> int:
        """Return the number; the cluster is asked once in `RECOUNT_SECONDS`."""
        if self._clock() - self._counted >= RECOUNT_SECONDS:
            self._count = max(1, _fitting(self._resources, self._offered()))
            self._counted = self._clock()
        return self._count


def worker_cpus(resources: Resources) -> float:
    """Return the CPUs that one worker of a trial asks Ray for."""
    return resources.cpus * (CORE_ALLOWANCE if resources.workers > 1 else 1.0)


def trial_resources(
    resources: Resources, offered: Callable[[], dict[str, float]] = _offered
) -> dict[str, float]:
    """Return what the Tune trial itself asks for: its driver, or all of a lone worker's.

    The workers of a group ask for themselves; counted here too they would be counted twice. Where
    the cluster has nodes for drivers, a group's driver goes there, and not on a node of GPUs, which
    it would keep from being given back.
    """
    if resources.workers > 1:
        own = {DRIVER_RESOURCE: DRIVER_SHARE} if DRIVER_RESOURCE in offered() else {}
        return {"cpu": DRIVER_CPUS, **own}
    return {"cpu": resources.cpus} | ({"gpu": resources.gpus} if resources.gpus else {})


def _answers(dashboard: str) -> bool:
    """Return whether the dashboard, which answers Ray's State API, is there."""
    if not dashboard:
        return False
    try:
        with urllib.request.urlopen(f"http://{dashboard}/", timeout=5):
            return True
    except OSError:
        return False
