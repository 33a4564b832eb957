"""Curves are written as SVG that any reader takes, with every number where it belongs."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Callable
from xml.etree import ElementTree as Xml

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siamfc_eval.metrics.scores import Scores
from siamfc_eval.reporting.curve_svg import _ticks, curve_svg
from siamfc_eval.reporting.plots import tracker_styles

SVG = "{http://www.w3.org/2000/svg}"


def drawn(scores: Scores, shown: int = 24) -> Xml.Element:
    styles = tracker_styles(list(scores.trackers))
    return Xml.fromstring(curve_svg(scores, scores.measure.curves[0], styles, shown))


def texts(picture: Xml.Element) -> list[str]:
    return [node.text or "" for node in picture.iter(f"{SVG}text")]


def curves(picture: Xml.Element) -> dict[str, list[list[float]]]:
    """Tracker -> points of its curve in pixels."""
    found = {}
    for path in picture.iter(f"{SVG}path"):
        title = path.find(f"{SVG}title")
        if title is not None:
            found[title.text or ""] = [
                [float(number) for number in point.split()]
                for point in re.findall(r"[-\d.]+ [-\d.]+", path.get("d") or "")
            ]
    return found


def test_points_are_where_the_axes_say(make_scores: Callable[..., Scores]) -> None:
    scores = make_scores(("a", "b"))
    picture = drawn(scores)
    for name, points in curves(picture).items():
        x, y = np.array(points).T
        np.testing.assert_allclose(x, 62 + 440 * scores.measure.curves[0].x, atol=0.006)
        np.testing.assert_allclose(y, 40 + 380 * (1 - scores.trackers[name].curves["success"]), atol=0.006)


def test_the_legend_ranks_and_the_signature_is_below(make_scores: Callable[..., Scores]) -> None:
    scores = make_scores(("worse", "best"))
    found = texts(drawn(scores))
    best = max(scores.trackers, key=lambda name: scores.trackers[name].values["success_auc"])
    entries = [text for text in found if text.startswith("[")]
    assert entries[0].endswith(best)
    assert len(entries) == 2
    assert found[-1] == scores.signature


def test_names_of_any_kind_are_escaped(make_scores: Callable[..., Scores]) -> None:
    name = "<b>&\"'</b>"
    assert name in curves(drawn(make_scores((name, "plain"))))


def test_numbers_that_are_missing_leave_a_gap(make_scores: Callable[..., Scores]) -> None:
    scores = make_scores(("a",))
    curve = scores.trackers["a"].curves["success"].copy()
    curve[5:7] = np.nan
    broken = dataclasses.replace(scores.trackers["a"], curves={"success": curve})
    picture = drawn(dataclasses.replace(scores, trackers={"a": broken}))
    assert len(curves(picture)["a"]) == 19
    (path,) = [path for path in picture.iter(f"{SVG}path") if path.find(f"{SVG}title") is not None]
    assert (path.get("d") or "").count("M") == 2


def test_curves_that_are_left_out_are_counted(make_scores: Callable[..., Scores]) -> None:
    scores = make_scores(tuple("abcde"))
    picture = drawn(scores, shown=3)
    assert len(curves(picture)) == 3
    assert "Success AUC (3 of 5)" in texts(picture)


def test_the_same_numbers_give_the_same_text(make_scores: Callable[..., Scores]) -> None:
    scores = make_scores(("a", "b"))
    styles = tracker_styles(list(scores.trackers))
    assert curve_svg(scores, scores.measure.curves[0], styles) == curve_svg(scores, scores.measure.curves[0], styles)


@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e4))
def test_ticks_are_evenly_spaced_and_within(low: float, extent: float) -> None:
    high = low + extent
    ticks = _ticks(low, high)
    assert 2 <= len(ticks) <= 12
    assert all(low - 1e-6 * extent <= tick <= high + 1e-6 * extent for tick in ticks)
    assert np.ptp([b - a for a, b in itertools.pairwise(ticks)]) < 1e-6 * extent


@pytest.mark.parametrize("high", [0.0, float("nan")])
def test_an_axis_without_extent_has_one_tick(high: float) -> None:
    assert _ticks(0.0, high) == [0.0]
