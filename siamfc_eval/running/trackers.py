"""What makes a tracker, here and in other processes."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.running.processes import Loader
from siamfc_eval.tracking.tracker import Tracker


def loader(
    spec: str | Tracker,
    device: str = "auto",
    weights: Path | None = None,
    timeout: float | None = None,
    *,
    weights_key: str | None = None,
    style: str | None = None,
    name: str | None = None,
    debug: bool = False,
) -> Loader:
    """What makes a tracker, as often as it is called.

    Args:
        spec: anything that `siamfc_eval.adapters.load.load_tracker` takes, or a tracker, which is then handed out as
            it is (and pickled for another process).
        device: "auto", "cpu", "cuda" or "cuda:N".
        weights: a weights file instead of the definition's own.
        timeout: seconds for each answer of a tracker in another process; None: its own.
        weights_key: where in the weights file the tensors are; None: under the usual keys.
        style: of a Python class; None: by its methods.
        name: for its results; None: its own.
        debug: see `load_tracker`.
    """
    if not isinstance(spec, str):
        return partial(_same, spec)
    return partial(
        load_tracker, spec, device, weights, timeout, weights_key=weights_key, style=style, name=name, debug=debug
    )


def _same(tracker: Tracker) -> Tracker:
    return tracker
