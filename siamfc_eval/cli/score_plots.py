"""The curve plots that `siamfc-eval score --plots` writes."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Literal

from siamfc_eval.metrics.scores import CurveAxis, Scores
from siamfc_eval.storage.writing import write_atomic

Format = Literal["svg", "png", "pdf"]


def write_plots(
    scores: Scores, out: Path, file_format: Format = "svg", curves: Collection[str] | None = None
) -> list[Path]:
    """Write one picture for each curve of the measure; with a signature in each.

    Args:
        scores: what to draw.
        out: folder; made if it is not there.
        file_format: SVG is written at once, the others are drawn with matplotlib.
        curves: keys of the curves to draw; None: all.

    Raises:
        InputError: the folder cannot be written to.
    """
    written = []
    for axis in scores.measure.curves:
        if curves is not None and axis.key not in curves:
            continue
        target = out / f"{axis.key}.{file_format}"
        picture = _draw(scores, axis, file_format)
        write_atomic(target, picture, durable=False, remedy="Choose another folder with --plots.")
        written.append(target)
    return written


def _draw(scores: Scores, axis: CurveAxis, file_format: Format) -> bytes:
    from siamfc_eval.reporting.plots import tracker_styles
    from siamfc_eval.reporting.tables import ranked

    styles = tracker_styles(ranked(scores, None))
    if file_format == "svg":
        from siamfc_eval.reporting.curve_svg import curve_svg

        return curve_svg(scores, axis, styles).encode()
    import io

    from siamfc_eval.reporting.figures.curves import curve_figure
    from siamfc_eval.reporting.plots import save

    buffer = io.BytesIO()
    save(curve_figure(scores, axis, styles), buffer, file_format, scores.signature)
    return buffer.getvalue()
