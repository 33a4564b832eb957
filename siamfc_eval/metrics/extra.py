"""Metrics of one's own, computed in addition to those of a convention on the same runs.

    [project.entry-points."siamfc_eval.metrics"]
    jitter = "my_package.jitter:JITTER"

An `ExtraMetric` is asked for by name (`--metric jitter`) and is then in tables, JSON, comparisons and reports like any
other; the signature names it and the package that it is from.
"""

from __future__ import annotations

import collections.abc
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.metrics.scores import (
    Batched,
    Coarsened,
    CurveAxis,
    Measure,
    Metric,
    Mismatch,
    Prepared,
    Reducible,
    Reduction,
    Runs,
    Strict,
    Tagged,
)
from siamfc_eval.protocols.table import Shape, protocol
from siamfc_eval.protocols.trajectory import Trajectory
from siamfc_eval.registry import Registry

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ExtraMetric:
    """A metric that belongs to no convention."""

    metric: Metric
    """How it is shown; its key is the name under which it is asked for."""
    summary: str
    """One line for lists."""
    columns: int
    """Length k of a row of statistics."""
    statistics: Callable[[Sequence, Runs], Floats]
    """Of one tracker on one sequence, shape (k,); rows add up over sequences."""
    finish: Callable[[Floats], Floats]
    """Sums of rows, shape (..., k) -> the metric, shape (...); NaN where the sums are of nothing."""
    shapes: tuple[Shape, ...] = ("one pass",)
    """What runs it can read, see `siamfc_eval.protocols.table.Shape`."""


METRICS: Registry[ExtraMetric] = Registry(
    "metric", "siamfc_eval.metrics.extra:ExtraMetric", group="siamfc_eval.metrics"
)
"""Metrics that belong to no convention, by key."""


def extended(measure: Measure, names: Iterable[str]) -> Measure:
    """A measure that computes more metrics.

    Args:
        measure: a convention's.
        names: keys of metrics; those that the measure has already change nothing.

    Raises:
        UnknownNameError: no such metric.
        InputError: it cannot read the runs that the measure reads, or another package's is not as it should be.
    """
    own = {metric.key for metric in measure.metrics}
    extras = tuple(_usable(name, measure, own) for name in dict.fromkeys(names) if name not in own)
    if not extras:
        return measure
    return ExtendedTagged(measure, extras) if isinstance(measure, Tagged) else Extended(measure, extras)


def _usable(name: str, measure: Measure, own: Iterable[str]) -> ExtraMetric:
    if name not in METRICS:
        raise UnknownNameError("metric", name, [*own, *METRICS])
    extra, shape = METRICS[name], protocol(measure.protocol).shape
    if extra.metric.key != name:
        raise InputError(f"metric '{name}' of {METRICS.provider(name)} calls itself '{extra.metric.key}'.")
    if shape not in extra.shapes:
        raise InputError(
            f"metric '{name}' reads runs of the form {' or '.join(extra.shapes)}; {measure.convention} scores runs of "
            f"the form {shape}. Score these without it."
        )
    return extra


