"""Protocols as they are declared in an experiment file, and the runs that each makes of a sequence."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PositiveFloat, PositiveInt, SerializeAsAny
from pydantic_core import PydanticKnownError

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.protocols.commands import Steps
from siamfc_eval.protocols.multi_start import EVERY, anchors, multi_start
from siamfc_eval.protocols.one_pass import long_term, one_pass, unsupervised
from siamfc_eval.protocols.realtime import GRACE, ClockName, realtime
from siamfc_eval.protocols.spatial_robustness import VARIANTS, sre
from siamfc_eval.protocols.supervised import SKIP, FailureRule, failure_overlap, supervised
from siamfc_eval.protocols.table import PROTOCOLS, protocol
from siamfc_eval.protocols.temporal_robustness import SEGMENTS, tre, tre_starts
from siamfc_eval.registry import OURS, Entry


@dataclass(frozen=True)
class Start:
    """One of the runs that a protocol makes of a sequence."""

    begin: Callable[[], Steps]
    frames: int
    """Entries that its trajectory will have."""
    number: int | None = None
    """1-based number in the result file's name, where a protocol makes several runs from one frame (SRE)."""
    anchor: int | None = None
    """0-based frame that names the result file, where a protocol starts on several frames (TRE, multi-start)."""


class ProtocolSettings(BaseModel):
    """What an experiment file says of one protocol, and the runs that it makes; each kind adds its own keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    folder: str | None
    """Folder of the results below the tracker's; None: the tracker's own folder."""
    repetitions: PositiveInt = 1
    """Runs of each sequence; a tracker whose first three are identical is not run further."""

    @property
    def needs_times(self) -> bool:
        """Whether the tracker must be timed alone, one call after the other."""
        return False

    @property
    def scored_as(self) -> str:
        """Kind of the protocol whose conventions read the runs."""
        return self.kind

    @property
    def repeats(self) -> bool:
        """Whether repetitions mean anything: runs from many starts are not repeated."""
        return True

    def starts(self, sequence: Sequence, polygons: bool = False) -> tuple[Start, ...]:
        """The runs of a sequence.

        Args:
            sequence: annotations and, for supervised runs, the image size.
            polygons: the tracker takes polygons.
        """
        raise NotImplementedError


class OnePassSpec(ProtocolSettings):
    """One-pass evaluation."""

    kind: Literal["ope"]
    folder: str | None = PROTOCOLS["ope"].folder

    def starts(self, sequence: Sequence, polygons: bool = False) -> tuple[Start, ...]:
        return (Start(partial(one_pass, sequence, polygons), len(sequence)),)


class UnsupervisedSpec(ProtocolSettings):
    """VOT's run without resets."""

    kind: Literal["unsupervised"]
    folder: str | None = PROTOCOLS["unsupervised"].folder

    def starts(self, sequence: Sequence, polygons: bool = False) -> tuple[Start, ...]:
        return (Start(partial(unsupervised, sequence, polygons), len(sequence)),)


class LongTermSpec(ProtocolSettings):
    """VOT's long-term run, whose confidences count."""

    kind: Literal["long-term"]
    folder: str | None = PROTOCOLS["long-term"].folder

    def starts(self, sequence: Sequence, polygons: bool = False) -> tuple[Start, ...]:
        return (Start(partial(long_term, sequence, polygons), len(sequence)),)


class SupervisedSpec(ProtocolSettings):
    """VOT's run with resets."""

    kind: Literal["supervised"]
    folder: str | None = PROTOCOLS["supervised"].folder
    repetitions: PositiveInt = 15
    skip: PositiveInt = SKIP
    """Frames from a failure to the next initialisation."""
    failure: FailureRule = "vot-official"
    """How overlap 0 is decided."""

    def begin(self, sequence: Sequence, polygons: bool) -> Steps:
        """The protocol on a sequence."""
        return supervised(sequence, failure_overlap(sequence, self.failure), self.skip, polygons)

    def starts(self, sequence: Sequence, polygons: bool = False) -> tuple[Start, ...]:
        return (Start(partial(self.begin, sequence, polygons), len(sequence)),)


