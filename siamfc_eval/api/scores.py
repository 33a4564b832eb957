"""Scores of raw results, as something to look at, to compute with and to draw."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

from siamfc_eval.api.published import scores_of_published
from siamfc_eval.api.results import truth_of
from siamfc_eval.api.selection import Selecting, convention_of, score_results
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.metrics.scores import CurveAxis, Scores
from siamfc_eval.results.folders import ResultFolder

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from siamfc_eval.comparison.bands import Band


@dataclass(frozen=True, eq=False, repr=False)
class ScoreTable(Scores):
    """The scores of several trackers on one data set under one convention."""

    @classmethod
    def of(cls, scores: Scores) -> ScoreTable:
        """The same scores, with what a person does with them."""
        return cls(**{field.name: getattr(scores, field.name) for field in dataclasses.fields(Scores)})

    def __repr__(self) -> str:
        metric = self.measure.metrics[0]
        shown = [f"{name} {tracker.values[metric.key]:.{metric.digits}f}" for name, tracker in self._ranked()[:6]]
        more = ", ..." if len(self.trackers) > len(shown) else ""
        return f"<{metric.label} on {self.dataset} by {self.convention}: {', '.join(shown)}{more}>"

    def _repr_html_(self) -> str:
        from siamfc_eval.reporting.html import table_html
        from siamfc_eval.reporting.tables import ranking_table

        return table_html(ranking_table(self, None), self.signature)

    def _ranked(self) -> list[tuple[str, Any]]:
        from siamfc_eval.reporting.tables import ranked

        return [(name, self.trackers[name]) for name in ranked(self, None)]

    def to_frame(self, by: Literal["tracker", "sequence", "attribute"] = "tracker") -> pd.DataFrame:
        """A row for each tracker, best first, or for each of its sequences or attributes; a column for each metric."""
        import pandas as pd

        rows: list[dict[str, object]] = []
        for name, tracker in self._ranked():
            if by == "tracker":
                rows.append({"tracker": name, **tracker.values, **tracker.speed})
                continue
            parts = tracker.sequences if by == "sequence" else tracker.attributes
            rows += [{"tracker": name, by: part, **values} for part, values in parts.items()]
        frame = pd.DataFrame(rows)
        index = ["tracker"] if by == "tracker" else ["tracker", by]
        frame = frame.set_index(index) if rows else frame
        frame.attrs["signature"] = self.signature
        return frame

    def bands(self, curve: str, *, level: float = 0.95, resamples: int = 1000, seed: int = 0) -> dict[str, Band]:
        """Confidence bands on a curve: tracker -> bounds that hold at each point, and for the curve as a whole.

        Args:
            curve: key of the curve, e.g. "success".
            level: of the bands.
            resamples: of the sequences.
            seed: makes the answer repeatable.

        Raises:
            UnknownNameError: the convention has no such curve.
        """
        from siamfc_eval.comparison.bands import curve_bands

        self._axis(curve)
        return curve_bands(self, curve, level=level, resamples=resamples, seed=seed)

    def _axis(self, curve: str) -> CurveAxis:
        from siamfc_eval.errors import UnknownNameError

        curves = {axis.key: axis for axis in self.measure.curves}
        if curve not in curves:
            raise UnknownNameError("curve", curve, curves)
        return curves[curve]

    def plot(
        self,
        curve: str | None = None,
        *,
        ax: Axes | None = None,
        band: Literal["pointwise", "simultaneous"] | None = None,
    ) -> Axes:
        """Draw a curve of every tracker.

        Args:
            curve: key of the curve, e.g. "success"; None: the first that the convention has.
            ax: where to draw; None: new axes, which a notebook shows.
            band: shade where the curve is with 95 %, at each point or as a whole; None: nothing.

        Raises:
            UnknownNameError: the convention has no such curve.
            InputError: it has none at all.
        """
        from siamfc_eval.errors import InputError
        from siamfc_eval.reporting.figures.curves import draw_curves
        from siamfc_eval.reporting.plots import tracker_styles

        if not self.measure.curves:
            raise InputError(f"{self.convention} has no curves to plot.")
        axis = self._axis(curve if curve is not None else self.measure.curves[0].key)
        axes = ax if ax is not None else new_axes()
        styles = tracker_styles([name for name, _ in self._ranked()])
        title = draw_curves(axes, self, axis, styles)
        for name, found in self.bands(axis.key).items() if band is not None else ():
            low, high = (found.low, found.high) if band == "pointwise" else (found.low_all, found.high_all)
            axes.fill_between(axis.x, low, high, color=styles[name][0], alpha=0.15, linewidth=0)
        axes.legend(title=title, fontsize="small")
        return axes


def new_axes() -> Axes:
    """Axes of a figure that belongs to pyplot, so that a notebook shows it."""
    import matplotlib.pyplot as plt

    axes: Axes = plt.subplots(figsize=(6.4, 4.4))[1]
    return axes


def score(
    results: Path | str | None = None,
    convention: str | None = None,
    *,
    data: Path | str | Dataset | None = None,
    dataset: str | None = None,
    **selecting: Unpack[Selecting],
) -> ScoreTable:
    """The scores of raw results under a convention.

    Args:
        results: a folder of trackers, or one tracker's, as any toolkit wrote it; None: only what is `published` on
            `dataset`, for which no data is needed.
        convention: whose rules; None: those of the benchmark's papers, else of the protocol.
        data: the ground truth: a data set, or its folder or annotation file; None: as the results' manifest says.
        dataset: benchmark or layout, where it is not recognised.
        selecting: see `siamfc_eval.api.selection.Selecting`.

    Returns:
        The scores; what is missing or was repaired is in `incomplete`.

    Raises:
        InputError: no results, no ground truth, or the convention refuses all files.
        UnknownNameError: no such convention, tracker or attribute source.
    """
    if results is None:
        named = data.name if isinstance(data, Dataset) else dataset
        words, common = selecting.get("published", ()), selecting.get("common_sequences", False)
        return ScoreTable.of(scores_of_published(words, named, convention, common))
    folder = ResultFolder(results)
    truth = truth_of(folder, data, dataset)
    rules = convention or convention_of(folder, truth, selecting.get("protocol"))
    return ScoreTable.of(score_results(folder, truth, rules, **selecting))
