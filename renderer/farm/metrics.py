"""Prometheus metrics of a run, served while it lasts."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from renderer.errors import UnavailableError, UserError
from renderer.farm.events import (
    Event,
    RunPaused,
    RunResumed,
    ShotDone,
    ShotFailed,
    ShotQuarantined,
    ShotStarted,
    WorkerLost,
)


class RunMetrics:
    """Counters and gauges at ``http://host:port/metrics``."""

    def __init__(self, port: int, total: int) -> None:
        """Prepare for ``total`` images.

        Raises:
            UserError: the library is not installed.

        """
        try:
            import prometheus_client as prometheus
        except ImportError:
            raise UserError("--metrics-port needs pip install 'orbitset[metrics]'") from None
        self._port = port
        self._prometheus = prometheus
        # A registry of its own: several runs of one process (tests) do not meet.
        self._registry = prometheus.CollectorRegistry()
        registry = self._registry
        self._images = prometheus.Counter(
            "orbitset_images", "Images by outcome.", ["device", "outcome"], registry=registry
        )
        self._seconds = prometheus.Histogram(
            "orbitset_image_seconds",
            "Device-seconds an image.",
            ["device"],
            buckets=(0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000),
            registry=registry,
        )
        self._lost = prometheus.Counter(
            "orbitset_workers_lost", "Render processes lost.", ["device", "how"], registry=registry
        )
        self._quarantined = prometheus.Counter(
            "orbitset_quarantined",
            "Images given up because they kill their workers.",
            registry=registry,
        )
        self._rendering = prometheus.Gauge(
            "orbitset_rendering", "Images being rendered.", registry=registry
        )
        self._paused = prometheus.Gauge(
            "orbitset_paused", "1 while the disk is full.", registry=registry
        )
        self._wanted = prometheus.Gauge(
            "orbitset_images_wanted", "Images of this run.", registry=registry
        )
        self._wanted.set(total)
        self._running: set[int] = set()

    def __enter__(self) -> Self:
        """Serve.

        Raises:
            UnavailableError: the port is taken.

        """
        try:
            served = self._prometheus.start_http_server(self._port, registry=self._registry)
        except OSError as error:
            raise UnavailableError(f"--metrics-port {self._port}: {error.strerror}") from None
        self._server, self._thread = served
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def handle(self, event: Event) -> None:
        """Count one event of the run."""
        match event:
            case ShotStarted():
                self._running.add(event.shot)
            case ShotDone() | ShotFailed():
                self._running.discard(event.shot)
                if not (isinstance(event, ShotFailed) and event.again):
                    self._images.labels(event.device, event.event).inc()
                self._seconds.labels(event.device).observe(event.seconds)
            case WorkerLost():
                self._running -= set(event.shots)
                self._lost.labels(event.device, event.event).inc()
            case ShotQuarantined():
                self._quarantined.inc()
            case RunPaused():
                self._paused.set(1)
            case RunResumed():
                self._paused.set(0)
        self._rendering.set(len(self._running))
