"""The worst moments of trackers, as pictures in a report."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

import siamfc_eval as se
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError
from siamfc_eval.viewing.strips import worst_moments
from tests.viewing.conftest import HOSTILE

LOSER = HOSTILE.replace("/", "\u2215")


def test_each_tracker_has_its_failure_and_what_it_is_compared_with(results: Path, data: Path) -> None:
    raw = se.load_results(results, data=data)
    strips = worst_moments(raw, ["a", LOSER, "nobody"], side=64)
    by_tracker = {name: [one for one in strips if one.tracker == name] for name in ("a", LOSER)}
    assert {one.strip.moment.kind for one in by_tracker[LOSER]} <= {"failure", "leap", "lowest overlap"}
    assert len(by_tracker[LOSER]) == 2  # on each sequence something else
    failure = by_tracker[LOSER][0]
    assert failure.strip.moment.frame == 20
    assert failure.strip.frames == (10, 17, 20, 23)  # the thirtieth frame is the last
    assert failure.compared == "a"
    assert all(picture.startswith(b"\xff\xd8") for picture in failure.strip.pictures)
    assert len({one.sequence for one in by_tracker[LOSER]}) == len(by_tracker[LOSER])
    assert {one.strip.moment.kind for one in by_tracker["a"]} == {"lowest overlap"}


def test_a_report_shows_them_and_says_what_it_needs(results: Path, data: Path, tmp_path: Path) -> None:
    written = se.report(results, tmp_path / "report", data=data, resamples=200, frames=True)
    page = written.page.read_text()
    assert page.count('<figure class="strip">') >= 2
    assert len(re.findall(r'<img src="data:image/jpeg;base64,', page)) >= 8
    assert "<script>document.title" not in page
    with pytest.raises(InputError, match="--data"):
        se.report(results, tmp_path / "other", data=_annotations(data), resamples=200, frames=True)


def _annotations(data: Path) -> Dataset:
    dataset = se.load_dataset(data)
    return dataclasses.replace(dataset, sequences=tuple(one.with_frames(None) for one in dataset))
