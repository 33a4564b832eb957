"""A whole experiment: what is written, what is resumed, what is said, what is never lost."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from siamfc_eval.api.report import run_facts
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.results.manifest import read_manifest
from siamfc_eval.results.read import read_results
from siamfc_eval.running import events
from siamfc_eval.running.experiment import Experiment, parse_experiment
from siamfc_eval.running.options import RunOptions
from siamfc_eval.running.run import run_experiment
from siamfc_eval.tracking.tracker import Tracker
from tests.running.running_toys import OneByOne, ToyTracker, moving_sequence, small_dataset


def _experiment(**protocol: Any) -> Experiment:
    return parse_experiment({"name": "toys", "protocols": [{"kind": "ope", **protocol}]}, "here")


OPE = _experiment()
SUPERVISED = _experiment(kind="supervised", repetitions=5)
IN_LANES, ALONE = RunOptions(lanes=2, workers=1), RunOptions(lanes=1)


def _files(folder: Path) -> dict[str, bytes]:
    names = sorted(path for path in folder.rglob("*.txt"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in names}


def test_results_are_written_where_other_toolkits_expect_them(tmp_path: Path) -> None:
    dataset = small_dataset(6, 8)
    summary = run_experiment(OPE, [ToyTracker()], dataset, tmp_path, options=ALONE)
    assert summary.exit_code == 0
    assert sorted(_files(tmp_path)) == [
        "toys/toy/confidences/s1_confidence.txt",
        "toys/toy/confidences/s2_confidence.txt",
        "toys/toy/s1.txt",
        "toys/toy/s2.txt",
        "toys/toy/times/s1_time.txt",
        "toys/toy/times/s2_time.txt",
    ]
    read = read_results(tmp_path, dataset)
    assert np.array_equal(read["toy"].runs["s2"][0].boxes()[0], dataset.sequences[1].boxes[0])


def test_a_restart_with_fewer_repetitions_leaves_no_file_of_the_earlier_run(tmp_path: Path) -> None:
    dataset = small_dataset(6, 8)
    several = dataclasses.replace(ALONE, repetitions=3)
    run_experiment(SUPERVISED, [ToyTracker()], dataset, tmp_path, options=several)
    of_a_user = tmp_path / "toys" / "toy" / "baseline" / "s1" / "notes.txt"
    of_a_user.write_text("mine")
    one = dataclasses.replace(ALONE, repetitions=1, fresh=True, sequences=("s1",))
    run_experiment(SUPERVISED, [ToyTracker()], dataset, tmp_path, options=one)
    names = [name for name in _files(tmp_path) if "confidence" not in name and "time" not in name]
    assert sorted(names) == [
        "toys/toy/baseline/s1/notes.txt",
        "toys/toy/baseline/s1/s1_001.txt",
        *(f"toys/toy/baseline/s2/s2_{number:03d}.txt" for number in (1, 2, 3)),
    ], "of the sequence that was run again; the others wait for their restart"
    assert "s1/s1_002" not in read_manifest(tmp_path / "toys" / "toy" / "baseline").items


def test_what_a_restart_could_not_make_again_is_missing(tmp_path: Path) -> None:
    """The result of the earlier run does not stand in for it."""
    dataset = small_dataset(6, 8)
    run_experiment(OPE, [ToyTracker()], dataset, tmp_path, options=ALONE)

    class Fails(ToyTracker):
        def update(self, *arguments: Any) -> Any:
            raise RuntimeError("lost")

    summary = run_experiment(OPE, [Fails()], dataset, tmp_path, options=dataclasses.replace(ALONE, fresh=True))
    assert summary.exit_code == 3
    assert not [name for name in _files(tmp_path) if name.endswith((".txt", "_time.txt", "_confidence.txt"))]


def test_supervised_results_have_a_folder_and_numbered_files(tmp_path: Path) -> None:
    run_experiment(SUPERVISED, [ToyTracker()], small_dataset(6), tmp_path, options=IN_LANES)
    assert sorted(name for name in _files(tmp_path) if "confidence" not in name) == [
        f"toys/toy/baseline/s1/s1_{number:03d}.txt" for number in (1, 2, 3)
    ]


def test_coordinates_are_written_in_the_origin_of_the_data_set(tmp_path: Path) -> None:
    run_experiment(OPE, [ToyTracker()], small_dataset(4, origin=1.0), tmp_path, options=ALONE)
    first = (tmp_path / "toys/toy/s1.txt").read_text().splitlines()[0]
    assert first == "3,6,20,10"


def test_a_deterministic_tracker_is_stopped_after_three_identical_runs(tmp_path: Path) -> None:
    summary = run_experiment(SUPERVISED, [ToyTracker()], small_dataset(6, 8), tmp_path, options=IN_LANES)
    assert (summary.protocols[0].ran, summary.protocols[0].not_repeated) == (6, 2)


def test_a_stochastic_tracker_is_run_as_often_as_planned(tmp_path: Path) -> None:
    summary = run_experiment(SUPERVISED, [OneByOne("random")], small_dataset(6, 8), tmp_path, options=ALONE)
    assert (summary.protocols[0].ran, summary.protocols[0].not_repeated) == (10, 0)


def test_repetitions_can_be_chosen(tmp_path: Path) -> None:
    options = dataclasses.replace(ALONE, repetitions=1)
    summary = run_experiment(SUPERVISED, [ToyTracker()], small_dataset(6, 8), tmp_path, options=options)
    assert summary.protocols[0].ran == 2


def test_a_second_run_does_only_what_is_missing(tmp_path: Path) -> None:
    dataset = small_dataset(6, 8, 7)
    run_experiment(OPE, [ToyTracker()], dataset, tmp_path, options=IN_LANES)
    before = _files(tmp_path)
    (tmp_path / "toys/toy/s2.txt").unlink()
    summary = run_experiment(OPE, [ToyTracker()], dataset, tmp_path, options=IN_LANES)
    assert (summary.protocols[0].ran, summary.protocols[0].done_before) == (1, 2)
    assert _files(tmp_path) == before


def test_more_repetitions_are_added_to_those_that_are_there(tmp_path: Path) -> None:
    few = dataclasses.replace(ALONE, repetitions=2)
    run_experiment(SUPERVISED, [ToyTracker()], small_dataset(6), tmp_path, options=few)
    summary = run_experiment(SUPERVISED, [ToyTracker()], small_dataset(6), tmp_path, options=ALONE)
    assert (summary.protocols[0].ran, summary.protocols[0].done_before) == (1, 2)


@pytest.mark.parametrize("options", [ALONE, IN_LANES])
def test_an_interrupted_run_keeps_what_was_finished_and_continues(tmp_path: Path, options: RunOptions) -> None:
    dataset = small_dataset(4, 30, 5)

    def interrupt(event: events.Event) -> None:
        if isinstance(event, events.ItemFinished):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_experiment(OPE, [ToyTracker()], dataset, tmp_path, options=options, on_event=interrupt)
    assert len([name for name in _files(tmp_path) if name.count("/") == 2]) == 1
    summary = run_experiment(OPE, [ToyTracker()], dataset, tmp_path, options=options)
    assert (summary.protocols[0].ran, summary.protocols[0].done_before, summary.exit_code) == (2, 1, 0)


def test_results_of_another_tracker_or_ground_truth_are_not_mixed(tmp_path: Path) -> None:
    run_experiment(OPE, [ToyTracker()], small_dataset(6), tmp_path, options=ALONE)
    changed = ToyTracker()
    changed.facts = {"family": "toy", "weights_sha256": "other"}
    with pytest.raises(InputError, match=r"different: tracker\.weights_sha256"):
        run_experiment(OPE, [changed], small_dataset(6), tmp_path, options=ALONE)
    with pytest.raises(InputError, match="different: ground_truth"):
        run_experiment(OPE, [ToyTracker()], small_dataset(7), tmp_path, options=ALONE)
    options = dataclasses.replace(ALONE, fresh=True)
    assert run_experiment(OPE, [changed], small_dataset(6), tmp_path, options=options).protocols[0].ran == 1


def test_a_failing_tracker_is_reported_and_the_others_go_on(tmp_path: Path) -> None:
    trackers: list[str | Tracker] = [OneByOne("raise", at=5, name="broken"), ToyTracker()]
    summary = run_experiment(OPE, trackers, small_dataset(4, 8), tmp_path, options=ALONE)
    assert summary.exit_code == 3
    assert [(failure.tracker, failure.key) for failure in summary.failures] == [("broken", "s2")]
    assert [part.ran for part in summary.protocols] == [1, 2]
    manifest = read_manifest(tmp_path / "toys" / "broken")
    assert manifest is not None
    assert "no such thing as a target" in manifest.items["s2"].error
    again = run_experiment(OPE, [OneByOne(name="broken")], small_dataset(4, 8), tmp_path, options=ALONE)
    assert (again.exit_code, again.protocols[0].ran) == (0, 1)


def test_a_tracker_that_cannot_be_used_as_given_stops_no_other(tmp_path: Path) -> None:
    run_experiment(OPE, [ToyTracker()], small_dataset(4, 8), tmp_path, options=ALONE)
    changed = ToyTracker()
    changed.facts = {"family": "toy", "weights_sha256": "other"}
    trackers: list[str | Tracker] = ["no-such-tracker", changed, OneByOne(name="good")]
    summary = run_experiment(OPE, trackers, small_dataset(4, 8), tmp_path, options=ALONE)
    assert summary.exit_code == 1
    assert [(failure.tracker, failure.fault) for failure in summary.failures] == [
        ("no-such-tracker", "input"),
        ("toy", "input"),
    ]
    assert "different: tracker.weights_sha256" in summary.failures[1].error
    assert [(part.tracker, part.ran) for part in summary.protocols] == [("good", 2)]
    with pytest.raises(UnknownNameError, match="no-such-tracker"):
        run_experiment(OPE, ["no-such-tracker"], small_dataset(4, 8), tmp_path, options=ALONE)


def test_a_tracker_whose_weights_are_missing_is_said_before_the_first_one_runs(tmp_path: Path) -> None:
    definition = tmp_path / "bare.toml"
    definition.write_text('family = "siamfc"\nmodel = "SiamFC"\nweights = "gone.safetensors"\n')
    told: list[events.Event] = []
    trackers: list[str | Tracker] = [ToyTracker(), str(definition)]
    summary = run_experiment(OPE, trackers, small_dataset(4), tmp_path / "out", options=ALONE, on_event=told.append)
    assert isinstance(told[0], events.ItemFailed)
    assert "gone.safetensors: no such weights file" in told[0].error
    assert [part.tracker for part in summary.protocols] == ["toy"]
    assert (len(summary.failures), summary.exit_code) == (1, 1)


def test_options_for_classes_are_said_to_mean_nothing_to_other_trackers(tmp_path: Path) -> None:
    options = RunOptions.of(ALONE, style="pysot")
    summary = run_experiment(OPE, [ToyTracker()], small_dataset(4, 8), tmp_path, options=options)
    assert summary.notes == ["toy: --style pysot means nothing to it, as it is not a Python class."]


@pytest.mark.parametrize(("skip_bad", "exit_code"), [(False, 2), (True, 0)])
def test_bad_data_makes_a_run_incomplete_unless_it_is_to_be_skipped(
    tmp_path: Path, skip_bad: bool, exit_code: int
) -> None:
    nowhere = moving_sequence("nowhere", 5)
    nowhere.boxes[0] = np.nan
    dataset = Dataset("toys", (moving_sequence("good", 5), moving_sequence("bad", 8, broken=4), nowhere))
    options = dataclasses.replace(ALONE, skip_bad=skip_bad)
    summary = run_experiment(OPE, [ToyTracker()], dataset, tmp_path, options=options)
    reported = summary.skipped if skip_bad else summary.failures
    assert summary.exit_code == exit_code
    assert {failure.key for failure in reported} == {"bad", "nowhere"}
    assert any("img/0005.jpg" in failure.error for failure in reported)
    assert any("a tracker cannot be initialised with the ground truth" in failure.error for failure in reported)


def test_speed_is_measured_in_a_run_of_its_own_and_added_to_results_from_lanes(tmp_path: Path) -> None:
    dataset = small_dataset(6, 8)
    first = run_experiment(OPE, [ToyTracker()], dataset, tmp_path, options=IN_LANES)
    assert first.protocols[0].fps is None
    manifest = read_manifest(tmp_path / "toys" / "toy")
    assert manifest is not None
    assert manifest.settings["times"] == "not measured: runs were advanced side by side"
    before = {name: content for name, content in _files(tmp_path).items() if "time" not in name}
    second = run_experiment(OPE, [ToyTracker()], dataset, tmp_path, options=dataclasses.replace(IN_LANES, speed=True))
    assert second.protocols[0].fps
    assert not second.notes
    assert {name: content for name, content in _files(tmp_path).items() if "time" not in name} == before
    third = run_experiment(OPE, [ToyTracker()], dataset, tmp_path, options=dataclasses.replace(IN_LANES, speed=True))
    assert third.protocols[0].ran == 0


def test_a_speed_says_on_what_it_was_measured_and_not_on_what_the_boxes_were_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Networked(ToyTracker):
        engine, precision, device = "torch", "float32", "cpu"

    dataset = small_dataset(6, 8)
    for machine, options in (("cluster", IN_LANES), ("desk", dataclasses.replace(IN_LANES, speed=True))):
        monkeypatch.setattr("siamfc_eval.running.provenance.hardware", lambda device, name=machine: {"cpu": name})
        run_experiment(OPE, [Networked()], dataset, tmp_path, options=options)
        [way, *more] = read_results(tmp_path / "toys", dataset)["toy"].timed or [{}]
        assert not more
        expected = {"hardware": "cpu desk", "device": "cpu", "engine": "torch", "precision": "float32"}
        assert way == (expected if machine == "desk" else {})


def test_realtime_is_run_alone_whatever_the_lanes(tmp_path: Path) -> None:
    summary = run_experiment(
        _experiment(kind="realtime"), [ToyTracker()], small_dataset(6, 8), tmp_path, options=IN_LANES
    )
    assert "one after the other" in summary.notes[0]
    manifest = read_manifest(tmp_path / "toys/toy/realtime")
    assert manifest is not None
    assert manifest.settings["executor"] == "serial"


def test_the_manifest_says_how_the_results_came_about(tmp_path: Path) -> None:
    run_experiment(OPE, [ToyTracker()], small_dataset(6), tmp_path, options=ALONE)
    manifest = read_manifest(tmp_path / "toys" / "toy")
    assert manifest is not None
    assert {"python", "numpy", "siamfc-eval"} <= manifest.versions.keys()
    assert {"cpu", "cores"} <= manifest.hardware.keys()
    assert {"tracker.family", "protocol.kind", "ground_truth"} <= manifest.identity.keys()
    assert manifest.items["s1"].seconds
    assert manifest.items["s1"].seed is not None


def test_other_lanes_continue_a_run_and_say_what_they_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = small_dataset(6, 8)
    some = dataclasses.replace(IN_LANES, sequences=("s1",))
    monkeypatch.setattr("sys.argv", ["siamfc-eval", "run", "--sequence", "s1"])
    run_experiment(OPE, [ToyTracker()], dataset, tmp_path, options=some)
    before = read_manifest(tmp_path / "toys" / "toy")
    monkeypatch.setattr("sys.argv", ["siamfc-eval", "run", "--lanes", "1"])
    monkeypatch.setattr("siamfc_eval.running.provenance.versions", lambda: {"python": "9.9"})
    for _ in range(2):
        run_experiment(OPE, [ToyTracker()], dataset, tmp_path, options=ALONE)
    manifest = read_manifest(tmp_path / "toys" / "toy")
    assert before is not None
    assert manifest is not None
    assert manifest.first == before.first
    assert manifest.items["s1"] == before.items["s1"]
    [session] = manifest.later
    assert manifest.items["s2"].session == 1
    assert session.command == ["siamfc-eval", "run", "--lanes", "1"]
    assert session.versions == {"python": "9.9"}
    assert (manifest.settings["executor"], session.settings["executor"]) == ("serial", "serial")
    assert run_facts(tmp_path)["command"] == "siamfc-eval run --sequence s1; later: siamfc-eval run --lanes 1"


def test_sequences_can_be_chosen_and_unknown_ones_are_named(tmp_path: Path) -> None:
    options = dataclasses.replace(ALONE, sequences=("s2",))
    summary = run_experiment(OPE, [ToyTracker()], small_dataset(6, 8), tmp_path, options=options)
    assert summary.protocols[0].frames == 8
    options = dataclasses.replace(ALONE, sequences=("s22",))
    with pytest.raises(UnknownNameError, match="Did you mean"):
        run_experiment(OPE, [ToyTracker()], small_dataset(6, 8), tmp_path, options=options)


def test_two_runs_cannot_write_into_one_folder(tmp_path: Path) -> None:
    def second(event: events.Event) -> None:
        if isinstance(event, events.ItemFinished):
            with pytest.raises(InputError, match="is writing here"):
                run_experiment(OPE, [ToyTracker()], small_dataset(6), tmp_path, options=ALONE)

    assert (
        run_experiment(OPE, [ToyTracker()], small_dataset(6), tmp_path, options=ALONE, on_event=second).exit_code == 0
    )


def test_the_summary_is_plain_json(tmp_path: Path) -> None:
    summary = run_experiment(OPE, [OneByOne("raise")], small_dataset(6), tmp_path, options=ALONE)
    plain = json.loads(json.dumps(summary.to_json()))
    assert plain["exit_code"] == 3
    assert plain["failures"][0]["fault"] == "tracker"


def test_an_experiment_needs_trackers_and_data(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="names no trackers"):
        run_experiment(OPE, [], small_dataset(6), tmp_path)
    real = parse_experiment({"name": "x", "dataset": "otb2015", "protocols": [{"kind": "ope"}]}, "here")
    with pytest.raises(InputError, match="--data"):
        run_experiment(real, [ToyTracker()], None, tmp_path)