@dataclass(frozen=True)
class Extended:
    """A measure with extra metrics: its rows of statistics are followed by theirs."""

    base: Measure
    extras: tuple[ExtraMetric, ...]
    joint: bool = True
    """Rows are not cached between processes: nothing here shows when the code of an extra metric changes."""

    @property
    def convention(self) -> str:
        """The base's."""
        return self.base.convention

    @property
    def rules(self) -> Any:
        """The base's."""
        return self.base.rules

    @property
    def protocol(self) -> str:
        """The base's."""
        return self.base.protocol

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The base's, with the extra ones after the one that it ranks by, where a narrow table shows them too."""
        first, *others = self.base.metrics
        return (first, *(extra.metric for extra in self.extras), *others)

    @property
    def curves(self) -> tuple[CurveAxis, ...]:
        """The base's."""
        return self.base.curves

    @property
    def pins(self) -> Mapping[str, str]:
        """The base's, and which metrics are extra."""
        return {**self.base.pins, "also": "+".join(extra.metric.key for extra in self.extras)}

    def check(self, sequence: Sequence, run: Trajectory) -> str:
        """What the base says of a run."""
        return self.base.check(sequence, run) if isinstance(self.base, Strict) else ""

    def relaxed(self, policy: Mismatch) -> Measure:
        """The base with another rule for lengths, and the same extra metrics."""
        return type(self)(self.base.relaxed(policy), self.extras) if isinstance(self.base, Strict) else self

    def statistics(self, sequence: Sequence, runs: Runs) -> Floats:
        """See `Measure.statistics`."""
        return np.concatenate([self.base.statistics(sequence, runs), self._extra_row(sequence, runs)])

    def statistics_many(
        self, sequences: collections.abc.Sequence[Sequence], runs: collections.abc.Sequence[Runs]
    ) -> Floats:
        """See `Batched.statistics_many`."""
        pairs = list(zip(sequences, runs, strict=True))
        if isinstance(self.base, Batched):
            rows = self.base.statistics_many(sequences, runs)
        else:
            rows = np.stack([self.base.statistics(*pair) for pair in pairs])
        return np.concatenate([rows, np.stack([self._extra_row(*pair) for pair in pairs])], axis=1)

    def prepare(self, sequences: collections.abc.Sequence[Sequence], runs: collections.abc.Sequence[Runs]) -> None:
        """See `Prepared.prepare`."""
        if isinstance(self.base, Prepared):
            self.base.prepare(sequences, runs)

    def finish(self, statistics: Floats) -> dict[str, Floats]:
        """See `Measure.finish`."""
        values = self.base.finish(statistics[..., : -self._width])
        for extra, columns in self._columns(statistics.shape[-1]):
            values[extra.metric.key] = np.asarray(extra.finish(statistics[..., columns]), dtype=np.float64)
        return values

    def finish_curves(self, statistics: Floats) -> dict[str, Floats]:
        """See `Measure.finish_curves`."""
        return self.base.finish_curves(statistics[..., : -self._width])

    def reduced(self, metric: str) -> Reduction:
        """See `Reducible.reduced`."""
        own = [extra.metric.key for extra in self.extras]
        if metric in own:
            place = own.index(metric)
            return Reduction(lambda rows: rows[..., self._columns(rows.shape[-1])[place][1]], self.extras[place].finish)
        if not isinstance(self.base, Reducible):
            return Reduction(lambda rows: rows[..., : -self._width], lambda sums: self.base.finish(sums)[metric])
        reduce, finish = self.base.reduced(metric)
        return Reduction(lambda rows: reduce(rows[..., : -self._width]), finish)

    def coarser(self, metric: str) -> Reduction | None:
        """See `Coarsened.coarser`."""
        own = any(extra.metric.key == metric for extra in self.extras)
        return self.base.coarser(metric) if isinstance(self.base, Coarsened) and not own else None

    @property
    def _width(self) -> int:
        """Columns of all extra metrics together."""
        return sum(extra.columns for extra in self.extras)

    def _columns(self, width: int) -> list[tuple[ExtraMetric, slice]]:
        """Each extra metric with its columns in rows of a width."""
        ends = width - self._width + np.cumsum([extra.columns for extra in self.extras])
        return [(extra, slice(end - extra.columns, end)) for extra, end in zip(self.extras, ends.tolist(), strict=True)]

    def _extra_row(self, sequence: Sequence, runs: Runs) -> Floats:
        rows = []
        for extra in self.extras:
            row = np.asarray(extra.statistics(sequence, runs), dtype=np.float64)
            if row.shape != (extra.columns,):
                raise InputError(
                    f"metric '{extra.metric.key}': its statistics of {sequence.name} have shape {row.shape}; it "
                    f"declares {extra.columns} columns."
                )
            rows.append(row)
        return np.concatenate(rows)


class ExtendedTagged(Extended):
    """The same over a measure that has scores by tag; extra metrics have none, which is shown as missing."""

    def tag_statistics(self, sequence: Sequence, runs: Runs) -> Mapping[str, Floats]:
        """See `Tagged.tag_statistics`."""
        assert isinstance(self.base, Tagged)
        nothing, everything = np.full(self._width, np.nan), self._extra_row(sequence, runs)
        return {
            tag: np.concatenate([row, everything if tag == "all" else nothing])
            for tag, row in self.base.tag_statistics(sequence, runs).items()
        }
