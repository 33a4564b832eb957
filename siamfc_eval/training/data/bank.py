"""A bank of pairs: features that a frozen backbone gives are computed once and learned from many times.

With a frozen backbone the same pair has the same features at every step. They are kept in half precision in one
memory-mapped file, and the network's head learns from them at many times the speed of a step from images. The search
crops of the bank are larger than those of the training by a margin: a window of their cells is, exactly, what the
backbone gives for a crop that is shifted by as many strides, so that a pair is seen at another place each time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from siamfc_eval.errors import InputError
from siamfc_eval.models.acceleration import prepare_for_inference
from siamfc_eval.models.siamese import RegionProposal
from siamfc_eval.storage.writing import cannot_write
from siamfc_eval.training.data.feeding import Batch, batches
from siamfc_eval.training.data.sampling import PairSampler

_TOGETHER = 4
"""Pairs that pass through the backbone at once; what they leave in between fits into a CPU's cache."""
_TOLERANCE = 1e-3
"""Of features of a window, as a share of the largest feature; convolutions of other sizes round otherwise."""

_UNFINISHED = ".part"
_REMEDY = "Make room, or lower bank.pairs, then run the same command again."

Records = NDArray[np.void]
"""Shape (pairs,), of `_record_type`."""


class BankBatch(NamedTuple):
    """A batch out of a bank; see `Batch`, whose images are here what the backbone made of them."""

    exemplars: list[Tensor]
    """(n, c, h, w) per pyramid level, before the neck."""
    searches: list[Tensor]
    """The same of the search crops."""
    centres: Tensor
    sizes: Tensor
    positives: Tensor
    first: int
    seconds: tuple[float, float] = (0.0, 0.0)
    broken: list[tuple[str, str]] = []  # noqa: RUF012 - never changed

    def answers(self, model: RegionProposal) -> tuple[Tensor, Tensor]:
        """Raw class scores and box offsets of a network for these pairs, as `RegionProposal.detect` has them."""
        return model.correlate(self.exemplars, self.searches)

    def to(self, device: torch.device) -> BankBatch:
        """The batch with its tensors on a device."""
        return self._replace(
            exemplars=[level.to(device) for level in self.exemplars],
            searches=[level.to(device) for level in self.searches],
            centres=self.centres.to(device),
            sizes=self.sizes.to(device),
            positives=self.positives.to(device),
        )


AnyBatch = Batch | BankBatch


class Windows(NamedTuple):
    """How windows are taken from the search crops of a bank, in pixels."""

    exemplar: int
    """Side of the exemplars."""
    search: int
    """Side of the crops that windows stand for."""
    margin: int
    """What the crops of the bank have beyond it."""
    stride: int

    @property
    def steps(self) -> int:
        """Windows in each direction, less one."""
        return self.margin // self.stride

    @property
    def reach(self) -> float:
        """Displacement of a target, to each side, that the response map of a window covers."""
        return (self.search - self.exemplar) / 2.0 // self.stride * self.stride


