"""Data of one's own: MOT and csv tables, videos, ground truth of one frame; what is missing is named."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from siamfc_eval.cli.verbs.convert_verb import command as convert
from siamfc_eval.datasets.check import check_dataset
from siamfc_eval.datasets.convert import convert_dataset
from siamfc_eval.datasets.frames import ImageFrames
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.videos import VideoFrames, count_frames
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.metrics.scoring import score
from siamfc_eval.results.raw import RawResults
from siamfc_eval.results.read import read_results
from siamfc_eval.running.experiment import load_experiment
from siamfc_eval.running.run import run_experiment

MakeImages = Callable[..., Path]
Write = Callable[[Path, str], Path]


def _video(path: Path, frames: int = 10) -> Path:
    """A video whose frame n has the brightness 20 n."""
    path.parent.mkdir(parents=True, exist_ok=True)
    codec = cv2.VideoWriter.fourcc(*("MJPG" if path.suffix == ".avi" else "mp4v"))
    writer = cv2.VideoWriter(str(path), codec, 25.0, (64, 48))
    for number in range(frames):
        writer.write(np.full((48, 64, 3), 20 * number, dtype=np.uint8))
    writer.release()
    return path


def _brightness(frames: VideoFrames, index: int) -> float:
    return float(frames[index].pixels.mean()) / 20


class TestMot:
    ROWS = (
        "1,1,11,6,8,9,1,1,1\n2,1,12,6,8,9,1,1,1\n2,2,1,1,5,5,1,1,1\n3,2,2,1,5,5,1,1,1\n4,1,14,6,8,9,1,1,.5\n"
        "4,3,1,1,4,4,0,2,1\n"
    )

    def test_each_target_is_a_sequence_from_its_first_box_to_its_last(
        self, tmp_path: Path, make_images: MakeImages, write: Write
    ) -> None:
        make_images(tmp_path / "A" / "img1", 1, 6, "{:06d}.jpg")
        write(tmp_path / "A" / "gt" / "gt.txt", self.ROWS)
        write(tmp_path / "A" / "seqinfo.ini", "[Sequence]\nname=A\nframeRate=14\nimDir=img1\n")
        dataset = load_dataset(tmp_path)
        assert (dataset.layout, dataset.names) == ("mot", ("A-1", "A-2"))
        first, second = dataset
        np.testing.assert_array_equal(first.boxes[:2], [[10, 5, 8, 9], [11, 5, 8, 9]])
        assert np.isnan(first.boxes[2]).all()
        assert (len(first), first.origin, first.fps) == (4, 1.0, 14.0)
        assert isinstance(second.frames, ImageFrames)
        assert [path.name for path in second.frames.paths] == ["000002.jpg", "000003.jpg"]
        assert "1 of 4 frames have no box" in " ".join(dataset.notes)
        assert check_dataset(tmp_path).ok

    def test_boxes_beyond_the_images_are_named(self, tmp_path: Path, make_images: MakeImages, write: Write) -> None:
        make_images(tmp_path / "A" / "img1", 1, 3, "{:06d}.jpg")
        write(tmp_path / "A" / "gt" / "gt.txt", self.ROWS)
        with pytest.raises(InputError, match=r"gt\.txt: it has boxes up to frame 4, and there are 3 images"):
            load_dataset(tmp_path)

    def test_a_flat_file_of_polygons_is_not_taken_for_it(
        self, tmp_path: Path, make_images: MakeImages, write: Write
    ) -> None:
        make_images(tmp_path / "A", 1, 2)
        write(tmp_path / "A" / "gt.txt", "10,10,20,10,20,20,10,20\n11,10,21,10,21,20,11,20\n")
        assert load_dataset(tmp_path).layout == "folder"


class TestCsv:
    @pytest.mark.parametrize(
        "text",
        [
            "frame,x,y,w,h\n0,10,5,8,9\n1,11,5,8,9\n2,12,5,8,9\n",
            "Frame;XMin;YMin;XMax;YMax\n1;10;5;18;14\n2;11;5;19;14\n3;12;5;20;14\n",
            "filename,width,height,class,xmin,ymin,xmax,ymax\n"
            "00000001.jpg,32,24,car,10,5,18,14\n00000002.jpg,32,24,car,11,5,19,14\n00000003.jpg,32,24,car,12,5,20,14\n",
            "left\ttop\twidth\theight\n10\t5\t8\t9\n11\t5\t8\t9\n12\t5\t8\t9\n",
        ],
    )
    def test_columns_go_by_the_names_in_use(
        self, tmp_path: Path, make_images: MakeImages, write: Write, text: str
    ) -> None:
        make_images(tmp_path / "A", 1, 3)
        write(tmp_path / "A.csv", text)
        (sequence,) = load_dataset(tmp_path)
        np.testing.assert_array_equal(sequence.boxes, [[10, 5, 8, 9], [11, 5, 8, 9], [12, 5, 8, 9]])
        assert sequence.frames is not None
        assert len(sequence.frames) == 3

    def test_targets_gaps_and_empty_cells(self, tmp_path: Path, make_images: MakeImages, write: Write) -> None:
        make_images(tmp_path / "A" / "img", 1, 9)
        write(
            tmp_path / "A" / "groundtruth.csv",
            "frame,id,x,y,w,h\n1,a,1,1,5,5\n3,b,2,2,5,5\n4,a,1,1,5,5\n5,b,,,,\n6,b,3,3,5,5\n",
        )
        dataset = load_dataset(tmp_path)
        assert dataset.names == ("A-a", "A-b")
        assert [len(sequence) for sequence in dataset] == [4, 4]
        assert np.isnan(dataset.sequences[1].boxes[1:3]).all()
        assert any("2 of 4 frames have no box" in note for note in dataset.notes)

    def test_other_columns_are_named_with_what_to_do(self, tmp_path: Path, write: Write) -> None:
        write(tmp_path / "A.csv", "time,lat,lon\n0,1,2\n")
        with pytest.raises(InputError, match=r"A\.csv is a csv file with the columns time,lat,lon; expected frame,x,y"):
            load_dataset(tmp_path)
        with pytest.raises(InputError, match=r"the columns time,lat,lon.*--columns"):
            load_dataset(tmp_path, "csv")

    @pytest.mark.parametrize(
        ("row", "message"),
        [
            ("2,3,4", r"A\.csv:3: 3 cells, expected 5"),
            ("2,3,4,five,6", r"A\.csv:3: w is 'five'; expected a number"),
            ("1,3,4,5,6", r"A\.csv:3: a second box of the target in frame 1 \(the first is in line 2\)"),
            ("1.5,3,4,5,6", r"A\.csv:3: frame '1\.5'; expected a whole number"),
        ],
    )
    def test_bad_rows_are_named_by_line(self, tmp_path: Path, write: Write, row: str, message: str) -> None:
        write(tmp_path / "A.csv", f"frame,x,y,w,h\n1,2,3,4,5\n{row}\n")
        with pytest.raises(InputError, match=message):
            load_dataset(tmp_path)

    def test_a_gap_among_the_images_is_named(self, tmp_path: Path, make_images: MakeImages, write: Write) -> None:
        make_images(tmp_path / "A", 1, 4)
        (tmp_path / "A" / "00000002.jpg").unlink()
        write(tmp_path / "A.csv", "frame,x,y,w,h\n1,2,3,4,5\n3,2,3,4,5\n")
        with pytest.raises(InputError, match="the images 2 are absent"):
            load_dataset(tmp_path)


class TestVideos:
    @pytest.mark.parametrize("ending", [".avi", ".mp4"])
    def test_every_frame_is_the_one_of_its_number_in_any_order(self, tmp_path: Path, ending: str) -> None:
        path = _video(tmp_path / f"clip{ending}")
        frames = VideoFrames(path, range(10))
        for index in (0, 1, 7, 3, 9, 2, 2, 0):
            assert _brightness(frames, index) == pytest.approx(index, abs=0.2)
        assert _brightness(frames[4:], 1) == pytest.approx(5, abs=0.2)
        assert _brightness(pickle.loads(pickle.dumps(frames)), 6) == pytest.approx(6, abs=0.2)
        assert count_frames(path) == 10

    def test_few_kept_frames_change_nothing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("siamfc_eval.datasets.videos._KEPT_BYTES", 1)
        frames = VideoFrames(_video(tmp_path / "clip.avi"), range(10))
        found = [_brightness(frames, index) for index in (9, 0, 8, 1, 7)]
        np.testing.assert_allclose(found, [9, 0, 8, 1, 7], atol=0.2)

    def test_pixels_of_one_caller_are_not_another_s(self, tmp_path: Path) -> None:
        frames = VideoFrames(_video(tmp_path / "clip.avi"), range(10))
        frames[3].pixels[:] = 255
        assert _brightness(frames, 3) == pytest.approx(3, abs=0.2)

    def test_videos_with_text_and_csv_are_a_data_set(self, tmp_path: Path, write: Write) -> None:
        _video(tmp_path / "one.avi")
        write(tmp_path / "one.txt", "\n".join("10,5,8,9" for _ in range(10)))
        _video(tmp_path / "two.mp4")
        write(tmp_path / "two.csv", "frame,x,y,w,h\n3,10,5,8,9\n5,11,5,8,9\n")
        _video(tmp_path / "three" / "v.avi")
        write(tmp_path / "three" / "groundtruth.txt", "10,5,8,9\n")
        dataset = load_dataset(tmp_path)
        assert (dataset.layout, set(dataset.names)) == ("videos", {"one", "two", "three"})
        by_name = {sequence.name: sequence for sequence in dataset}
        assert [len(by_name[name]) for name in ("one", "two", "three")] == [10, 3, 10]
        two = by_name["two"].frames
        assert isinstance(two, VideoFrames)
        assert _brightness(two, 0) == pytest.approx(2, abs=0.2)
        assert not by_name["three"].is_annotated_beyond_start
        assert (by_name["one"].image_size, by_name["one"].fps) == ((64, 48), 25.0)
        assert check_dataset(tmp_path).ok

    def test_a_video_that_cannot_be_decoded_says_what_to_do(self, tmp_path: Path, write: Write) -> None:
        write(tmp_path / "clip.mp4", "no video")
        write(tmp_path / "clip.txt", "10,5,8,9\n10,5,8,9\n")
        with pytest.raises(InputError, match=r"clip\.mp4: OpenCV cannot decode this video.*ffmpeg"):
            load_dataset(tmp_path)

    def test_more_boxes_than_frames_are_named(self, tmp_path: Path, write: Write) -> None:
        _video(tmp_path / "clip.avi")
        write(tmp_path / "clip.txt", "\n".join("10,5,8,9" for _ in range(12)))
        report = check_dataset(tmp_path)
        assert [problem.message for problem in report.problems] == [
            "10 frames, and its boxes need 12. Shorten the boxes, or repair the video."
        ]
        (sequence,) = load_dataset(tmp_path)
        assert sequence.frames is not None
        with pytest.raises(InputError, match="frame 12 cannot be decoded: the video ends, or is damaged, after 10"):
            _ = sequence.frames[11].pixels

    def test_a_tracker_runs_on_a_video(self, tmp_path: Path, write: Write) -> None:
        _video(tmp_path / "data" / "clip.avi")
        write(tmp_path / "data" / "clip.txt", "\n".join("10,5,8,9" for _ in range(10)))
        summary = run_experiment(load_experiment("ope"), ["static"], tmp_path / "data", tmp_path / "runs")
        assert (summary.exit_code, summary.protocols[0].frames) == (0, 10)


class TestOneLine:
    @pytest.mark.parametrize(
        ("truth", "images"),
        [("groundtruth.txt", "img"), ("groundtruth_rect.txt", "img"), ("groundtruth.txt", "color")],
    )
    def test_runs_and_is_not_scored(
        self, tmp_path: Path, make_images: MakeImages, write: Write, truth: str, images: str
    ) -> None:
        data = tmp_path / "data"
        make_images(data / "A" / images, 1, 5)
        write(data / "A" / truth, "10,5,8,9\n")
        dataset = load_dataset(data)
        (sequence,) = dataset
        assert (len(sequence), sequence.is_annotated_beyond_start) == (5, False)
        assert check_dataset(data).ok
        summary = run_experiment(load_experiment("ope"), ["static"], data, tmp_path / "runs")
        assert summary.exit_code == 0
        raw = RawResults.__new__(RawResults)
        with pytest.raises(InputError, match="no ground truth after frame 1 in any sequence"):
            score(raw, dataset, "otb-matlab")

    def test_those_beside_others_are_named_and_the_others_scored(
        self, tmp_path: Path, make_images: MakeImages, write: Write
    ) -> None:
        data = tmp_path / "data"
        for name, lines in (("A", 1), ("B", 5)):
            make_images(data / name / "img", 1, 5)
            write(data / name / "groundtruth.txt", "10,5,8,9\n" * lines)
        run_experiment(load_experiment("ope"), ["static"], data, tmp_path / "runs")
        dataset = load_dataset(data)
        scores = score(read_results(tmp_path / "runs" / dataset.name, dataset), dataset, "otb-matlab")
        assert scores.sequences == ("B",)
        assert scores.incomplete == ("no ground truth after frame 1, so not scored: A.",)
        assert scores.trackers["static"].values["precision_20"] == 1.0


class TestNearest:
    def test_a_folder_without_boxes_says_what_is_missing(self, tmp_path: Path, make_images: MakeImages) -> None:
        make_images(tmp_path / "Car1" / "img", 1, 3)
        with pytest.raises(InputError, match=r"It is like otb, but there is no groundtruth_rect\.txt in Car1"):
            load_dataset(tmp_path)

    def test_what_is_there_instead_is_shown(self, tmp_path: Path, make_images: MakeImages, write: Write) -> None:
        write(make_images(tmp_path / "a", 1, 3) / "ground_truth.txt", "1,2,3,4\n")
        with pytest.raises(InputError, match=r"It is like folder, but.*Found there: .*ground_truth\.txt"):
            load_dataset(tmp_path)

    def test_videos_without_boxes(self, tmp_path: Path) -> None:
        _video(tmp_path / "clip.avi")
        with pytest.raises(InputError, match=r"It is like videos, but there is no <video>\.txt or <video>\.csv"):
            load_dataset(tmp_path)

    def test_a_layout_that_was_asked_for_and_is_not_there(
        self, tmp_path: Path, make_images: MakeImages, write: Write
    ) -> None:
        make_images(tmp_path / "A" / "img", 1, 1)
        write(tmp_path / "A" / "groundtruth_rect.txt", "10,5,8,9\n")
        with pytest.raises(InputError, match=r"no sequence in the layout lasot .* It looks like otb"):
            load_dataset(tmp_path, "lasot")

    def test_vot_without_color_is_said_once(self, tmp_path: Path, make_images: MakeImages, write: Write) -> None:
        for name in ("a", "b"):
            make_images(tmp_path / "data" / name / "img", 1, 2)
            write(tmp_path / "data" / name / "groundtruth.txt", "1,1,5,5\n1,1,5,5\n")
        dataset = load_dataset(tmp_path / "data", "vot")
        assert [note for note in dataset.notes if "no color/" in note] == list(dataset.notes)
        assert "2 of 2 sequences" in dataset.notes[0]
        experiment = load_experiment("ope").model_copy(update={"dataset": "vot"})
        with pytest.raises(InputError, match=r"no images of 2 sequences.*no color/.*img/ instead"):
            run_experiment(experiment, ["static"], tmp_path / "data", tmp_path / "runs")


class TestConvert:
    def test_a_table_without_header_becomes_a_data_set_that_loads(
        self, tmp_path: Path, make_images: MakeImages, write: Write
    ) -> None:
        images = make_images(tmp_path / "src" / "A", 1, 3)
        write(tmp_path / "src" / "A.txt", "1 car 11 6 8 9\n2 car 12 6 8 9\n3 car 13 6 8 9\n")
        words = [
            "dataset",
            str(tmp_path / "src"),
            str(tmp_path / "out"),
            "--columns",
            "frame,-,x,y,w,h",
            "--origin",
            "1",
        ]
        result = CliRunner().invoke(convert, words, catch_exceptions=False)
        assert result.exit_code == 0
        dataset = load_dataset(tmp_path / "out")
        assert (dataset.layout, dataset.names) == ("got10k", ("A",))
        np.testing.assert_array_equal(dataset.sequences[0].boxes[:, 0], [10, 11, 12])
        copied = (tmp_path / "out" / "A" / "00000002.jpg").read_bytes()
        assert copied == (images / "00000002.jpg").read_bytes()

    @pytest.mark.parametrize("layout", ["got10k", "otb", "vot", "folder"])
    def test_videos_become_images_in_every_layout(self, tmp_path: Path, write: Write, layout: str) -> None:
        _video(tmp_path / "src" / "clip.avi")
        write(tmp_path / "src" / "clip.csv", "frame,x,y,w,h\n1,10,5,8,9\n2,11,5,8,9\n4,13,5,8,9\n")
        written = convert_dataset(tmp_path / "src", tmp_path / "out", layout=layout, suffix=".png")
        again = load_dataset(tmp_path / "out")
        assert written.layout == again.layout == layout
        (sequence,) = again
        np.testing.assert_allclose(sequence.boxes[:2], [[10, 5, 8, 9], [11, 5, 8, 9]])
        assert np.isnan(sequence.boxes[2]).all()
        assert sequence.frames is not None
        assert float(sequence.frames[3].pixels.mean()) == pytest.approx(60, abs=4)

    def test_one_target_of_several(self, tmp_path: Path, make_images: MakeImages, write: Write) -> None:
        make_images(tmp_path / "A" / "img1", 1, 6, "{:06d}.jpg")
        write(tmp_path / "A" / "gt" / "gt.txt", TestMot.ROWS)
        assert convert_dataset(tmp_path / "A", tmp_path / "out", targets=("2",)).names == ("A-2",)
        with pytest.raises(UnknownNameError, match="target '9'"):
            convert_dataset(tmp_path / "A", tmp_path / "other", targets=("9",))

    def test_a_folder_with_something_in_it_is_refused(self, tmp_path: Path, write: Write) -> None:
        _video(tmp_path / "src" / "clip.avi")
        write(tmp_path / "src" / "clip.txt", "10,5,8,9\n")
        write(tmp_path / "out" / "mine", "precious")
        with pytest.raises(InputError, match="is there already"):
            convert_dataset(tmp_path / "src", tmp_path / "out")

    def test_weights_are_what_is_converted_where_nothing_is_said(self, tmp_path: Path) -> None:
        result = CliRunner().invoke(convert, [str(tmp_path / "no.pth"), str(tmp_path / "out.safetensors")])
        assert isinstance(result.exception, InputError)
        assert "no.pth" in str(result.exception)
