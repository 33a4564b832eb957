"""On real raw results, every convention gives the numbers of the toolkit that it is named after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError
from siamfc_eval.metrics.conventions import build_measure
from siamfc_eval.metrics.ope.measure import OpeMeasure
from siamfc_eval.metrics.scoring import score
from siamfc_eval.results.raw import RawResults
from siamfc_eval.results.read import read_results

pytestmark = pytest.mark.shared

# Convention -> where its toolkit's numbers are in the reference.
COLUMNS = {
    "got10k": ("got10k_0.1.3",),
    "pysot-toolkit": ("pysot_toolkit",),
    "pysot": ("pysot_STVIR",),
    "otb-matlab": ("otb_matlab_port",),
    "pytracking": ("pytracking", "default"),
    "pytracking-valid": ("pytracking", "exclude_invalid"),
    "plain": ("dcfnet_siamdw_eval_otb",),
}
KEYS = {
    "success_auc": "success_auc",
    "precision_20": "precision_20",
    "sr_050": "success_rate_50",
    "sr_075": "success_rate_75",
    "op50": "success_rate_50",
    "norm_precision_020": "norm_precision_20",
    "norm_precision_auc": "norm_precision_auc",
}


@pytest.fixture(scope="module")
def otb(shared: Path) -> Dataset:
    return load_dataset(shared / "data/otb2015/annotations.json", "otb2015")


@pytest.fixture(scope="module")
def raw(shared: Path, otb: Dataset) -> RawResults:
    return read_results(shared / "data/otb2015/results", otb)


@pytest.fixture(scope="module")
def reference(shared: Path) -> dict[str, Any]:
    trackers: dict[str, Any] = json.loads((shared / "data/otb2015/reference.json").read_text())["trackers"]
    return trackers


@pytest.mark.parametrize("convention", COLUMNS)
def test_every_tracker_scores_as_its_toolkit_says(
    convention: str, otb: Dataset, raw: RawResults, reference: dict[str, Any]
) -> None:
    assert len(reference) == 12
    measure = build_measure(convention, otb)
    assert isinstance(measure, OpeMeasure)
    for tracker, columns in reference.items():
        expected = columns[COLUMNS[convention][0]]
        runs = [result for _, result in sorted(raw[tracker].trajectories().items())]
        sequences = sorted(otb, key=lambda sequence: sequence.name)
        if "error" in expected:
            with pytest.raises(InputError):
                measure.statistics_many(sequences, runs)
            continue
        expected = expected[COLUMNS[convention][1]] if len(COLUMNS[convention]) > 1 else expected
        total = measure.statistics_many(sequences, runs).sum(axis=0)
        scores, curves = measure.finish(total), measure.finish_curves(total)
        for key, ours in KEYS.items():
            if key in expected:
                assert scores[ours] == pytest.approx(expected[key], abs=1e-6), (tracker, key)
        for curve in ("success", "precision"):
            if f"{curve}_curve" in expected:
                np.testing.assert_allclose(curves[curve], expected[f"{curve}_curve"], atol=1e-9, rtol=0)


def test_a_refused_file_is_named_with_its_lengths_and_the_remedy(otb: Dataset, raw: RawResults) -> None:
    with pytest.raises(InputError) as caught:
        score({"MDNet": raw["MDNet"]}, otb, "got10k")
    text = str(caught.value)
    for part in ("Board.txt", "697", "698", "Twinnings.txt", "--on-mismatch=pad", "--on-mismatch=truncate"):
        assert part in text


@pytest.mark.parametrize("policy", ["pad", "truncate"])
def test_files_of_another_length_are_scored_when_asked_for_and_named(
    policy: Any, otb: Dataset, raw: RawResults, reference: dict[str, Any]
) -> None:
    scores = score({"MDNet": raw["MDNet"]}, otb, "got10k", on_mismatch=policy)
    assert {gap.split(":")[0] for gap in scores.incomplete} == {"MDNet, Board", "MDNet, Twinnings"}
    assert f"len:{policy}" in scores.signature
    # Two frames of 59,040 differ, so the score is within a hair of DCFNet's, which truncates.
    truncated = reference["MDNet"]["dcfnet_siamdw_eval_otb"]["success_auc"]
    assert scores.trackers["MDNet"].values["success_auc"] == pytest.approx(truncated, abs=1e-4)


def test_a_tracker_without_a_rule_for_its_boxes_is_refused_by_line(otb: Dataset, raw: RawResults) -> None:
    with pytest.raises(InputError, match=r"CarDark.txt.*line 390.*nan"):
        score({"TLD": raw["TLD"]}, otb, "pytracking")


def test_each_sequence_scores_as_the_toolkits_say(shared: Path, otb: Dataset, raw: RawResults) -> None:
    reference = json.loads((shared / "data/otb2015/reference_per_sequence.json").read_text())["per_sequence"]
    complete = {name: raw[name] for name in reference}
    ours = score(complete, otb, "got10k")
    pysot = score(complete, otb, "pysot")
    assert len(reference) == 11
    for tracker, sequences in reference.items():
        for sequence, (auc, precision, rate, norm) in sequences.items():
            found = ours.trackers[tracker].sequences[sequence]
            assert found["success_auc"] == pytest.approx(auc, abs=1e-6)
            assert found["precision_20"] == pytest.approx(precision, abs=1e-6)
            assert found["success_rate_50"] == pytest.approx(rate, abs=1e-6)
            assert pysot.trackers[tracker].sequences[sequence]["norm_precision_20"] == pytest.approx(norm, abs=1e-6)


def test_attributes_depend_on_the_table_and_follow_the_one_that_is_named(
    otb: Dataset, raw: RawResults, reference: dict[str, Any]
) -> None:
    complete = {name: raw[name] for name in reference if name != "MDNet"}
    for source in ("pytracking", "jwlim_python", "matlab_zz"):
        scores = score(complete, otb, "got10k", attribute_source=source)
        assert scores.attribute_source == source
        assert f"att:{source}" in scores.signature
        for tracker in complete:
            expected = reference[tracker]["attribute_success_auc"][source]
            found = {name: values["success_auc"] for name, values in scores.trackers[tracker].attributes.items()}
            assert found == pytest.approx(expected, abs=1e-6)


def test_subsets_of_the_benchmark_are_data_sets_of_their_own(
    shared: Path, otb: Dataset, reference: dict[str, Any]
) -> None:
    for name, key in (("otb50", "OTB50"), ("otb2013", "OTB2013")):
        subset = load_dataset(shared / "data/otb2015/annotations.json", name)
        raw = read_results(shared / "data/otb2015/results", subset, ["SiamRPN++", "OAB"])
        for tracker, scores in score(raw, subset, "got10k").trackers.items():
            expected = reference[tracker]["got10k_subsets"][key]
            assert scores.values["success_auc"] == pytest.approx(expected["success_auc"], abs=1e-6)
            assert scores.values["precision_20"] == pytest.approx(expected["precision_20"], abs=1e-6)


def test_speed_is_reported_under_both_names(otb: Dataset, raw: RawResults, reference: dict[str, Any]) -> None:
    speed = score({"Staple-py": raw["Staple-py"]}, otb, "got10k").trackers["Staple-py"].speed
    assert speed["fps_mean"] == pytest.approx(reference["Staple-py"]["got10k_0.1.3"]["speed_fps"], rel=1e-9)
    assert speed["fps_total"] < speed["fps_mean"]


@pytest.mark.parametrize("robustness", ["TRE", "SRE"])
def test_robustness_evaluations_equal_the_official_curves(shared: Path, robustness: str) -> None:
    folder = shared / "data/otb2015"
    subset = load_dataset(folder / "annotations.json", "otb50")
    raw = read_results(folder / "tre_sre" / robustness, subset)
    found = score(raw, subset, f"otb-{robustness.lower()}", attribute_source="jwlim_python").trackers["IVT"]
    expected = json.loads((folder / "tre_sre/reference_IVT_tb50.json").read_text())[robustness]
    assert found.values["success_auc"] == pytest.approx(expected["success_auc"], abs=1e-9)
    assert found.values["precision_20"] == pytest.approx(expected["precision_20"], abs=1e-9)
    official = json.loads((folder / "official_scores_classics.json").read_text())[robustness]["tb50"]["IVT"]
    # The published curves have six decimals.
    np.testing.assert_allclose(found.curves["success"], official["ALL"]["success"], atol=5.1e-7, rtol=0)
    np.testing.assert_allclose(found.curves["precision"], official["ALL"]["precision"], atol=5.1e-7, rtol=0)
    for attribute, curves in found.attribute_curves.items():
        np.testing.assert_allclose(curves["success"], official[attribute]["success"], atol=5.1e-7, rtol=0)
