"""Why two conventions give one tracker different scores."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from siamfc_eval.api.results import tracker_of, truth_of
from siamfc_eval.api.selection import Reading, read_runs
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.metrics import explain as explaining
from siamfc_eval.metrics.explain import Explanation
from siamfc_eval.metrics.scores import Mismatch
from siamfc_eval.results.folders import ResultFolder

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class ExplanationTable(Explanation):
    """One tracker's scores under two conventions, and the rules between them."""

    @classmethod
    def of(cls, explanation: Explanation) -> ExplanationTable:
        """The same explanation, with what a person does with it."""
        return cls(**{field.name: getattr(explanation, field.name) for field in dataclasses.fields(Explanation)})

    def __repr__(self) -> str:
        one, two = (scores[self.metric.key] for scores in self.scores)
        digits = max(self.metric.digits, 4)
        return (
            f"<{self.tracker} on {self.dataset}, {self.metric.label}: {one:.{digits}f} by {self.conventions[0]}, "
            f"{two:.{digits}f} by {self.conventions[1]}; {len(self.steps)} rules make the difference>"
        )

    def _repr_html_(self) -> str:
        html: str = self.to_frame().to_html()
        return html

    def to_frame(self) -> pd.DataFrame:
        """A row for each rule with an effect: what it is about, its value in either convention, the difference."""
        import pandas as pd

        key = self.metric.key
        rows = [
            {
                "rule": step.rule,
                "effect": step.effect,
                self.conventions[0]: step.before,
                self.conventions[1]: step.after,
                "difference": step.differences[key],
                "sequences": len(step.sequences),
            }
            for step in self.steps
        ]
        columns = ["rule", "effect", *self.conventions, "difference", "sequences"]
        return pd.DataFrame(rows, columns=columns).set_index("rule")


def explain(
    results: Path | str,
    first: str,
    second: str,
    *,
    tracker: str | None = None,
    metric: str | None = None,
    data: Path | str | Dataset | None = None,
    dataset: str | None = None,
    on_mismatch: Mismatch = "convention",
    **reading: Unpack[Reading],
) -> ExplanationTable:
    """Say why two conventions score a tracker differently: their rules are changed one at a time.

    Args:
        results: a folder of raw results.
        first, second: names of conventions that read the same kind of runs.
        tracker: which; needed where there are several.
        metric: key of the metric; None: the first that both have.
        data, dataset: the ground truth, as for `siamfc_eval.score`.
        on_mismatch: what becomes of files of another length that either convention refuses.
        reading: see `siamfc_eval.api.selection.Reading`.

    Raises:
        InputError: no results, or the conventions are not comparable or refuse the runs.
        UnknownNameError: no such convention, tracker or metric.
    """
    folder = ResultFolder(results)
    truth = truth_of(folder, data, dataset)
    if tracker is not None:
        reading["trackers"] = (tracker,)
    raw = read_runs(folder, truth, first, **reading)
    one = tracker_of(raw, tracker)
    return ExplanationTable.of(explaining.explain(one, truth, first, second, metric=metric, on_mismatch=on_mismatch))
