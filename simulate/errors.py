"""The one error of the simulator."""

from __future__ import annotations


class SimulationError(ValueError):
    """What was asked for cannot be simulated. The message is one sentence that says what to change."""