class FeatureBank:
    """Batches by number out of a bank's records. The same number and seed give the same batch.

    Args:
        records: what `make_bank` wrote.
        windows: how they are cut.
        seed: of the order of pairs, anew in each epoch, and of the windows.
    """

    def __init__(self, records: Records, windows: Windows, seed: int) -> None:
        self.records, self.windows, self.seed = records, windows, seed
        names = records.dtype.names or ()
        self._levels = sum(name.startswith("search") for name in names)
        self._order: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, np.int64))

    def batches(self, first: int, last: int, size: int) -> Iterator[BankBatch]:
        """Batches number `first` to `last` - 1, of `size` pairs each."""
        return (self.batch(number * size, size) for number in range(first, last))

    def batch(self, first: int, size: int) -> BankBatch:
        """The pairs number `first` to `first + size - 1` of the training, in which each epoch has all of the bank."""
        numbers = range(first, first + size)
        rows = [self.records[self._row(number)] for number in numbers]
        shifts = np.array([self._shift(number, row["centre"]) for number, row in zip(numbers, rows, strict=True)])
        centres = np.stack([row["centre"] for row in rows])
        moved = centres + self.windows.margin / 2.0 - self.windows.stride * shifts
        return BankBatch(
            [_stacked([row[f"exemplar{level}"] for row in rows]) for level in range(self._levels)],
            [self._cut([row[f"search{level}"] for row in rows], shifts) for level in range(self._levels)],
            torch.from_numpy(moved.astype(np.float32)),
            torch.from_numpy(np.stack([row["size"] for row in rows])),
            torch.from_numpy(np.stack([row["positive"] for row in rows])),
            first,
        )

    def _row(self, number: int) -> int:
        epoch, place = divmod(number, len(self.records))
        if self._order[0] != epoch:
            self._order = epoch, np.random.default_rng((self.seed, 1, epoch)).permutation(len(self.records))
        return int(self._order[1][place])

    def _shift(self, number: int, centre: NDArray[np.float32]) -> NDArray[np.int64]:
        """First column and row of the window of a pair: one of those that leave the target within reach."""
        rng = np.random.default_rng((self.seed, 2, number))
        starts = np.arange(self.windows.steps + 1)
        places = centre[:, None] + self.windows.margin / 2.0 - self.windows.stride * starts
        fits = np.abs(places) <= np.maximum(self.windows.reach, np.abs(places).min(axis=1, keepdims=True))
        return np.array([rng.choice(starts[allowed]) for allowed in fits])

    def _cut(self, features: list[NDArray[np.float16]], shifts: NDArray[np.int64]) -> Tensor:
        rows, columns = (side - self.windows.steps for side in features[0].shape[1:])
        return _stacked(
            [level[:, y : y + rows, x : x + columns] for level, (x, y) in zip(features, shifts, strict=True)]
        )


def _stacked(features: list[NDArray[np.float16]]) -> Tensor:
    return torch.from_numpy(np.stack(features).astype(np.float32))


