"""Exporting to another toolkit's layout and importing again gives the same numbers."""

from __future__ import annotations

import collections.abc
import dataclasses
import json
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siamfc_eval.cli.main import cli
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import IncompleteError, InputError
from siamfc_eval.protocols.trajectory import Code, Trajectory
from siamfc_eval.results.formats.export import LAYOUTS, Layout, export_results
from siamfc_eval.results.formats.importing import import_results
from siamfc_eval.results.formats.submission import write_got10k_submission
from siamfc_eval.results.manifest import Manifest, read_manifest
from siamfc_eval.results.raw import RawResults
from siamfc_eval.results.read import read_results
from siamfc_eval.results.store import ResultItem, ResultStore

EXACT: list[Layout] = ["got10k", "pysot", "plain"]

coordinates = st.floats(min_value=-1e6, max_value=1e6, width=32) | st.integers(-500, 500).map(float)
boxes = st.lists(coordinates, min_size=4, max_size=4).map(np.array)
polygons = st.integers(3, 5).flatmap(lambda k: st.lists(coordinates, min_size=2 * k, max_size=2 * k)).map(np.array)
seconds = st.floats(min_value=1e-6, max_value=10)


def run_of(draw: st.DrawFn, frames: int, codes: bool) -> Trajectory:
    entry = boxes | polygons | st.sampled_from(Code) if codes else boxes
    entries = draw(st.lists(entry, min_size=frames, max_size=frames))
    timed, scored = draw(st.booleans()), draw(st.booleans())
    column = st.lists(seconds, min_size=frames, max_size=frames).map(np.array)
    return Trajectory(tuple(entries), draw(column) if timed else None, draw(column) if scored else None)


StoredRuns = tuple[Dataset, str | None, dict[tuple[str, int], Trajectory]]


@st.composite
def stored_runs(draw: st.DrawFn) -> StoredRuns:
    """A data set, an protocol or none, and trajectories by sequence and repetition."""
    origin = draw(st.sampled_from([0.0, 1.0]))
    names = draw(st.sampled_from([["Human4-2", "Jogging-1"], ["bag", "a b", "x.1"]]))
    dataset = Dataset(
        draw(st.sampled_from(["otb2015", "vot2018", "got10k-val", "mine"])),
        tuple(Sequence(name, np.ones((draw(st.integers(1, 5)), 4)), origin=origin) for name in names),
    )
    protocol = draw(st.sampled_from([None, "baseline", "realtime"]))
    repetitions = draw(st.integers(1, 3))
    runs = {
        (sequence.name, number): run_of(draw, len(sequence), protocol is not None)
        for sequence in dataset
        for number in range(1, repetitions + 1)
    }
    return dataset, protocol, runs


def store(out: Path, dataset: Dataset, protocol: str | None, runs: dict[tuple[str, int], Trajectory]) -> RawResults:
    """Write runs as a run of this program would, and read them back."""
    several = protocol is not None or len({number for _, number in runs}) > 1
    origins = {sequence.name: sequence.origin for sequence in dataset}
    manifest = Manifest(dataset=dataset.name, tracker="Tracker", experiment=protocol)
    with ResultStore(out, manifest, durable=False) as opened:
        for (name, number), trajectory in runs.items():
            item = ResultItem(name, len(trajectory), number if several else None)
            opened.write(item, trajectory, origins[name])
    return read_results(out, dataset, protocol=protocol)


def assert_same(one: RawResults, other: RawResults, changed_first: bool = False, rounded: bool = False) -> None:
    """Every number of every run is the same."""
    assert list(one) == list(other)
    for name in one:
        assert list(one[name].runs) == list(other[name].runs)
        for sequence in one.dataset:
            pairs = zip(one[name].runs[sequence.name], other[name].runs[sequence.name], strict=True)
            for left, right in pairs:
                a, b = left.rows.moved(sequence.origin - left.origin), right.rows.moved(sequence.origin - right.origin)
                first = 1 if changed_first else 0
                assert a.codes.tolist()[first:] == b.codes.tolist()[first:]
                tolerance = {"rtol": 1e-6, "atol": 1e-6} if rounded else {"rtol": 0, "atol": 0}
                np.testing.assert_allclose(a.boxes[first:], b.boxes[first:], **tolerance)
                for row in sorted(a.polygons.keys() - ({0} if changed_first else set())):
                    np.testing.assert_allclose(a.polygons[row], b.polygons[row], **tolerance)
                for kind in ("times", "confidences"):
                    expected, found = getattr(left, kind), getattr(right, kind)
                    assert (expected is None) == (found is None)
                    if expected is not None:
                        np.testing.assert_array_equal(expected, found)


