"""LaSOT's absent frames: every toolkit's rule, said again in plain loops, and the figures that the toolkits print."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.metrics.explain import explain
from siamfc_eval.metrics.scoring import score
from siamfc_eval.results.raw import RawResults
from siamfc_eval.results.read import read_results

Box = list[float]


class Case(NamedTuple):
    """One frame: ground truth, whether the target is absent, and the tracker's answer, 1-based."""

    truth: Box
    absent: bool
    answer: Box


NOTHING = [0.0, 0.0, 0.0, 0.0]
FRAMES = {
    "cat-1": [
        Case([50, 40, 20, 30], False, [51, 41, 20, 30]),
        Case([52, 40, 20, 30], False, [55, 42, 22, 28]),
        Case(NOTHING, True, [56, 43, 20, 30]),
        Case([1, 1, 0, 0], True, [1, 1, 20, 30]),
        Case([60, 44, 21, 30], True, [60, 44, 21, 30]),  # marked as absent, annotated and hit
        Case([61, 45, 21, 30], False, [61, 45, 21, 30]),
        Case([-4, 45, 21, 30], False, [-4, 45, 21, 30]),  # leaves the image
        Case([62, 47, 21, 30], False, [90, 80, 21, 30]),
    ],
    "cat-4": [
        Case([10, 10, 40, 40], False, [10, 10, 40, 40]),
        Case(NOTHING, False, [12, 10, 40, 40]),  # not annotated, though it is not marked
        Case([14, 10, 40, 40], False, [20, 15, 38, 40]),
        Case([16, 10, 40, 40], True, [80, 90, 40, 40]),
        Case([18, 10, 40, 40], False, [0, 0, 0, 0]),
    ],
}


def overlap(a: Box, b: Box) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(width, 0.0) * max(height, 0.0)
    whole = a[2] * a[3] + b[2] * b[3] - shared
    return shared / whole if whole > 0 else math.nan


def errors(a: Box, truth: Box) -> tuple[float, float]:
    """Of the centre, in pixels and in units of the ground truth's size."""
    x, y = (a[i] + (a[i + 2] - 1) / 2 - truth[i] - (truth[i + 2] - 1) / 2 for i in (0, 1))
    w, h = truth[2], truth[3]
    return math.hypot(x, y), math.hypot(x / w, y / h) if w > 0 and h > 0 else math.nan


Frame = tuple[float, float, float]
"""Overlap, error and normalised error as a toolkit leaves them: -1 for one that is below every threshold."""


def pysot(cases: list[Case]) -> tuple[list[Frame], int]:
    """evaluation/ope_benchmark.py: absent frames leave, n_frame is of all; -1 for centres that are not positive."""
    found = []
    for case in cases:
        if case.absent:
            continue
        x, y, w, h = case.truth
        positive = x + (w - 1) / 2 > 0 and y + (h - 1) / 2 > 0
        error, norm = errors(case.answer, case.truth) if positive else (-1.0, -1.0)
        found.append((overlap(case.answer, case.truth) if w > 0 and h > 0 else -1.0, error, norm))
    return found, len(cases)


def matlab(cases: list[Case]) -> tuple[list[Frame], int]:
    """utils/calc_seq_err_robust.m: the previous box for an empty one, absent frames leave, -1 if any value is <= 0."""
    answers = [case.answer for case in cases]
    for i in range(1, len(cases)):
        if answers[i][2] <= 0 or answers[i][3] <= 0:
            answers[i] = answers[i - 1]
    answers[0] = cases[0].truth
    found = []
    for case, answer in zip(cases, answers, strict=True):
        if not case.absent:
            valid = min(case.truth) > 0
            found.append((overlap(answer, case.truth), *errors(answer, case.truth)) if valid else (-1.0, -1.0, -1.0))
    return found, len(cases)


def pytracking(cases: list[Case]) -> tuple[list[Frame], int]:
    """analysis/extract_results.py: a frame is valid if the target is visible and the box is; on LaSOT errors of frames
    that are not visible are infinite, and normalised ones of visible frames without a box are -1."""
    answers = [case.answer for case in cases]
    for i in range(1, len(cases)):
        if answers[i][2] == 0 or answers[i][3] == 0:
            answers[i] = answers[i - 1]
    answers[0] = cases[0].truth
    found = []
    for case, answer in zip(cases, answers, strict=True):
        if case.absent:
            found.append((-1.0, math.inf, math.inf))
        elif min(case.truth) > 0:
            found.append((overlap(answer, case.truth), *errors(answer, case.truth)))
        else:
            found.append((-1.0, math.inf, -1.0))
    return found, len(cases)


def pytracking_valid(cases: list[Case]) -> tuple[list[Frame], int]:
    return pytracking(cases)[0], sum(not case.absent and min(case.truth) > 0 for case in cases)


TOOLKITS: dict[str, Callable[[list[Case]], tuple[list[Frame], int]]] = {
    "lasot": matlab,
    "pytracking": pytracking,
    "pytracking-valid": pytracking_valid,
    "pysot": pysot,
}


def scores_of(toolkit: Callable[[list[Case]], tuple[list[Frame], int]]) -> dict[str, float]:
    each = []
    for cases in FRAMES.values():
        frames, count = toolkit(cases)
        overlaps, pixels, norms = (np.array(column) for column in zip(*frames, strict=True))
        success = [float((overlaps > t * 0.05).sum()) / count for t in range(21)]
        each.append((np.mean(success), (pixels <= 20).sum() / count, (norms <= 0.2).sum() / count))
    return dict(zip(("success_auc", "precision_20", "norm_precision_20"), np.mean(each, axis=0).tolist(), strict=True))


