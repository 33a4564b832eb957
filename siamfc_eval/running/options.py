"""How an experiment is run, as far as that decides nothing about what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunOptions:
    """How an experiment is run."""

    device: str = "auto"
    """"auto", "cpu", "cuda" or "cuda:N"."""
    weights: Path | None = None
    """A weights file instead of the trackers' own."""
    weights_key: str | None = None
    """Where in the weights file the tensors are, e.g. "ema"; None: under the usual keys."""
    lanes: int | None = None
    """Runs abreast for trackers that work on batches; 1: one after the other, timed; None: one for each core, or as
    many as suit a graphics card. It decides no result on a CPU."""
    workers: int | None = None
    """Cores to use: threads that decode, lanes on a CPU, processes for other trackers; None: all of them."""
    repetitions: int | None = None
    """Repetitions in place of each protocol's own."""
    sequences: tuple[str, ...] = ()
    """Sequences to run; none: all."""
    fresh: bool = False
    """Run everything again and replace what is there."""
    speed: bool = False
    """Time the trackers: run alone, one frame after the other, what has no times yet."""
    timeout: float | None = None
    """Seconds that trackers in other processes (TraX, classes) may take to start and for each answer; None: as their
    definitions say, else 60."""
    style: str | None = None
    """Style of the Python classes among the trackers; None: by their methods."""
    names: tuple[str, ...] = ()
    """Names for the trackers' results, one for each in order; none: their own."""
    debug: bool = False
    """Have Python classes in this process, one run after the other, and stop in the debugger where one raises."""
    skip_bad: bool = False
    """Leave out, and report, what cannot be run because of bad data, instead of calling the run incomplete."""