def exchange(results: RawResults, place: Path, layout: Layout, binary: bool = True) -> RawResults:
    """Export, and import from there."""
    protocol = next(iter(results.values())).protocol
    written = export_results(results, place / "exported", layout, binary)
    if protocol is None and layout == "vot-toolkit":
        protocol = "unsupervised"
    assert written.files == sum(len(runs) for one in results.values() for runs in one.runs.values())
    foreign = read_results(place / "exported", results.dataset, protocol=protocol)
    import_results(foreign, place / "imported")
    return read_results(place / "imported", results.dataset, protocol=protocol)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stored_runs(), st.sampled_from(LAYOUTS), st.booleans())
def test_results_come_back_from_every_layout(runs: StoredRuns, layout: Layout, binary: bool) -> None:
    dataset, protocol, trajectories = runs
    with tempfile.TemporaryDirectory() as place:
        own = store(Path(place) / "own", dataset, protocol, trajectories)
        again = exchange(own, Path(place), layout, binary)
        vot = layout == "vot-toolkit"
        # A one-pass run loses its first box to vot-toolkit's code; adding and taking the origin may round once.
        assert_same(own, again, changed_first=vot and protocol is None, rounded=vot)


def test_the_layouts_are_the_toolkits_own(tmp_path: Path) -> None:
    dataset = Dataset(
        "otb2015", (Sequence("Human4-2", np.ones((2, 4)), origin=1.0), Sequence("Jogging-1", np.ones((2, 4))))
    )
    timed = Trajectory((np.array([1.0, 2, 3, 4]), np.array([1.5, 2, 3, 4])), np.array([0.5, 0.25]))
    own = store(tmp_path / "own", dataset, None, {(name, 1): timed for name in dataset.names})
    for layout in LAYOUTS:
        export_results(own, tmp_path / layout, layout)

    def files(layout: Layout) -> list[str]:
        root = tmp_path / layout
        return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())

    assert files("got10k") == [
        "OTB2015/Tracker/Human4.txt",
        "OTB2015/Tracker/Jogging.1.txt",
        "OTB2015/Tracker/times/Human4_time.txt",
        "OTB2015/Tracker/times/Jogging.1_time.txt",
    ]
    assert files("pysot")[:2] == ["OTB100/Tracker/Human4-2.txt", "OTB100/Tracker/Jogging-1.txt"]
    assert files("plain")[:2] == ["Tracker/Human4-2.txt", "Tracker/Jogging-1.txt"]
    assert files("vot-toolkit")[:2] == [
        "results/Tracker/unsupervised/Human4-2/Human4-2_001.bin",
        "results/Tracker/unsupervised/Human4-2/Human4-2_001_time.value",
    ]
    assert (tmp_path / "got10k/OTB2015/Tracker/Human4.txt").read_text() == "2,3,3,4\n2.5,3,3,4\n"


def test_vot_results_have_one_column_of_times_for_each_repetition(tmp_path: Path, vot_like: Dataset) -> None:
    runs = {
        (sequence.name, number): Trajectory(
            (Code.INITIALIZED,) * len(sequence), np.full(len(sequence), number / 4) if number != 2 else None
        )
        for sequence in vot_like
        for number in (1, 2, 3)
    }
    own = store(tmp_path / "own", vot_like, "baseline", runs)
    export_results(own, tmp_path / "out", "got10k")
    folder = tmp_path / "out/VOT2018/Tracker/baseline/bag"
    assert (folder / "bag_time.txt").read_text().splitlines()[0] == "0.25,nan,0.75"
    assert (folder / "bag_003.txt").read_text().splitlines() == ["1"] * 11
    assert_same(own, exchange(own, tmp_path, "got10k"))


def test_runs_from_several_frames_are_named_by_them(tmp_path: Path, vot_like: Dataset) -> None:
    with ResultStore(tmp_path / "own", Manifest(dataset="vot2018", tracker="T", experiment="TRE")) as opened:
        for start in (0, 1, 5):
            entries = tuple(np.array([start, 1.0, 2, 3]) for _ in range(11 - start))
            opened.write(ResultItem("bag", 11 - start, anchor=start), Trajectory(entries, np.ones(11 - start)))
    own = read_results(tmp_path / "own", vot_like, protocol="TRE")
    for layout in LAYOUTS:
        export_results(own, tmp_path / layout, layout)
        import_results(read_results(tmp_path / layout, vot_like, protocol="TRE"), tmp_path / f"{layout}-again")
        again = read_results(tmp_path / f"{layout}-again", vot_like, protocol="TRE")["T"].runs["bag"]
        assert [(run.start, len(run)) for run in again] == [(0, 11), (1, 10), (5, 6)]
        np.testing.assert_array_equal(again[2].times, np.ones(6))