def write_results(folder: Path) -> Path:
    place = folder / "results" / "Mine"
    place.mkdir(parents=True)
    for name, cases in FRAMES.items():
        np.savetxt(place / f"{name}.txt", [case.answer for case in cases], delimiter=",", fmt="%g")
    return folder / "results"


def as_toolkit(folder: Path) -> Dataset:
    for name, cases in FRAMES.items():
        (folder / "annos/absent").mkdir(parents=True, exist_ok=True)
        np.savetxt(folder / f"annos/{name}.txt", [case.truth for case in cases], delimiter=",", fmt="%g")
        np.savetxt(folder / f"annos/absent/{name}.txt", [case.absent for case in cases], fmt="%d")
    return load_dataset(folder / "annos", "lasottest")


def as_json(folder: Path) -> Dataset:
    """As pysot has it, where 1 means present."""
    entries = {
        name: {
            "video_dir": name,
            "init_rect": cases[0].truth,
            "img_names": [f"{name}/img/{i + 1:08d}.jpg" for i in range(len(cases))],
            "gt_rect": [case.truth for case in cases],
            "absent": [int(not case.absent) for case in cases],
            "attr": [],
        }
        for name, cases in FRAMES.items()
    }
    (folder / "LaSOT.json").write_text(json.dumps(entries))
    return load_dataset(folder / "LaSOT.json")


@pytest.mark.parametrize("annotations", [as_toolkit, as_json])
@pytest.mark.parametrize("convention", [*TOOLKITS, "pysot-toolkit"])
def test_absent_frames_count_as_in_the_toolkit(convention: str, annotations: Any, tmp_path: Path) -> None:
    dataset = annotations(tmp_path)
    assert dataset.name == "lasot"
    found = score(read_results(write_results(tmp_path), dataset), dataset, convention).trackers["Mine"].values
    expected = scores_of(TOOLKITS.get(convention, pysot))
    if convention == "pysot-toolkit":  # all four values must be positive, where pysot looks at the size alone
        expected.pop("success_auc")
    assert {key: found[key] for key in expected} == pytest.approx(expected, abs=1e-9)


def test_the_flags_of_a_json_file_must_be_one_for_each_frame(tmp_path: Path) -> None:
    as_json(tmp_path)
    entries = json.loads((tmp_path / "LaSOT.json").read_text())
    entries["cat-4"]["absent"].pop()
    (tmp_path / "LaSOT.json").write_text(json.dumps(entries))
    with pytest.raises(Exception, match=r"cat-4.*4 'absent' flags for 5 rows"):
        load_dataset(tmp_path / "LaSOT.json")


def test_explain_tells_the_toolkits_apart_by_the_rules_that_differ(tmp_path: Path) -> None:
    dataset = as_toolkit(tmp_path)
    raw = read_results(write_results(tmp_path), dataset)
    for metric in ("success_auc", "precision_20", "norm_precision_20"):
        explanation = explain(raw["Mine"], dataset, "lasot", "pytracking", metric=metric)
        assert explanation.scores[1][metric] == pytest.approx(scores_of(pytracking)[metric], abs=1e-9)
        rules = {step.rule for step in explanation.steps}
        assert "absent" not in rules
        assert "other" not in rules
    assert {"invalid_precision"} <= rules


KNOWN = {
    "lasot": {
        "success_auc": 0.385192,
        "precision_20": 0.388708,
        "norm_precision_20": 0.479509,
        "norm_precision_auc": 0.458528,
    },
    "pytracking": {"success_auc": 0.385192, "precision_20": 0.388703, "norm_precision_20": 0.479509},
    "pytracking-valid": {"success_auc": 0.393079},
    "pysot": {"success_auc": 0.385192, "precision_20": 0.388705, "norm_precision_20": 0.479507},
    "got10k": {"success_auc": 0.385605, "precision_20": 0.388989, "norm_precision_20": 0.479582},
}
"""SiamDW on LaSOT's test set, as the toolkits' own programs print it."""


@pytest.fixture(scope="module")
def siamdw(unpack: Any) -> tuple[Dataset, RawResults]:
    folder = unpack("lasot") / "lasot"
    dataset = load_dataset(folder, "lasottest")
    return dataset, read_results(folder / "results", dataset)


@pytest.mark.shared
@pytest.mark.parametrize("convention", KNOWN)
def test_siamdw_scores_as_the_toolkits_print_it(siamdw: tuple[Dataset, RawResults], convention: str) -> None:
    dataset, raw = siamdw
    assert len(dataset) == 280
    found = score(raw, dataset, convention).trackers["SiamDW"].values
    for key, printed in KNOWN[convention].items():
        assert found[key] == pytest.approx(printed, abs=1.1e-6), key


@pytest.mark.shared
def test_lasot_s_attributes_are_those_of_its_toolkit(siamdw: tuple[Dataset, RawResults]) -> None:
    counts = score(siamdw[1], siamdw[0], "lasot").attribute_counts
    assert len(counts) == 14
    assert counts["ARC"] == sum("ARC" in sequence.attributes["official"] for sequence in siamdw[0])
