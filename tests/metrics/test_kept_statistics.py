"""Statistics that are kept between calls: the same numbers, never stale, whatever happens to the files."""

from __future__ import annotations

import json
import math
import multiprocessing
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import siamfc_eval
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.metrics import cache
from siamfc_eval.metrics.ope.measure import OpeMeasure
from siamfc_eval.metrics.scoring import score
from siamfc_eval.results import raw
from siamfc_eval.results.read import read_results
from siamfc_eval.storage.cache import default_folder


def test_kept_statistics_give_the_same_scores_without_parsing_files(
    bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept"
    first = bench.score(cache=kept).to_json()
    computed: list[int] = []
    compute = OpeMeasure.statistics_many

    def spy(self: OpeMeasure, sequences: Any, runs: Any) -> Any:
        computed.append(len(sequences))
        return compute(self, sequences, runs)

    monkeypatch.setattr(OpeMeasure, "statistics_many", spy)
    assert bench.score(cache=kept).to_json() == first
    assert computed == []
    bench.write("near", "Dog", bench.truth(11.0))
    bench.score(cache=kept)
    assert computed == [1]


def test_a_replaced_result_file_changes_the_score(bench: Any, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    before = bench.score(cache=kept).trackers["far"].values["success_auc"]
    file = bench.results / "far" / "Dog.txt"
    times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    content = file.read_bytes()
    bench.write("far", "Dog", bench.truth(11.0))
    after = bench.score(cache=kept).trackers["far"].values["success_auc"]
    assert after > before
    # Not even a file of the same size and the same time of change is taken for the one before.
    changed = content.replace(b"30", b"90")
    assert len(changed) == len(content)
    for data, expected_equal in ((content, True), (changed, False)):
        file.write_bytes(data)
        os.utime(file, ns=times)
        assert (bench.score(cache=kept).trackers["far"].values["success_auc"] == before) is expected_equal


def test_other_ground_truth_convention_or_code_changes_the_score(
    bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept"
    before = bench.score(cache=kept).trackers["near"]
    bench.annotations.write_text(bench.annotations.read_text().replace("30.0", "36.0"))
    moved = bench.score(cache=kept).trackers["near"]
    assert moved.values["precision_20"] <= before.values["precision_20"]
    assert moved.values["success_auc"] < before.values["success_auc"]
    bench.annotations.write_text(bench.annotations.read_text().replace("36.0", "30.0"))
    assert bench.score(cache=kept).trackers["near"].values == before.values
    monkeypatch.setattr(cache, "code_hash", lambda: "another version of this package")
    monkeypatch.setattr(OpeMeasure, "statistics_many", lambda self, sequences, runs: np.zeros((len(sequences), 130)))
    assert math.isnan(bench.score(cache=kept).trackers["near"].values["success_auc"])


def test_the_hash_of_the_code_covers_every_file_that_decides_a_score(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    read_bytes = Path.read_bytes

    def spy(path: Path) -> bytes:
        read.append(path.as_posix())
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", spy)
    cache.code_hash.__wrapped__()
    for file in ("compiled.py", "geometry/boxes.py", "metrics/ope/rules.py", "metrics/vot/years.toml"):
        assert any(path.endswith(f"/siamfc_eval/{file}") for path in read), file
    assert any(path.endswith("/results/formats/lines.py") for path in read)


def test_files_that_did_not_change_are_not_read_again(
    bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "_SETTLED_NS", 0)
    kept = tmp_path / "kept"
    bench.write("near", "Fish", bench.truth(12.0)[:-1])
    expected = bench.score("otb-matlab", cache=kept).to_json()
    with monkeypatch.context() as closed:
        closed.setattr(raw, "read_content", lambda path: pytest.fail(f"{path} was read"))
        assert bench.score("otb-matlab", cache=kept).to_json() == expected
    # The same content in another file is read, and not scored again.
    file = bench.results / "far" / "Dog.txt"
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content)
    with monkeypatch.context() as idle:
        idle.setattr(OpeMeasure, "statistics_many", lambda *_: pytest.fail("scored again"))
        assert bench.score("otb-matlab", cache=kept).to_json() == expected
    file.write_bytes(content.replace(b"30", b"90"))
    assert bench.score("otb-matlab", cache=kept).to_json() != expected


def test_new_times_change_the_speed(bench: Any, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    assert bench.score(cache=kept).trackers["near"].speed == {}
    (bench.results / "near" / "times").mkdir()
    for seconds in (0.5, 0.25):
        np.savetxt(bench.results / "near" / "times" / "Dog_time.txt", np.full(12, seconds))
        speed = bench.score(cache=kept).trackers["near"].speed
        assert speed == pytest.approx({"fps_total": 1 / seconds, "fps_mean": 1 / seconds})
    (bench.results / "near" / "times" / "Dog_time.txt").write_text("0.5\n")
    scores = bench.score(cache=kept)
    assert scores.trackers["near"].speed == {}
    assert any("times are not used" in note for note in scores.trackers["near"].notes)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 not an archive", b"\x93NUMPY\x01\x00"])
def test_a_damaged_cache_is_computed_again(bench: Any, tmp_path: Path, damage: bytes) -> None:
    kept = tmp_path / "kept"
    expected = bench.score(cache=kept).to_json()
    files = list(kept.glob("*.statistics"))
    assert len(files) == 2
    for file in files:
        file.write_bytes(damage)
    assert bench.score(cache=kept).to_json() == expected
    assert all(file.read_bytes() != damage for file in files)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.2, 0.6, 0.999])
def test_a_cache_that_was_cut_off_is_computed_again(bench: Any, tmp_path: Path, share: float) -> None:
    kept = tmp_path / "kept"
    expected = bench.score(cache=kept).to_json()
    for file in kept.glob("*.statistics"):
        content = file.read_bytes()
        file.write_bytes(content[: int(share * len(content))])
    assert bench.score(cache=kept).to_json() == expected


def test_no_changed_byte_changes_a_score(bench: Any, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    expected = bench.score(cache=kept).to_json()
    chance = np.random.default_rng(0)
    for file in kept.glob("*.statistics"):
        content = file.read_bytes()
        for at in [*range(0, 40, 8), *chance.integers(0, len(content), 40).tolist()]:
            damaged = bytearray(content)
            damaged[at] ^= int(chance.integers(1, 256))
            file.write_bytes(bytes(damaged))
            assert bench.score(cache=kept).to_json() == expected, at


def test_statistics_under_the_name_of_others_are_not_used(bench: Any, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    expected = bench.score(cache=kept).to_json()
    one, other = kept.glob("*.statistics")
    contents = one.read_bytes(), other.read_bytes()
    one.write_bytes(contents[1])
    other.write_bytes(contents[0])
    assert bench.score(cache=kept).to_json() == expected


def test_a_cache_that_cannot_be_written_to_is_no_error(bench: Any, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert bench.score(cache=blocked / "kept").incomplete == ()
    assert bench.score(cache=blocked).incomplete == ()


def _score_often(annotations: Path, results: Path, kept: Path, queue: Any) -> None:
    dataset = load_dataset(annotations, "otb2015")
    scores = (score(read_results(results, dataset), dataset, "otb-matlab", cache=kept) for _ in range(8))
    queue.put({json.dumps(one.to_json(), sort_keys=True) for one in scores})


def test_concurrent_runs_share_a_cache(bench: Any, tmp_path: Path) -> None:
    expected = json.dumps(bench.score().to_json(), sort_keys=True)
    kept = tmp_path / "kept"
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    arguments = (bench.annotations, bench.results, kept, queue)
    workers = [context.Process(target=_score_often, args=arguments) for _ in range(2)]
    for worker in workers:
        worker.start()
    found = [queue.get(timeout=120) for _ in workers]
    for worker in workers:
        worker.join()
    assert found == [{expected}] * len(workers)
    assert list(kept.glob("*.partial")) == []


def test_the_cache_is_where_the_variable_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SIAMFC_EVAL_CACHE", str(tmp_path))
    assert default_folder() == tmp_path
    monkeypatch.setenv("SIAMFC_EVAL_CACHE", "off")
    assert default_folder() is None
    monkeypatch.delenv("SIAMFC_EVAL_CACHE")
    folder = default_folder()
    assert folder is not None
    assert folder.name == "siamfc-eval"


def test_the_code_of_every_room_below_the_measures_decides_what_is_kept() -> None:
    package = Path(siamfc_eval.__file__).parent
    files = {str(path.relative_to(package)) for path in cache.code_files(package)}
    assert {"metrics/ope/counts.py", "metrics/vot/years.toml", "results/formats/text.py", "results/rows.py"} <= files
    assert {"geometry/raster.py", "protocols/trajectory.py"} <= files


@pytest.mark.parametrize("keep", [True, False])
def test_files_are_let_go_of_once_their_statistics_are_there(bench: Any, tmp_path: Path, keep: bool) -> None:
    results = read_results(bench.results, bench.dataset())
    score(results, bench.dataset(), "otb-matlab", cache=tmp_path / "kept" if keep else None)
    files = [run.file for one in results.values() for runs in one.runs.values() for run in runs]
    assert len(files) == 6
    assert all(file._data is None and file._rows is None for file in files)
