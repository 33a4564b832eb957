"""Batches of pairs for the loop, made in worker processes; which pair is in which batch depends on its number alone."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from siamfc_eval.models.siamese import RegionProposal
from siamfc_eval.training.data.sampling import PairSampler
from siamfc_eval.training.interruption import ending_signals


class Batch(NamedTuple):
    """A batch as the loop takes it."""

    exemplars: Tensor
    """(n, 3, e, e) uint8, RGB."""
    searches: Tensor
    """(n, 3, s, s) uint8, RGB."""
    centres: Tensor
    """(n, 2) x, y of the target from the search crop's centre, crop pixels."""
    sizes: Tensor
    """(n, 2) width, height of the target in the search crop."""
    positives: Tensor
    """(n,) bool: the target is in the search crop."""
    identities: list[str]
    """Whose exemplars these are."""
    shown: list[str]
    """Whose search crops these are."""
    first: int
    """Number of the first pair."""
    seconds: tuple[float, float]
    """Spent on decoding images, and in all, by the worker that made this batch."""
    broken: list[tuple[str, str]]
    """Files that this worker could not read so far, with the reason."""

    def answers(self, model: RegionProposal) -> tuple[Tensor, Tensor]:
        """Raw class scores and box offsets of a network for these pairs, as `RegionProposal.detect` has them."""
        scores, moves = model(self.exemplars.float(), self.searches.float())
        return scores, moves

    def to(self, device: torch.device) -> Batch:
        """The batch with its tensors on a device."""
        return self._replace(
            exemplars=self.exemplars.to(device, non_blocking=True),
            searches=self.searches.to(device, non_blocking=True),
            centres=self.centres.to(device),
            sizes=self.sizes.to(device),
            positives=self.positives.to(device),
        )


class _Batches(Dataset[Batch]):
    def __init__(self, sampler: PairSampler) -> None:
        self._sampler = sampler

    def __getitem__(self, indices: Sequence[int]) -> Batch:
        started, decoded = time.perf_counter(), self._sampler.decoding_seconds
        pairs = [self._sampler.pair(index) for index in indices]
        return Batch(
            torch.from_numpy(np.stack([pair.exemplar for pair in pairs]).transpose(0, 3, 1, 2)),
            torch.from_numpy(np.stack([pair.search for pair in pairs]).transpose(0, 3, 1, 2)),
            torch.tensor([pair.centre for pair in pairs], dtype=torch.float32),
            torch.tensor([pair.size for pair in pairs], dtype=torch.float32),
            torch.tensor([pair.is_positive for pair in pairs]),
            [pair.identity for pair in pairs],
            [pair.shown for pair in pairs],
            indices[0],
            (self._sampler.decoding_seconds - decoded, time.perf_counter() - started),
            [(str(path), reason) for path, reason in self._sampler.broken.items()],
        )


class _Numbers(Sampler[list[int]]):
    """Numbers of the pairs of each batch from one batch on; ranks of a distributed training take turns."""

    def __init__(self, first: int, last: int, batch: int, rank: int, ranks: int) -> None:
        self._range = range(first, last)
        self._batch = batch
        self._rank, self._ranks = rank, ranks

    def __iter__(self) -> Iterator[list[int]]:
        for number in self._range:
            start = (number * self._ranks + self._rank) * self._batch
            yield list(range(start, start + self._batch))

    def __len__(self) -> int:
        return len(self._range)


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Processes that are started meanwhile receive no request to end until they are ready for it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # it lets signals through when it is started, which would be in here
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ending_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _leave_the_group() -> None:
    """Take no part in what the training's process group is sent, such as Ctrl-C: the training ends its workers itself.

    A worker that died of it would end the training in the middle of a step.
    """
    if not hasattr(signal, "pthread_sigmask"):
        return
    os.setpgid(0, 0)
    held = ending_signals()
    while pending := signal.sigpending() & held:
        signal.sigwait(pending)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, held)


def _start_worker(number: int) -> None:
    import cv2

    _leave_the_group()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def batches(
    sampler: PairSampler, first: int, last: int, *, batch: int, workers: int, rank: int = 0, ranks: int = 1
) -> Iterator[Batch]:
    """Batches number `first` to `last` - 1, in order.

    Args:
        sampler: where pairs come from.
        first, last: half-open range of batch numbers; a resumed training starts at a later first.
        batch: pairs per batch and rank.
        workers: processes that make them; 0 makes them in this one.
        rank, ranks: of a distributed training.
    """
    loader = DataLoader(
        _Batches(sampler),
        sampler=_Numbers(first, last, batch, rank, ranks),
        batch_size=None,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        worker_init_fn=_start_worker,
        # A fork would copy locks of the threads of OpenCV and torch, which no thread of the child ever releases.
        multiprocessing_context="spawn" if workers else None,
        pin_memory=torch.cuda.is_available(),
    )
    with _signals_held_back():
        return iter(loader)
