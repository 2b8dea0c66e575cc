"""The Ray executor: the same jobs as tasks of a cluster, on more than one machine.

Ray does what it does well: it places tasks, retries those whose node or process is lost, and
replaces its worker processes. Events go through one small actor on the head node; images and parts
go straight from the workers to the output, which every node must see.
"""

from __future__ import annotations

import contextlib
import math
import os
import time
from dataclasses import dataclass, field, replace
from typing import Any

from renderer.blender.native_output import tail
from renderer.dataset.provenance import NO_IMAGES
from renderer.errors import UnavailableError, UserError
from renderer.farm.cluster_address import connect
from renderer.farm.environment import call_prepared, pack_call, thread_caps
from renderer.farm.events import WorkerEvent
from renderer.farm.job import Ended, Job, Update
from renderer.farm.task import (
    Bundle,
    EventCollector,
    device_name,
    last_line,
    log_of,
    run_task,
)
from renderer.farm.worker import WorkerSetup
from renderer.plan import Planner

# Of a job whose node or process is lost, or whose process was to be recycled; of a shot that is
# tried again alone, each try is the supervisor's to decide.
_RETRIES = 3
# A process that is killed, and its node with it if need be, is gone sooner.
_GONE_WITHIN_S = 120.0


@dataclass
class _Task:
    """A job in Ray's hands."""

    job: Job
    ref: Any
    avoided: frozenset[str]
    device: str = ""
    worker: str = ""
    cancelled: float = 0.0


