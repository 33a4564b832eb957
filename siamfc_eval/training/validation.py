"""How good a network tracks held-out clips; the best checkpoint is chosen by this, not by the loss."""

from __future__ import annotations

from collections.abc import Sequence as Ordered

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.geometry.regions import Boxes
from siamfc_eval.tracking.tracker import BatchTracker


def overlaps(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """Intersection over union of boxes row by row, shape (n,)."""
    low = np.maximum(first[:, :2], second[:, :2])
    high = np.minimum(first[:, :2] + first[:, 2:], second[:, :2] + second[:, 2:])
    shared = np.clip(high - low, 0.0, None).prod(axis=1)
    return np.asarray(shared / (first[:, 2:].prod(axis=1) + second[:, 2:].prod(axis=1) - shared))


def track_clips(tracker: BatchTracker, clips: Ordered[Sequence]) -> dict[str, float]:
    """Mean overlap on each clip, the first frame left out; all clips advance together.

    Args:
        tracker: what is validated.
        clips: sequences with frames; they may differ in length.

    Returns:
        Mean intersection over union by clip name.
    """
    frames = [clip.frames for clip in clips]
    assert all(f is not None for f in frames)
    states = tracker.init_batch([f[0] for f in frames if f is not None], [clip.boxes[0] for clip in clips])
    answers: list[list[np.ndarray]] = [[] for _ in clips]
    for index in range(1, max(len(clip) for clip in clips)):
        alive = [k for k, clip in enumerate(clips) if index < len(clip)]
        for start in range(0, len(alive), 8):
            part = alive[start : start + 8]
            steps = tracker.update_batch([states[k] for k in part], [frames[k][index] for k in part])  # type: ignore[index]
            for k, (state, output) in zip(part, steps, strict=True):
                states[k] = state
                answers[k].append(output.region)
    return {
        clip.name: float(overlaps(np.array(answer), clip.boxes[1:]).mean())
        for clip, answer in zip(clips, answers, strict=True)
    }
