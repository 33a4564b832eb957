"""The store writes results whole or not at all, for one writer at a time, and continues what was interrupted."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError
from siamfc_eval.protocols.trajectory import Code, Trajectory
from siamfc_eval.results.manifest import Manifest, read_manifest
from siamfc_eval.results.names import name_from_part, path_part
from siamfc_eval.results.read import read_results
from siamfc_eval.results.store import ResultItem, ResultStore, run_folder
from siamfc_eval.storage.writing import write_atomic

ITEMS = [ResultItem("bag", 3), ResultItem("fish1", 3)]


def manifest(**changes: Any) -> Manifest:
    return Manifest(**{"dataset": "vot2018", "tracker": "SiamAPN++", "identity": {"weights": "a1"}, **changes})


def trajectory(offset: float = 0.1) -> Trajectory:
    boxes = [np.array([offset, 1 / 3, 10.0, 20.5]) + step for step in range(3)]
    return Trajectory(tuple(boxes), np.array([0.25, np.nan, 1e-7]), np.array([np.nan, 0.5, 0.125]))


def visible(folder: Path) -> list[str]:
    files = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in files if not name.rpartition("/")[2].startswith("."))


def test_results_lie_where_got10k_has_them_and_read_back_exactly(tmp_path: Path, vot_like: Dataset) -> None:
    with ResultStore(tmp_path, manifest()) as store:
        for item in ITEMS:
            store.write(item, trajectory(), origin=0.0)
    folder = run_folder(tmp_path, "vot2018", "SiamAPN++")
    assert visible(folder) == [
        "bag.txt",
        "confidences/bag_confidence.txt",
        "confidences/fish1_confidence.txt",
        "fish1.txt",
        "manifest.json",
        "times/bag_time.txt",
        "times/fish1_time.txt",
    ]
    run = read_results(tmp_path, vot_like)["SiamAPN++"].runs["bag"][0]
    np.testing.assert_array_equal(run.raw_boxes(), trajectory().boxes())
    np.testing.assert_array_equal(run.times, trajectory().times)
    np.testing.assert_array_equal(run.confidences, trajectory().confidences)


def test_repetitions_lie_where_vot_has_them(tmp_path: Path, vot_like: Dataset) -> None:
    coded = Trajectory((Code.INITIALIZED, np.array([1.0, 2, 3, 4]), Code.FAILED), np.array([0.1, 0.2, 0.3]))
    items = [ResultItem("bag", 3, repetition) for repetition in (1, 2)]
    with ResultStore(tmp_path, manifest(experiment="baseline")) as store:
        for item in items:
            store.write(item, coded)
    folder = run_folder(tmp_path, "vot2018", "SiamAPN++", "baseline")
    assert "bag/bag_002.txt" in visible(folder)
    assert "bag/bag_002_time.txt" in visible(folder)
    runs = read_results(tmp_path, vot_like, protocol="baseline")["SiamAPN++"].runs["bag"]
    assert [run.number for run in runs] == [1, 2]
    assert runs[1].trajectory().entries[2] is Code.FAILED
    np.testing.assert_array_equal(runs[1].times, [0.1, 0.2, 0.3])


def test_multi_start_runs_are_named_by_their_anchor(tmp_path: Path, vot_like: Dataset) -> None:
    with ResultStore(tmp_path, manifest(experiment="multistart")) as store:
        for anchor in (0, 50):
            store.write(ResultItem("bag", 3, anchor=anchor), trajectory())
    runs = read_results(tmp_path, vot_like, protocol="multistart")["SiamAPN++"].runs["bag"]
    assert [run.start for run in runs] == [0, 50]


def test_boxes_are_written_in_the_data_sets_own_origin(tmp_path: Path, otb_like: Dataset) -> None:
    with ResultStore(tmp_path, manifest(dataset="otb2015")) as store:
        store.write(ResultItem("Basketball", 3), trajectory(5.0), origin=1.0)
    run = read_results(tmp_path, otb_like)["SiamAPN++"].runs["Basketball"][0]
    assert run.raw_boxes()[0, 0] == 6.0
    assert run.trajectory().boxes()[0, 0] == 5.0
    assert run.boxes(1.0)[0, 0] == 6.0


def test_an_interrupted_run_continues_with_what_is_missing(tmp_path: Path) -> None:
    with contextlib.suppress(KeyboardInterrupt), ResultStore(tmp_path, manifest()) as store:
        store.write(ITEMS[0], trajectory())
        raise KeyboardInterrupt
    with ResultStore(tmp_path, manifest()) as store:
        assert store.missing(ITEMS) == [ITEMS[1]]


def test_an_item_that_failed_stays_missing_and_says_why(tmp_path: Path) -> None:
    with ResultStore(tmp_path, manifest()) as store:
        store.fail(ITEMS[0], "frame 7 is not readable")
        folder = store.folder
    kept = read_manifest(folder)
    assert kept is not None
    assert kept.items["bag"].error == "frame 7 is not readable"
    with ResultStore(tmp_path, manifest()) as store:
        assert store.missing(ITEMS) == ITEMS


@pytest.mark.parametrize("damage", [b"", b"1,2,3,4\n", b"1,2,3,4\n1,2,3,4\n9,9,9,9\n"])
def test_a_damaged_result_is_run_again(tmp_path: Path, damage: bytes) -> None:
    with ResultStore(tmp_path, manifest()) as store:
        path = store.write(ITEMS[0], trajectory())
    path.write_bytes(damage)
    with ResultStore(tmp_path, manifest()) as store:
        assert ITEMS[0] in store.missing(ITEMS)


def test_another_configuration_cannot_continue_in_the_same_folder(tmp_path: Path) -> None:
    with ResultStore(tmp_path, manifest()) as store:
        store.write(ITEMS[0], trajectory())
    with (
        pytest.raises(InputError, match="different: weights"),
        ResultStore(tmp_path, manifest(identity={"weights": "b"})),
    ):
        pass
    with ResultStore(tmp_path, manifest(identity={"weights": "b"}), restart=True) as store:
        assert store.missing(ITEMS) == ITEMS
        store.write(ITEMS[0], trajectory(2.0))
        assert store.missing(ITEMS) == [ITEMS[1]]


def test_results_of_another_tool_are_not_taken_for_own_ones(tmp_path: Path) -> None:
    foreign = run_folder(tmp_path, "vot2018", "SiamAPN++") / "bag.txt"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("1,2,3,4\n" * 3)
    with (
        pytest.raises(InputError, match=r"bag\.txt: a result without a manifest"),
        ResultStore(tmp_path, manifest()) as store,
    ):
        store.missing(ITEMS)


def test_what_a_later_session_makes_is_told_from_what_was_kept(tmp_path: Path) -> None:
    began = {"versions": {"numpy": "1"}, "hardware": {"cpu": "old"}, "commit": "a", "command": ["run", "--lanes", "2"]}
    with ResultStore(tmp_path, manifest(**began, settings={"lanes": "2", "data": "/old/place"})) as store:
        store.write(ITEMS[0], trajectory())
    later = {"versions": {"numpy": "2"}, "hardware": {"cpu": "new"}, "commit": "b", "command": ["run"]}
    for _ in range(2):  # the second time there is nothing to do
        with ResultStore(tmp_path, manifest(**later, settings={"data": "/new/place"})) as store:
            store.describe({"lanes": "8"})
            for item in store.missing(ITEMS):
                store.write(item, trajectory())
    kept = read_manifest(store.folder)
    assert kept is not None
    assert {name: getattr(kept, name) for name in began} == began
    assert kept.settings == {"lanes": "2", "data": "/new/place"}
    [session] = kept.later
    assert {name: getattr(session, name) for name in later} == later
    assert session.settings["lanes"] == "8"
    assert {key: status.session for key, status in kept.items.items()} == {"bag": 0, "fish1": 1}
    assert [one.commit for one in kept.sessions] == ["a", "b"]


def test_a_result_that_a_killed_session_wrote_last_is_told_to_be_that_sessions(tmp_path: Path) -> None:
    for number in range(2):
        with ResultStore(tmp_path, manifest(commit=str(number))) as store:
            store.write(ITEMS[number], trajectory())
    before = read_manifest(store.folder)
    assert before is not None
    del before.items["fish1"]  # as if it had been killed before it could write the manifest again
    write_atomic(store.folder / "manifest.json", before.model_dump_json())
    with ResultStore(tmp_path, manifest(commit="2")) as store:
        assert not store.missing(ITEMS)
        assert store.manifest.items["fish1"].session == 1
        assert [one.commit for one in store.manifest.sessions] == ["0", "1"]


def test_a_manifest_of_a_version_without_sessions_is_continued(tmp_path: Path) -> None:
    with ResultStore(tmp_path, manifest(commit="old")) as store:
        store.write(ITEMS[0], trajectory())
    path = store.folder / "manifest.json"
    old = json.loads(path.read_text())
    del old["later"]
    del old["items"]["bag"]["session"]
    path.write_text(json.dumps(old))
    with ResultStore(tmp_path, manifest(commit="new")) as store:
        assert store.missing(ITEMS) == [ITEMS[1]]
        store.write(ITEMS[1], trajectory())
        assert (store.manifest.commit, [one.commit for one in store.manifest.later]) == ("old", ["new"])


def test_a_manifest_with_a_key_of_earlier_versions_is_read_and_loses_it(tmp_path: Path) -> None:
    with ResultStore(tmp_path, manifest()) as store:
        store.write(ITEMS[0], trajectory())
    path = store.folder / "manifest.json"
    values = json.loads(path.read_text())
    assert "seeds" not in values
    path.write_text(json.dumps({**values, "seeds": {"bag": 7}}))
    with ResultStore(tmp_path, manifest()) as store:
        assert store.missing(ITEMS) == ITEMS[1:]
    assert "seeds" not in json.loads(path.read_text())
    path.write_text(json.dumps({**values, "seed": {"bag": 7}}))
    with pytest.raises(InputError, match="seed"):
        read_manifest(store.folder)


def test_an_interrupted_restart_does_not_take_the_rest_of_the_earlier_run_for_its_own(tmp_path: Path) -> None:
    with ResultStore(tmp_path, manifest(identity={"weights": "old"})) as store:
        for item in ITEMS:
            store.write(item, trajectory())
    with ResultStore(tmp_path, manifest(), restart=True) as store:
        store.write(store.missing(ITEMS)[0], trajectory(2.0))
    with ResultStore(tmp_path, manifest()) as store:
        assert store.missing(ITEMS) == [ITEMS[1]]


def test_an_interrupted_restart_over_results_of_another_tool_does_not_take_them_either(tmp_path: Path) -> None:
    foreign = run_folder(tmp_path, "vot2018", "SiamAPN++") / "fish1.txt"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("1,2,3,4\n" * 3)
    with ResultStore(tmp_path, manifest(), restart=True) as store:
        store.write(store.missing(ITEMS)[0], trajectory())
    with ResultStore(tmp_path, manifest()) as store:
        assert store.missing(ITEMS) == [ITEMS[1]]


def test_a_trajectory_of_the_wrong_length_is_not_written(tmp_path: Path) -> None:
    with ResultStore(tmp_path, manifest()) as store, pytest.raises(InputError, match="expected 4 frames, found 3"):
        store.write(ResultItem("bag", 4), trajectory())


def test_a_second_run_in_the_same_folder_is_told_who_writes_there(tmp_path: Path) -> None:
    with (
        ResultStore(tmp_path, manifest()),
        pytest.raises(InputError, match=f"process {os.getpid()}"),
        ResultStore(tmp_path, manifest()),
    ):
        pass
    with ResultStore(tmp_path, manifest()) as store:
        assert store.missing(ITEMS) == ITEMS


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_killed_run_leaves_no_lock_and_no_half_written_file_behind(tmp_path: Path) -> None:
    script = """
        import sys, time
        from pathlib import Path
        from siamfc_eval.results.manifest import Manifest
        from siamfc_eval.results.store import ResultStore
        run = Manifest(dataset="vot2018", tracker="SiamAPN++", identity={"weights": "a1"})
        with ResultStore(Path(sys.argv[1]), run) as store:
            (store.folder / ".bag.txt.1-0.tmp").write_text("1,2,3")
            print("ready", flush=True)
            time.sleep(60)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        with pytest.raises(InputError, match=f"process {child.pid}"), ResultStore(tmp_path, manifest()):
            pass
        child.send_signal(signal.SIGKILL)
        child.wait()
    with ResultStore(tmp_path, manifest()) as store:
        assert not list(store.folder.glob(".*.tmp"))
        assert store.missing(ITEMS) == ITEMS