@dataclass
class RayExecutor:
    """Tasks on a Ray cluster; ``cpus`` and ``gpus`` are what one of them takes."""

    setup: WorkerSetup
    cpus: float
    gpus: float
    bundle: Bundle
    collector: Any
    work: Any
    start_timeout_s: float = math.inf  # a task waits for as long as its cluster is busy
    _tasks: dict[int, _Task] = field(default_factory=dict)
    _aside: set[str] = field(default_factory=set)
    _identities: dict[str, str] = field(default_factory=dict)

    @classmethod
    def connect(cls, setup: WorkerSetup, address: str, cpus: float, gpus: float) -> RayExecutor:
        """Connect to a cluster.

        Raises:
            UserError: Ray is not installed, or there is no cluster at the address.

        """
        try:
            import ray
            from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
        except ImportError:
            raise UserError("--cluster needs Ray: pip install 'orbitset[ray]'") from None
        if cpus <= 0 and gpus <= 0:
            raise UserError("--cpus and --gpus are both 0: a task must take something")
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        connect(address)
        head = next(n["NodeID"] for n in _alive() if "node:__internal_head__" in n["Resources"])
        place = NodeAffinitySchedulingStrategy(head, soft=False)
        actor = ray.remote(num_cpus=0)(EventCollector).options(scheduling_strategy=place)
        collector = actor.remote()
        backend = "auto" if gpus else "cpu"
        threads = setup.threads or max(1, math.floor(cpus))
        environment = tuple(thread_caps(threads).items())
        setup = replace(setup, backend=backend, threads=threads, environment=environment)
        # Ray keeps the process of a task; one that is to be recycled ends by itself (run_task).
        work = ray.remote(num_cpus=cpus, num_gpus=gpus, max_calls=0)(call_prepared)
        executor = cls(setup, cpus, gpus, _bundle(setup.planner), collector, work)
        if not executor.devices():
            raise UserError(
                f"--cluster {address}: no node has {cpus:g} CPUs and {gpus:g} GPUs for a task: "
                "lower --cpus or --gpus"
            )
        return executor

    def _nodes(self) -> dict[str, dict[str, Any]]:
        """Return the nodes that are alive, not set aside, and large enough, by device."""
        nodes = _by_device()
        self._identities.update({device: node["NodeID"] for device, node in nodes.items()})
        return {
            device: node
            for device, node in nodes.items()
            if device not in self._aside and self._fitting(node["Resources"]) > 0
        }

    def _fitting(self, resources: dict[str, float]) -> int:
        fits = [math.inf]
        if self.cpus:
            fits.append(resources.get("CPU", 0.0) // self.cpus)
        if self.gpus:
            fits.append(resources.get("GPU", 0.0) // self.gpus)
        return int(min(fits))

    def devices(self) -> set[str]:
        """Return the nodes in use."""
        return set(self._nodes())

    def lost(self, device: str) -> bool:
        """Tell whether a node is gone; Ray begins its tasks elsewhere."""
        return bool(device) and device not in _by_device()

    def room(self) -> int:
        """Return how many more tasks the cluster's nodes hold."""
        places = sum(self._fitting(node["Resources"]) for node in self._nodes().values())
        return max(0, places - len(self._tasks))

    def submit(self, job: Job) -> bool:
        """Submit a job to Ray."""
        options: dict[str, Any] = {"max_retries": 0 if job.alone else _RETRIES}
        nodes = self._nodes()
        avoided = self._aside | (job.avoid if set(nodes) - job.avoid else frozenset())
        identities = [
            self._identities[each] for each in sorted(avoided) if each in self._identities
        ]
        if identities:
            # Without spaces: one after the comma aborts the process (Ray 2.60).
            options["label_selector"] = {"ray.io/node-id": f"!in({','.join(identities)})"}
        setup = self.setup
        if job.on_cpu:
            options |= {"num_gpus": 0}
            setup = replace(setup, backend="cpu", present=NO_IMAGES)
        packed = pack_call(run_task, setup, job)
        ref = self.work.options(**options).remote(
            dict(setup.environment), packed, self.collector, self.bundle
        )
        self._tasks[job.id] = _Task(job, ref, frozenset(avoided))
        return True

    def poll(self, wait_s: float) -> Update:
        """Return events and ends."""
        import ray

        refs = {task.ref: task for task in self._tasks.values()}
        ready: list[Any] = []
        if refs:
            ready, _ = ray.wait(list(refs), num_returns=len(refs), timeout=0)
            if not ready:
                ready, _ = ray.wait(list(refs), num_returns=1, timeout=wait_s)
        else:
            time.sleep(wait_s)
        try:
            collected = ray.get(self.collector.new_events.remote(), timeout=120)
        except Exception as error:
            raise UnavailableError(f"the cluster is lost ({last_line(error)})") from None
        nodes = self._nodes()
        events = [self._located(event, nodes) for event in collected]
        ends = [self._end(self._tasks.pop(refs[ref].job.id)) for ref in ready]
        return Update(events, ends + self._endless(set(nodes)))

    def _located(self, event: WorkerEvent, nodes: dict[str, dict[str, Any]]) -> WorkerEvent:
        """Note which worker has a task; return its event with how many share the node."""
        task = self._tasks.get(event.job)
        if task is not None:
            task.device, task.worker = event.device, event.worker
        node = nodes.get(event.device)
        return event.sent_by(sharing=self._fitting(node["Resources"]) if node else 1)

    def _endless(self, nodes: set[str]) -> list[Ended]:
        """End the tasks that Ray will never end: of which the only nodes that they may run on are
        gone, and those whose process does not die.
        """
        import ray

        ends = []
        for task in list(self._tasks.values()):
            stuck = task.cancelled and time.monotonic() - task.cancelled > _GONE_WITHIN_S
            # The cluster is asked last: this runs for every task in every look.
            shut_out = nodes and nodes <= task.avoided
            nowhere = shut_out and (not task.worker or self.lost(task.device))
            if not (stuck or nowhere):
                continue
            with contextlib.suppress(Exception):
                ray.cancel(task.ref, force=True)
            del self._tasks[task.job.id]
            end = Ended(task.job, task.worker or f"task {task.job.id}", task.device)
            ends.append(replace(end, how="died", cause="it cannot be killed") if stuck else end)
        return ends

    def _end(self, task: _Task) -> Ended:
        import ray
        from ray import exceptions

        # A process that was lost before its first event was not lost by its shots' doing.
        no_event = not task.worker
        said = "" if no_event else tail(log_of(self.setup, task.worker))
        end = Ended(task.job, task.worker or f"task {task.job.id}", task.device, log=said)
        try:
            kind, cause, safe = ray.get(task.ref)
        except exceptions.NodeDiedError:
            return replace(end, how="died", cause="its node is lost", outside=True)
        except exceptions.OutOfMemoryError:
            return replace(end, how="died", cause="its node ran out of memory")
        except (exceptions.WorkerCrashedError, exceptions.TaskCancelledError):
            return replace(end, how="died", cause="its process is lost", outside=no_event)
        except Exception as error:
            if no_event:
                return replace(end, how="unstarted", cause=last_line(error))
            ours = isinstance(error, exceptions.RayTaskError)  # raised by what ran, not by Ray
            if ours and not isinstance(error, UserError | OSError):
                return replace(end, how="defect", cause=last_line(error), log=str(error))
            return replace(end, how="error", cause=last_line(error))
        return replace(end, how=kind, cause=cause, safe=safe, log="")

    def kill(self, job: Job) -> None:
        """Kill the process of a job. (Never cancel softly before: force has no effect then.)"""
        import ray

        if job.id in self._tasks:
            self._tasks[job.id].cancelled = time.monotonic()
            ray.cancel(self._tasks[job.id].ref, force=True)

    def set_aside(self, device: str) -> None:
        """Place no more tasks on a node."""
        self._aside.add(device)

    def drain(self, on: bool) -> None:
        """Have workers end their jobs after the shots they are in."""
        self.collector.drain.remote(on)

    def close(self) -> None:
        """Cancel what runs and leave the cluster; it is not ours to stop."""
        import ray

        for task in self._tasks.values():
            with contextlib.suppress(Exception):
                ray.cancel(task.ref, force=True)
        ray.shutdown()


def _bundle(planner: Planner) -> Bundle:
    """Put the models of a run into Ray's object store, for nodes that do not have them."""
    import ray

    keys = {key for entry in planner.keys for key in entry.values()}
    return {
        key: {
            path.name: ray.put(path.read_bytes())
            for path in planner.cache.entry(key).iterdir()
            if path.is_file()
        }
        for key in sorted(keys)
    }


def _by_device() -> dict[str, dict[str, Any]]:
    return {device_name(node["NodeManagerHostname"], node["NodeID"]): node for node in _alive()}


def _alive() -> list[dict[str, Any]]:
    """Return the nodes of the cluster that are there; Ray goes on listing those that are lost."""
    import ray

    listed: Any = ray.nodes  # has no types
    return [node for node in listed() if node["Alive"]]
