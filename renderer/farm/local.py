"""The local executor: one supervised process a slot on this machine.

A worker is a process of its own (spawned, never forked: bpy does not survive a fork), in a pebble
pool of one, so that a crash of Blender costs the shot it happened in and nothing else.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.resource_tracker as resource_tracker
import os
import signal
import threading
import time
import traceback
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from renderer.blender.quiet import tail
from renderer.dataset.provenance import MixedError
from renderer.dataset.storage import DiskError, machine_name
from renderer.errors import UserError
from renderer.farm.environment import call_settled, files_in, pack, thread_caps
from renderer.farm.job import Ended, Event, Job, News
from renderer.farm.journal import Follower, Journal
from renderer.farm.machine import usable_cores
from renderer.farm.pool import spawn_pool
from renderer.farm.slots import Slot
from renderer.farm.timeouts import START_S
from renderer.farm.worker import WorkerSetup, begin, render_job

# A killed process is gone at once; one that is not is stuck in the kernel and given up on.
_GONE_WITHIN_S = 10.0


@dataclass
class _Place:
    """A slot with its present process."""

    slot: Slot
    setup: WorkerSetup
    wire: Path
    follower: Follower
    pool: ProcessPool
    generation: int = 0
    pid: int = 0
    job: Job | None = None
    future: Future[tuple[tuple[int, ...], str]] | None = None
    spoke: bool = False
    complaint: str = ""
    explained: bool = False
    killed: float = 0.0
    retired: bool = False
    spare: bool = False

    @property
    def worker(self) -> str:
        return f"{self.slot.name}#{self.generation}"


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
    _places: list[_Place] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take the slots; processes start with the first job."""
        self._places = [self._open(slot) for slot in self.slots]
        self.wind_down(False)

    def _open(self, slot: Slot) -> _Place:
        setup = replace(
            self.base,
            backend=slot.backend,
            threads=slot.threads,
            cores=slot.cores,
            environment=tuple(
                {
                    **thread_caps(slot.threads),
                    **files_in(str(self.spool)),
                    **slot.environment(os.environ),
                }.items()
            ),
            log=self.base.log.with_name(f"blender-{_here()}-{slot.name.replace(':', '-')}.log"),
        )
        wire = self.spool / f"{slot.name}.events"
        return _Place(slot, setup, wire, Follower(wire), _new_pool(setup, wire))

    def devices(self) -> set[str]:
        """Return the devices in use."""
        return {
            place.slot.device for place in self._places if not place.retired and not place.spare
        }

    def lost(self, device: str) -> bool:  # noqa: ARG002
        """Return False: a device of this machine is lost with the scheduler, if at all."""
        return False

    def room(self) -> int:
        """Return how many slots are idle."""
        return len(self._idle())

    def _idle(self) -> list[_Place]:
        return [
            place
            for place in self._places
            if place.job is None and not place.retired and not place.spare
        ]

    def submit(self, job: Job) -> bool:
        """Start a job on an idle slot; one with memory troubles gets a CPU slot of its own."""
        idle = self._idle()
        if job.on_cpu:
            idle = self._spare()
        elif self.devices() - job.avoid:
            idle = [place for place in idle if place.slot.device not in job.avoid]
        if not idle:
            return False
        with contextlib.suppress(OSError):
            os.utime(self.spool / "go")  # or a cleaner of temporary files takes it after days
        place = idle[0]
        place.job, place.spoke, place.killed = job, False, 0.0
        place.complaint, place.explained = "", False
        place.future = self._schedule(place, job)
        return True

    def _spare(self) -> list[_Place]:
        """Return the idle place for what GPUs cannot hold; it is made when first needed, renders
        nothing else, and is no device of its own.
        """
        spares = [place for place in self._places if place.spare]
        if not spares:
            spares = [self._open(Slot("cpu.spare", "cpu", usable_cores()))]
            spares[0].spare = True
            self._places += spares
        return [place for place in spares if place.job is None]

    def _schedule(self, place: _Place, job: Job) -> Future[tuple[tuple[int, ...], str]]:
        arguments = (place.setup, job, place.wire, self.spool / "go")
        # What is started here inherits this: a terminal's Ctrl-C and a batch system's SIGTERM reach
        # the whole group, and workers heed none but their scheduler.
        resource_tracker.ensure_running()  # it would take the mask away when it starts
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            return place.pool.schedule(_work, args=arguments)
        except RuntimeError:  # its process died while it had nothing to do
            self._renew(place)
            return place.pool.schedule(_work, args=arguments)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def news(self, wait_s: float) -> News:
        """Return events and ends; wakes at once when a job ends."""
        running = [place.future for place in self._places if place.future is not None]
        if running:
            wait(running, timeout=wait_s, return_when=FIRST_COMPLETED)
        else:
            time.sleep(wait_s)
        news = News()
        for place in self._places:
            if place.job is None or place.future is None:
                continue
            over = place.future.done() or _stuck(place)  # before the events, to have all of them
            news.events.extend(self._hear(place))
            if over:
                news.ended.append(self._end(place, place.job, place.future))
        return news

    def _hear(self, place: _Place) -> list[Event]:
        events = []
        for event in place.follower.news():
            if event["event"] == "hello":
                place.pid = event["pid"]
            elif event["event"] == "broken":
                place.complaint, place.explained = event["cause"], event["explained"]
            elif place.job is not None and event.get("job") == place.job.id:
                place.spoke = True
            device = place.slot.device
            about = {"worker": place.worker, "device": device, "sharing": self._sharing(device)}
            events.append({**event, **about})
        return events

    def _sharing(self, device: str) -> int:
        return sum(p.slot.device == device and not p.spare for p in self._places) or 1

    def _end(self, place: _Place, job: Job, future: Future[tuple[tuple[int, ...], str]]) -> Ended:
        end = Ended(job, place.worker, place.slot.device, log=tail(place.setup.log))
        renew = True
        try:
            if future.done():
                safe, retire = future.result()
                end, renew = replace(end, cause=retire, log="", safe=safe), bool(retire)
            else:
                end = replace(end, how="died", cause="it cannot be killed")
        except DiskError as error:
            cause, renew = f"{error.filename}: {error.strerror}", False
            end = replace(end, how="full" if error.full else "error", cause=cause)
        except MixedError as error:
            end = replace(end, how="error", cause=str(error), log="")
        except (ProcessExpired, BrokenProcessPool, CancelledError) as error:
            code = getattr(error, "exitcode", None)
            cause = f"signal {-code}" if isinstance(code, int) and code < 0 else f"exit code {code}"
            cause = place.complaint or cause
            end = replace(end, log="") if place.explained else end
            end = replace(end, how="died" if place.spoke else "unstarted", cause=cause)
            end = replace(end, outside=cause == "signal 9" and not place.killed)
        except (UserError, OSError) as error:
            end = replace(end, how="error", cause=str(error))
        except Exception as error:
            said = "".join(traceback.format_exception(error))
            end = replace(end, how="defect", cause=f"{type(error).__name__}: {error}", log=said)
        if renew:
            self._renew(place)
        place.job, place.future, place.killed = None, None, 0.0
        return end

    def _renew(self, place: _Place) -> None:
        if _stuck(place):  # in the kernel, with its GPU: nobody waits for it
            threading.Thread(target=_close, args=(replace(place),), daemon=True).start()
            _forget(place.pid)
        else:
            _close(place)
        place.generation += 1
        place.pid = 0
        place.pool = _new_pool(place.setup, place.wire)

    def kill(self, job: Job) -> None:
        """Kill the process of a job."""
        for place in self._places:
            if place.job is job:
                place.killed = time.monotonic()
                if place.pid:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(place.pid, signal.SIGKILL)
                else:
                    _close(place)

    def set_aside(self, device: str) -> None:
        """Retire every slot of a device."""
        for place in self._places:
            place.retired = place.retired or place.slot.device == device

    def wind_down(self, on: bool) -> None:
        """Take away the word that shots may be begun (a full disk does not prevent that), or leave
        it.
        """
        if on:
            (self.spool / "go").unlink(missing_ok=True)
        else:
            (self.spool / "go").touch()

    def close(self) -> None:
        """Stop every process; none is waited for that is stuck in the kernel."""
        closing = [
            threading.Thread(target=_close, args=(place,), daemon=True) for place in self._places
        ]
        for thread in closing:
            thread.start()
        for thread, place in zip(closing, self._places, strict=True):
            thread.join(_GONE_WITHIN_S)
            if thread.is_alive():
                _forget(place.pid)


