"""What makes a tracker, here and in other processes."""

from __future__ import annotations

from functools import partial

from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.running.executor import Loader
from siamfc_eval.tracking.family import LoadOptions
from siamfc_eval.tracking.tracker import Tracker


def loader(spec: str | Tracker, options: LoadOptions) -> Loader:
    """What makes a tracker, as often as it is called.

    Args:
        spec: anything that `siamfc_eval.adapters.load.load_tracker` takes, or a tracker, which is then handed out as
            it is (and pickled for another process).
        options: how it is loaded.
    """
    return partial(load_tracker, spec, options) if isinstance(spec, str) else partial(_same, spec)


def _same(tracker: Tracker) -> Tracker:
    return tracker
