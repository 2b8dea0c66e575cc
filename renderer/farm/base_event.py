"""What all events share: their time, and the types of their fields.

The limits of the fields are those of what readers compute with: a journal may come from anywhere,
as a dataset may.
"""

from __future__ import annotations

import time
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _writable(value: Any) -> Any:
    """Return a text that UTF-8 can hold: names of files need not be."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def _now() -> float:
    return round(time.time(), 3)


Text = Annotated[str, BeforeValidator(_writable)]
Count = Annotated[int, Field(ge=0, lt=2**63)]
Number = Annotated[float, Field(gt=-1e15, lt=1e15, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, lt=1e11, allow_inf_nan=False)]  # till the year 5138
ProcessId = Annotated[int, Field(gt=0, lt=2**31)]
Shots = tuple[Count, ...]


class BaseEvent(BaseModel):
    """What every event has.

    Attributes:
        time: when it happened, in seconds since 1970 (UTC).
        event: which it is.

    """

    model_config = ConfigDict(frozen=True, strict=True)
    # A journal's line without these is none; before an event is in a journal they may be lacking.
    needed: ClassVar[frozenset[str]] = frozenset({"time"})

    time: Seconds = Field(default_factory=_now)
    event: str

    def is_complete(self) -> bool:
        """Tell whether it has all that an event of a run's journal has."""
        return self.needed <= self.model_fields_set

    def concerns(self, shot: int) -> bool:
        """Tell whether it is an event of a shot, or of several with that one among them."""
        return shot == getattr(self, "shot", None) or shot in getattr(self, "shots", ())
