"""How an experiment is run, as far as that decides nothing about what comes out."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Self

from siamfc_eval.tracking.family import LoadOptions


@dataclass(frozen=True)
class RunOptions:
    """How an experiment is run."""

    load: LoadOptions = field(default_factory=LoadOptions)
    """How the trackers are loaded: device, weights, time-outs."""
    lanes: int | None = None
    """Runs side by side, for trackers that take batches; 1: one after the other, timed; None: one for each core, or as
    many as suit a graphics card. It decides no result on a CPU."""
    workers: int | None = None
    """Cores to use: threads that decode, lanes on a CPU, processes for other trackers; None: all of them."""
    executor: str | None = None
    """What runs the sequences, by name (`siamfc-eval list executors`); None: the fastest one that suits the tracker."""
    cluster: str | None = None
    """Where runs are spread over many processes by dask.distributed: "local", the address of a scheduler, or its file;
    None: nowhere. Runs that are timed are made in this process all the same."""
    repetitions: int | None = None
    """Repetitions in place of each protocol's own."""
    sequences: tuple[str, ...] = ()
    """Sequences to run; none: all."""
    fresh: bool = False
    """Run everything again and replace what is there."""
    speed: bool = False
    """Time the trackers: run alone, one frame after the other, what has no times yet."""
    responses: bool = False
    """Keep the trackers' response maps beside the results; runs that have none are made again for them."""
    names: tuple[str, ...] = ()
    """Names for the trackers' results, one for each in order; none: their own."""
    skip_bad: bool = False
    """Leave out, and report, what cannot be run because of bad data, instead of calling the run incomplete."""

    @classmethod
    def of(cls, start: Self | None = None, **values: Any) -> Self:
        """Options given one by one, those of `LoadOptions` among them.

        Args:
            start: what is not given is as here; None: the defaults.
            values: fields of this class or of `LoadOptions`.

        Raises:
            TypeError: no such option.
        """
        start = start or cls()
        loading = {entry.name for entry in dataclasses.fields(LoadOptions)}
        load = dataclasses.replace(start.load, **{key: value for key, value in values.items() if key in loading})
        return dataclasses.replace(start, load=load, **{k: value for k, value in values.items() if k not in loading})
