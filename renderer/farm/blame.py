"""Who is to blame: shots that kill workers, and devices on which shots fail that work elsewhere.

The rules are those of Flamenco's soft failures and blocklists: one failure proves nothing, a second
elsewhere clears or convicts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

# A shot that killed this many workers, each while it was the only one they had, is given up.
_DEADLY = 2
# Somebody's kill -9 says little about the shot that happened to be rendering.
_KILLED_FROM_OUTSIDE = 5
# So many different shots that failed on a device and succeeded elsewhere speak against it.
_STRIKES = 3
# A device on which so many workers in a row do not come up; with and without an error of their own.
_FALSE_STARTS = {True: 2, False: 8}


@dataclass(frozen=True)
class Death:
    """One worker's end in one shot; ``outside``: by somebody's kill -9, which is no crash."""

    worker: str
    device: str
    cause: str
    log: str = ""
    outside: bool = False


@dataclass
class Blame:
    """What is held against shots and devices so far."""

    deaths: dict[int, list[Death]] = field(default_factory=lambda: defaultdict(list))
    _failed_on: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    _strikes: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    _false_starts: Counter[tuple[str, bool]] = field(default_factory=Counter)

    def hold(self, shot: int, death: Death) -> bool:
        """Hold a death against a shot; return whether it is convicted."""
        self.deaths[shot].append(death)
        if death.outside:
            convicted = self.kills(shot) >= _KILLED_FROM_OUTSIDE
        else:
            self._failed_on[shot].add(death.device)
            crashed = {each.worker for each in self.deaths[shot] if not each.outside}
            convicted = len(crashed) >= _DEADLY
        if convicted:
            self._failed_on.pop(shot, None)  # it is the shot: no device is to blame
        return convicted

    def kills(self, shot: int) -> int:
        """Return how often somebody killed a worker during a shot."""
        return sum(death.outside for death in self.deaths.get(shot, ()))

    def failed(self, shot: int, device: str) -> bool:
        """Take note of an error; return whether it is the shot's first, so that it may be tried
        elsewhere.
        """
        first = not self._failed_on[shot]
        self._failed_on[shot].add(device)
        return first

    def settled(self, shot: int) -> None:
        """Drop the case of a shot that fails wherever it is tried: no device is to blame."""
        self._failed_on.pop(shot, None)

    def doubtful(self) -> frozenset[str]:
        """Return the devices on which so many shots have failed that, before they get more, it
        should be seen whether those shots succeed elsewhere.
        """
        open_cases = Counter(device for devices in self._failed_on.values() for device in devices)
        return frozenset(device for device, cases in open_cases.items() if cases >= _STRIKES)

    def avoid(self, shot: int) -> frozenset[str]:
        """Return the devices a shot failed on."""
        return frozenset(self._failed_on.get(shot, ()))

    def succeeded(self, shot: int, device: str) -> list[str]:
        """Clear a shot; return the devices that this convicts."""
        guilty = []
        for other in self._failed_on.pop(shot, set()) - {device}:
            self._strikes[other].add(shot)
            if len(self._strikes[other]) == _STRIKES:
                guilty.append(other)
        return guilty

    def false_start(self, device: str, told: bool) -> bool:
        """Take note of a worker that did not come up (``told`` with an error of its own); return
        whether the device is to be given up.
        """
        self._false_starts[device, told] += 1
        return self._false_starts[device, told] >= _FALSE_STARTS[told]

    def came_up(self, device: str) -> None:
        """Forget the false starts of a device, and those of which no device is known."""
        for told in (True, False):
            self._false_starts.pop((device, told), None)
            self._false_starts.pop(("", told), None)
