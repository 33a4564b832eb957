"""Arrays are scored by the same rules as files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import siamfc_eval as se
from siamfc_eval.errors import InputError, UnknownNameError

TRUTH = np.array([[10.0, 10, 20, 20]] * 4)
BOXES = TRUTH + np.array([[0, 0, 0, 0], [1, 0, 0, 0], [10, 0, 0, 0], [40, 0, 0, 0]])


def test_success_is_the_mean_over_21_thresholds() -> None:
    overlaps = np.array([1.0, 19 / 21, 10 / 30, 0.0])
    expected = (overlaps[:, None] > np.linspace(0, 1, 21)).mean()
    assert se.success_auc(BOXES, TRUTH) == pytest.approx(expected)
    assert se.success_auc(TRUTH, TRUTH) == pytest.approx(20 / 21)


def test_precision_counts_centres_within_twenty_pixels() -> None:
    assert se.precision(BOXES, TRUTH) == pytest.approx(0.75)
    assert se.normalised_precision(BOXES, TRUTH) == pytest.approx(0.5)


def test_several_sequences_are_averaged_as_sequences() -> None:
    both = se.success_auc({"a": BOXES, "b": TRUTH[:1]}, {"a": TRUTH, "b": TRUTH[:1]})
    assert both == pytest.approx((se.success_auc(BOXES, TRUTH) + 20 / 21) / 2)


def test_conventions_differ_in_the_first_frame() -> None:
    boxes = BOXES.copy()
    boxes[0, 0] += 30
    assert se.success_auc(boxes, TRUTH, convention="otb-matlab") == pytest.approx(se.success_auc(BOXES, TRUTH))
    assert se.success_auc(boxes, TRUTH, convention="pysot") < se.success_auc(BOXES, TRUTH, convention="pysot")


def run(*parts: Any) -> list[Any]:
    """Codes and lists of regions, one after the other."""
    return [entry for part in parts for entry in (part if isinstance(part, list) else [part])]


def test_eao_takes_codes_and_repetitions() -> None:
    region = [10.0, 10.0, 20.0, 20.0]
    truth = [region] * 400
    perfect = run(1, [region] * 399)
    failing = run(1, [region] * 99, 2, 0, 0, 0, 0, 1, [region] * 294)
    size = (100, 80)
    best = se.eao({"a": perfect}, {"a": truth}, image_sizes=size)
    worse = se.eao({"a": failing}, {"a": truth}, image_sizes=size)
    mixed = se.eao({"a": [perfect, failing]}, {"a": truth}, image_sizes={"a": size})
    assert best == pytest.approx(1.0)
    assert worse < mixed < best
    assert se.supervised_scores({"a": failing}, {"a": truth}, image_sizes=size)["lost_number"] == 1


@pytest.mark.parametrize(
    ("boxes", "truth", "message"),
    [
        (BOXES[:, :3], TRUTH, r"shape \(4, 3\)"),
        (BOXES, TRUTH[:, 0], r"shape \(4,\)"),
        ({"a": BOXES}, {"b": TRUTH}, "sequence 'b'"),
        ({"a": BOXES, "b": BOXES}, {"a": TRUTH}, "sequence 'b'"),
        ({}, {}, "no ground truth"),
        ([["x", 1, 2, 3]], TRUTH[:1], "expected numbers"),
    ],
)
def test_what_does_not_fit_is_named(boxes: Any, truth: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        se.success_auc(boxes, truth)


def test_wrong_conventions_are_named() -> None:
    with pytest.raises(UnknownNameError, match="otb-matlab"):
        se.success_auc(BOXES, TRUTH, convention="otb-matlb")
    with pytest.raises(InputError, match="one-pass runs"):
        se.success_auc(BOXES, TRUTH, convention="vot-official")
    with pytest.raises(InputError, match="with resets"):
        se.eao({"a": [1]}, {"a": [TRUTH[0]]}, image_sizes=(9, 9), convention="otb-matlab")
    with pytest.raises(UnknownNameError, match="metric of vot-official-ao"):
        se.success_auc(BOXES, TRUTH, convention="vot-official-ao")
