"""Results are found in every toolkit's layout and under every usual spelling; what does not fit is named."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.matlab import read_variable
from siamfc_eval.protocols.trajectory import Code
from siamfc_eval.results.check import check_results
from siamfc_eval.results.formats.binary import format_binary
from siamfc_eval.results.formats.otb_segments import open_segments
from siamfc_eval.results.names import SequenceNames
from siamfc_eval.results.read import read_results
from siamfc_eval.results.rows import rows_of

LINES = ["1,2,3,4", "5,6,7,8.5", "NaN,NaN,NaN,NaN"]


def write(path: Path, lines: list[str] = LINES) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def write_all(folder: Path, dataset: Dataset, pattern: str = "{}.txt") -> None:
    for name in dataset.names:
        write(folder / pattern.format(name, name))


@pytest.mark.parametrize("below", ["", "OTB2015", "results/OTB100", "anything"])
def test_a_folder_of_trackers_is_found_where_toolkits_put_it(tmp_path: Path, otb_like: Dataset, below: str) -> None:
    for tracker in ("A", "B"):
        write_all(tmp_path / below / tracker, otb_like)
    results = read_results(tmp_path, otb_like)
    assert list(results) == ["A", "B"]
    assert list(results["A"].runs) == list(otb_like.names)
    assert results["A"].missing == ()


def test_one_trackers_folder_is_read_under_its_own_name(tmp_path: Path, otb_like: Dataset) -> None:
    write_all(tmp_path / "SiamFC-3s", otb_like)
    assert list(read_results(tmp_path / "SiamFC-3s", otb_like)) == ["SiamFC-3s"]


@pytest.mark.parametrize(
    "pattern",
    ["baseline/{}/{}_001.txt", "supervised/{}/{}_001.txt", "{}/{}_001.txt", "{}/{}.txt", "realtime/{}/{}_001.txt"],
)
def test_vot_layouts_are_found(tmp_path: Path, vot_like: Dataset, pattern: str) -> None:
    write_all(tmp_path / "A", vot_like, pattern)
    one = read_results(tmp_path, vot_like)["A"]
    assert list(one.runs) == ["bag", "fish1"]
    assert (one.protocol or "{}") == pattern.split("/", maxsplit=1)[0]
    if one.protocol:
        inside = read_results(tmp_path / "A" / one.protocol, vot_like)
        assert (list(inside), inside["A"].protocol) == (["A"], one.protocol)
        assert list(read_results(tmp_path / "A", vot_like)) == ["A"]


def test_the_supervised_protocol_is_read_unless_another_is_named(tmp_path: Path, vot_like: Dataset) -> None:
    for protocol in ("baseline", "realtime", "unsupervised"):
        write_all(tmp_path / "A" / protocol, vot_like, "{}/{}_001.txt")
    assert read_results(tmp_path, vot_like)["A"].protocol == "baseline"
    assert read_results(tmp_path, vot_like, protocol="supervised")["A"].protocol == "baseline"
    assert read_results(tmp_path, vot_like, protocol="realtime")["A"].protocol == "realtime"
    with pytest.raises(InputError, match="no results of the protocol 'longterm'"):
        read_results(tmp_path, vot_like, protocol="longterm")


def test_folders_named_after_protocols_are_no_trackers(tmp_path: Path, vot_like: Dataset) -> None:
    for protocol in ("TRE", "baseline", "long-term", "multi-start", "realtime", "unsupervised"):
        write_all(tmp_path / "A" / protocol, vot_like, "{}/{}_001.txt")
    for folder in (tmp_path, tmp_path / "A"):
        results = read_results(folder, vot_like)
        assert [(one.name, one.protocol, one.kind) for one in results.values()] == [("A", "baseline", "supervised")]
    (note,) = results["A"].notes
    assert note.startswith("Read: baseline. It has runs of TRE, long-term, multi-start, realtime, unsupervised too")
    write_all(tmp_path / "A", vot_like)
    assert read_results(tmp_path / "A", vot_like)["A"].protocol is None
    assert read_results(tmp_path / "A", vot_like, protocol="TRE")["A"].kind == "tre"


def test_among_trackers_a_folder_named_after_a_protocol_is_one_only_with_a_trackers_files(
    tmp_path: Path, vot_like: Dataset
) -> None:
    for folder in ("A", "baseline"):
        write_all(tmp_path / folder, vot_like)
    write_all(tmp_path / "realtime", vot_like, "{}/{}_001.txt")
    results = read_results(tmp_path, vot_like)
    assert list(results) == ["A", "baseline"]
    assert results.notes == ("Not read as trackers, as they are named after protocols (realtime).",)


def test_several_protocols_without_a_supervised_one_must_be_named(tmp_path: Path, vot_like: Dataset) -> None:
    for protocol in ("realtime", "unsupervised"):
        write_all(tmp_path / "A" / protocol, vot_like, "{}/{}_001.txt")
    with pytest.raises(InputError, match="several protocols \\(realtime, unsupervised\\)"):
        read_results(tmp_path, vot_like)


def test_repetitions_are_kept_apart_and_in_order(tmp_path: Path, vot_like: Dataset) -> None:
    for number in (2, 1, 10):
        write(tmp_path / f"A/baseline/bag/bag_{number:03d}.txt", [f"{number},2,3,4"] * 2)
    write(tmp_path / "A/baseline/bag/bag_time.txt", ["0.1,0.2,0.3", "NaN,0.4,0.5"])
    one = read_results(tmp_path, vot_like)["A"]
    assert [run.raw_boxes()[0, 0] for run in one.runs["bag"]] == [1, 2, 10]
    np.testing.assert_array_equal(one.runs["bag"][0].times, [0.1, np.nan])
    assert one.missing == ("fish1",)


def test_binary_trajectories_are_zero_based_whatever_the_data_set_is(tmp_path: Path, otb_like: Dataset) -> None:
    path = tmp_path / "A/unsupervised/Basketball/Basketball_001.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(format_binary(rows_of([Code.INITIALIZED, np.array([9.0, 8, 7, 6])])))
    write(path.with_name("Basketball_001_time.value"), ["", "0.25"])
    write(path.with_name("Basketball_001_confidence.value"), ["nan", "0.75"])
    (run,) = read_results(tmp_path, otb_like)["A"].runs["Basketball"]
    assert run.boxes(origin=1.0)[1].tolist() == [10, 9, 7, 6]
    assert run.trajectory().entries[0] is Code.INITIALIZED
    np.testing.assert_array_equal(run.times, [np.nan, 0.25])
    np.testing.assert_array_equal(run.confidences, [np.nan, 0.75])


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("Basketball", "Basketball"),
        ("basketball", "Basketball"),
        ("OTB_Basketball", "Basketball"),
        ("Human4", "Human4-2"),
        ("human4_2", "Human4-2"),
        ("Human4-2", "Human4-2"),
        ("Jogging.1", "Jogging-1"),
        ("jogging_1", "Jogging-1"),
        ("Jogging%2D1", "Jogging-1"),
        ("Jogging-2", None),
        ("Basket", None),
        ("", None),
    ],
)
def test_spellings_find_their_sequence(otb_like: Dataset, spelling: str, name: str | None) -> None:
    assert SequenceNames(otb_like).find(spelling) == name


def test_a_spelling_that_could_mean_two_sequences_means_none() -> None:
    boxes = np.ones((2, 4))
    names = SequenceNames([Sequence(name, boxes) for name in ("Jogging-1", "Jogging-2", "a_b", "a.b", "A-B")])
    assert names.find("Jogging") is None
    assert names.find("a b") is None
    assert names.find("a.b") == "a.b"


def test_what_matches_no_sequence_is_named(tmp_path: Path, otb_like: Dataset) -> None:
    write_all(tmp_path / "A", otb_like)
    write(tmp_path / "A" / "Baskeball.txt")
    write(tmp_path / "A" / "Human4-2_time.txt")
    (tmp_path / "B").mkdir()
    results = read_results(tmp_path, otb_like)
    assert results["A"].notes == ("1 file names no sequence of otb2015 (Baskeball.txt); not read.",)
    assert results.notes == ("No results of otb2015 in (B).",)


def test_other_spellings_are_said(tmp_path: Path, otb_like: Dataset) -> None:
    write(tmp_path / "A" / "Human4.txt")
    (note,) = read_results(tmp_path, otb_like)["A"].notes
    assert "Human4 -> Human4-2" in note


def test_two_files_of_one_run_must_agree(tmp_path: Path, otb_like: Dataset) -> None:
    write(tmp_path / "A" / "Jogging-1.txt")
    twin = write(tmp_path / "A" / "Jogging.1.txt")
    notes = read_results(tmp_path, otb_like)["A"].notes
    assert "same content" in notes[0]
    write(twin, ["9,9,9,9"])
    with pytest.raises(InputError, match=r"Jogging-1\.txt.*Jogging\.1\.txt.*differ"):
        read_results(tmp_path, otb_like)
    write(tmp_path / "A" / "Basketball.txt")
    found = read_results(tmp_path, otb_like)["A"]
    assert list(found.runs) == ["Basketball"], "two that differ cost that run only"
    assert "differ" in found.unreadable[0]


def test_what_is_readable_is_separated_from_what_is_not(tmp_path: Path, otb_like: Dataset) -> None:
    write(tmp_path / "A" / "Basketball.txt")
    broken = write(tmp_path / "A" / "Human4.txt", ["1,2,3,4", "no numbers"])
    found = read_results(tmp_path, otb_like).readable()["A"]
    assert list(found.runs) == ["Basketball"]
    assert "Human4-2" in found.missing
    assert str(broken) in found.unreadable[0]
    (tmp_path / "A" / "Basketball.txt").write_text("nothing")
    with pytest.raises(InputError, match=r"Human4\.txt"):
        read_results(tmp_path, otb_like).readable()


def test_half_written_files_are_never_read(tmp_path: Path, otb_like: Dataset) -> None:
    write(tmp_path / "A" / "Basketball.txt")
    write(tmp_path / "A" / ".Human4-2.txt.17-ab.tmp")
    write(tmp_path / "A" / ".Human4-2.txt")
    assert list(read_results(tmp_path, otb_like)["A"].runs) == ["Basketball"]


@pytest.mark.parametrize("place", ["A/times/Basketball_time.txt", "A/Basketball_time.txt"])
def test_times_are_found_beside_or_in_their_folder(tmp_path: Path, otb_like: Dataset, place: str) -> None:
    write(tmp_path / "A/Basketball.txt")
    write(tmp_path / place, ["0.5", "0.25", "1e-3"])
    (run,) = read_results(tmp_path, otb_like)["A"].runs["Basketball"]
    np.testing.assert_array_equal(run.times, [0.5, 0.25, 0.001])
    np.testing.assert_array_equal(run.trajectory().times, [0.5, 0.25, 0.001])


def test_times_of_another_length_are_named_when_asked_for(tmp_path: Path, otb_like: Dataset) -> None:
    write(tmp_path / "A/Basketball.txt")
    write(tmp_path / "A/times/Basketball_time.txt", ["0.5"])
    (run,) = read_results(tmp_path, otb_like)["A"].runs["Basketball"]
    assert len(run.trajectory().boxes()) == 3
    with pytest.raises(InputError, match=r"Basketball_time\.txt: expected 3 rows"):
        assert run.times


def test_a_replaced_file_has_another_digest(tmp_path: Path, otb_like: Dataset) -> None:
    write(tmp_path / "A/Basketball.txt")

    def digest() -> str:
        return read_results(tmp_path, otb_like)["A"].runs["Basketball"][0].digest

    before = digest()
    assert digest() == before
    write(tmp_path / "A/Basketball.txt", [*LINES[:2], "5,6,7,8"])
    assert digest() != before


def test_a_trajectory_made_of_a_file_is_one_like_any_other(tmp_path: Path, otb_like: Dataset) -> None:
    write(tmp_path / "A/Basketball.txt", ["1", "3,4,5,6", "2,2,6,2,6,5,2,5"])
    trajectory = read_results(tmp_path, otb_like)["A"].runs["Basketball"][0].trajectory()
    assert len(trajectory) == 3
    assert trajectory.entries[0] is Code.INITIALIZED
    np.testing.assert_array_equal(trajectory.entries[1], [2, 3, 5, 6])
    np.testing.assert_array_equal(trajectory.boxes(), [[np.nan] * 4, [2, 3, 5, 6], [1, 1, 4, 3]])
    shorter = dataclasses.replace(trajectory, entries=trajectory.entries[:2])
    np.testing.assert_array_equal(shorter.boxes(), trajectory.boxes()[:2])
    assert shorter.codes.tolist() == [1, -1]


def test_an_unknown_tracker_is_named_with_the_nearest(tmp_path: Path, otb_like: Dataset) -> None:
    write_all(tmp_path / "SiamFC", otb_like)
    with pytest.raises(UnknownNameError, match="Did you mean SiamFC"):
        read_results(tmp_path, otb_like, ["SiamFCC"])


def test_a_folder_of_another_data_set_says_what_was_expected_and_found(tmp_path: Path, otb_like: Dataset) -> None:
    write(tmp_path / "A" / "bag.txt")
    with pytest.raises(InputError, match=r"expected <tracker>/<sequence>\.txt.*'Basketball'.*found A/"):
        read_results(tmp_path, otb_like)
    with pytest.raises(InputError, match="no such folder"):
        read_results(tmp_path / "nowhere", otb_like)


def test_a_check_names_every_file_that_cannot_be_used(tmp_path: Path, otb_like: Dataset) -> None:
    write_all(tmp_path / "A", otb_like)
    write(tmp_path / "A" / "Basketball.txt", ["1,2,3"])
    (tmp_path / "A" / "Human4-2.txt").write_bytes(b"\xff\x00")
    (check,) = check_results(read_results(tmp_path, otb_like))
    assert (check.files, check.rows, check.usable) == (3, 3, False)
    assert ["Basketball.txt:1" in check.unreadable[0], "binary" in check.unreadable[1]] == [True, True]
    json.dumps(check.to_json())


LIMITS: dict[str, Any] = {"limit": 2**20, "holding": "OTB results"}


def save_matlab(path: Path, runs: list[dict[str, Any]], compress: bool = True) -> None:
    import scipy.io

    cells = np.empty((1, len(runs)), dtype=object)
    for index, run in enumerate(runs):
        cells[0, index] = run
    path.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path, {"results": cells}, do_compression=compress)


def test_matlab_results_of_all_trackers_are_told_apart(tmp_path: Path, otb_like: Dataset) -> None:
    boxes = np.array([[1.0, 2, 3, 4], [5, 6, 7, 8.25]])
    for name in ("basketball_IVT", "jogging-1_KCF_GaussHog", "jogging-1_IVT"):
        run = {"res": boxes, "type": "rect", "len": 2.0, "annoBegin": 1.0, "startFrame": 1.0}
        save_matlab(tmp_path / "results_OPE" / f"{name}.mat", [run])
    results = read_results(tmp_path, otb_like)
    assert {name: list(one.runs) for name, one in results.items()} == {
        "IVT": ["Basketball", "Jogging-1"],
        "KCF_GaussHog": ["Jogging-1"],
    }
    np.testing.assert_array_equal(results["IVT"].runs["Basketball"][0].raw_boxes(), boxes)


@pytest.mark.parametrize("compress", [True, False])
def test_matlab_values_are_what_scipy_wrote(tmp_path: Path, compress: bool) -> None:
    import scipy.io

    values = {
        "res": np.arange(12.0).reshape(3, 4) / 7,
        "whole": np.array([[1, -2], [3, 300]], dtype=np.int16),
        "single": np.array([[1.5]], np.float32),
        "type": "rect",
        "empty": np.zeros((0, 0)),
        "nothing": "",
        "flag": np.array([[True, False]]),
        "much": np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
    }
    scipy.io.savemat(tmp_path / "x.mat", {"before": "é", "results": [values, values]}, do_compression=compress)
    data = (tmp_path / "x.mat").read_bytes()
    read = read_variable(data, "results", tmp_path, **LIMITS)
    assert len(read) == 2
    (record,) = read[1] if isinstance(read[1], list) else [read[1]]
    assert list(record) == list(values)
    for name, value in values.items():
        if isinstance(value, str):
            assert record[name] == value
        else:
            np.testing.assert_array_equal(record[name], value)
    assert read_variable(data, "before", tmp_path, **LIMITS) == "é"
    with pytest.raises(InputError, match="expected a variable 'result', found before, results"):
        read_variable(data, "result", tmp_path, **LIMITS)


def test_a_matlab_file_of_version_73_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Save it with -v7"):
        read_variable(b"MATLAB 7.3 MAT-file, Platform".ljust(128) + b"\x89HDF", "results", tmp_path / "x.mat", **LIMITS)


def test_matlab_segments_keep_their_first_frames(tmp_path: Path, otb_like: Dataset) -> None:
    runs = [{"res": np.ones((3, 4)), "type": "rect", "startFrame": float(start)} for start in (300, 310)]
    save_matlab(tmp_path / "Basketball_IVT.mat", runs)
    assert [run.start for run in read_results(tmp_path, otb_like)["IVT"].runs["Basketball"]] == [0, 10]


def test_affine_results_become_rectangles(tmp_path: Path, otb_like: Dataset) -> None:
    path = tmp_path / "Basketball.json"
    warp = {"resType": "affine_ivt", "tmplsize": [32, 32], "res": [[66.5, 99.0, 2.0, 0.0, 0.0, 3.0]]}
    corners = {"resType": "4corner", "res": [[1.5, 9, 9.5, 1], [2.5, 2, 8, 8]]}
    path.write_text(json.dumps([warp, corners]))
    runs = open_segments(path, otb_like.sequences[0])
    np.testing.assert_array_equal(runs[0].raw_boxes(), [[34, 51, 64, 96]])
    np.testing.assert_array_equal(runs[1].raw_boxes(), [[1, 2, 8, 6]])


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("{", "JSON"),
        ("[" * 100_000, "JSON"),
        ("[]", "list of runs"),
        ("[1]", "list of runs"),
        ('[{"res": [[1,2,3,4]], "resType": "SIMILARITY"}]', "'SIMILARITY' is not supported"),
        ('[{"res": [[1,2,3]], "resType": "rect"}]', "rows of 4"),
        ('[{"res": [[1,2,3,4],[1]], "resType": "rect"}]', "one width"),
        ('[{"res": "x", "resType": "rect"}]', "rows of numbers"),
        ('[{"res": [[1,2,3,1e999]], "resType": "rect"}]', "infinite"),
        ('[{"res": [[1,2,3,4]], "resType": "rect", "startFrame": {}}]', "startFrame"),
        ('[{"res": [[1,2,3,4,5,6]], "resType": "affine_ivt"}]', "tmplsize"),
    ],
)
def test_damaged_json_results_are_named(tmp_path: Path, otb_like: Dataset, content: str, found: str) -> None:
    path = tmp_path / "Basketball.json"
    path.write_text(content)
    with pytest.raises(InputError, match=found) as caught:
        open_segments(path, otb_like.sequences[0])
    assert "Basketball.json" in str(caught.value)


def test_a_matlab_file_that_unpacks_to_gigabytes_is_refused(
    tmp_path: Path, otb_like: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    import zlib

    monkeypatch.setattr("siamfc_eval.results.formats.otb_segments.MAX_BYTES", 2**20)
    packed = zlib.compress(bytes(2**20 + 1))
    path = tmp_path / "Basketball_IVT.mat"
    header = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
    path.write_bytes(header + np.array([15, len(packed)], dtype="<u4").tobytes() + packed)
    with pytest.raises(InputError, match="unpacks to more than 1,048,576 bytes"):
        open_segments(path, otb_like.sequences[0])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data(), ending=st.sampled_from([".mat", ".json"]))
def test_no_damage_gives_anything_but_an_input_error(
    tmp_path: Path, otb_like: Dataset, data: st.DataObject, ending: str
) -> None:
    path = tmp_path / f"Basketball_IVT{ending}"
    run = {"res": np.ones((3, 4)), "type": "rect", "startFrame": 1.0}
    if ending == ".mat":
        save_matlab(path, [run], compress=data.draw(st.booleans()))
    else:
        path.write_text(json.dumps([{"res": [[1, 2, 3, 4]], "resType": "rect", "startFrame": 1}]))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    with contextlib.suppress(InputError):
        assert len(open_segments(path, otb_like.sequences[0])) >= 1


@pytest.mark.shared
def test_published_vot_results_are_read_whole(shared: Path) -> None:
    folder = shared / "data" / "vot2018"
    dataset = load_dataset(folder / "annotations.json")
    results = read_results(folder / "results", dataset)
    assert len(results) == 6
    assert all(one.missing == () and one.protocol == "baseline" for one in results.values())
    for name in ("Ocean-online", "DaSiamRPN"):  # the one writes 1.0, 2.0, 0.0, the other 1, 2, 0
        codes = np.concatenate([runs[0].rows.codes for runs in results[name].runs.values()])
        assert {-1, 0, 1, 2} == set(codes.tolist())
        assert np.count_nonzero(codes == 1) >= 60


@pytest.mark.shared
def test_published_tre_and_sre_results_are_read(shared: Path) -> None:
    folder = shared / "data" / "otb2015"
    dataset = load_dataset(folder / "annotations.json")
    some = [sequence for sequence in dataset if sequence.name in {"David", "Deer", "Basketball"}]
    dataset = dataclasses.replace(dataset, sequences=tuple(some))
    tre = read_results(folder / "tre_sre", dataset, protocol="TRE")["IVT"]
    assert tre.protocol == "TRE"
    assert {len(runs) for runs in tre.runs.values()} == {20}
    assert [(run.start, len(run)) for run in tre.runs["David"]][:2] == [(0, 471), (23, 448)]
    sre = read_results(folder / "tre_sre", dataset, protocol="SRE")["IVT"]
    assert {len(runs) for runs in sre.runs.values()} == {12}
    assert [run.label for run in sre.runs["David"]][::11] == ["left", "scale_12"]
