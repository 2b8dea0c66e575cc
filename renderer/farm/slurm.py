"""Array jobs for Slurm: a script to read and submit by hand, or a submission through submitit."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from renderer.errors import UserError

# How long before its end a task is told: enough for the image it is in and for its part.
_NOTICE_S = 120
_MOST_REQUEUES = 100

_SCRIPT = """\
#!/bin/bash
# Renders {recipe} as {shards} shards; written by: orbitset farm slurm
# Submit: sbatch THIS_FILE    Watch: orbitset farm status {output}
# When all are done: orbitset dataset merge {output}
{directives}

task=${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID
{command} "$SLURM_ARRAY_TASK_ID/{shards}" &
child=$!

# Near the time limit: finish the image, then back into the queue; the shard resumes there.
again() {{
    kill -TERM "$child"; wait "$child"; code=$?
    [ "$code" -eq 0 ] && exit 0
    [ "${{SLURM_RESTART_COUNT:-0}}" -lt {requeues} ] && scontrol requeue "$task"
    exit 75
}}
trap again USR1
trap 'kill -TERM "$child"' TERM

wait "$child"; code=$?
while kill -0 "$child" 2>/dev/null; do wait "$child"; code=$?; done
exit "$code"
"""


@dataclass(frozen=True)
class SlurmArray:
    """A job array that renders a recipe, a shard a task.

    Attributes:
        recipe: the recipe, a path that every node sees.
        output: the dataset's folder, that every node sees, or an object store's.
        shards: how many.
        at_once: how many may run at the same time; 0 for all.
        cpus: CPU cores a task.
        gpus: GPUs a task.
        memory_gb: memory a task.
        minutes: time limit of a task; one that reaches it is queued anew.
        partition: of the cluster; empty for its default.
        options: more options for ``orbitset render``.

    """

    recipe: Path
    output: str
    shards: int
    at_once: int = 0
    cpus: int = 8
    gpus: int = 0
    memory_gb: int = 16
    minutes: int = 240
    partition: str = ""
    options: str = ""

    @property
    def name(self) -> str:
        """The job's name."""
        return "orbitset-" + re.sub(r"[^A-Za-z0-9._-]+", "-", self.recipe.stem)

    def command(self) -> list[str]:
        """Return the command of a task but for the shard, which comes last."""
        # Nodes see the same installation, but need not have it on their PATH.
        installed = Path(sys.executable).with_name("orbitset")
        program = str(installed) if installed.exists() else "orbitset"
        start = [program, "render", str(self.recipe), "-o", self.output]
        return [*start, *shlex.split(self.options), "--shard"]

    def script(self) -> str:
        """Return the script for sbatch."""
        limit = f"%{self.at_once}" if self.at_once else ""
        directives = {
            "job-name": self.name,
            "array": f"0-{self.shards - 1}{limit}",
            "cpus-per-task": self.cpus,
            "mem": f"{self.memory_gb}G",
            "time": self.minutes,
            # To the script alone (B:), which passes it on; without --requeue a lost node's task is.
            "signal": f"B:USR1@{_NOTICE_S}",
            "open-mode": "append",
            "output": f"{self.name}-%A_%a.log",
        }
        if self.gpus:
            directives["gpus-per-node"] = self.gpus
        if self.partition:
            directives["partition"] = self.partition
        lines = [f"#SBATCH --{key}={value}" for key, value in directives.items()]
        return _SCRIPT.format(
            recipe=self.recipe,
            output=shlex.quote(self.output),
            shards=self.shards,
            directives="\n".join([*lines, "#SBATCH --requeue"]),
            command=shlex.join(self.command()),
            requeues=_MOST_REQUEUES,
        )


class ShardTask:
    """One shard as a task of submitit (a Checkpointable): stopped in good order, it resumes."""

    def __init__(self, command: list[str]) -> None:
        """Prepare a command."""
        self.command = command
        self._child: subprocess.Popen[bytes] | None = None

    def __call__(self) -> int:
        """Run the command in a process of its own.

        Raises:
            CalledProcessError: it failed.

        """
        # submitit's own signal reaches the whole step; its handler passes it on as SIGTERM.
        self._child = subprocess.Popen(self.command, preexec_fn=_ignore_submitit)
        code = self._child.wait()
        self._child = None
        if code == 128 + signal.SIGTERM and _is_to_go_on():
            # Preempted, with time to end in good order: all of the step was told. submitit ignores
            # that, and acts on its own signal only; a task that just ends is not queued anew.
            signal.raise_signal(signal.SIGUSR2)
        if code:
            raise subprocess.CalledProcessError(code, self.command)
        return code

    def checkpoint(self) -> Any:
        """Stop the command, because the time is up or the node is wanted, and queue it anew."""
        import submitit

        if self._child is not None:
            os.kill(self._child.pid, signal.SIGTERM)
            end = time.monotonic() + _NOTICE_S / 2
            # Not Popen.wait: this is a signal handler, and what it interrupts holds Popen's lock.
            look = os.WEXITED | os.WNOWAIT | os.WNOHANG
            while time.monotonic() < end and os.waitid(os.P_PID, self._child.pid, look) is None:
                time.sleep(0.2)
        return submitit.helpers.DelayedSubmission(ShardTask(self.command))


def _is_to_go_on() -> bool:
    """Tell whether this task is still wanted: one that is cancelled must not be queued anew."""
    job = os.environ.get("SLURM_ARRAY_JOB_ID") or os.environ["SLURM_JOB_ID"]
    number = os.environ.get("SLURM_ARRAY_TASK_ID")
    asked = ["squeue", "-h", "-o", "%T", "-j", f"{job}_{number}" if number else job]
    told = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    return told.strip() == "RUNNING"


def _ignore_submitit() -> None:
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)


def submit_array(array: SlurmArray, folder: Path) -> str:
    """Submit an array through submitit and return Slurm's number of it.

    submitit writes a script and logs of its own into ``folder``, which every node must see.

    Raises:
        UserError: submitit is not installed, or there is no Slurm here.

    """
    try:
        import submitit
    except ImportError:
        raise UserError("--submit needs submitit: pip install 'orbitset[slurm]'") from None
    try:
        executor = submitit.AutoExecutor(
            folder=str(folder / "%A"), cluster="slurm", slurm_max_num_timeout=_MOST_REQUEUES
        )
        executor.update_parameters(
            name=array.name,
            timeout_min=array.minutes,
            cpus_per_task=array.cpus,
            mem_gb=array.memory_gb,
            slurm_array_parallelism=array.at_once or array.shards,
            slurm_signal_delay_s=_NOTICE_S,
            slurm_additional_parameters={"requeue": True},
            **({"gpus_per_node": array.gpus} if array.gpus else {}),
            **({"slurm_partition": array.partition} if array.partition else {}),
        )
        tasks = [
            ShardTask([*array.command(), f"{number}/{array.shards}"])
            for number in range(array.shards)
        ]
        jobs = executor.submit_array(tasks)
    except (RuntimeError, OSError, submitit.core.utils.FailedJobError) as error:
        said = re.sub(r"\s+", " ", str(error)).strip()
        raise UserError(f"Slurm did not take the job: {said}") from None
    return str(jobs[0].job_id).partition("_")[0]
