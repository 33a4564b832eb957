"""What a convention is: one record of everything that it decides."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.metrics.scores import Measure, Metric


@dataclass(frozen=True)
class Convention:
    """A named set of rules under which scores are computed."""

    name: str
    summary: str
    """One line: whose numbers these are."""
    protocol: str
    """Kind of the protocol whose runs it reads."""
    rules: Any
    """A frozen dataclass with a field for each rule, as the measure reads it."""
    metrics: tuple[Metric, ...]
    """What is reported, the one to rank by first; the measure can compute all of them."""
    measure: Callable[[Convention, Dataset], Measure]
    """Makes the measure for a data set, which may fix an interval of lengths."""
    curves: tuple[str, ...] = ()
    """Keys of the curves that are reported; none: all that the measure has."""
    benchmarks: tuple[str, ...] = ()
    """Benchmarks, or families of them, whose papers quote it: their results are scored under it where nobody says
    otherwise. A benchmark's own name counts before its family's."""
    source: str = ""
    """The paper, and the code of the toolkit, that it follows."""
    attributes: str = ""
    """The attribute source that it takes where a data set has it; "": the data set's preferred one."""
    exceptions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """How the name of a data set begins -> rules that differ there."""
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """How the name of a data set begins -> the convention that holds there instead of this one."""

    def rules_on(self, dataset: str) -> Any:
        """The rules on a data set of this name."""
        changes = [change for start, change in self.exceptions.items() if dataset.startswith(start)]
        return dataclasses.replace(self.rules, **changes[0]) if changes else self.rules