class RealtimeSpec(ProtocolSettings):
    """VOT's realtime run: another protocol under a clock."""

    kind: Literal["realtime"]
    folder: str | None = PROTOCOLS["realtime"].folder
    of: Literal["supervised", "unsupervised"] = "supervised"
    """The protocol under the clock."""
    fps: PositiveFloat = 20.0
    """Frames that arrive each second. VOT's realtime challenge: 20."""
    grace: int = Field(default=GRACE, ge=0)
    """Slow calls that are free after each initialisation."""
    clock: ClockName = "honest"
    """"honest" carries what a late call runs over; "vot-toolkit" forgets it."""
    seconds: PositiveFloat | None = None
    """Time that every call is taken to need, in place of the measured one."""
    skip: PositiveInt = SKIP
    failure: FailureRule = "vot-official"

    @property
    def needs_times(self) -> bool:
        return self.seconds is None

    @property
    def scored_as(self) -> str:
        return self.of

    def begin(self, sequence: Sequence, polygons: bool) -> Steps:
        """The protocol on a sequence."""
        inner = (
            supervised(sequence, failure_overlap(sequence, self.failure), self.skip, polygons)
            if self.of == "supervised"
            else unsupervised(sequence, polygons)
        )
        return realtime(inner, 1.0 / self.fps, self.grace, self.clock, self.seconds)

    def starts(self, sequence: Sequence, polygons: bool = False) -> tuple[Start, ...]:
        return (Start(partial(self.begin, sequence, polygons), len(sequence)),)


class MultiStartSpec(ProtocolSettings):
    """VOT2020's runs from anchors."""

    kind: Literal["multi-start"]
    folder: str | None = PROTOCOLS["multi-start"].folder
    every: PositiveInt = EVERY
    """Frames between anchors, where the data set has none of its own."""

    @property
    def repeats(self) -> bool:
        return False

    def starts(self, sequence: Sequence, polygons: bool = False) -> tuple[Start, ...]:
        return tuple(
            Start(
                partial(multi_start, sequence, anchor, polygons),
                len(anchor.frames(len(sequence))),
                anchor=anchor.frame,
            )
            for anchor in anchors(sequence, self.every)
        )


class TemporalRobustnessSpec(ProtocolSettings):
    """OTB's TRE."""

    kind: Literal["tre"]
    folder: str | None = PROTOCOLS["tre"].folder
    segments: int = Field(default=SEGMENTS, ge=2)
    """Starting frames."""

    @property
    def repeats(self) -> bool:
        return False

    def starts(self, sequence: Sequence, polygons: bool = False) -> tuple[Start, ...]:
        return tuple(
            Start(partial(tre, sequence, start, polygons), len(sequence) - start, anchor=start)
            for start in tre_starts(sequence, self.segments)
        )


class SpatialRobustnessSpec(ProtocolSettings):
    """OTB's SRE; file `_001` is the first of `VARIANTS`."""

    kind: Literal["sre"]
    folder: str | None = PROTOCOLS["sre"].folder

    @property
    def repeats(self) -> bool:
        return False

    def starts(self, sequence: Sequence, polygons: bool = False) -> tuple[Start, ...]:
        return tuple(
            Start(partial(sre, sequence, variant), len(sequence), number=number)
            for number, variant in enumerate(VARIANTS, start=1)
        )


def settings_class(kind: str) -> type[ProtocolSettings]:
    """The settings of a kind of protocol, as the table of protocols names them.

    Raises:
        UnknownNameError: there is no such kind.
        InputError: it is another package's and cannot be loaded, or makes no runs.
    """
    found = Entry(kind, protocol(kind).generator, provider=PROTOCOLS.provider(kind) or OURS).load()
    if not (inspect.isclass(found) and issubclass(found, ProtocolSettings)):
        raise InputError(
            f"protocol '{kind}': {protocol(kind).generator} is no subclass of {ProtocolSettings.__module__}:"
            f"{ProtocolSettings.__name__}, which makes the runs of a sequence."
        )
    return found


def _of_its_kind(value: Any) -> ProtocolSettings:
    """Plain values as the settings of the kind that they name."""
    if isinstance(value, ProtocolSettings):
        return value
    kind = value.get("kind") if isinstance(value, Mapping) else None
    if kind is None:
        raise PydanticKnownError("union_tag_not_found", {"discriminator": "'kind'"})
    if not isinstance(kind, str) or kind not in PROTOCOLS:
        expected = ", ".join(repr(known) for known in PROTOCOLS)
        context = {"discriminator": "'kind'", "tag": str(kind), "expected_tags": expected}
        raise PydanticKnownError("union_tag_invalid", context)
    return settings_class(kind).model_validate(value)


AnyProtocol = Annotated[SerializeAsAny[ProtocolSettings], BeforeValidator(_of_its_kind)]
"""A field of the settings of any protocol that there is, distinguished by `kind`."""
