"""Classes of a user's own: what each style is given, what may be answered, and what misbehaving ones cost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from siamfc_eval.adapters.classes.answers import AnswerError, read_answer, read_found
from siamfc_eval.adapters.classes.naming import is_class_spec
from siamfc_eval.adapters.classes.tracker import ClassTracker
from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.datasets.frames import Frame, image_frame
from siamfc_eval.errors import InputError, TrackerError
from tests.waiting import is_running, wait_for

TRACKERS = '''
import os, sys, time
import numpy as np
from sibling import STEP

print("printed on import")
os.chdir("/")

class Drift:
    """Moves right by a step and checks what it is given."""
    name = "drift"
    is_deterministic = True
    def init(self, image, box):
        assert image.mode == "RGB" and image.size == (60, 40), (image.mode, image.size)
        assert image.getpixel((0, 0)) == (10, 20, 30)
        assert box.dtype == np.float64 and box.shape == (4,)
        self.box = box
    def update(self, image):
        print("noise on standard output", flush=True)
        os.write(1, b"and below it")
        self.box = self.box + [STEP, 0, 0, 0]
        return self.box

class Plain(Drift):
    def init(self, image, box):
        self.box = box

class OneBased(Plain):
    origin = 1
    def init(self, image, box):
        assert list(box) == [11, 13, 8, 9], box
        self.box = box

class Array(Plain):
    image_type = "numpy"
    def init(self, image, box):
        assert isinstance(image, np.ndarray) and list(image[0, 0]) == [10, 20, 30]
        image[:] = 0
        self.box = box

class Annotated(Plain):
    def init(self, image: np.ndarray, box):
        assert isinstance(image, np.ndarray) and list(image[0, 0]) == [10, 20, 30]
        self.box = box

class Pysot:
    def init(self, img, bbox):
        assert isinstance(img, np.ndarray) and list(img[0, 0]) == [30, 20, 10]
        self.bbox = bbox
    def track(self, img):
        return {"bbox": self.bbox, "best_score": 0.25}

class Pytracking:
    def initialize(self, image, info):
        assert list(image[0, 0]) == [10, 20, 30]
        self.box, self.calls = info["init_bbox"], 0
    def track(self, image, info=None):
        assert ("target_bbox" in info["previous_output"]) == (self.calls > 0), info
        self.calls += 1
        return {"target_bbox": self.box}

class LikeOpenCV:
    def __init__(self):
        self.used = False
    def init(self, image, box):
        assert not self.used and list(image[0, 0]) == [30, 20, 10]
        assert all(type(value) is int for value in box), box
        self.used, self.box = True, box
    def update(self, image) -> tuple[bool, tuple[int, int, int, int]]:
        self.box = (self.box[0] + 1, *self.box[1:])
        return self.box[0] < 12, self.box

class Pairs(LikeOpenCV):
    def init(self, image, box):
        self.box = tuple(box)
    def update(self, image):
        return True, self.box

class Own:
    is_deterministic = True
    def init(self, frame, region):
        return region
    def update(self, state, frame):
        from siamfc_eval.tracking.tracker import Output
        state = state + [1, 0, 0, 0]
        return state, Output(region=state, confidence=0.5)

class Both(Plain):
    def track(self, image):
        return {"bbox": self.box}

class Half:
    def init(self, image, box):
        pass

class Ocean:
    def init(self, im, target_pos, target_sz, model):
        pass
    def track(self, state, im):
        pass

class Asks(Plain):
    def __init__(self, device, weights="none", size=127):
        self.name = f"asks-{device}-{os.path.basename(weights)}-{size}"

class Dead(Plain):
    def __init__(self):
        raise RuntimeError("no GPU")

class Leaves(Plain):
    def __init__(self):
        os._exit(0)

class Faulty(Plain):
    """Does what a file beside it says, on the second frame."""
    def update(self, image):
        with open(os.path.join(os.path.dirname(__file__), "fault")) as file:
            fault = file.read()
        if fault == "exits":
            raise SystemExit(0)
        if fault == "leaves":
            os._exit(0)
        if fault == "segfaults":
            import ctypes
            ctypes.string_at(0)
        if fault == "hangs":
            time.sleep(1000)
        if fault == "interrupts":
            raise KeyboardInterrupt
        if fault == "raises":
            raise ZeroDivisionError("no target")
        if fault == "leaves a child":
            if os.fork() == 0:
                time.sleep(1000)
            os._exit(3)
        if fault == "three numbers":
            return [1, 2, 3]
        if fault == "nothing":
            return None
        if fault == "NaN":
            return [1, float("nan"), 3, 4]
        if fault == "writes into everything":
            for descriptor in range(3, 64):
                try:
                    os.write(descriptor, b"rubbish" * 10)
                except OSError:
                    pass
        if fault == "closes everything":
            os.closerange(0, 64)
        return super().update(image)
'''

PIXELS = np.full((40, 60, 3), (10, 20, 30), dtype=np.uint8)
FRAME = Frame(None, lambda: PIXELS)
START = np.array([10.0, 12.0, 8.0, 9.0])
POLYGON = np.array([10.0, 12, 18, 12, 18, 21, 10, 21])

Load = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A file with trackers, good and bad, and a module beside it that it imports."""
    (tmp_path / "sibling.py").write_text("STEP = 2\n", encoding="utf-8")
    (tmp_path / "mine.py").write_text(TRACKERS, encoding="utf-8")
    (tmp_path / "fault").write_text("none")
    return tmp_path


