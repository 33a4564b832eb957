"""Hashes of ground truth, the same in a run's manifest and in the signature of its scores."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import groupby
from weakref import WeakKeyDictionary

import numpy as np

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.geometry.regions import Region

_DIGITS = 12

_hashes: WeakKeyDictionary[Sequence, bytes] = WeakKeyDictionary()


def sequence_hash(sequence: Sequence) -> bytes:
    """Hash of all ground truth of a sequence that a score can depend on; not of its images and attributes."""
    if sequence not in _hashes:
        _hashes[sequence] = _sequence_hash(sequence)
    return _hashes[sequence]


def _sequence_hash(sequence: Sequence) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{sequence.name}|{len(sequence)}|{sequence.origin}|{sequence.lead_in}|".encode())
    # Adding 0 makes -0.0 and 0.0, which are equal, one.
    digest.update(np.ascontiguousarray(sequence.boxes + 0.0).tobytes())
    for alike in _of_one_size(sequence.regions or ()):
        table = np.array(alike, dtype=np.float64) + 0.0
        ends = np.full((len(table), 1), ord("|"), dtype=np.uint8)
        digest.update(np.concatenate([table.view(np.uint8), ends], axis=1).tobytes())
    if sequence.absent is not None:
        digest.update(b"absent" + np.packbits(sequence.absent).tobytes())
    for tag in sorted(sequence.tags):
        digest.update(tag.encode() + b":" + np.packbits(sequence.tags[tag]).tobytes() + b"|")
    return digest.digest()


def _of_one_size(regions: tuple[Region, ...]) -> Iterator[list[Region]]:
    """Regions in their order, in lists of neighbours with as many values."""
    for _, alike in groupby(regions, lambda region: region.size):
        yield list(alike)


def dataset_hash(dataset: Dataset) -> str:
    """Hash of the ground truth of all sequences, independent of their order; 12 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=16)
    for one in sorted(sequence_hash(sequence) for sequence in dataset):
        digest.update(one)
    return digest.hexdigest()[:_DIGITS]
