"""The curve plots that `siamfc-eval score --plots` writes, drawn once for the same numbers."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Collection
from pathlib import Path

import numpy as np

from siamfc_eval.errors import InputError
from siamfc_eval.metrics.scores import CurveAxis, Scores


def write_plots(scores: Scores, out: Path, cache: Path | None, curves: Collection[str] | None = None) -> list[Path]:
    """Write one PNG for each curve of the measure.

    Args:
        scores: what to draw.
        out: folder; made if it is not there.
        cache: folder of pictures that were drawn before, found by the hash of all that is on them; None: draw.
        curves: keys of the curves to draw; None: all.

    Raises:
        InputError: the folder cannot be written to.
    """
    written = []
    for axis in scores.measure.curves:
        if curves is not None and axis.key not in curves:
            continue
        target = out / f"{axis.key}.png"
        try:
            out.mkdir(parents=True, exist_ok=True)
            _replace(target, _picture(scores, axis, cache))
        except OSError as error:
            raise InputError(f"{target}: cannot write the plot ({error.strerror}). Choose another --plots.") from error
        written.append(target)
    return written


def _picture(scores: Scores, axis: CurveAxis, cache: Path | None) -> bytes:
    """The PNG, from the cache if it is there."""
    if cache is None:
        return _draw(scores, axis)
    kept = cache / f"{_hash(scores, axis)}.png"
    try:
        return kept.read_bytes()
    except OSError:
        picture = _draw(scores, axis)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        _replace(kept, picture)
    except OSError:
        pass  # A cache that cannot be written to costs time and nothing else.
    return picture


def _draw(scores: Scores, axis: CurveAxis) -> bytes:
    from siamfc_eval.reporting.plots import curve_figure, save, tracker_styles
    from siamfc_eval.reporting.tables import ranked

    buffer = io.BytesIO()
    save(curve_figure(scores, axis, tracker_styles(ranked(scores, None))), buffer, "png")
    return buffer.getvalue()


def _hash(scores: Scores, axis: CurveAxis) -> str:
    """Hash of everything that is drawn, and of the code that draws it."""
    import siamfc_eval

    digest = hashlib.blake2b(digest_size=16)
    for name in ("plots.py", "tables.py"):
        digest.update((Path(siamfc_eval.__file__).parent / "reporting" / name).read_bytes())
    metrics = [(metric.key, metric.label, metric.better, metric.digits) for metric in scores.measure.metrics]
    words = (axis.key, axis.title, axis.x_label, axis.y_label, axis.ranked_by)
    digest.update(repr((metrics, words)).encode())
    digest.update(np.ascontiguousarray(axis.x).tobytes())
    for name, tracker in scores.trackers.items():
        digest.update(repr((name, sorted(tracker.values.items()))).encode())
        digest.update(np.ascontiguousarray(tracker.curves[axis.key]).tobytes())
    return digest.hexdigest()


def _replace(target: Path, content: bytes) -> None:
    """Write beside the target and rename, so that a reader never sees half a picture."""
    partial = target.with_name(f".{target.name}.{os.getpid()}.{os.urandom(4).hex()}.partial")
    partial.write_bytes(content)
    partial.replace(target)
