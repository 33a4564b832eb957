"""Metrics of one's own stand beside a convention's, whose numbers they do not touch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.metrics.conventions import build_measure
from siamfc_eval.metrics.extra import METRICS, ExtraMetric, extended
from siamfc_eval.metrics.gathering import may_be_kept
from siamfc_eval.metrics.scores import Metric, Reducible, Runs, Tagged
from siamfc_eval.protocols.trajectory import Code, Trajectory


def count(sequence: Sequence, runs: Runs) -> np.ndarray:
    return np.array([float(sum(map(len, runs))), float(len(runs))])


LENGTH = ExtraMetric(
    Metric("run_length", "Length", "higher", high=np.inf),
    "Frames of a run",
    2,
    count,
    lambda sums: sums[..., 0] / sums[..., 1],
    ("one pass", "resets"),
)


@pytest.fixture
def length(monkeypatch: pytest.MonkeyPatch) -> ExtraMetric:
    """The metric, registered for one test."""
    monkeypatch.setattr(METRICS, "_own", dict(METRICS._own))
    monkeypatch.setattr(METRICS, "_loaded", dict(METRICS._loaded))
    METRICS.register("run_length", LENGTH)
    return LENGTH


def video() -> Sequence:
    tags = {"occlusion": np.arange(30) >= 20}
    return Sequence("one", np.tile([10.0, 10.0, 20.0, 20.0], (30, 1)), image_size=(100, 100), tags=tags)


def test_a_conventions_own_numbers_stay_as_they_are(bench: Any, length: ExtraMetric) -> None:
    plain, more = bench.score("otb-matlab"), bench.score("otb-matlab", metrics=["run_length", "success_auc"])
    for name, tracker in plain.trackers.items():
        beside = dict(more.trackers[name].values)
        assert beside.pop("run_length") == 12
        assert beside == tracker.values
        np.testing.assert_array_equal(more.trackers[name].curves["success"], tracker.curves["success"])
        assert more.trackers[name].attributes["SV"]["run_length"] == 12
    assert "|also:run_length|" in more.signature
    assert "also" not in plain.signature
    assert more.measure.metrics[0] == plain.measure.metrics[0]


def test_what_is_scored_with_more_metrics_is_not_kept(bench: Any, length: ExtraMetric, tmp_path: Path) -> None:
    bench.score("otb-matlab", metrics=["run_length"], cache=tmp_path / "kept")
    assert not list(tmp_path.rglob("*.statistics"))
    measure = build_measure("otb-matlab", bench.dataset())
    assert may_be_kept(measure)
    assert not may_be_kept(type("Theirs", (type(measure),), {"__module__": "their_package"})("x", measure.rules))


def test_tags_have_none_of_them(length: ExtraMetric) -> None:
    one = video()
    measure = extended(build_measure("vot-official", Dataset("made-up", (one,))), ["run_length"])
    assert isinstance(measure, Tagged)
    run = Trajectory((Code.INITIALIZED, *tuple(one.boxes)[1:]))
    rows = measure.tag_statistics(one, [run])
    np.testing.assert_array_equal(rows["all"], measure.statistics(one, [run]))
    assert measure.finish(rows["all"])["run_length"] == 30
    assert np.isnan(measure.finish(rows["occlusion"])["run_length"])
    assert measure.finish(rows["occlusion"])["accuracy"] == 1


def test_resampling_sees_the_same_numbers(length: ExtraMetric) -> None:
    one = video()
    for name, run in (
        ("otb-matlab", Trajectory(tuple(one.boxes))),
        ("vot-official", Trajectory((Code.INITIALIZED, *tuple(one.boxes)[1:]))),
    ):
        measure = extended(build_measure(name, Dataset("made-up", (one,))), ["run_length"])
        assert isinstance(measure, Reducible)
        row = measure.statistics(one, [run])
        for metric in measure.metrics:
            reduce, finish = measure.reduced(metric.key)
            np.testing.assert_allclose(finish(reduce(row)), measure.finish(row)[metric.key])


def test_a_metric_that_cannot_be_used_says_why(bench: Any, length: ExtraMetric) -> None:
    with pytest.raises(UnknownNameError, match="run_length"):
        bench.score("otb-matlab", metrics=["run_lenght"])
    METRICS._loaded["run_length"] = replace(LENGTH, columns=3)
    with pytest.raises(InputError, match=r"shape \(2,\); it declares 3 columns"):
        bench.score("otb-matlab", metrics=["run_length"])
    METRICS._loaded["run_length"] = replace(LENGTH, shapes=("anchors",))
    with pytest.raises(InputError, match="reads runs of the form anchors; otb-matlab scores runs of the form one pass"):
        bench.score("otb-matlab", metrics=["run_length"])
