"""Options that several commands share: what a run is spread over, and how it is watched over."""

from __future__ import annotations

from typing import Annotated

import typer

SPREAD, WATCH = "Spread over devices and machines", "Supervision"

Devices = Annotated[
    str,
    typer.Option(
        help="auto, cpu, 0,1 or optix:0 (optix, cuda, hip, oneapi, metal).",
        rich_help_panel=SPREAD,
    ),
]
PerDevice = Annotated[
    int, typer.Option(help="Processes a device; 0 decides.", min=0, rich_help_panel=SPREAD)
]
Threads = Annotated[
    int, typer.Option(help="CPU threads a process; 0 shares.", min=0, rich_help_panel=SPREAD)
]
ShotTimeout = Annotated[
    float,
    typer.Option(
        help="Seconds without an event after which a worker hangs; 0 learns it.",
        min=0,
        rich_help_panel=WATCH,
    ),
]
AllowMixed = Annotated[
    bool,
    typer.Option(
        "--allow-mixed",
        help="Go on with other versions or devices than images were rendered with.",
        rich_help_panel=WATCH,
    ),
]
OomToCpu = Annotated[
    bool,
    typer.Option(
        "--oom-to-cpu",
        help="Render on the CPU what a GPU's memory does not hold.",
        rich_help_panel=WATCH,
    ),
]
