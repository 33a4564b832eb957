"""Any class with init(image, box) and update(image) runs here, and what it does wrong is told by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.datasets.frames import Frame
from siamfc_eval.errors import InputError, TrackerError, UnknownNameError

TRACKERS = '''
from sibling import STEP

class Drift:
    """Moves right by a step and counts what it is given."""
    name = "drift"
    is_deterministic = True
    def init(self, image, box):
        assert image.mode == "RGB" and image.size == (60, 40), (image.mode, image.size)
        self.box = box
    def update(self, image):
        self.box = self.box + [STEP, 0, 0, 0]
        return self.box

class OneBased(Drift):
    origin = 1
    def init(self, image, box):
        self.box = box
        self.first = list(box)

class Asks(Drift):
    def __init__(self, device, weights="none"):
        self.name = f"asks-{device}-{weights}"

class Short(Drift):
    def update(self, image):
        return [1, 2, 3]

class Lost(Drift):
    def update(self, image):
        return [1, 2, float("nan"), 4]

class Crash(Drift):
    def update(self, image):
        raise ZeroDivisionError("no target")

class Dead(Drift):
    def __init__(self):
        raise RuntimeError("no GPU")

class Half:
    def init(self, image, box):
        pass

class Native:
    name = "native"
    is_deterministic = True
    def init(self, frame, region):
        return region
    def update(self, state, frame):
        from siamfc_eval.tracking.tracker import Output
        return state, Output(region=state)
'''

FRAME = Frame(None, lambda: np.zeros((40, 60, 3), dtype=np.uint8))
START = np.array([10.0, 12.0, 8.0, 9.0])


@pytest.fixture
def trackers(tmp_path: Path) -> Path:
    """A file with trackers, good and bad, and a module beside it that it imports."""
    (tmp_path / "sibling.py").write_text("STEP = 2\n", encoding="utf-8")
    path = tmp_path / "trackers.py"
    path.write_text(TRACKERS, encoding="utf-8")
    return path


def test_a_got10k_like_class_tracks(trackers: Path) -> None:
    tracker = load_tracker(f"{trackers}:Drift")
    assert (tracker.name, tracker.is_deterministic) == ("drift", True)
    state = tracker.init(FRAME, START)
    for step in (1, 2):
        state, output = tracker.update(state, FRAME)
        np.testing.assert_array_equal(output.region, START + np.array([2 * step, 0, 0, 0]))


def test_a_polygon_becomes_its_bounding_box(trackers: Path) -> None:
    tracker = load_tracker(f"{trackers}:Drift")
    state = tracker.init(FRAME, np.array([10.0, 12, 18, 12, 18, 21, 10, 21]))
    np.testing.assert_array_equal(tracker.update(state, FRAME)[1].region, START + np.array([2, 0, 0, 0]))


def test_a_class_that_counts_from_one_gets_one_based_boxes(trackers: Path) -> None:
    tracker = load_tracker(f"{trackers}:OneBased")
    state = tracker.init(FRAME, START)
    assert tracker._tracker.first == [11, 13, 8, 9]  # type: ignore[attr-defined]
    np.testing.assert_array_equal(tracker.update(state, FRAME)[1].region, START + np.array([2, 0, 0, 0]))


def test_constructors_get_what_they_name(trackers: Path) -> None:
    assert load_tracker(f"{trackers}:Asks", "cpu").name == "asks-cpu-none"
    assert load_tracker(f"{trackers}:Asks", "cpu", "w.pth").name == "asks-cpu-w.pth"
    with pytest.raises(InputError, match="no argument 'weights'"):
        load_tracker(f"{trackers}:Drift", "cpu", "w.pth")


def test_a_class_of_our_own_protocol_is_taken_as_it_is(trackers: Path) -> None:
    tracker = load_tracker(f"{trackers}:Native")
    assert type(tracker).__name__ == "Native"


@pytest.mark.parametrize(
    ("name", "words"),
    [("Short", r"answered \[1, 2, 3\]"), ("Lost", "four finite numbers"), ("Crash", "ZeroDivisionError: no target")],
)
def test_bad_answers_and_exceptions_are_the_trackers_failure(trackers: Path, name: str, words: str) -> None:
    tracker = load_tracker(f"{trackers}:{name}")
    state = tracker.init(FRAME, START)
    with pytest.raises(TrackerError, match=words):
        tracker.update(state, FRAME)


def test_a_run_that_was_superseded_cannot_go_on(trackers: Path) -> None:
    tracker = load_tracker(f"{trackers}:Drift")
    first = tracker.init(FRAME, START)
    tracker.init(FRAME, START)
    with pytest.raises(TrackerError, match="initialised again"):
        tracker.update(first, FRAME)


def test_mistakes_in_the_name_are_told_apart(trackers: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_tracker(f"{trackers.parent}/nothing.py:Drift")
    with pytest.raises(UnknownNameError, match=r"Did you mean .*Drift"):
        load_tracker(f"{trackers}:Drfit")
    with pytest.raises(InputError, match="has no update"):
        load_tracker(f"{trackers}:Half")
    with pytest.raises(TrackerError, match="RuntimeError: no GPU"):
        load_tracker(f"{trackers}:Dead")
    (trackers.parent / "broken.py").write_text("import nothing_of_this_name\n", encoding="utf-8")
    with pytest.raises(InputError, match="ModuleNotFoundError"):
        load_tracker(f"{trackers.parent}/broken.py:Any")


def test_start_boxes_are_checked_before_the_class_sees_them(trackers: Path) -> None:
    tracker = load_tracker(f"{trackers}:Drift")
    with pytest.raises(InputError, match="no area"):
        tracker.init(FRAME, np.array([1.0, 2.0, 0.0, 3.0]))