def test_names_that_a_layout_cannot_tell_apart_are_refused(tmp_path: Path) -> None:
    dataset = Dataset("mine", (Sequence("a b", np.ones((1, 4))), Sequence("a.b", np.ones((1, 4)))))
    own = store(tmp_path / "own", dataset, None, {(name, 1): Trajectory((np.ones(4),)) for name in dataset.names})
    with pytest.raises(InputError, match=r"'a b' and 'a\.b' would both be written as 'a_b'"):
        export_results(own, tmp_path / "out", "vot-toolkit")


def test_a_tracker_name_that_vot_toolkit_refuses_is_changed_and_said(tmp_path: Path, vot_like: Dataset) -> None:
    own = store(tmp_path / "own", vot_like, None, {("bag", 1): Trajectory((np.ones(4),) * 11)})
    renamed = dataclasses.replace(
        own, trackers={"SiamAPN++@1": dataclasses.replace(own["Tracker"], name="SiamAPN++@1")}
    )
    written = export_results(renamed, tmp_path / "out", "vot-toolkit")
    assert (tmp_path / "out/results/SiamAPN__@1").is_dir()
    assert "Tracker 'SiamAPN++@1' is written as 'SiamAPN__@1'." in written.notes
    assert any("no result of fish1" in note for note in written.notes)


def test_an_import_says_where_it_came_from_and_does_not_mix_sources(tmp_path: Path, vot_like: Dataset) -> None:
    def foreign(value: float) -> RawResults:
        for sequence in vot_like:
            path = tmp_path / "foreign" / "A" / f"{sequence.name}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{value},2,3,4\n" * len(sequence))
        return read_results(tmp_path / "foreign", vot_like)

    (imported,) = import_results(foreign(1), tmp_path / "out", ["siamfc-eval", "import"])
    manifest = read_manifest(imported.folder)
    assert manifest is not None
    assert manifest.source.endswith("foreign/A")
    assert (manifest.command, len(manifest.items)) == (["siamfc-eval", "import"], 2)
    import_results(foreign(1), tmp_path / "out")
    with pytest.raises(InputError, match="different: source"):
        import_results(foreign(7), tmp_path / "out")
    import_results(foreign(7), tmp_path / "out", restart=True)
    assert read_results(tmp_path / "out", vot_like)["A"].runs["bag"][0].raw_boxes()[0, 0] == 7


def submission_runs(
    frames: collections.abc.Sequence[int], timed: bool = True
) -> tuple[Dataset, dict[tuple[str, int], Trajectory]]:
    names = [f"GOT-10k_Test_{number:06d}" for number in range(1, len(frames) + 1)]
    dataset = Dataset(
        "got10k-test", tuple(Sequence(name, np.ones((n, 4))) for name, n in zip(names, frames, strict=True))
    )
    runs = {
        (name, number): Trajectory((np.array([1.0, 2, 3, 1 / 3]),) * n, np.full(n, 0.25) if timed else None)
        for name, n in zip(names, frames, strict=True)
        for number in (1, 2)
    }
    return dataset, runs


def test_a_got10k_submission_has_the_servers_layout(tmp_path: Path) -> None:
    dataset, runs = submission_runs([3, 2])
    one = store(tmp_path / "own", dataset, None, runs)["Tracker"]
    path = write_got10k_submission(one, dataset, tmp_path / "Tracker")
    assert path.name == "Tracker.zip"
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist())[:3] == [
            "GOT-10k_Test_000001/GOT-10k_Test_000001_001.txt",
            "GOT-10k_Test_000001/GOT-10k_Test_000001_002.txt",
            "GOT-10k_Test_000001/GOT-10k_Test_000001_time.txt",
        ]
        text = archive.read("GOT-10k_Test_000001/GOT-10k_Test_000001_001.txt").decode()
        assert np.loadtxt(text.splitlines(), delimiter=",").shape == (3, 4)
        assert archive.read("GOT-10k_Test_000001/GOT-10k_Test_000001_time.txt") == b"0.25,0.25\n" * 3
    content = path.read_bytes()
    assert write_got10k_submission(one, dataset, path).read_bytes() == content


def test_an_incomplete_submission_is_refused(tmp_path: Path) -> None:
    dataset, runs = submission_runs([3, 2])
    lacking = {key: run for key, run in runs.items() if key[0].endswith("1")}
    with pytest.raises(IncompleteError, match="GOT-10k_Test_000002"):
        write_got10k_submission(store(tmp_path / "a", dataset, None, lacking)["Tracker"], dataset, tmp_path / "x")
    dataset, runs = submission_runs([3, 2], timed=False)
    with pytest.raises(IncompleteError, match="no times of 2 sequences"):
        write_got10k_submission(store(tmp_path / "b", dataset, None, runs)["Tracker"], dataset, tmp_path / "x")
    dataset, runs = submission_runs([3])
    runs = {key: Trajectory((Code.INITIALIZED, *run.entries[1:]), run.times) for key, run in runs.items()}
    with pytest.raises(InputError, match=r"000001_001\.txt:1: expected a box in every row"):
        write_got10k_submission(store(tmp_path / "c", dataset, None, runs)["Tracker"], dataset, tmp_path / "x")
    assert not list(tmp_path.glob("x*"))


