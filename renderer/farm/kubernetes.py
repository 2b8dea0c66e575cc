"""An indexed Kubernetes Job: a shard a pod. Needs Kubernetes 1.29 (per-index retries)."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Any

import yaml

from renderer.errors import UserError

# Enough for the image a pod is in when it is evicted, and for its part.
_GRACE_S = 120
_RETRIES_A_SHARD = 3
_BAD_INPUT = 2


@dataclass(frozen=True)
class IndexedJob:
    """A Job that renders a recipe, a shard a pod; the fields are those of ``SlurmArray``.

    ``recipe`` and ``output`` are paths inside the container. ``claim`` is a volume claim (one that
    several nodes can write, ReadWriteMany) to mount at /data, ``secret`` holds ``AWS_...``
    variables for an object store.
    """

    name: str
    image: str
    recipe: str
    output: str
    shards: int
    at_once: int = 0
    cpus: int = 8
    gpus: int = 0
    memory_gb: int = 16
    claim: str = ""
    secret: str = ""
    options: str = ""

    def __post_init__(self) -> None:
        """Refuse what would be lost with the pod, or what Kubernetes would refuse.

        Raises:
            UserError: one sentence.

        """
        kept = "://" in self.output or (self.claim and _below_data(self.output))
        if not kept:
            raise UserError(
                f"-o {self.output} would be lost with the pod: give s3://..., or /data/... with "
                "--claim and the name of a volume claim"
            )
        if not self.claim and _below_data(self.recipe):
            raise UserError(f"{self.recipe} is on no volume: name the one for /data with --claim")
        # A pod's host is called NAME-INDEX, which may have 63 characters.
        most = 62 - len(str(self.shards - 1))
        if len(self.name) > most or not re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", self.name):
            raise UserError(
                f"--name '{self.name}': Kubernetes wants lower-case letters, digits and -, at most "
                f"{most} of them for {self.shards} shards"
            )
        if not self.image.strip():
            raise UserError("--image is empty: name the container image")

    def manifest(self) -> str:
        """Return the manifest as YAML."""
        body = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": self.name},
            "spec": {
                "completionMode": "Indexed",
                "completions": self.shards,
                "parallelism": self.at_once or self.shards,
                "backoffLimitPerIndex": _RETRIES_A_SHARD,
                "maxFailedIndexes": self.shards,
                "podReplacementPolicy": "Failed",  # never two pods of one shard
                "podFailurePolicy": {"rules": self._rules()},
                "template": {"spec": self._pod()},
            },
        }
        head = (
            "# Written by: orbitset farm kubernetes. Needs Kubernetes 1.29.\n"
            f"# Start: kubectl apply -f THIS_FILE    When complete: orbitset dataset merge "
            f"{self.output}\n"
        )
        return head + yaml.safe_dump(body, sort_keys=False)

    def _rules(self) -> list[dict[str, Any]]:
        return [
            # A drained or preempted node is no fault of the shard.
            {
                "action": "Ignore",
                "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
            },
            # A recipe that cannot be used does not get better.
            {
                "action": "FailIndex",
                "onExitCodes": {
                    "containerName": "render",
                    "operator": "In",
                    "values": [_BAD_INPUT],
                },
            },
        ]

    def _pod(self) -> dict[str, Any]:
        limits: dict[str, Any] = {"memory": f"{self.memory_gb}Gi"}
        if self.gpus:
            limits["nvidia.com/gpu"] = self.gpus
        mounts = [{"name": "shm", "mountPath": "/dev/shm"}]
        # EEVEE's pictures pass through it; a pod's own has 64 MiB.
        volumes: list[dict[str, Any]] = [
            {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "2Gi"}}
        ]
        if self.claim:
            mounts.append({"name": "data", "mountPath": "/data"})
            volumes.append({"name": "data", "persistentVolumeClaim": {"claimName": self.claim}})
        shard = f"$(JOB_COMPLETION_INDEX)/{self.shards}"
        render = ["render", self.recipe, "-o", self.output, *shlex.split(self.options)]
        container: dict[str, Any] = {
            "name": "render",
            "image": self.image,
            "command": ["orbitset"],
            "args": [*render, "--shard", shard],
            "resources": {
                "requests": {"cpu": str(self.cpus), "memory": f"{self.memory_gb}Gi"},
                "limits": limits,
            },
            "volumeMounts": mounts,
        }
        if self.secret:
            container["envFrom"] = [{"secretRef": {"name": self.secret}}]
        return {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": _GRACE_S,
            "containers": [container],
            "volumes": volumes,
        }


def _below_data(path: str) -> bool:
    return path.startswith("/data/")
