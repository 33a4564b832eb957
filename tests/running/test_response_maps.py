"""Response maps are kept beside results on request: of every protocol, however it is run, and none is mixed up."""

from __future__ import annotations

import dataclasses
import gc
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from siamfc_eval.errors import InputError
from siamfc_eval.results.manifest import Manifest, read_manifest
from siamfc_eval.results.read import read_results
from siamfc_eval.results.response_maps import LARGEST_SIDE, Recorder, maps_beside, pack_maps, read_maps
from siamfc_eval.running import events
from siamfc_eval.running.experiment import Experiment, parse_experiment
from siamfc_eval.running.options import RunOptions
from siamfc_eval.running.run import run_experiment
from tests.running.running_toys import OneByOne, ToyState, ToyTracker, small_dataset

MAPS = RunOptions(lanes=1, responses=True)
DIGEST = "0f" * 16


class Mapping(ToyTracker):
    """Gives maps whose highest value is the number of the frame, and whose size changes."""

    def update(self, state: ToyState, frame: Any) -> Any:
        following, output = super().update(state, frame)
        response = np.zeros((3 + state.calls % 2, 5), np.float32)
        response[1, 2] = number = float(frame.pixels[0, 0, 0])
        return following, dataclasses.replace(output, response=response, covered=np.array([number, 1.0, 50.0, 30.0]))


class MappingOneByOne(OneByOne):
    """The same without batches, which runs in processes."""

    def update(self, state: Any, frame: Any) -> Any:
        box, output = super().update(state, frame)
        response = np.full((2, 2), float(frame.pixels[0, 0, 0]))
        response[0, 0] = -1.0
        return box, dataclasses.replace(output, response=response)


def experiment(kind: str = "ope", **settings: Any) -> Experiment:
    return parse_experiment({"name": "toys", "protocols": [{"kind": kind, **settings}]}, "here")


def manifest_in(folder: Path) -> Manifest:
    found = read_manifest(folder)
    assert found is not None
    return found


def maps_of(path: Path) -> Any:
    """The maps of a result file, by way of its own digest."""
    from siamfc_eval.results.content import content_digest

    place = maps_beside(path)
    assert place is not None
    return read_maps(place, content_digest(path.read_bytes()))


@pytest.mark.parametrize("kind", ["ope", "supervised", "unsupervised", "realtime", "tre", "sre", "multi-start"])
def test_every_frame_that_the_tracker_answered_has_its_map(kind: str, tmp_path: Path) -> None:
    settings = {"repetitions": 2} if kind == "supervised" else {}
    dataset = small_dataset(60)
    run_experiment(experiment(kind, **settings), [Mapping()], dataset, tmp_path, options=MAPS)
    results = sorted(path for path in tmp_path.rglob("s1*.txt") if not path.stem.endswith(("time", "confidence")))
    assert results
    for path in results:
        maps = maps_of(path)
        np.testing.assert_array_equal(maps.highs, maps.frames)  # the frame number is what the tracker put in
        np.testing.assert_array_equal(maps.covered[:, 0], maps.frames)
        assert np.isnan(maps.searched).all()
        assert len(set(maps.frames.tolist())) == len(maps) > 10
    counts = [
        status.responses
        for status in manifest_in(results[0].parent.parent if kind != "ope" else results[0].parent).items.values()
    ]
    assert counts == [len(maps_of(path)) for path in results]
    runs = read_results(tmp_path, dataset)["toy"].runs["s1"]
    assert len(runs) == len(results)  # files of maps are taken for no results


@pytest.mark.parametrize(
    ("tracker", "options"),
    [
        (Mapping, RunOptions(lanes=3, workers=2)),
        (MappingOneByOne, RunOptions(workers=2)),
        (MappingOneByOne, RunOptions(lanes=1)),
    ],
    ids=["lanes", "processes", "serial"],
)
def test_maps_are_the_same_however_it_is_run(tracker: Any, options: RunOptions, tmp_path: Path) -> None:
    dataset = small_dataset(6, 9, 7)
    how = dataclasses.replace(options, responses=True)
    run_experiment(experiment(), [tracker()], dataset, tmp_path / "a", options=how)
    run_experiment(experiment(), [tracker()], dataset, tmp_path / "b", options=MAPS)
    for one, other in zip(*(sorted(tmp_path.glob(f"{side}/*/*/*.txt")) for side in "ab"), strict=True):
        assert maps_of(one).values.tobytes() == maps_of(other).values.tobytes()
        assert maps_of(one).frames.tolist() == list(range(1, len(one.read_text().splitlines())))