@pytest.fixture
def load(folder: Path) -> Iterator[Load]:
    """Loads a class of that file; its process ends with the test."""
    made = []

    def loaded(kind: str, *arguments: Any, **options: Any) -> Any:
        tracker: Any = load_tracker(f"{folder / 'mine.py'}:{kind}", *arguments, **options)
        made.append(tracker)
        return tracker

    yield loaded
    for tracker in made:
        tracker.close()


def test_which_words_name_a_class() -> None:
    named = ["a.py:B", "~/x y/a.py:B", "C.py:B", "a:B", "a.b_c.d:B"]
    other = ["trax:python", "a.toml", "siamfc", "a:b c", "a/b:C", "trax:python x.py", "a..b:C", ":B", "a:"]
    assert [is_class_spec(spec) for spec in named] == [True] * len(named)
    assert [is_class_spec(spec) for spec in other] == [False] * len(other)


def test_a_got10k_class_gets_pil_images_and_tracks(load: Load) -> None:
    tracker = load("Drift")
    assert (tracker.name, tracker.is_deterministic) == ("drift", True)
    assert "drift: taken for got10k style: PIL images in RGB, box answers." in tracker.notes
    assert any("changed the folder to /" in note for note in tracker.notes)
    state = tracker.init(FRAME, START)
    for step in (1, 2):
        state, output = tracker.update(state, FRAME)
        np.testing.assert_array_equal(output.region, START + np.array([2 * step, 0, 0, 0]))
        assert np.isnan(output.confidence)
        assert 0 < tracker.last_call.seconds < 10


def test_a_frame_with_a_path_is_decoded_in_the_class_s_process(load: Load, tmp_path: Path) -> None:
    from PIL import Image

    Image.fromarray(PIXELS).save(tmp_path / "1.png")
    frame = image_frame(tmp_path / "1.png")
    tracker = load("Drift")
    state = tracker.init(frame, START)
    tracker.update(state, frame)
    assert frame._pixels is None
    (tmp_path / "1.png").write_text("no image")
    with pytest.raises(InputError, match=r"1\.png: not a readable image"):
        tracker.update(state, frame)
    assert tracker.restarts == 0