def test_a_write_that_fails_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bag.txt"
    write_atomic(path, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["bag.txt"]


def test_a_damaged_manifest_is_named(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"dataset": "x", "tracker": 3}')
    with pytest.raises(InputError, match=r"manifest\.json: not a manifest of this version: tracker"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..", ".", "a/b", "a\\b", "/abs", ".hidden", "nul\0", "C:evil", "%2e%2e/x"]
)
def test_no_name_leaves_its_folder(tmp_path: Path, name: str) -> None:
    with ResultStore(tmp_path, manifest(dataset=name, tracker=name, experiment=name)) as store:
        path = store.write(ResultItem(name, 3, 1), trajectory())
    assert path.resolve().is_relative_to(tmp_path.resolve())
    assert len(path.relative_to(tmp_path).parts) == 5
    assert name_from_part(path_part(name)) == name


@given(st.text(min_size=1, max_size=60))
def test_every_name_is_one_part_of_a_path_and_comes_back(name: str) -> None:
    try:
        part = path_part(name)
    except InputError:
        return
    assert "/" not in part
    assert "\\" not in part
    assert "\0" not in part
    assert not part.startswith(".")
    assert name_from_part(part) == name


@pytest.mark.parametrize("name", ["SiamAPN++", "Jogging-1", "SiamRPN++ (r50)", "MDNet_v2.1", "tracker@1.0", "日本"])
def test_ordinary_names_stay_as_they_are(name: str) -> None:
    assert path_part(name) == name


@pytest.mark.parametrize("name", ["", "x" * 300])
def test_names_that_no_file_can_have_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="cannot name a file"):
        path_part(name)
