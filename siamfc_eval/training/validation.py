"""How well a network tracks held-out clips; the best checkpoint is chosen by this, not by the loss."""

from __future__ import annotations

import collections.abc
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.geometry.regions import Boxes
from siamfc_eval.models.siamese import RegionProposal, SiameseNetwork
from siamfc_eval.storage.validation import explain_validation
from siamfc_eval.tracking.capabilities import device_of
from siamfc_eval.tracking.families.siamfc.parameters import SiamFCParameters
from siamfc_eval.tracking.families.siamfc.tracker import SiamFCTracker
from siamfc_eval.tracking.families.siamrpn.parameters import SiamRPNParameters
from siamfc_eval.tracking.families.siamrpn.tracker import SiamRPNTracker
from siamfc_eval.tracking.tracker import BatchTracker

if TYPE_CHECKING:
    from siamfc_eval.training.configuration import TrainingConfiguration

LANES = 8
"""Clips that advance together in one forward pass of a graphics card; on a CPU each core has a clip of its own."""


def overlaps(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """Intersection over union of boxes row by row, shape (n,)."""
    low = np.maximum(first[:, :2], second[:, :2])
    high = np.minimum(first[:, :2] + first[:, 2:], second[:, :2] + second[:, 2:])
    shared = np.clip(high - low, 0.0, None).prod(axis=1)
    return np.asarray(shared / (first[:, 2:].prod(axis=1) + second[:, 2:].prod(axis=1) - shared))


def build_tracker(
    model: SiameseNetwork, configuration: TrainingConfiguration, device: str = "cpu"
) -> SiamFCTracker | SiamRPNTracker:
    """The family's tracker around a network in training, with the hyper-parameters that [validation] declares.

    Raises:
        InputError: a hyper-parameter that the family does not have, or a value out of its range.
    """
    loss, given = configuration.loss, configuration.validation.parameters
    kind: type[SiamRPNParameters | SiamFCParameters] = (
        SiamRPNParameters if isinstance(model, RegionProposal) else SiamFCParameters
    )
    try:
        if isinstance(model, RegionProposal):
            anchors = {"anchor_scales": loss.anchor_scales, "anchor_ratios": loss.anchor_ratios}
            parameters = SiamRPNParameters(**{"search_size": configuration.crops.search, **anchors, **given})
            return SiamRPNTracker(configuration.name, model, parameters, device)
        return SiamFCTracker(configuration.name, model, SiamFCParameters(**given), device)
    except ValidationError as error:
        where = f"training '{configuration.name}', validation.parameters"
        raise InputError(explain_validation(error, where, kind)) from error


def _never() -> bool:
    return False


def track_clips(
    tracker: BatchTracker, clips: collections.abc.Sequence[Sequence], is_stopped: Callable[[], bool] = _never
) -> dict[str, float]:
    """Mean overlap on each clip, the first frame and frames without ground truth left out.

    Args:
        tracker: what is validated.
        clips: sequences with frames; they may differ in length.
        is_stopped: asked before each frame; once it is true, the clips that are not done are left out.

    Returns:
        Mean intersection over union by clip name.
    """
    on_cpu = device_of(tracker) == "cpu"
    together, threads = (1, os.cpu_count()) if on_cpu else (LANES, 1)
    filmed = [clip for clip in clips if clip.frames is not None]
    lanes = [filmed[start : start + together] for start in range(0, len(filmed), together)]
    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(partial(_track_together, tracker, is_stopped), lanes))
    return {name: overlap for part in parts for name, overlap in part.items()}


def _track_together(
    tracker: BatchTracker, is_stopped: Callable[[], bool], clips: collections.abc.Sequence[Sequence]
) -> dict[str, float]:
    """`track_clips` for clips that share each forward pass."""
    if is_stopped():
        return {}
    pairs = [(clip, clip.frames) for clip in clips if clip.frames is not None]
    states = tracker.init_batch([frames[0] for _, frames in pairs], [clip.boxes[0] for clip, _ in pairs])
    answers: list[list[NDArray[np.float64]]] = [[] for _ in pairs]
    for index in range(1, max(len(clip) for clip, _ in pairs)):
        if is_stopped():
            return {}
        alive = [k for k, (clip, _) in enumerate(pairs) if index < len(clip)]
        frames_now = [pairs[k][1][index] for k in alive]
        steps = tracker.update_batch([states[k] for k in alive], frames_now)
        for k, (state, output) in zip(alive, steps, strict=True):
            states[k] = state
            answers[k].append(output.region)
        for frame in frames_now:
            frame.release()
    return {
        clip.name: float(np.nanmean(overlaps(np.array(answer), clip.boxes[1:])))
        for (clip, _), answer in zip(pairs, answers, strict=True)
    }


def validate(
    model: SiameseNetwork,
    clips: collections.abc.Sequence[Sequence],
    configuration: TrainingConfiguration,
    device: str = "cpu",
    is_stopped: Callable[[], bool] = _never,
) -> dict[str, float] | None:
    """The score of a network, for the log: "validation" is the mean overlap over all clips.

    None where it was stopped: a mean over some of the clips compares with nothing.
    """
    was_training, started = model.training, time.perf_counter()
    model.eval()
    found = track_clips(build_tracker(model, configuration, device), clips, is_stopped)
    model.train(was_training)
    if is_stopped():
        return None
    animated = [value for name, value in found.items() if name.startswith("stills-")]
    filmed = [value for name, value in found.items() if not name.startswith("stills-")]
    record = {"validation": float(np.mean(list(found.values()))), "validation_worst": min(found.values())}
    if animated and filmed:
        record |= {"validation_stills": float(np.mean(animated)), "validation_tracks": float(np.mean(filmed))}
    return record | {"validation_seconds": time.perf_counter() - started}
