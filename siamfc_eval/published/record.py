"""What a file of published statistics says of itself: its head, in JSON."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.metrics.scores import Laid, Measure

VERSION = 1
"""Of the layout of the file."""
DEFINITION = 1
"""Of what the metrics compute where rules and thresholds do not tell: to be counted up whenever a change of code
changes a row of statistics, so that statistics of before are refused."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Origin(_Part):
    """Where the raw results of a tracker come from."""

    source: str = ""
    """Repository, archive or publication."""
    version: str = ""
    """Commit, tag or date of it."""
    digest: str = ""
    """Hash of the content of all result files."""
    groups: tuple[str, ...] = ()
    """Names under which it can be chosen together with others."""


class SequenceHead(_Part):
    """One sequence, without anything that is annotated in it."""

    name: str
    frames: int = Field(ge=1, le=10_000_000)
    ground_truth: str
    """Hash of its ground truth."""
    also: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Hash of other ground truth, without leading frames that few have -> the trackers that have them; the statistics
    of the others are the same on both."""


class ColumnHead(_Part):
    """One column of whole numbers."""

    name: str
    shape: tuple[int, int, int]
    """Trackers, sequences, positions."""
    size: int = Field(ge=0, le=8)
    """Bytes of a number; 0: all numbers are those of the table that this one is like."""


class TableHead(_Part):
    """The statistics under one convention."""

    convention: str
    signature: str
    protocol: str = ""
    """Kind of the runs; "": the one that the convention is made for."""
    definition: str
    """Hash of what the convention computes."""
    like: int | None = Field(default=None, ge=0)
    """The table from which the numbers are differences; None: they are themselves."""
    trackers: tuple[str, ...]
    missing: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Tracker -> sequences that it has no result of."""
    refused: dict[str, str] = Field(default_factory=dict)
    """Tracker whose files the convention refuses -> why."""
    columns: tuple[ColumnHead, ...]
    attribute_source: str = ""
    attributes: tuple[str, ...] = ()
    """Attributes or tags of which there are scores."""
    attribute_counts: dict[str, int] = Field(default_factory=dict)
    metrics: tuple[str, ...]
    """Keys of the metrics of which there are scores by attribute."""
    single: tuple[str, ...] = ()
    """Keys of the metrics whose scores of single sequences are kept as they are: columns give them nearly."""
    speed: dict[str, dict[str, float]] = Field(default_factory=dict)
    notes: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Tracker -> what was noticed in its files."""


class Head(_Part):
    """A file of published statistics: of several trackers on one data set, under one convention or more."""

    format: Literal["siamfc-eval published statistics"] = "siamfc-eval published statistics"
    version: int = VERSION
    made_with: str
    """Version of siamfc-eval."""
    dataset: str
    ground_truth: str
    """Hash of the ground truth of all sequences, as in signatures."""
    sequences: tuple[SequenceHead, ...] = Field(min_length=1, max_length=100_000)
    trackers: dict[str, Origin]
    tables: tuple[TableHead, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the sequences."""
        return tuple(sequence.name for sequence in self.sequences)

    def without_annotations(self) -> Dataset:
        """A data set of these names and lengths, from which a measure knows how wide its rows are."""
        blank = [Sequence(one.name, np.broadcast_to(np.nan, (one.frames, 4))) for one in self.sequences]
        return Dataset(self.dataset, tuple(blank))


def definition_of(measure: Measure) -> str:
    """Hash of what a measure computes: its rules, what its signature pins, what is in its rows.

    A rule at its default does not count, so that a rule that comes later, and that a convention does not have, leaves
    what was published before as it is.
    """
    layout = [(part.key, part.kind) for part in measure.layout] if isinstance(measure, Laid) else []
    rules = {
        field.name: getattr(measure.rules, field.name)
        for field in dataclasses.fields(measure.rules)
        if getattr(measure.rules, field.name) != field.default
    }
    text = repr((DEFINITION, measure.convention, sorted(rules.items()), sorted(measure.pins.items()), layout))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
