"""From files to scores: nothing missing in silence, nothing unnamed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.metrics import conventions, scoring
from siamfc_eval.metrics.attributes import choose_source
from siamfc_eval.metrics.conventions import CONVENTIONS, build_measure, default_convention
from siamfc_eval.metrics.ope.measure import OpeMeasure
from siamfc_eval.metrics.scores import Reducible, Runs
from siamfc_eval.metrics.speed import comparability
from siamfc_eval.metrics.vot.supervised import SupervisedMeasure
from siamfc_eval.metrics.vot.years import Interval


def test_scores_are_means_over_sequences(bench: Any) -> None:
    scores = bench.score()
    assert scores.sequences == ("Car4", "Dog", "Fish")
    assert scores.incomplete == ()
    for tracker in scores.trackers.values():
        for key, value in tracker.values.items():
            assert value == pytest.approx(np.mean([values[key] for values in tracker.sequences.values()]))
    assert scores.trackers["near"].values["success_auc"] > scores.trackers["far"].values["success_auc"]


def test_a_missing_sequence_is_named_and_never_counted_as_zero(bench: Any) -> None:
    (bench.results / "near" / "Dog.txt").unlink()
    scores = bench.score()
    (gap,) = scores.incomplete
    assert "near" in gap
    assert "Dog" in gap
    near = scores.trackers["near"]
    assert math.isnan(near.sequences["Dog"]["success_auc"])
    assert near.statistics is not None
    assert np.isnan(near.statistics[1]).all()
    present = [near.sequences[name]["success_auc"] for name in ("Car4", "Fish")]
    assert near.values["success_auc"] == pytest.approx(np.mean(present))


def test_attributes_are_subsets_by_the_table_that_is_named(bench: Any) -> None:
    scores = bench.score()
    assert scores.attribute_source == "matlab_hc"
    assert scores.attribute_counts == {"IV": 1, "SV": 2}
    near = scores.trackers["near"]
    assert near.attributes["IV"]["success_auc"] == pytest.approx(near.sequences["Car4"]["success_auc"])
    both = [near.sequences[name]["success_auc"] for name in ("Car4", "Dog")]
    assert near.attributes["SV"]["success_auc"] == pytest.approx(np.mean(both))
    assert near.attribute_curves["SV"]["success"].mean() == pytest.approx(np.mean(both))
    assert bench.score(attribute_source="pytracking").attribute_counts == {"OCC": 3}
    assert bench.score(attribute_source="none").trackers["near"].attributes == {}


def test_pytracking_scores_follow_its_own_table(bench: Any) -> None:
    assert bench.score("pytracking-valid").attribute_source == "pytracking"
    with pytest.raises(UnknownNameError, match="matlab_hc"):
        choose_source(bench.dataset(), "matlab_hk")


def test_unusable_files_are_told_together_and_other_trackers_are_scored_on_demand(bench: Any) -> None:
    for name in ("Car4", "Fish"):
        bench.write("near", name, bench.truth(10.0)[:-2])
    with pytest.raises(InputError, match=r"Car4\.txt.*Fish\.txt") as caught:
        bench.score("got10k")
    assert str(caught.value).count("--on-mismatch=pad") == 1
    scores = bench.score("got10k", skip_unusable=True)
    assert list(scores.trackers) == ["far"]
    assert scores.incomplete[0].startswith("near is not scored")


def test_a_damaged_file_is_named_with_its_line(bench: Any) -> None:
    file = bench.results / "far" / "Dog.txt"
    file.write_text(file.read_text().replace("20", "twenty", 1))
    with pytest.raises(InputError, match=r"Dog\.txt:1"):
        bench.score()


def test_repaired_lengths_are_listed_as_incomplete(bench: Any) -> None:
    bench.write("near", "Dog", bench.truth(11.0)[:-3])
    scores = bench.score("got10k", on_mismatch="pad")
    assert [gap for gap in scores.incomplete if "near, Dog" in gap and "9 lines for 12 frames" in gap]
    assert bench.score("got10k", on_mismatch="truncate").trackers["near"].sequences["Dog"]["success_rate_50"] == 1


def test_every_convention_can_be_built_and_names_itself(bench: Any) -> None:
    for name, entry in CONVENTIONS.items():
        dataset = bench.dataset() if entry.protocol in {"ope", "tre", "sre"} else None
        if dataset is not None:
            measure = build_measure(name, dataset)
            assert measure.convention == name
            assert measure.protocol == entry.protocol
            assert {axis.ranked_by for axis in measure.curves} <= {metric.key for metric in measure.metrics}
    with pytest.raises(UnknownNameError, match="otb-matlab"):
        build_measure("otb-matlap", bench.dataset())


def test_a_benchmark_has_the_convention_of_its_papers() -> None:
    expected = {"otb2013": "otb-matlab", "vot2018": "vot-official", "lasot": "lasot", "uav20l": "uav123"}
    expected |= {"vot2018-lt": "vot-longterm", "VOT19LT": "vot-longterm"}
    assert {name: default_convention(name) for name in expected} == expected
    assert default_convention("my own videos") == "otb-matlab"


@dataclass(frozen=True)
class Tags(OpeMeasure):
    """A measure whose data set tags frames: every frame is "all", none is "never"."""

    def tag_statistics(self, sequence: Any, runs: Runs) -> Mapping[str, np.ndarray]:
        row = self.statistics(sequence, runs)
        return {"all": row, "never": np.zeros_like(row)}


def test_frame_tags_are_summed_over_sequences_and_kept(
    bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = conventions.build_measure("got10k", bench.dataset()).rules
    monkeypatch.setattr(Tags, "__module__", "siamfc_eval.metrics.of_this_test")  # Nothing of others' code is kept.
    monkeypatch.setattr(scoring, "build_measure", lambda *_: Tags("tagged", rules))
    for _ in range(2):
        scores = bench.score(cache=tmp_path / "kept")
        for tracker in scores.trackers.values():
            assert tracker.attributes["all"] == pytest.approx(dict(tracker.values))
            assert math.isnan(tracker.attributes["never"]["success_auc"])


def test_a_speed_over_fewer_sequences_than_the_scores_says_so(bench: Any) -> None:
    times = bench.results / "near" / "times"
    times.mkdir()
    for name in ("Car4", "Dog"):
        np.savetxt(times / f"{name}_time.txt", np.full(12, 0.01))
    near, far = (bench.score().trackers[name] for name in ("near", "far"))
    assert near.speed["fps_total"] == pytest.approx(100)
    said = "Its speed is over 2 of the 3 sequences that it is scored on; there are no times of Fish."
    assert near.notes.count(said) == 1
    assert not far.speed
    assert not [note for note in far.notes if "speed" in note]


def test_speeds_of_different_machines_are_not_to_be_compared() -> None:
    desk, card = ({"hardware": f"cpu {name}", "engine": "torch"} for name in ("desk", "card"))
    assert comparability({}) == comparability({"A": [desk]}) == comparability({"A": [desk], "B": [dict(desk)]}) == ""
    said = comparability({"A": [desk], "B": [card], "C": [desk], "D": [], "E": [desk, card]})
    assert said == (
        "Speeds can be compared only between trackers that were timed on the same hardware: A, C on cpu desk; "
        "B on cpu card; D on a machine that is not known; E on cpu desk or cpu card."
    )
    assert "not known" in comparability({"A": [], "B": []})


@pytest.mark.parametrize("convention", ["otb-matlab", "pysot", "got10k-ao", "vot-official", "vot-toolkit"])
def test_what_one_metric_needs_of_the_statistics_gives_that_metric(bench: Any, convention: str) -> None:
    measure = build_measure(convention, bench.dataset())
    if isinstance(measure, SupervisedMeasure):
        measure = dataclasses.replace(measure, length=30, interval=Interval(5, 20, "this test"))
    assert isinstance(measure, Reducible)
    width = measure._nothing.size if isinstance(measure, SupervisedMeasure) else 128
    if isinstance(measure, OpeMeasure):
        width = sum(measure._widths.values()) + len(measure._widths)
    rows = np.random.default_rng(3).uniform(0.5, 2.0, (4, 6, width))
    rows[0, :, 12:] = 0.0
    for metric in measure.metrics:
        reduce, finish = measure.reduced(metric.key)
        expected = measure.finish(rows.sum(axis=1))[metric.key]
        np.testing.assert_allclose(finish(reduce(rows).sum(axis=1)), expected, rtol=1e-12)


def test_a_remark_on_many_sequences_is_one_note(bench: Any) -> None:
    for name, start in (("Car4", 10.0), ("Dog", 11.0), ("Fish", 12.0)):
        bench.write("near", name, bench.truth(start)[:-1])
    notes = bench.score("otb-matlab", on_mismatch="pad").trackers["near"].notes
    assert "in 3 sequences (Car4, Dog, Fish): 11 lines for 12 frames, so the last frame is taken as failed." in notes


def test_the_scores_say_what_a_tracker_lacks(bench: Any) -> None:
    (bench.results / "near" / "Dog.txt").unlink()
    scores = bench.score()
    assert scores.missing("near") == ("Dog",)
    assert scores.missing("far") == ()
    told = scores.to_json()["trackers"]
    assert told["near"]["missing"] == ["Dog"]