@pytest.mark.parametrize("name", ["OneBased", "Array", "Annotated"])
def test_a_class_says_from_where_it_counts_and_which_images_it_wants(load: Load, name: str) -> None:
    tracker = load(name)
    state = tracker.init(FRAME, START)
    np.testing.assert_array_equal(tracker.update(state, FRAME)[1].region, START + np.array([2, 0, 0, 0]))
    assert (PIXELS == (10, 20, 30)).all()


@pytest.mark.parametrize(
    ("name", "said", "region", "confidence"),
    [
        ("Pysot", "pysot style: BGR, dictionary answers", START, 0.25),
        ("Pytracking", "pytracking style: RGB, dictionary answers", START, np.nan),
        ("LikeOpenCV", "opencv style: BGR, answers (ok, box)", START + np.array([1, 0, 0, 0]), 1.0),
        ("Own", "siamfc-eval style", START + np.array([1, 0, 0, 0]), 0.5),
    ],
)
def test_styles_are_detected_and_said(load: Load, name: str, said: str, region: Any, confidence: float) -> None:
    tracker = load(name)
    assert said in tracker.notes[0]
    for _ in range(2):
        state = tracker.init(FRAME, START)
        state, output = tracker.update(state, FRAME)
        np.testing.assert_array_equal(output.region, region)
        np.testing.assert_equal(output.confidence, confidence)
        state, second = tracker.update(state, FRAME)
    if name == "LikeOpenCV":  # lost: the last box stands
        np.testing.assert_array_equal(second.region, region)
        assert second.confidence == 0


def test_polygons_become_what_the_style_s_own_scripts_make_of_them(load: Load) -> None:
    tracker = load("Plain")
    state = tracker.init(FRAME, POLYGON)
    np.testing.assert_array_equal(tracker.update(state, FRAME)[1].region, START + np.array([2, 0, 0, 0]))
    # pysot, get_axis_aligned_bbox: a pixel more in width and height around the mean of the corners.
    tracker = load("Pysot")
    assert tracker.accepts_polygons
    state = tracker.init(FRAME, POLYGON)
    region = tracker.update(state, FRAME)[1].region
    np.testing.assert_allclose(region, [14 - 4, 16.5 - 4.5, 9, 10], atol=1e-9)


def test_a_style_that_fits_two_or_none_is_an_error_and_can_be_forced(load: Load) -> None:
    with pytest.raises(
        InputError,
        match=r"fits more than one style: got10k \(init, update\) and pysot .*--style got10k or --style pysot",
    ):
        load("Both")
    assert "pysot" in load("Both", style="pysot").notes[0]
    with pytest.raises(InputError, match=r"no tracker of a known style.*found init\(image, box\)"):
        load("Half")
    with pytest.raises(InputError, match=r"known style.*init\(im, target_pos, target_sz, model\)"):
        load("Ocean")
    with pytest.raises(InputError, match=r"has no track, which style pysot needs"):
        load("Plain", style="pysot")
    with pytest.raises(InputError, match=r"style 'pysott'.*pysot"):
        load("Plain", style="pysott")


def test_ancestors_decide_where_methods_leave_it_open(folder: Path) -> None:
    """got10k's base class has a method `track`, which is not pysot's; cv2's classes have got10k's methods."""
    pytest.importorskip("got10k", reason="got10k is not installed (extra 'got10k')")
    (folder / "kin.py").write_text(
        "import cv2\nfrom got10k.trackers import Tracker\n"
        "class Kin(Tracker):\n"
        "    def __init__(self):\n        super().__init__(name='kin', is_deterministic=True)\n"
        "    def init(self, image, box):\n        self.box = box\n"
        "    def update(self, image):\n        return self.box\n"
        "def mil():\n    return cv2.TrackerMIL.create()\n"
    )
    tracker: Any = load_tracker(f"{folder}/kin.py:Kin")
    assert (tracker.name, tracker.facts["style"]) == ("kin", "got10k")
    tracker.close()
    tracker = load_tracker(f"{folder}/kin.py:mil")
    assert (tracker.name, tracker.facts["style"]) == ("mil", "opencv")
    for _ in range(2):
        state = tracker.init(FRAME, START)
        assert tracker.update(state, FRAME)[1].region.shape == (4,)
    tracker.close()


def test_a_class_that_changes_during_a_run_does_not_go_on(load: Load, folder: Path) -> None:
    tracker = load("Faulty")
    (folder / "fault").write_text("raises")
    state = tracker.init(FRAME, START)
    with pytest.raises(TrackerError, match="no target"):
        tracker.update(state, FRAME)
    (folder / "sibling.py").write_text("STEP = 3\n")
    with pytest.raises(TrackerError, match="have changed since the run began"):
        tracker.init(FRAME, START)
    (folder / "sibling.py").write_text("STEP = \n")
    with pytest.raises(TrackerError, match="SyntaxError"):
        tracker.init(FRAME, START)


def test_an_answer_of_opencv_s_form_is_not_taken_for_a_box_and_a_confidence(load: Load) -> None:
    tracker = load("Pairs")
    state = tracker.init(FRAME, START)
    with pytest.raises(TrackerError, match="--style opencv"):
        tracker.update(state, FRAME)
    tracker = load("Pairs", style="opencv")
    state = tracker.init(FRAME, START)
    assert tracker.update(state, FRAME)[1].confidence == 1


def test_every_form_of_answer_is_read() -> None:
    box = [1.0, 2.0, 3.0, 4.0]
    torch = pytest.importorskip("torch", reason="tensors as answers need torch")
    for answer in (
        box,
        tuple(box),
        np.array([box]),
        np.array(box, np.float32),
        torch.tensor(box),
        [torch.tensor(v) for v in box],
    ):
        np.testing.assert_array_equal(read_answer(answer)[0], box)
    for answer in ((box, 0.5), [np.array(box), np.float32(0.5)], {"bbox": box, "best_score": torch.tensor(0.5)}):
        region, confidence = read_answer(answer)
        np.testing.assert_array_equal(region, box)
        assert confidence == 0.5
    both = {"bbox": box, "polygon": np.arange(8).reshape(4, 2), "best_score": 1}
    assert [read_answer(both, polygons)[0].size for polygons in (True, False)] == [8, 4]
    assert np.isnan(read_answer([1, float("inf"), 2, np.nan])[0]).sum() == 1
    assert read_found((True, box))[0]
    assert read_found((False, None)) == (False, None)


class _Hostile:
    def __repr__(self) -> str:
        raise SystemError("\x1b[2J")


@pytest.mark.parametrize(
    "answer",
    [None, 1, "abcd", b"1234", [1, 2, 3], [1, 2, 3, 4, 5], [], {}, {"box": "a"}, {"x": 1}, [1 + 2j] * 4, _Hostile(),
     {"bbox": [1, 2, 3, 4], "best_score": [1, 2]}, np.zeros((100, 200)), [[1, 2], [3]]],
)  # fmt: skip
def test_what_is_no_answer_is_shown(answer: object) -> None:
    with pytest.raises(AnswerError) as raised:
        read_answer(answer)
    assert len(str(raised.value)) < 600
    assert "\x1b" not in str(raised.value)


def test_constructors_get_what_they_name(load: Load, folder: Path) -> None:
    assert load("Asks", device="cpu").name == "asks-cpu-none-127"
    assert load("Asks", device="cpu", weights="w.pth").name == "asks-cpu-w.pth-127"
    assert load("Asks", device="cpu", name="other").name == "other"
    with pytest.raises(InputError, match="no argument 'weights'"):
        load("Drift", device="cpu", weights="w.pth")
    path = folder / "small.toml"
    path.write_text('family = "class"\nclass = "mine.py:Asks"\ntimeout = 50\n[arguments]\nsize = 63\n')
    tracker: Any = load_tracker(str(path), device="cpu")
    assert (tracker.name, tracker.facts["arguments"]["size"]) == ("small", 63)
    tracker.close()
    path.write_text('family = "class"\nclass = "mine.py:Asks"\n[arguments]\nsise = 63\n')
    with pytest.raises(InputError, match=r"argument.*'sise'. Did you mean size"):
        load_tracker(str(path), device="cpu")


