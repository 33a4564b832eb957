"""Run a network on crops: device, memory layout, batches, and nothing that a tracker would have to know of torch."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from siamfc_eval.errors import InputError, TrackerError
from siamfc_eval.models.allocation import keep_freed_memory
from siamfc_eval.models.engines.engine import Computing, resolve_engine
from siamfc_eval.models.engines.prepare import prepare
from siamfc_eval.models.siamese import (
    FullyConvolutional,
    RegionProposal,
    SiameseNetwork,
    Template,
    join_templates,
    select_template,
)
from siamfc_eval.tracking.families.siamese.device_frames import Uploads

Network = TypeVar("Network", bound=SiameseNetwork)

Crops = NDArray[np.uint8]
"""Shape (n, side, side, 3), RGB."""


def resolve_device(device: str = "auto") -> torch.device:
    """The device that a name means; "auto" is CUDA where there is one, else the CPU.

    Raises:
        InputError: no such device here.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
        torch.empty(0, device=resolved)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise InputError(
            f"device '{device}' cannot be used: {str(error).splitlines()[0]}. Use auto, cpu or cuda:N."
        ) from error
    return resolved


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """In the calling thread, let torch compute with one thread, whatever it was set to before.

    OpenMP, MKL and oneDNN take the number of threads from the thread that calls them, so calls from several threads of
    Python do not get in each other's way.
    """
    before = torch.get_num_threads()
    if before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Inference(Generic[Network]):
    """A network made ready to track: evaluation mode, batch norms folded, channels last, on its device and engine.

    On a CPU every target goes through the network by itself and in one thread. Libraries choose their algorithms by the
    size of a batch and the number of threads, and each rounds in its own way; this way a target gets the same bits
    whatever else runs. It costs nothing: a batch is no faster there, and cores are used by runs side by side. What the
    process frees it keeps from then on (`keep_freed_memory`).

    Args:
        network: left as it is; a copy is prepared.
        device: a name as `resolve_device` takes it.
        computing: engine and precision; None: torch in float32.
    """

    def __init__(self, network: Network, device: str = "auto", computing: Computing | None = None) -> None:
        self.device = resolve_device(device)
        if self.device.type == "cpu":
            keep_freed_memory()
        computing = computing or Computing()
        self.engine = resolve_engine(computing.engine, computing.precision)
        self.precision = computing.precision
        self.network = cast(Network, prepare(network, self.device, computing))
        self.uploads = Uploads(self.device)
        self.takes_batches = self.device.type != "cpu"
        """Whether several targets of a call are cropped, computed and located together, on the device."""

    def takes_together(self, count: int) -> bool:
        """Whether so many targets are cropped, computed and located together, on the device.

        One by itself is not: to ask a graphics card for each of hundreds of small operations takes longer than to crop
        and locate one target on the CPU.
        """
        return self.takes_batches and count > 1

    def synchronize(self) -> None:
        """Wait until the device has finished, so that a clock read now counts the work that was asked for."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def calls(self, count: int) -> list[slice]:
        """Which of `count` targets go through the network together, call by call."""
        return [slice(0, count)] if self.takes_batches else [slice(index, index + 1) for index in range(count)]

    @contextlib.contextmanager
    def exactly(self) -> Iterator[None]:
        """Inference in full single precision, by the same algorithms every time.

        CUDA convolutions otherwise round to TensorFloat-32 (three digits), and a batch would answer unlike its members;
        a CPU's algorithms depend on the number of threads.
        """
        with contextlib.ExitStack() as stack:
            stack.enter_context(torch.inference_mode())
            if self.device.type == "cpu":
                stack.enter_context(one_thread())
            if self.device.type == "cuda":
                stack.enter_context(
                    torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
                )
            yield

    def templates(self, crops: Crops | Tensor) -> list[Template]:
        """The templates of n exemplar crops, one each; the crops as `images` takes them."""
        found: list[Template] = []
        with self.exactly():
            for members in self.calls(len(crops)):
                part = crops[members]
                joined: Template = self.network.template(self.images(part))  # type: ignore[operator]
                found += [select_template(joined, index) for index in range(len(part))]
        return found

    def images(self, crops: Crops | Tensor) -> Tensor:
        """Shape (n, 3, side, side), float; the permuted bytes already lie channels last, so nothing is copied twice.

        Crops that were cut on the device are that already.
        """
        if isinstance(crops, Tensor):
            return crops
        return torch.from_numpy(crops).to(self.device, non_blocking=True).permute(0, 3, 1, 2).float()


def correlation_responses(
    inference: Inference[FullyConvolutional], templates: Sequence[Template], crops: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Response maps of n targets, one after the other or in one batch.

    Args:
        inference: the network.
        templates: n templates.
        crops: shape (n, k, side, side, 3): k search regions (scales) for each.

    Returns:
        Shape (n, k, r, r).

    Raises:
        TrackerError: the network answered with values that are not finite.
    """
    count, scales, side = crops.shape[:3]
    parts: list[NDArray[np.float32]] = []
    with inference.exactly():
        for members in inference.calls(count):
            joined = join_templates(templates[members])
            assert isinstance(joined, Tensor)
            images = inference.images(crops[members].reshape(-1, side, side, 3))
            parts.append(inference.network.detect(joined, images).float().cpu().numpy())
    responses = np.concatenate(parts)
    check_finite(responses, inference.network.name)
    return responses.reshape(count, scales, *responses.shape[-2:])


def proposal_scores(
    inference: Inference[RegionProposal], templates: Sequence[Template], crops: Crops
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Anchor scores and box offsets of n targets.

    Args:
        inference: the network.
        templates: n templates.
        crops: shape (n, side, side, 3).

    Returns:
        Probabilities of the target, shape (n, a, r, r), and offsets, shape (n, 4, a, r, r).

    Raises:
        TrackerError: the network answered with values that are not finite.
    """
    network = inference.network
    found: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
    with inference.exactly():
        for members in inference.calls(len(crops)):
            joined = join_templates(templates[members])
            assert isinstance(joined, tuple)
            cls, loc = network.detect(joined, inference.images(crops[members]))
            found.append((network.objectness(cls).float().cpu().numpy(), network.offsets(loc).float().cpu().numpy()))
    scores, offsets = (np.concatenate(parts) for parts in zip(*found, strict=True))
    check_finite(scores, network.name)
    check_finite(offsets, network.name)
    return scores, offsets


def check_finite(values: NDArray[np.float32], model: str) -> None:
    """Stop a network's NaN or infinity here, before it becomes a box.

    Raises:
        TrackerError: some value is not finite.
    """
    if not np.isfinite(values).all():
        broken = int((~np.isfinite(values)).sum())
        raise TrackerError(
            f"the network {model or 'given'} answered with {broken} values of {values.size} that are not finite. "
            "Its weights are damaged or do not belong to it."
        )