def test_results_and_what_a_run_continues_by_are_those_of_a_run_without_maps(tmp_path: Path) -> None:
    dataset = small_dataset(6, 8)
    for side, options in (("a", MAPS), ("b", RunOptions(lanes=1))):
        run_experiment(experiment(), [Mapping()], dataset, tmp_path / side, options=options)
    [(with_maps, kept), (without, none)] = [
        (manifest_in(tmp_path / side / "toys/toy"), sorted((tmp_path / side).rglob("*.npz"))) for side in "ab"
    ]
    assert with_maps.identity == without.identity
    assert {key: item.digest for key, item in with_maps.items.items()} == {
        key: item.digest for key, item in without.items.items()
    }
    assert [path.name for path in kept] == ["s1_response.npz", "s2_response.npz"]
    assert none == []
    assert with_maps.settings["responses"] == "kept"
    assert "responses" not in (tmp_path / "b/toys/toy/manifest.json").read_text()


def test_an_interrupted_run_goes_on_to_all_its_maps_and_one_without_is_completed(tmp_path: Path) -> None:
    dataset = small_dataset(6, 8, 7)

    def interrupt(event: events.Event) -> None:
        if isinstance(event, events.ItemFinished):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_experiment(experiment(), [Mapping()], dataset, tmp_path, options=MAPS, on_event=interrupt)
    timed = (tmp_path / "toys/toy/times/s1_time.txt").read_bytes()
    run_experiment(experiment(), [Mapping()], dataset, tmp_path, options=RunOptions(lanes=1))
    assert len(sorted(tmp_path.rglob("*.npz"))) == 1
    third = run_experiment(experiment(), [Mapping()], dataset, tmp_path, options=MAPS)
    assert (third.protocols[0].ran, third.protocols[0].done_before) == (2, 1)
    assert len(sorted(tmp_path.rglob("*.npz"))) == 3
    assert (tmp_path / "toys/toy/times/s1_time.txt").read_bytes() == timed
    assert {item.seconds is not None for item in manifest_in(tmp_path / "toys/toy").items.values()} == {True}
    assert run_experiment(experiment(), [Mapping()], dataset, tmp_path, options=MAPS).protocols[0].ran == 0
    (tmp_path / "toys/toy/responses/s2_response.npz").unlink()
    assert run_experiment(experiment(), [Mapping()], dataset, tmp_path, options=MAPS).protocols[0].ran == 1


def test_maps_that_a_killed_run_left_without_telling_the_manifest_are_found(tmp_path: Path) -> None:
    dataset, folder = small_dataset(6, 8), tmp_path / "toys/toy"
    run_experiment(experiment(), [Mapping()], dataset, tmp_path, options=MAPS)
    complete = manifest_in(folder)
    (folder / "manifest.json").write_text(complete.model_copy(update={"items": {}}).model_dump_json())
    assert run_experiment(experiment(), [Mapping()], dataset, tmp_path, options=MAPS).protocols[0].ran == 0
    assert [item.responses for item in manifest_in(folder).items.values()] == [5, 7]


def test_maps_that_would_not_be_of_the_results_are_named_as_missing(tmp_path: Path) -> None:
    dataset = small_dataset(30)
    for kind in ("ope", "realtime"):
        run_experiment(experiment(kind), [Mapping()], dataset, tmp_path, options=RunOptions(lanes=1))
    before = {path: path.read_bytes() for path in tmp_path.rglob("s1*.txt")}

    class Changed(Mapping):
        def update(self, state: ToyState, frame: Any) -> Any:
            following, output = super().update(state, frame)
            return following, dataclasses.replace(output, region=output.region + 1.0)

    for kind, reason in (("ope", "came out otherwise"), ("realtime", "against the clock")):
        summary = run_experiment(experiment(kind), [Changed()], dataset, tmp_path, options=MAPS)
        assert any("1 result without response maps (s1" in note and reason in note for note in summary.notes)
    assert {path: path.read_bytes() for path in before} == before
    assert not sorted(tmp_path.rglob("*.npz"))
    fresh = run_experiment(experiment(), [Changed()], dataset, tmp_path, options=dataclasses.replace(MAPS, fresh=True))
    assert not fresh.notes
    assert len(sorted(tmp_path.rglob("*.npz"))) == 1
    # Another result in its place has no right to them.
    run_experiment(experiment(), [Mapping()], dataset, tmp_path, options=RunOptions(lanes=1, fresh=True))
    assert not sorted(tmp_path.rglob("*.npz"))


def test_a_tracker_without_maps_is_run_once_and_said_to_have_none(tmp_path: Path) -> None:
    for ran in (2, 0):
        summary = run_experiment(experiment(), [ToyTracker()], small_dataset(6, 8), tmp_path, options=MAPS)
        assert summary.exit_code == 0
        assert summary.protocols[0].ran == ran
        assert summary.notes == ["toy, ope: this tracker gives no response maps."]
    assert not sorted(tmp_path.rglob("*.npz"))


