"""What makes a tracker, here and in other processes."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.running.processes import Loader
from siamfc_eval.tracking.tracker import Tracker


def loader(
    spec: str | Tracker, device: str = "auto", weights: Path | None = None, trax_timeout: float | None = None
) -> Loader:
    """What makes a tracker, as often as it is called.

    Args:
        spec: anything that `siamfc_eval.adapters.load.load_tracker` takes, or a tracker, which is then handed out as
            it is (and pickled for another process).
        device: "auto", "cpu", "cuda" or "cuda:N".
        weights: a weights file instead of the definition's own.
        trax_timeout: seconds for each answer of a TraX tracker; None: its own.
    """
    return partial(load_tracker, spec, device, weights, trax_timeout) if isinstance(spec, str) else partial(_same, spec)


def _same(tracker: Tracker) -> Tracker:
    return tracker