def _here() -> str:
    """Return what tells this scheduler's logs from those of others that share the folder."""
    return f"{machine_name()}-{os.getpid()}"


def _new_pool(setup: WorkerSetup, wire: Path) -> ProcessPool:
    return spawn_pool(call_settled, dict(setup.environment), pack(_enter, setup, wire))


def _close(place: _Place) -> None:
    if place.pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(place.pid, signal.SIGKILL)
    place.pool.stop()
    place.pool.join()


def _forget(pid: int) -> None:
    """Have Python not wait for a process when it exits; multiprocessing joins all it knows of."""
    for child in multiprocessing.active_children():
        if child.pid == pid:
            multiprocessing.process._children.discard(child)  # type: ignore[attr-defined]


def _stuck(place: _Place) -> bool:
    return place.killed > 0 and time.monotonic() - place.killed > _GONE_WITHIN_S


def _enter(setup: WorkerSetup, wire: Path) -> None:
    """Begin a worker process; pebble's initializer."""
    journal = Journal(wire)
    journal.write("hello", pid=os.getpid())
    try:
        begin(setup)
    except BaseException as error:
        explained = isinstance(error, UserError)
        cause = str(error) if explained else f"{type(error).__name__}: {error}"
        journal.write("broken", cause=cause, explained=explained)
        raise


def _work(setup: WorkerSetup, job: Job, wire: Path, go: Path) -> tuple[tuple[int, ...], str]:
    journal = Journal(wire)

    def tell(event: str, **details: object) -> None:
        journal.write(event, job=job.id, **details)

    return render_job(setup, job, tell, lambda: not go.exists())
