"""What all figures share: colours and lines of trackers, axes without global state, and files.

A tracker keeps its colour and line style through all figures of a report; neither is needed alone to tell two trackers
apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from siamfc_eval.colours import COLOURS
from siamfc_eval.plain_text import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LINES = ("-", "--", "-.", ":")
_MARKERS = "osD^v<>P"
SHADE = "#eef3f8"
"""Behind the part of a curve that its metric averages."""

Style = tuple[str, str, str]
"""Colour, line style, marker."""


_LITERAL: Any = {"text.parse_math": False}
"""Dollar signs in names are no formulas."""
_Draw = TypeVar("_Draw", bound=Callable[..., Any])


def as_written(draw: _Draw) -> _Draw:
    """Draw every text of a figure as it is written."""

    @wraps(draw)
    def drawn(*arguments: Any, **options: Any) -> Any:
        import matplotlib as mpl

        with mpl.rc_context(_LITERAL):
            return draw(*arguments, **options)

    return cast(_Draw, drawn)


def tracker_styles(names: Sequence[str]) -> dict[str, Style]:
    """A colour, line style and marker for each tracker, in the order given."""
    count = len(COLOURS)
    return {
        name: (COLOURS[i % count], _LINES[(i // count) % len(_LINES)], _MARKERS[i % len(_MARKERS)])
        for i, name in enumerate(names)
    }


def save(figure: Figure, target: Any, file_format: str, signature: str = "") -> None:
    """Write a figure; the same figure gives the same bytes, so that reports can be compared.

    The signature of its numbers is in the file's metadata. A PDF embeds its fonts as TrueType (Type 42), as publishers
    ask.

    Figures with a layout engine are cut to what is on them; those without have their margins already.
    """
    import matplotlib as mpl

    signature = printable(signature)
    described: dict[str, dict[str, str | None]] = {
        "svg": {"Date": None, "Description": signature or None},
        "pdf": {"CreationDate": None, "Subject": signature},
        "png": {"Description": signature},
    }
    metadata = described.get(file_format, {})
    # Half of the time of drawing would go into the last tenth of compression.
    encoding: dict[str, Any] = {"pil_kwargs": {"compress_level": 3}} if file_format == "png" else {}
    bounds = "tight" if figure.get_layout_engine() is not None else None
    with mpl.rc_context({**_LITERAL, "svg.hashsalt": "siamfc-eval", "svg.fonttype": "none", "pdf.fonttype": 42}):
        figure.savefig(target, format=file_format, bbox_inches=bounds, dpi=160, metadata=metadata, **encoding)


def canvas(width: float, height: float, layout: Literal["constrained"] | None = "constrained") -> tuple[Figure, Axes]:
    """A figure without pyplot, so that nothing global is left behind and no display is needed."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout=layout)
    axes = figure.add_subplot()
    axes.grid(color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes
