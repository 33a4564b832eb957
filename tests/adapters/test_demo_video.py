"""A tracker is shown at work: from any source, into a video that others can open."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from siamfc_eval.cli.verbs.demo_video_verb import command
from siamfc_eval.datasets.render_folder import render_to_folder
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.synthetic.benchmark import embedded_benchmark
from siamfc_eval.viewing.demo_video import open_footage
from siamfc_eval.viewing.drawing import annotate
from siamfc_eval.viewing.video import VideoFile


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of two short sequences on disk."""
    names = ("ball-dashes", "jelly-drifts")
    return render_to_folder(embedded_benchmark(length=6, names=names), tmp_path_factory.mktemp("drawn"), "vot")


def run(*words: str) -> str:
    return CliRunner().invoke(command, list(words), catch_exceptions=False).output


def frames_of(path: Path) -> list[np.ndarray]:
    capture = cv2.VideoCapture(str(path))
    frames: list[np.ndarray] = []
    while True:
        there, pixels = capture.read()
        if not there:
            return frames
        frames.append(pixels)


@pytest.mark.parametrize("ending", ["mp4", "avi"])
def test_the_video_has_every_frame_with_the_box_drawn(drawn: Path, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"seen.{ending}"
    said = run(str(drawn), "--sequence", "jelly-drifts", "--tracker", "static", "--out", str(out))
    assert "jelly-drifts: 6 frames" in said
    frames = frames_of(out)
    assert len(frames) == 6
    assert frames[0].shape == (240, 320, 3)
    plain = cv2.imread(str(drawn / "jelly-drifts" / "color" / "00000002.jpg"))
    changed = np.abs(frames[1].astype(int) - plain).max(axis=2) > 90
    x, y, _, h = _box(drawn, "jelly-drifts")
    assert changed[round(y) : round(y + h) + 1, round(x) - 1 : round(x) + 2].any()
    assert list(tmp_path.iterdir()) == [out]


def _box(drawn: Path, name: str) -> np.ndarray:
    start = open_footage(str(drawn), name).start
    assert start is not None
    points = start.reshape(-1, 2)
    return np.concatenate([points.min(axis=0), points.max(axis=0) - points.min(axis=0)])


def test_a_folder_of_images_and_a_video_need_a_box(drawn: Path, tmp_path: Path) -> None:
    images = drawn / "ball-dashes" / "color"
    out = tmp_path / "a.avi"
    with pytest.raises(InputError, match="--box"):
        run(str(images), "--tracker", "static", "--out", str(out))
    assert not out.exists()
    run(str(images), "--tracker", "static", "--out", str(out), "--box", "10,20,30,40")
    assert len(frames_of(out)) == 6
    again = tmp_path / "b.avi"
    run(str(out), "--tracker", "static", "--out", str(again), "--box", "10,20,30,40", "--length", "4")
    assert len(frames_of(again)) == 4


def test_without_a_source_the_embedded_benchmark_is_shown(tmp_path: Path) -> None:
    assert "van-approaches: 3 frames" in run("--tracker", "static", "--length", "3", "--out", str(tmp_path / "a.avi"))


def test_what_cannot_be_used_is_said(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"no video")
    for source, said in [
        ("nowhere", "no such file"),
        (str(tmp_path / "empty.mp4"), "cannot open"),
        ("77", "camera 77"),
    ]:
        with pytest.raises(InputError, match=said):
            open_footage(source)
    with pytest.raises(UnknownNameError, match="jelly-drifts"):
        open_footage(str(drawn), "jelly-drift")
    with pytest.raises(InputError, match=r"\.mp4"):
        VideoFile(tmp_path / "a.gif", 30)
    with pytest.raises(InputError, match="expected X,Y,W,H"):
        run("--box", "1,2,3")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(InputError, match="--out"):
        run("--show", "--tracker", "static")


def test_a_window_shows_each_frame_until_the_user_has_seen_enough(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[int, ...]] = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(cv2, "namedWindow", lambda title, kind: None)
    monkeypatch.setattr(cv2, "imshow", lambda title, image: shown.append(image.shape))
    monkeypatch.setattr(cv2, "waitKey", lambda wait: ord("q") if len(shown) == 3 else -1)
    said = run(str(drawn), "--sequence", "jelly-drifts", "--tracker", "static", "--show")
    assert shown == [(240, 320, 3)] * 3
    assert "jelly-drifts: 3 frames" in said


def test_an_opencv_without_windows_is_told_apart_from_no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise cv2.error("The function is not implemented")

    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(cv2, "namedWindow", fail)
    with pytest.raises(InputError, match=r"cannot open windows.*--out"):
        run("--show", "--tracker", "static")


def test_a_missing_codec_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed:
        def __init__(self, *arguments: object) -> None: ...

        def isOpened(self) -> bool:  # noqa: N802
            return False

        fourcc = staticmethod(lambda *letters: 0)

    monkeypatch.setattr(cv2, "VideoWriter", Closed)
    with pytest.raises(InputError, match=r"mp4v.*\.avi"), VideoFile(tmp_path / "a.mp4", 30) as video:
        video.write(np.zeros((20, 20, 3), np.uint8))


def test_an_interrupted_video_is_still_one(tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    with pytest.raises(KeyboardInterrupt), VideoFile(path, 30) as video:  # noqa: PT012
        video.write(np.zeros((48, 64, 3), np.uint8))
        raise KeyboardInterrupt
    assert len(frames_of(path)) == 1


def test_answers_of_every_kind_are_drawn() -> None:
    image = np.zeros((60, 80, 3), np.uint8)
    nothing = annotate(image, np.full(4, np.nan), "")
    assert not nothing.any()
    for region in ([10, 10, 30, 30], [10, 10, 40, 12, 38, 40, 8, 38], [-1e9, -1e9, 3e9, 3e9]):
        assert annotate(image, np.array(region, float), "label").any()
    mapped = annotate(image, np.full(4, np.nan), "", np.arange(9, dtype=np.float32).reshape(3, 3))
    assert mapped[-16:, -16:].any()
    assert not mapped[:40].any()
    assert not image.any()


def test_a_video_without_frames_leaves_nothing(tmp_path: Path) -> None:
    with VideoFile(tmp_path / "a.avi", 30):
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"a\.avi: cannot write"), VideoFile(tmp_path / "file" / "a.avi", 30) as video:
        video.write(np.zeros((48, 64, 3), np.uint8))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
