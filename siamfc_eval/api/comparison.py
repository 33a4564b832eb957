"""Which differences between trackers are significant."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamfc_eval.api.scores import score
from siamfc_eval.comparison import compare as comparing
from siamfc_eval.comparison.closeness import MARGIN, Closeness, PairDetails, closeness, pair_details
from siamfc_eval.comparison.compare import Comparison
from siamfc_eval.comparison.ranks import RankComparison, compare_ranks
from siamfc_eval.metrics.scores import Scores

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from siamfc_eval.reporting.report import Section


@dataclass(frozen=True, repr=False)
class ComparisonTable(Comparison):
    """Intervals, ranks and paired tests of several trackers on one metric."""

    @classmethod
    def of(cls, comparison: Comparison) -> ComparisonTable:
        """The same comparison, with what a person does with it."""
        return cls(**{field.name: getattr(comparison, field.name) for field in dataclasses.fields(Comparison)})

    def __repr__(self) -> str:
        different = sum(pair.significant() for pair in self.pairs)
        return (
            f"<{self.metric.label} of {len(self.ranking)} trackers on {self.dataset}: first {self.ranking[0]}; "
            f"{different} of {len(self.pairs)} pairs differ significantly>"
        )

    def _repr_html_(self) -> str:
        from siamfc_eval.reporting.html import table_html
        from siamfc_eval.reporting.tables import pairs_table

        return table_html(pairs_table(self), self.signature)

    def to_frame(self) -> pd.DataFrame:
        """A row for each tracker, best first: value, low, high, rank, best and worst rank, share of first places."""
        import pandas as pd

        described = self.to_json()["trackers"]
        rows = [
            {
                "tracker": name,
                **{key: entry[key] for key in ("value", "low", "high", "rank")},
                "best_rank": entry["rank_interval"][0],
                "worst_rank": entry["rank_interval"][1],
                "first_place": entry["first_place"],
            }
            for name, entry in described.items()
        ]
        return pd.DataFrame(rows).set_index("tracker")

    def pairs_frame(self) -> pd.DataFrame:
        """A row for each pair: difference and its interval, p and p corrected, wins, losses and ties by sequence."""
        import pandas as pd

        rows = []
        for pair in self.to_json()["pairs"]:
            difference = pair.pop("difference")
            rows.append({**pair, "difference": difference["value"], **{k: difference[k] for k in ("low", "high")}})
        return pd.DataFrame(rows).set_index(["better", "worse"]) if rows else pd.DataFrame(rows)

    def average_ranks(self) -> RankComparison | None:
        """Average ranks, and the groups of trackers that do not differ: Friedman and Nemenyi, Wilcoxon and Holm."""
        return compare_ranks(self)

    def closeness(self, pairs: Sequence[tuple[str, str]] = (), *, margin: float = MARGIN) -> tuple[Closeness, ...]:
        """Whether trackers are the same within a margin, and how many sequences would settle which is better.

        Args:
            pairs: of trackers; none: the first with each from which it has no significant difference.
            margin: of the metric.
        """
        leader = self.ranking[0]
        open_pairs = [(leader, other) for other in self.undecided(leader)]
        return closeness(self, tuple(pairs) or tuple(open_pairs), margin=margin, seed=self.seed)

    def pair(self, first: str, second: str, *, margin: float = MARGIN) -> PairDetails:
        """Where two trackers differ: the sequences that decide, and wins and losses by attribute.

        Raises:
            UnknownNameError: a name is not among the ranked trackers.
        """
        return pair_details(self, first, second, margin=margin, seed=self.seed)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw each tracker's score with its interval, best on top.

        Args:
            ax: where to draw; None: new axes, which a notebook shows.
        """
        from siamfc_eval.api.scores import new_axes
        from siamfc_eval.reporting.figures.intervals import draw_intervals
        from siamfc_eval.reporting.plots import tracker_styles

        axes = ax if ax is not None else new_axes()
        draw_intervals(axes, self, tracker_styles(self.ranking))
        return axes


def compare(
    results: Path | str | Scores | None = None,
    convention: str | None = None,
    *,
    metric: str | None = None,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
    **selecting: Any,
) -> ComparisonTable:
    """Compare trackers on one metric: intervals, paired tests with correction, and how sure the ranking is.

    Args:
        results: a folder, as for `siamfc_eval.score`, or scores; None: only what is `published`.
        convention: whose rules; None: as for `siamfc_eval.score`.
        metric: key of the metric, the convention's or another of `siamfc-eval list metrics`; None: the one that the
            convention ranks by.
        level: of the intervals.
        resamples: of the bootstrap, and permutations of the tests.
        seed: makes the answer repeatable.
        selecting: `data`, `dataset` and what else `siamfc_eval.score` takes.

    Raises:
        InputError, UnknownNameError: as `siamfc_eval.score`.
        IncompleteError: no sequence has results of every tracker.
        TypeError: scores are given, and what to score as well.
    """
    if isinstance(results, Scores):
        if convention is not None or selecting:
            raise TypeError("compare(scores) takes no convention and nothing that says what to score; they are scored.")
        scores: Scores = results
    else:
        selecting["metrics"] = (*selecting.get("metrics", ()), *filter(None, [metric]))
        scores = score(results, convention, **selecting)
    return ComparisonTable.of(comparing.compare(scores, metric, level=level, resamples=resamples, seed=seed))


def compare_each(
    results: Sequence[Path | str],
    convention: str | None = None,
    *,
    data: Sequence[Path | str] = (),
    metric: str | None = None,
    resamples: int = 10_000,
    seed: int = 0,
    **selecting: Any,
) -> tuple[Section, ...]:
    """Compare trackers on several benchmarks, or several runs of one.

    Args:
        results: a folder for each, as for `siamfc_eval.score`.
        convention: whose rules; None: each benchmark's own.
        data: the ground truth of each, one for all, or none where the results say it.
        metric, resamples, seed: as for `compare`; a metric that some do not have is refused.
        selecting: what else `siamfc_eval.score` takes.

    Returns:
        Scores and comparison of each, with a heading, as `siamfc_eval.reporting.overview` makes tables of them.

    Raises:
        InputError: neither one data set nor as many as there are results; else as `compare`.
    """
    from siamfc_eval.errors import InputError
    from siamfc_eval.reporting.report import Section

    if len(data) not in (0, 1, len(results)):
        raise InputError(
            f"{len(data)} data sets were given for {len(results)} folders of results; expected one for each, in their "
            "order."
        )
    given: list[Path | str | None] = [*data] or [None]
    truths = given * len(results) if len(given) == 1 else given
    sections = []
    for folder, truth in zip(results, truths, strict=True):
        scores = score(folder, convention, data=truth, **selecting)
        comparison = compare(scores, metric=metric, resamples=resamples, seed=seed)
        sections.append(Section(f"{scores.dataset}, {scores.convention}", scores, comparison))
    return tuple(sections)