def bank_path(folder: Path, model: RegionProposal, declared: str) -> Path:
    """Where the bank of a backbone and of what its pairs are made from is kept; the name has a hash of both.

    Args:
        folder: of the training.
        model: with the backbone's weights.
        declared: all that the pairs depend on, as text.
    """
    digest = hashlib.sha256(declared.encode())
    for name, value in sorted(model.backbone.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return folder / f"bank-{digest.hexdigest()[:16]}.npy"


def make_bank(
    path: Path,
    model: RegionProposal,
    sampler: PairSampler,
    count: int,
    windows: Windows,
    *,
    workers: int,
    report: Callable[[int, Batch], None],
    is_stopped: Callable[[], bool],
) -> bool:
    """Draw pairs, pass them through the backbone and write the features; other banks in the folder are removed.

    Args:
        path: the file, from `bank_path`; it is there when it is whole. What was finished of it before, in the file of
            that name with ".part", is gone on with.
        model: whose backbone is asked.
        sampler: of pairs whose search crops have `windows.search + windows.margin` pixels.
        count: how many pairs.
        windows: how they will be cut; whether that is exact is tried first.
        workers: processes that make pairs.
        report: called with the number of finished pairs and the batch that they end with.
        is_stopped: asked after each batch.

    Returns:
        False where it was stopped; the same call goes on there.

    Raises:
        InputError: windows are not what the backbone gives for smaller crops, or it cannot be written.
    """
    ready = cast(RegionProposal, prepare_for_inference(model))
    part = path.with_suffix(_UNFINISHED)
    try:
        done = _finished(part)
        feed = batches(sampler, done // _TOGETHER, -(-count // _TOGETHER), batch=_TOGETHER, workers=workers)
        # Not through a memory map, where a full disk would end the process instead of raising an error.
        with part.open("ab") as stream:
            for batch in feed:
                exemplars = _computed(ready, ready.extract_exemplars, batch.exemplars)
                searches = _computed(ready, ready.extract, batch.searches)
                kind = _record_type(exemplars, searches)
                if not done:
                    _try_windows(ready, batch.searches, searches, windows)
                    head = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": (count,)}
                    np.lib.format.write_array_header_2_0(stream, head)
                records = _records(batch, exemplars, searches, kind)[: count - done]
                stream.write(records.tobytes())
                done += len(records)
                report(done, batch)
                if is_stopped():
                    return False
        part.replace(path)
    except OSError as error:
        raise cannot_write(path, error, _REMEDY) from error
    for other in path.parent.glob("bank-*"):
        if other != path and other.suffix in {path.suffix, _UNFINISHED}:
            other.unlink()
    return True


def _finished(part: Path) -> int:
    """Pairs in an unfinished bank, in whole batches; the file is cut after them, where a kill left half a record."""
    if not part.exists():
        return 0
    with part.open("r+b") as stream:
        try:
            np.lib.format.read_magic(stream)
            _, _, kind = np.lib.format.read_array_header_2_0(stream)
        except ValueError:  # killed within the header
            stream.truncate(0)
            return 0
        start = stream.tell()
        batches_done = (part.stat().st_size - start) // kind.itemsize // _TOGETHER
        stream.truncate(start + batches_done * _TOGETHER * kind.itemsize if batches_done else 0)
    return batches_done * _TOGETHER


@torch.inference_mode()
def _computed(model: RegionProposal, compute: Callable[[Tensor], list[Tensor]], images: Tensor) -> list[Tensor]:
    device = next(model.backbone.parameters()).device
    return [level.float().cpu() for level in compute(images.to(device).float())]


def _record_type(exemplars: list[Tensor], searches: list[Tensor]) -> np.dtype[np.void]:
    """What a bank keeps of one pair."""
    fields: list[Any] = []
    for name, levels in (("exemplar", exemplars), ("search", searches)):
        fields += [(f"{name}{number}", "<f2", tuple(level.shape[1:])) for number, level in enumerate(levels)]
    return np.dtype([*fields, ("centre", "<f4", 2), ("size", "<f4", 2), ("positive", "?")])


def _records(batch: Batch, exemplars: list[Tensor], searches: list[Tensor], kind: np.dtype[np.void]) -> Records:
    records = np.empty(len(batch.sizes), kind)
    for name, levels in (("exemplar", exemplars), ("search", searches)):
        for number, level in enumerate(levels):
            records[f"{name}{number}"] = level.half().numpy()
    records["centre"], records["size"] = batch.centres.numpy(), batch.sizes.numpy()
    records["positive"] = batch.positives.numpy()
    return records


def _try_windows(model: RegionProposal, images: Tensor, levels: list[Tensor], windows: Windows) -> None:
    """Refuse a margin with which a window of features is not what the backbone gives for the crop that it stands for.

    Raises:
        InputError: the margin is no multiple of the stride, or the backbone sees its padding.
    """
    margin, stride = windows.margin, windows.stride
    if margin % stride:
        raise InputError(
            f"bank.margin {margin} is no multiple of the network's stride {stride}: windows would lie between cells. "
            f"Take {margin // stride * stride} or {(margin // stride + 1) * stride}."
        )
    for start in {0, windows.steps}:
        inner = images[:1, :, start * stride :, start * stride :][:, :, : windows.search, : windows.search]
        for whole, part in zip(levels, _computed(model, model.extract, inner), strict=True):
            rows, columns = part.shape[2:]
            window = whole[:1, :, start : start + rows, start : start + columns]
            same_size = (rows + windows.steps, columns + windows.steps) == tuple(whole.shape[2:])
            if not same_size or float((window - part).abs().max()) > _TOLERANCE * float(part.abs().max()):
                raise InputError(
                    f"bank.margin {margin}: a window of {model.name}'s features is not what its backbone gives for "
                    "that part of the image, as of networks that see their padding. Set bank.margin to 0."
                )
