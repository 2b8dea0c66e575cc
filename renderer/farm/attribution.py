"""Failure attribution: whether it is the shot or the device that renders keep failing with.

The rules are those of Flamenco's soft failures and blocklists: one failure proves nothing, a second
elsewhere decides.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

# A shot in which so many workers crashed, each while it was the only one they had, is given up.
_CRASHES = 2
# Somebody's kill -9 says little about the shot that happened to be rendering.
_KILLS = 5
# A device on which so many different shots failed that succeeded elsewhere is set aside.
_SHOTS_OF_A_DEVICE = 3
# A device on which so many workers in a row do not start is given up: those that say why, and those
# that do not.
_FAILED_STARTS = {True: 2, False: 8}


@dataclass(frozen=True)
class Death:
    """One worker's end in one shot; ``outside``: by somebody's kill -9, which is no crash."""

    worker: str
    device: str
    cause: str
    log: str = ""
    outside: bool = False


@dataclass
class Attribution:
    """What has failed so far, by shot and by device."""

    deaths: dict[int, list[Death]] = field(default_factory=lambda: defaultdict(list))
    _failed_on: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    _attributed: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    _failed_starts: Counter[tuple[str, bool]] = field(default_factory=Counter)

    def record_death(self, shot: int, death: Death) -> bool:
        """Record a worker's death in a shot; return whether the shot is to be given up."""
        self.deaths[shot].append(death)
        if death.outside:
            given_up = self.kills(shot) >= _KILLS
        else:
            self._failed_on[shot].add(death.device)
            crashed = {each.worker for each in self.deaths[shot] if not each.outside}
            given_up = len(crashed) >= _CRASHES
        if given_up:
            self.attribute_to_shot(shot)
        return given_up

    def kills(self, shot: int) -> int:
        """Return how often somebody killed a worker during a shot."""
        return sum(death.outside for death in self.deaths.get(shot, ()))

    def record_failure(self, shot: int, device: str) -> bool:
        """Record an error; return whether it is the shot's first, so that it may be tried again."""
        first = not self._failed_on[shot]
        self._failed_on[shot].add(device)
        return first

    def attribute_to_shot(self, shot: int) -> None:
        """Forget where a shot failed: it does so wherever it is tried, whatever the device."""
        self._failed_on.pop(shot, None)

    def record_success(self, shot: int, device: str) -> list[str]:
        """Attribute a shot's failures to the devices it failed on, since it succeeded on this one;
        return those that are to be set aside.
        """
        set_aside = []
        for other in self._failed_on.pop(shot, set()) - {device}:
            self._attributed[other].add(shot)
            if len(self._attributed[other]) == _SHOTS_OF_A_DEVICE:
                set_aside.append(other)
        return set_aside

    def unattributed(self) -> frozenset[str]:
        """Return the devices on which so many shots have failed that, before they get more, it
        should be seen whether those shots succeed elsewhere.
        """
        failures = Counter(device for devices in self._failed_on.values() for device in devices)
        return frozenset(each for each, count in failures.items() if count >= _SHOTS_OF_A_DEVICE)

    def failed_on(self, shot: int) -> frozenset[str]:
        """Return the devices a shot failed on."""
        return frozenset(self._failed_on.get(shot, ()))

    def record_failed_start(self, device: str, explained: bool) -> bool:
        """Record a worker that did not start (``explained``: with an error of its own); return
        whether the device is to be given up.
        """
        self._failed_starts[device, explained] += 1
        return self._failed_starts[device, explained] >= _FAILED_STARTS[explained]

    def record_start(self, device: str) -> None:
        """Forget the failed starts of a device, and those of which no device is known."""
        for explained in (True, False):
            self._failed_starts.pop((device, explained), None)
            self._failed_starts.pop(("", explained), None)