def test_a_map_that_is_no_table_fails_the_run_only_where_maps_are_asked_for(tmp_path: Path) -> None:
    class Flat(ToyTracker):
        def update(self, state: ToyState, frame: Any) -> Any:
            following, output = super().update(state, frame)
            return following, dataclasses.replace(output, response=np.zeros(4, np.float32))

    assert (
        run_experiment(experiment(), [Flat()], small_dataset(6), tmp_path, options=RunOptions(lanes=1)).exit_code == 0
    )
    failed = run_experiment(experiment(), [Flat()], small_dataset(6), tmp_path / "m", options=MAPS)
    assert failed.exit_code == 3
    assert "frame 2: the tracker gave a response map of shape (4,)" in failed.failures[0].error


@pytest.mark.parametrize("options", [MAPS, RunOptions(lanes=2, workers=2, responses=True)], ids=["serial", "lanes"])
def test_maps_of_runs_that_are_written_are_let_go(
    options: RunOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: weakref.WeakSet[Any] = weakref.WeakSet()
    made, most = Recorder.maps, 0

    def watched(recorder: Recorder) -> Any:
        found = made(recorder)
        alive.add(found)
        return found

    def look(event: events.Event) -> None:
        nonlocal most
        if isinstance(event, events.ItemFinished):
            gc.collect()
            most = max(most, len(alive))

    monkeypatch.setattr(Recorder, "maps", watched)
    run_experiment(experiment(), [Mapping()], small_dataset(*[6] * 12), tmp_path, options=options, on_event=look)
    assert len(sorted(tmp_path.rglob("*.npz"))) == 12
    gc.collect()
    assert not alive
    # Toys in lanes end faster than a disk writes.
    assert options.lanes != 1 or most <= 2


def test_a_map_comes_back_within_half_a_step_and_odd_ones_do_no_harm() -> None:
    rng = np.random.default_rng(0)
    recorder = Recorder()
    given = [rng.normal(size=(17, 17)) * 10.0**power for power in (-9, 0, 9)]
    given += [np.full((3, 4), 7.0), np.where(np.eye(5) > 0, np.nan, 2.0), rng.normal(size=(200, 300))]
    for frame, response in enumerate([*given, np.full((2, 2), np.nan)]):
        recorder.add(frame, response)
    maps = recorder.maps()
    assert maps.frames.tolist() == [0, 1, 2, 3, 4, 5]  # the one without a number is left out
    for response, piece, low, high in zip(given[:3], maps.pieces(), maps.lows, maps.highs, strict=False):
        np.testing.assert_allclose(low + piece / 255 * (high - low), response, atol=0.51 * (high - low) / 255)
    assert maps.shapes[5].tolist() == [LARGEST_SIDE, LARGEST_SIDE]


def test_files_of_maps_are_small() -> None:
    rng = np.random.default_rng(0)
    recorder = Recorder()
    for frame in range(200):
        recorder.add(frame, rng.normal(size=(17, 17)), np.ones(4) * frame, np.ones(4) * frame)
    assert len(pack_maps(recorder.maps(), DIGEST)) < 200 * 350  # noise, which nothing makes smaller


def test_damaged_and_foreign_files_are_refused_by_name(tmp_path: Path) -> None:
    recorder = Recorder()
    recorder.add(3, np.eye(4))
    good, path = pack_maps(recorder.maps(), DIGEST), tmp_path / "x_response.npz"
    path.write_bytes(good)
    assert len(read_maps(path, DIGEST)) == 1
    with pytest.raises(InputError, match="of another result"):
        read_maps(path, "00" * 16)
    columns = dict(np.load(path))
    wrong: list[dict[str, Any]] = [
        {"values": columns["values"][:-1]},
        {"shapes": columns["shapes"] * 1000},
        {"lows": columns["lows"] * np.nan},
        {"frames": np.array([object()])},
        {"frames": columns["frames"] - 9},
        {"covered": columns["covered"][:, :3]},
    ]
    for change in wrong:
        np.savez(path, **{**columns, **change})
        with pytest.raises(InputError, match=r"x_response\.npz: not a file of response maps"):
            read_maps(path, DIGEST)
    for end in (0, 10, len(good) // 2, len(good) - 5):
        path.write_bytes(good[:end])
        with pytest.raises(InputError, match=r"x_response\.npz"):
            read_maps(path, DIGEST)
    for place in range(0, len(good), 7):
        path.write_bytes(good[:place] + bytes([good[place] ^ 0x55]) + good[place + 1 :])
        try:
            assert len(read_maps(path, DIGEST)) == 1
        except InputError:
            continue
