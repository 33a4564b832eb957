"""Trackers run on experiments."""

from __future__ import annotations

import collections.abc
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.plain_text import counted
from siamfc_eval.running import events
from siamfc_eval.running.experiment import Experiment, load_experiment
from siamfc_eval.running.options import RunOptions
from siamfc_eval.running.run import run_experiment
from siamfc_eval.running.summary import RunSummary
from siamfc_eval.tracking.tracker import Tracker

if TYPE_CHECKING:
    import pandas as pd

    from siamfc_eval.api.scores import ScoreTable

__all__ = ["Run", "load_tracker", "run"]


@dataclasses.dataclass(repr=False)
class Run(RunSummary):
    """What a run of an experiment came to, and the way on to its scores."""

    @classmethod
    def of(cls, summary: RunSummary) -> Run:
        """The same summary, with what a person does with it."""
        return cls(**{field.name: getattr(summary, field.name) for field in dataclasses.fields(RunSummary)})

    def __repr__(self) -> str:
        made = sum(part.ran + part.done_before for part in self.protocols)
        failed = f", {len(self.failures)} failed" if self.failures else ""
        return f"<Run of {self.experiment} on {self.dataset}: {counted(made, 'result')} in {self.out}{failed}>"

    def _repr_html_(self) -> str:
        html: str = self.to_frame().to_html(index=False)
        return html

    def to_frame(self) -> pd.DataFrame:
        """A row for each tracker and protocol: runs made now and before, frames, seconds, frames per second."""
        import pandas as pd

        return pd.DataFrame(self.to_json()["runs"])

    def score(self, convention: str | None = None, **selecting: Any) -> ScoreTable:
        """The scores of what was run; see `siamfc_eval.score`."""
        from siamfc_eval.api.scores import score

        if "trackers" not in selecting:
            selecting["trackers"] = tuple(dict.fromkeys(part.tracker for part in self.protocols))
        return score(self.out, convention, data=self.selected, **selecting)


def run(
    experiment: str | Experiment,
    trackers: str | Tracker | collections.abc.Sequence[str | Tracker] = (),
    *,
    data: Path | str | Dataset | None = None,
    out: Path | str = "runs",
    options: RunOptions | None = None,
    on_event: events.OnEvent = events.ignore,
    **changes: Any,
) -> Run:
    """Run trackers on an experiment and write raw results; an interrupted run goes on with what is missing.

    Args:
        experiment: a name (`siamfc-eval list experiments`), a .toml file, or an experiment.
        trackers: names, paths, `file.py:Class`, `trax:COMMAND`, or trackers themselves; none: the experiment's own.
        data: folder or annotation file of the data set, or the data set itself; None for the embedded benchmark.
        out: results are written to `<out>/<dataset>/<tracker>[/<protocol>]`.
        options: see `siamfc_eval.running.options.RunOptions`.
        on_event: is called with progress, failures and notes.
        changes: single options, of loading too, e.g. `device="cpu"`, `sequences=("Car4",)`.

    Returns:
        What ran, what failed and where the results are. A tracker that fails, or bad data, stops nothing else.

    Raises:
        InputError: the data set cannot be used at all, or the only tracker or its results cannot; of several trackers
            such a one is a failure in the summary, and the others run.
        TypeError: no such option.
    """
    definition = load_experiment(experiment) if isinstance(experiment, str) else experiment
    chosen = RunOptions.of(options, **changes)
    several = [trackers] if isinstance(trackers, str | Tracker) else list(trackers)
    place = Path(data) if isinstance(data, str) else data
    return Run.of(run_experiment(definition, several, place, Path(out), options=chosen, on_event=on_event))