@pytest.fixture
def annotated(tmp_path: Path) -> Path:
    """Annotations of a data set of two sequences, in OTB's layout without images."""
    for name in ("Basketball", "Couple"):
        path = tmp_path / "OTB" / name / "groundtruth_rect.txt"
        path.parent.mkdir(parents=True)
        path.write_text("10,20,30,40\n11,21,30,40\n")
        tracker = tmp_path / "foreign" / "A" / f"{name}.txt"
        tracker.parent.mkdir(parents=True, exist_ok=True)
        tracker.write_text("9,19,39,59\n10.1,20,30,40\n")
    return tmp_path


def invoke(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words], standalone_mode=False)


def test_the_commands_check_import_and_export_work_together(annotated: Path) -> None:
    options: list[str | Path] = ["--annotations", annotated / "OTB"]
    checked = invoke("check", "results", annotated / "foreign", *options)
    assert "x1,y1,x2,y2 instead of x,y,w,h in 2 of 2 files" in checked.output
    assert checked.return_value == 0
    imported = invoke(
        "import",
        annotated / "foreign",
        "--out",
        annotated / "out",
        "--repair",
        "corners",
        "--repair",
        "origin",
        "--json",
        *options,
    )
    assert imported.return_value == 0, imported.output
    facts = json.loads(imported.output)
    assert facts["trackers"][0]["files"] == 2
    assert (Path(facts["trackers"][0]["folder"]) / "Couple.txt").read_text().splitlines()[0] == "10,20,30,40"
    exported = invoke(
        "export", "results", annotated / "out", "--out", annotated / "pysot", "--format", "pysot", *options
    )
    assert exported.return_value == 0, exported.output
    assert "2 files" in exported.output


def test_missing_sequences_are_named_and_set_the_exit_code(annotated: Path) -> None:
    (annotated / "foreign" / "A" / "Couple.txt").unlink()
    options: list[str | Path] = ["--annotations", annotated / "OTB"]
    commands: list[list[str | Path]] = [
        ["check", "results", annotated / "foreign"],
        ["import", annotated / "foreign", "--out", annotated / "out"],
        ["export", "results", annotated / "foreign", "--out", annotated / "plain", "--format", "plain"],
    ]
    for words in commands:
        outcome = invoke(*words, *options)
        assert outcome.return_value == 2, outcome.output
        assert "Couple" in outcome.output


def test_an_unreadable_file_is_named_and_sets_the_exit_code(annotated: Path) -> None:
    (annotated / "foreign" / "A" / "Couple.txt").write_text("1,2,3\n")
    outcome = invoke("check", "results", annotated / "foreign", "--annotations", annotated / "OTB", "--json")
    assert outcome.return_value == 1
    (message,) = json.loads(outcome.output)["trackers"]["A"]["unreadable"]
    assert "Couple.txt:1" in message


@pytest.mark.shared
def test_published_results_survive_the_way_through_every_layout(shared: Path, tmp_path: Path) -> None:
    folder = shared / "data" / "vot2018"
    dataset = load_dataset(folder / "annotations.json")
    dataset = dataclasses.replace(dataset, sequences=dataset.sequences[:6])
    results = read_results(folder / "results", dataset, ["Ocean-online"])
    for layout in EXACT:
        assert_same(results, exchange(results, tmp_path / layout, layout))
    assert_same(results, exchange(results, tmp_path / "text", "vot-toolkit", binary=False))
    assert_same(results, exchange(results, tmp_path / "binary", "vot-toolkit"), rounded=True)


@pytest.mark.shared
def test_files_for_got10k_have_the_names_that_it_looks_for(shared: Path, tmp_path: Path) -> None:
    folder = shared / "data" / "otb2015"
    dataset = load_dataset(folder / "annotations.json")
    export_results(read_results(folder / "results", dataset, ["SiamFC-3s"]), tmp_path, "got10k")
    sequences = json.loads((folder / "annotations.json").read_text())["sequences"]
    expected = {sequence["aliases"]["got10k"] for sequence in sequences.values()}
    assert {path.stem for path in (tmp_path / "OTB2015/SiamFC-3s").glob("*.txt")} == expected
