"""Curves with a ranked legend as an SVG file, written directly, for which no plotting library is loaded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from html import escape
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.metrics.scores import CurveAxis, Scores
from siamfc_eval.plain_text import printable
from siamfc_eval.reporting.figures.curves import curve_limit, ranked_curves
from siamfc_eval.reporting.plots import SHADE, Style

Floats = NDArray[np.float64]

_LEFT, _TOP, _WIDTH, _HEIGHT = 62.0, 40.0, 440.0, 380.0
"""The axes in pixels."""
_BOTTOM = 74.0
_LETTER = 7.4
"""Pixels that a letter of the legend takes at most, on average: the reader's fonts are not known here."""
_ENTRY = 18.0
"""Pixels from one line of the legend to the next."""
_DASHES = {"-": "", "--": "7 4", "-.": "8 3 2 3", ":": "2 3"}
_TICKS = 8


class _Frame(NamedTuple):
    """From values (a number or an array of them) to pixels."""

    low: float
    high: float
    top: float

    def x(self, value: Any) -> Any:
        return _LEFT + (value - self.low) / (self.high - self.low or 1.0) * _WIDTH

    def y(self, value: Any) -> Any:
        return _TOP + (1.0 - value / self.top) * _HEIGHT


def curve_svg(scores: Scores, axis: CurveAxis, styles: Mapping[str, Style], shown: int = 24) -> str:
    """One curve per tracker with the ranking metric in the legend, best first; the same numbers give the same text.

    Args:
        scores: what to draw; their signature is written below.
        axis: one of the measure's curves.
        styles: of every tracker.
        shown: most curves; how many there are is said where some are left out.
    """
    title, order = ranked_curves(scores, axis, shown)
    frame = _Frame(float(axis.x[0]), float(axis.x[-1]), curve_limit(scores, axis))
    longest = max(map(len, [title, *order.values()]), default=0)
    width = _LEFT + _WIDTH + 50 + _LETTER * longest
    below = (len(order) + 1) * _ENTRY - _HEIGHT
    height = _TOP + _HEIGHT + max(_BOTTOM, below)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="DejaVu Sans, Verdana, Arial, sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        *_axes(axis, frame),
        *_legend(title, order, styles),
        *_curves(scores, axis, list(order), styles, frame),
        _text(_LEFT, height - 10, scores.signature, size=9, fill="#777"),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _axes(axis: CurveAxis, frame: _Frame) -> Iterator[str]:
    bottom, right = _TOP + _HEIGHT, _LEFT + _WIDTH
    if axis.averaged is not None:
        left, end = (frame.x(min(max(at, frame.low), frame.high)) for at in axis.averaged)
        yield f'<rect x="{left:.1f}" y="{_TOP}" width="{end - left:.1f}" height="{_HEIGHT}" fill="{SHADE}"/>'
    grid = [f"M{frame.x(at):.1f} {_TOP}V{bottom}" for at in _ticks(frame.low, frame.high)]
    grid += [f"M{_LEFT} {frame.y(at):.1f}H{right}" for at in _ticks(0.0, frame.top)]
    yield f'<path d="{"".join(grid)}" stroke="#ddd" fill="none"/>'
    yield f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" stroke="#222" fill="none"/>'
    for at in _ticks(frame.low, frame.high):
        yield _text(frame.x(at), bottom + 18, f"{at:.6g}", anchor="middle")
    for at in _ticks(0.0, frame.top):
        yield _text(_LEFT - 7, frame.y(at) + 4, f"{at:.6g}", anchor="end")
    yield _text(_LEFT + _WIDTH / 2, _TOP - 14, axis.title, anchor="middle", size=14)
    yield _text(_LEFT + _WIDTH / 2, bottom + 40, axis.x_label, anchor="middle")
    middle = _TOP + _HEIGHT / 2
    yield f'<g transform="rotate(-90 16 {middle})">{_text(16, middle, axis.y_label, anchor="middle")}</g>'


def _legend(title: str, order: Mapping[str, str], styles: Mapping[str, Style]) -> Iterator[str]:
    left = _LEFT + _WIDTH + 14
    at = max(_TOP + 8, _TOP + (_HEIGHT - len(order) * _ENTRY) / 2)
    yield _text(left, at, title)
    for name, label in order.items():
        at += _ENTRY
        yield f'<path d="M{left} {at - 4:.1f}h24" {_stroke(styles[name], 2.0)}/>'
        yield _text(left + 30, at, label)


def _curves(
    scores: Scores, axis: CurveAxis, order: list[str], styles: Mapping[str, Style], frame: _Frame
) -> Iterator[str]:
    """Paths, the best last and so on top; cut to the axes, as a curve may leave them."""
    yield f'<clipPath id="axes"><rect x="{_LEFT}" y="{_TOP - 2}" width="{_WIDTH}" height="{_HEIGHT + 4}"/></clipPath>'
    yield '<g clip-path="url(#axes)" stroke-linejoin="round">'
    x = frame.x(axis.x)
    for name in reversed(order):
        width = 2.6 if name == order[0] else 1.8
        path = _path(x, frame.y(scores.trackers[name].curves[axis.key]))
        yield f'<path d="{path}" {_stroke(styles[name], width)}><title>{escape(printable(name))}</title></path>'
    yield "</g>"


def _path(x: Floats, y: Floats) -> str:
    """Lines between points; a gap where there is no number."""
    points = zip(x.round(2).tolist(), y.round(2).tolist(), strict=True)
    parts = [list(part) for known, part in groupby(points, lambda point: math.isfinite(point[1])) if known]
    return "".join("M" + "L".join(f"{a:g} {b:g}" for a, b in part) for part in parts)


def _stroke(style: Style, width: float) -> str:
    colour, line, _ = style
    dashes = f' stroke-dasharray="{_DASHES[line]}"' if _DASHES[line] else ""
    return f'stroke="{colour}" stroke-width="{width}" fill="none"{dashes}'


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 0, fill: str = "#222") -> str:
    more = (f' text-anchor="{anchor}"' if anchor != "start" else "") + (f' font-size="{size}"' if size else "")
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{fill}"{more}>{escape(printable(text))}</text>'


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers from low to high, about eight."""
    rough = (high - low) / _TICKS
    if not rough > 0 or not math.isfinite(rough):
        return [low]
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(magnitude * factor for factor in (1, 2, 2.5, 5, 10) if magnitude * factor >= rough * (1 - 1e-9))
    return [step * k for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