def test_mistakes_in_the_name_are_told_apart(load: Load, folder: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_tracker(f"{folder}/nothing.py:Drift")
    with pytest.raises(InputError, match=r"Did you mean .*Drift"):
        load("Drfit")
    with pytest.raises(TrackerError, match=r'(?s)RuntimeError: no GPU.*mine\.py", line \d+, in __init__'):
        load("Dead")
    with pytest.raises(TrackerError, match="ended with exit code 0 while it was loaded"):
        load("Leaves")
    (folder / "broken.py").write_text("import os\nimport nothing_of_this_name\n", encoding="utf-8")
    with pytest.raises(InputError, match=r'(?s)ModuleNotFoundError.*broken\.py", line 2, in <module>') as raised:
        load_tracker(f"{folder}/broken.py:Any")
    assert "importlib" not in str(raised.value)
    with pytest.raises(InputError, match="no_such_package"):
        load_tracker("no_such_package.module:Any")
    (folder / "slow.py").write_text("import time\ntime.sleep(1000)\n")
    with pytest.raises(TrackerError, match=r"did not answer within 3 s .*--timeout SECONDS"):
        load_tracker(f"{folder}/slow.py:Any", timeout=3)


def test_a_module_of_a_package_is_named_by_its_dots(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = folder / "pack"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "step.py").write_text("STEP = 2\n")
    (package / "mine.py").write_text(TRACKERS.replace("from sibling", "from .step"))
    monkeypatch.chdir(folder)
    tracker: Any = load_tracker("pack.mine:Drift")
    assert {key for key in tracker.facts if key.startswith("code.")} == {
        "code.pack",
        "code.pack.mine",
        "code.pack.step",
    }
    tracker.close()
    with pytest.raises(InputError, match=r"package\.module:Class"):
        load_tracker("pack/mine.py:Drift")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("exits", "raised SystemExit: 0"),
        ("leaves", "ended with exit code 0"),
        ("segfaults", "ended by signal SIGSEGV"),
        ("hangs", "did not answer within 3 s"),
        ("interrupts", "raised KeyboardInterrupt"),
        ("raises", r"raised ZeroDivisionError: no target \(.*mine\.py, line \d+: raise ZeroDivisionError"),
        ("leaves a child", "ended with exit code 3"),
        ("three numbers", r"answered \[1, 2, 3\]; expected x, y, w, h"),
        ("nothing", "answered None; expected x, y, w, h"),
        ("writes into everything", "that is not a message|no message"),
        ("closes everything", "ended with exit code|that is not a message|signal"),
    ],
)
def test_whatever_a_class_does_costs_one_run_and_the_next_has_a_fresh_process(
    load: Load, folder: Path, fault: str, words: str
) -> None:
    tracker = load("Faulty", timeout=3.0 if fault == "hangs" else 30.0)
    (folder / "fault").write_text(fault)
    state = tracker.init(FRAME, START)
    with pytest.raises(TrackerError, match=words):
        tracker.update(state, FRAME)
    with pytest.raises(TrackerError, match="this run has ended"):
        tracker.update(state, FRAME)
    (folder / "fault").write_text("none")
    state = tracker.init(FRAME, START)
    np.testing.assert_array_equal(tracker.update(state, FRAME)[1].region, START + np.array([2, 0, 0, 0]))
    assert tracker.restarts == 1


