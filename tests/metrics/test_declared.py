"""Metrics are declared once, and conventions and what is printed read them there."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.metrics import declared
from siamfc_eval.metrics.conventions import CONVENTIONS, build_measure
from siamfc_eval.metrics.scores import Metric
from siamfc_eval.protocols.multi_start import anchors
from siamfc_eval.protocols.trajectory import Code, RunPlace, Trajectory
from siamfc_eval.results.raw import RecordedTrajectory

DECLARED = [metric for metric in vars(declared).values() if isinstance(metric, Metric)]


def video(frames: int = 30) -> Sequence:
    boxes = np.tile([10.0, 10.0, 20.0, 20.0], (frames, 1))
    return Sequence("one", boxes, image_size=(100, 100))


@pytest.mark.parametrize("name", list(CONVENTIONS))
def test_a_convention_reports_what_its_record_says(name: str) -> None:
    entry = CONVENTIONS[name]
    measure = build_measure(name, Dataset("made-up", (video(),)))
    assert entry.name == name
    assert measure.metrics == entry.metrics
    assert measure.protocol == entry.protocol
    assert measure.rules == entry.rules
    assert set(entry.metrics) <= set(DECLARED)
    assert {axis.key for axis in measure.curves} >= set(entry.curves)
    width = len(measure.statistics(video(), _runs(entry.protocol)))
    assert set(measure.finish(np.zeros(width))) == {metric.key for metric in entry.metrics}


def _runs(protocol: str) -> list[Trajectory]:
    boxes = tuple(video().boxes)
    if protocol in {"ope", "tre", "sre"}:
        return [Trajectory(boxes)]
    if protocol == "multi-start":
        lengths = [len(anchor.frames(len(boxes))) for anchor in anchors(video())]
        return [Trajectory((Code.INITIALIZED, *boxes[1:length])) for length in lengths]
    return [Trajectory((Code.INITIALIZED, *boxes[1:]))]


def test_a_metric_cuts_a_range_to_what_it_can_be() -> None:
    rate, count = Metric("rate", "Rate", "higher"), Metric("count", "Count", "lower", high=math.inf, unit="frames")
    assert rate.within(-0.2, 1.2) == (0.0, 1.0)
    assert count.within(-0.2, 1.2) == (0.0, 1.2)
    assert count.title == "Count [frames]"
    assert count.to_json()["high"] is None


def test_scores_as_json_describe_their_metrics(bench: Any) -> None:
    described = bench.score().to_json()["metrics"]
    assert isinstance(described, list)
    assert described[0] == {
        "key": "success_auc",
        "label": "Success AUC",
        "better": "higher",
        "low": 0.0,
        "high": 1.0,
        "unit": "",
    }


@pytest.mark.parametrize("name", ["vot-official", "vot-toolkit", "vot-official-ao"])
def test_a_run_from_memory_scores_as_one_from_a_file(name: str) -> None:
    one = video()
    turned = np.array([12.0, 8.0, 32.0, 12.0, 28.0, 31.0, 9.0, 27.0])
    boxes = tuple(one.boxes + np.array([3.0, 1.0, 0.0, 0.0]))
    for entries in ((Code.INITIALIZED, *boxes[1:]), (Code.INITIALIZED, turned, *boxes[2:])):
        measure = build_measure(name, Dataset("made-up", (one,)))
        in_memory, recorded = (measure.statistics(one, [kind(entries)]) for kind in (Trajectory, RecordedTrajectory))
        np.testing.assert_array_equal(in_memory, recorded)


def test_overlaps_are_drawn_once_for_each_rule_that_asks() -> None:
    one = video()
    run = Trajectory(tuple(one.boxes))
    first = run.overlaps(one, "vot-official", ((99, 99),))
    assert run.overlaps(one, "vot-official", ((99, 99),)) is first
    assert run.overlaps(one, "vot-toolkit", ((100, 100),)) is not first
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = 0.5


def test_a_changed_copy_of_a_run_stays_where_its_file_says() -> None:
    place = RunPlace("a.txt", start=4)
    run = RecordedTrajectory((np.ones(4),), place=place)
    assert dataclasses.replace(run, times=np.ones(1)).place == place
