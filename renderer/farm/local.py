"""The local executor: one supervised process a slot on this machine.

A worker is a process of its own (spawned, never forked: bpy does not survive a fork), in a pebble
pool of one, so that a crash of Blender costs the shot it happened in and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import time
import traceback
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from pathlib import Path

from pebble import ProcessExpired

from renderer.blender.native_output import tail
from renderer.dataset.provenance import MixedError
from renderer.dataset.storage import DiskError, machine_name
from renderer.errors import UserError
from renderer.farm.environment import files_in, thread_caps
from renderer.farm.job import Ended, Job, Update
from renderer.farm.machine import usable_cores
from renderer.farm.slot_process import Outcome, SlotProcess
from renderer.farm.slots import Slot
from renderer.farm.timeouts import START_S
from renderer.farm.worker import WorkerSetup


@dataclass
class LocalExecutor:
    """Processes on this machine's devices.

    Attributes:
        base: what every worker is; each slot adds its device, cores and variables.
        slots: the slots.
        spool: a folder on this machine for the workers' events.

    """

    base: WorkerSetup
    slots: list[Slot]
    spool: Path
    start_timeout_s: float = START_S
    _processes: list[SlotProcess] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take the slots; processes start with the first job."""
        self._processes = [self._open(slot) for slot in self.slots]
        self.drain(False)

    def _open(self, slot: Slot, spare: bool = False) -> SlotProcess:
        variables = {
            **thread_caps(slot.threads),
            **files_in(str(self.spool)),
            **slot.environment(os.environ),
        }
        setup = replace(
            self.base,
            backend=slot.backend,
            threads=slot.threads,
            cores=slot.cores,
            environment=tuple(variables.items()),
            log=self.base.log.with_name(f"blender-{_here()}-{slot.name.replace(':', '-')}.log"),
        )
        return SlotProcess(slot, setup, self.spool / f"{slot.name}.events", spare)

    @property
    def _go_ahead(self) -> Path:
        """The file without which no worker begins another shot."""
        return self.spool / "go"

    def devices(self) -> set[str]:
        """Return the devices in use."""
        return {each.slot.device for each in self._processes if not each.retired and not each.spare}

    def lost(self, device: str) -> bool:  # noqa: ARG002
        """Return False: a device of this machine is lost with the scheduler, if at all."""
        return False

    def room(self) -> int:
        """Return how many slots are idle."""
        return len(self._idle())

    def _idle(self) -> list[SlotProcess]:
        return [
            each
            for each in self._processes
            if each.job is None and not each.retired and not each.spare
        ]

    def submit(self, job: Job) -> bool:
        """Start a job on an idle slot; one with memory troubles gets a CPU slot of its own."""
        idle = self._idle()
        if job.on_cpu:
            idle = self._spare()
        elif self.devices() - job.avoid:
            idle = [each for each in idle if each.slot.device not in job.avoid]
        if not idle:
            return False
        with contextlib.suppress(OSError):
            os.utime(self._go_ahead)  # or a cleaner of temporary files takes it after days
        idle[0].start(job, self._go_ahead)
        return True

    def _spare(self) -> list[SlotProcess]:
        """Return the idle slot for what GPUs cannot hold; it is made when first needed, renders
        nothing else, and is no device of its own.
        """
        spares = [each for each in self._processes if each.spare]
        if not spares:
            spares = [self._open(Slot("cpu.spare", "cpu", usable_cores()), spare=True)]
            self._processes += spares
        return [each for each in spares if each.job is None]

    def poll(self, wait_s: float) -> Update:
        """Return events and ends; returns at once when a job ends."""
        running = [each.future for each in self._processes if each.future is not None]
        if running:
            wait(running, timeout=wait_s, return_when=FIRST_COMPLETED)
        else:
            time.sleep(wait_s)
        update = Update()
        for each in self._processes:
            if each.job is None or each.future is None:
                continue
            over = each.future.done() or each.is_stuck()  # before the events, to have all of them
            sharing = self._sharing(each.slot.device)
            update.events.extend(event.sent_by(sharing=sharing) for event in each.new_events())
            if over:
                update.ended.append(_ended(each, each.job, each.future))
        return update

    def _sharing(self, device: str) -> int:
        return sum(p.slot.device == device and not p.spare for p in self._processes) or 1

    def kill(self, job: Job) -> None:
        """Kill the process of a job."""
        for each in self._processes:
            if each.job is job:
                each.kill()

    def set_aside(self, device: str) -> None:
        """Retire every slot of a device."""
        for each in self._processes:
            each.retired = each.retired or each.slot.device == device

    def drain(self, on: bool) -> None:
        """Take the file away without which no shot is begun (a full disk does not prevent that), or
        put it there.
        """
        if on:
            self._go_ahead.unlink(missing_ok=True)
        else:
            self._go_ahead.touch()

    def close(self) -> None:
        """Stop every process; none is waited for that is stuck in the kernel."""
        closing = [(each, each.close()) for each in self._processes]
        for each, thread in closing:
            each.wait_closed(thread)


def _here() -> str:
    """Return what tells this scheduler's logs from those of others that share the folder."""
    return f"{machine_name()}-{os.getpid()}"


def _ended(process: SlotProcess, job: Job, future: Future[Outcome]) -> Ended:
    """Return how a job ended, and ready its slot for the next."""
    end = Ended(job, process.worker, process.slot.device, log=tail(process.setup.log))
    renew = True
    try:
        if future.done():
            safe, recycle = future.result()
            end, renew = replace(end, cause=recycle, log="", safe=safe), bool(recycle)
        else:
            end = replace(end, how="died", cause="it cannot be killed")
    except DiskError as error:
        cause, renew = f"{error.filename}: {error.strerror}", False
        end = replace(end, how="full" if error.full else "error", cause=cause)
    except MixedError as error:
        end = replace(end, how="error", cause=str(error), log="")
    except (ProcessExpired, BrokenProcessPool, CancelledError) as error:
        end = _lost(process, end, getattr(error, "exitcode", None))
    except (UserError, OSError) as error:
        end = replace(end, how="error", cause=str(error))
    except Exception as error:
        said = "".join(traceback.format_exception(error))
        end = replace(end, how="defect", cause=f"{type(error).__name__}: {error}", log=said)
    if renew:
        process.renew()
    process.end()
    return end


def _lost(process: SlotProcess, end: Ended, code: object) -> Ended:
    """Return the end of a job whose process has ended with an exit code."""
    failed = process.start_failed
    cause = f"signal {-code}" if isinstance(code, int) and code < 0 else f"exit code {code}"
    return replace(
        end,
        how="died" if process.has_events else "unstarted",
        cause=failed.cause if failed else cause,
        log="" if failed and failed.explained else end.log,
        outside=failed is None and cause == "signal 9" and not process.killed,
    )