def test_a_traceback_begins_in_the_class_s_own_file(load: Load, folder: Path) -> None:
    tracker = load("Faulty")
    (folder / "fault").write_text("raises")
    state = tracker.init(FRAME, START)
    with pytest.raises(TrackerError) as raised:
        tracker.update(state, FRAME)
    lines = raised.value.details.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert f'File "{folder}/mine.py", line ' in lines[1]
    assert 'raise ZeroDivisionError("no target")' in lines[2]
    assert lines[-1] == "ZeroDivisionError: no target"


def test_a_crash_in_compiled_code_is_told_with_the_line_that_called_it(load: Load, folder: Path) -> None:
    tracker = load("Faulty")
    (folder / "fault").write_text("segfaults")
    state = tracker.init(FRAME, START)
    with pytest.raises(TrackerError) as raised:
        tracker.update(state, FRAME)
    assert "mine.py" in f"{raised.value}{raised.value.details}"


def test_an_answer_that_is_no_number_is_one_frame_s(load: Load, folder: Path) -> None:
    tracker = load("Faulty")
    (folder / "fault").write_text("NaN")
    state = tracker.init(FRAME, START)
    state, output = tracker.update(state, FRAME)
    assert np.isnan(output.region[1])
    (folder / "fault").write_text("none")
    assert np.isfinite(tracker.update(state, FRAME)[1].region).all()


def test_what_a_class_prints_is_kept_where_the_user_says(
    load: Load, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIAMFC_EVAL_LOGS", str(folder / "logs"))
    tracker = load("Drift")
    tracker.update(tracker.init(FRAME, START), FRAME)
    tracker.close()
    (log,) = (folder / "logs").iterdir()
    words = log.read_text()
    assert "printed on import" in words
    assert "noise on standard output" in words
    assert "and below it" in words


def test_a_run_that_was_superseded_cannot_go_on(load: Load) -> None:
    tracker = load("Drift")
    first = tracker.init(FRAME, START)
    tracker.init(FRAME, START)
    with pytest.raises(TrackerError, match="initialised again"):
        tracker.update(first, FRAME)


def test_start_boxes_are_checked_before_the_class_sees_them(load: Load) -> None:
    with pytest.raises(InputError, match="no area"):
        load("Drift").init(FRAME, np.array([1.0, 2.0, 0.0, 3.0]))


def test_no_process_outlives_its_tracker(load: Load) -> None:
    tracker = load("Drift")
    assert isinstance(tracker, ClassTracker)
    assert tracker._process is not None
    pid = tracker._process.pid
    assert is_running(pid)
    tracker.close()
    wait_for(lambda: not is_running(pid), 10)
    assert os.getcwd() != "/"


def test_code_and_files_decide_the_identity_and_places_do_not(folder: Path, tmp_path: Path) -> None:
    (folder / "later.py").write_text("VALUE = 1\n")
    (folder / "net.pth").write_bytes(b"weights")
    (folder / "ident.py").write_text(
        "import sibling\n"
        "class T:\n"
        "    def __init__(self, weights='net.pth', size=3): pass\n"
        "    def init(self, image, box): pass\n"
        "    def update(self, image):\n"
        "        import later\n"
    )
    (folder / "t.toml").write_text('family = "class"\nclass = "ident.py:T"\n')

    def facts() -> dict[str, Any]:
        tracker: Any = load_tracker(str(folder / "t.toml"))
        tracker.close()
        return dict(tracker.facts)

    first = facts()
    assert {key for key in first if key.startswith("code.")} == {"code.ident", "code.sibling", "code.later"}
    assert facts() == first
    for name in ("later.py", "sibling.py", "net.pth"):
        (folder / name).write_text("VALUE = 2\nSTEP = 3\n")
        changed = facts()
        assert changed != first
        first = changed
    other = tmp_path / "elsewhere"
    other.mkdir()
    for name in ("ident.py", "later.py", "sibling.py", "net.pth", "t.toml"):
        (folder / name).rename(other / name)
    folder = other
    assert facts() == first
