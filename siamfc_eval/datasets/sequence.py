"""The one form that every data set takes in memory."""

from __future__ import annotations

import collections.abc
import dataclasses
import hashlib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.frames import Frame
from siamfc_eval.geometry.raster import PackedRegions, pack_regions
from siamfc_eval.geometry.regions import Boxes, Region
from siamfc_eval.plain_text import counted


@dataclass(frozen=True, eq=False, repr=False)
class Sequence:
    """One video and what is known of its target.

    Coordinates are 0-based pixels. Row i of every per-frame array belongs to `frames[i]`.
    """

    name: str
    """The data set's own name of the sequence, unique within it."""
    boxes: Boxes
    """Shape (n, 4): axis-aligned ground truth, x, y, w, h; a row of NaN is not annotated."""
    frames: collections.abc.Sequence[Frame] | None = None
    """The images, decoded lazily; None where only annotations are at hand (which is enough for scoring)."""
    regions: tuple[Region, ...] | None = None
    """Ground truth as published where it is more than boxes (VOT polygons), one region per frame."""
    origin: float = 0.0
    """What the data set's own files add to 0-based coordinates: 1 for OTB (MATLAB), 0 for VOT and GOT-10k."""
    attributes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Attributes of the whole sequence by the source that says so, e.g. {"matlab_hc": {"IV", "OCC"}}."""
    tags: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    """Per-frame tags, shape (n,), e.g. VOT's "occlusion". May be empty arrays where a data set left them out."""
    absent: NDArray[np.bool_] | None = None
    """Shape (n,): frames in which the target is marked out of view or fully occluded; None: the data set marks none."""
    image_size: tuple[int, int] | None = None
    """(width, height) in pixels; None where it is not known without decoding a frame."""
    fps: float | None = None
    """Frames per second of the video, where the data set says so."""
    lead_in: int = 0
    """Leading annotated frames that some toolkits skip (OTB Tiger1: 5)."""
    aliases: frozenset[str] = frozenset()
    """Other names under which raw results of this sequence are found."""
    init_omit: tuple[tuple[int, int], ...] = ()
    """Ranges of frames (1-based, inclusive) in which OTB's TRE does not start a tracker."""

    def __len__(self) -> int:
        return len(self.boxes)

    def __repr__(self) -> str:
        return f"<Sequence {self.name}, {counted(len(self), 'frame')}>"

    @cached_property
    def published_boxes(self) -> Boxes:
        """Shape (n, 4): the boxes in the data set's own coordinates, as its files and raw results hold them."""
        return self.boxes + np.array([self.origin, self.origin, 0.0, 0.0]) if self.origin else self.boxes

    @cached_property
    def is_annotated_beyond_start(self) -> bool:
        """Whether a frame after the first has ground truth; without, a tracker can be run and nothing can be scored."""
        return len(self) == 1 or not bool(np.isnan(self.boxes[1:]).any(axis=1).all())

    @property
    def ground_truth(self) -> tuple[Region, ...]:
        """The published regions where there are any, else the boxes; one per frame, 0-based."""
        return self.regions if self.regions is not None else tuple(self.boxes)

    @cached_property
    def packed(self) -> PackedRegions:
        """The ground truth as published, as kernels read it."""
        return pack_regions(self.ground_truth)

    @cached_property
    def ground_truth_hash(self) -> bytes:
        """Hash of all ground truth that a score can depend on; not of the images and attributes."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(f"{self.name}|{len(self)}|{self.origin}|{self.lead_in}|".encode())
        # Adding 0 makes -0.0 and 0.0, which are equal, one.
        digest.update(np.ascontiguousarray(self.boxes + 0.0).tobytes())
        for alike in _of_one_size(self.packed) if self.regions else ():
            table = alike + 0.0
            ends = np.full((len(table), 1), ord("|"), dtype=np.uint8)
            digest.update(np.concatenate([table.view(np.uint8), ends], axis=1).tobytes())
        if self.absent is not None:
            digest.update(b"absent" + np.packbits(self.absent).tobytes())
        for tag in sorted(self.tags):
            digest.update(tag.encode() + b":" + np.packbits(self.tags[tag]).tobytes() + b"|")
        return digest.digest()

    def with_frames(self, frames: collections.abc.Sequence[Frame] | None) -> Sequence:
        """The same annotations on other images."""
        return dataclasses.replace(self, frames=frames)


def _of_one_size(regions: PackedRegions) -> Iterator[NDArray[np.float64]]:
    """Regions in their order, in tables of neighbours with as many values, shape (regions, values)."""
    sizes = np.diff(regions.starts)
    changes = np.flatnonzero(np.diff(sizes)) + 1
    for first, stop in itertools.pairwise([0, *changes.tolist(), len(sizes)]):
        yield regions.values[regions.starts[first] : regions.starts[stop]].reshape(stop - first, sizes[first])


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A named list of sequences, with what was assumed when it was read."""

    name: str
    """Identifier used in signatures and folders, e.g. "otb2015", "vot2018"."""
    sequences: tuple[Sequence, ...]
    layout: str = ""
    """The on-disk layout that was recognised, e.g. "otb", "vot", "pysot-json"."""
    notes: tuple[str, ...] = ()
    """What the reader assumed or noticed, one sentence each; shown by `siamfc-eval check dataset`."""

    def __len__(self) -> int:
        return len(self.sequences)

    def __repr__(self) -> str:
        return f"<Dataset {self.name}, {counted(len(self), 'sequence')}>"

    def __iter__(self) -> collections.abc.Iterator[Sequence]:
        return iter(self.sequences)

    @property
    def names(self) -> tuple[str, ...]:
        """Sequence names in order."""
        return tuple(sequence.name for sequence in self.sequences)

    @cached_property
    def ground_truth_hash(self) -> str:
        """Hash of the ground truth of all sequences, independent of their order; 12 hexadecimal digits.

        It is the same in a run's manifest and in the signature of its scores.
        """
        digest = hashlib.blake2b(digest_size=16)
        for one in sorted(sequence.ground_truth_hash for sequence in self):
            digest.update(one)
        return digest.hexdigest()[:12]
