"""Statistics survive the way into a small file and back; damaged files and those of other definitions are refused."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.metrics.conventions import build_measure
from siamfc_eval.metrics.scores import Measure, Scores
from siamfc_eval.metrics.scoring import score
from siamfc_eval.metrics.summing import summed
from siamfc_eval.protocols.trajectory import Code, Trajectory
from siamfc_eval.published import record
from siamfc_eval.published.catalogue import Chosen
from siamfc_eval.published.columns import STEP, pack, parts_of, unpack
from siamfc_eval.published.files import Published, read_published, write_published
from siamfc_eval.published.joining import joined
from siamfc_eval.published.making import origin_of, scores_to_publish
from siamfc_eval.published.record import Origin
from siamfc_eval.results.read import read_results
from tests.metrics.conftest import Bench

CONVENTIONS = ("otb-matlab", "got10k", "pysot", "plain")


@pytest.fixture
def written(bench: Bench) -> Published:
    """Two trackers, of which one lacks a sequence and one has a file that two conventions refuse."""
    (bench.results / "far" / "Dog.txt").unlink()
    bench.write("short", "Fish", bench.truth(10.0)[:-2])
    dataset = bench.dataset()
    raw = read_results(bench.results, dataset)
    origins = {name: origin_of(result, "a paper", "1", ("mine",)) for name, result in raw.items()}
    write_published(bench.folder / "s.npz", dataset, scores_to_publish(raw, dataset, CONVENTIONS), origins)
    return read_published(bench.folder / "s.npz")


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_scores_are_those_of_the_raw_results_bit_by_bit(bench: Bench, written: Published, convention: str) -> None:
    raw = bench.score(convention, skip_unusable=True)
    kept = written.scores(convention)
    assert set(kept.trackers) == set(raw.trackers)
    assert kept.signature == raw.signature
    for name, tracker in raw.trackers.items():
        found = kept.trackers[name]
        np.testing.assert_array_equal(found.statistics, tracker.statistics)
        np.testing.assert_equal(dict(found.values), dict(tracker.values))
        np.testing.assert_equal(dict(found.attributes), dict(tracker.attributes))
        assert found.notes == tracker.notes
    assert kept.missing("far") == ("Dog",)
    assert kept.attribute_counts == raw.attribute_counts


def test_a_tracker_that_a_convention_refuses_is_named_with_the_reason_and_without_a_folder(
    bench: Bench, written: Published
) -> None:
    assert "short" in written.conventions["otb-matlab"].trackers
    refused = written.conventions["pysot"].refused["short"]
    assert refused.startswith("Fish.txt: 10 lines for the 12 frames")
    assert str(bench.folder) not in written.archive.decode("latin1")


def test_no_box_and_no_annotation_is_in_a_file(written: Published) -> None:
    with zipfile.ZipFile(written.path) as archive:
        head = json.loads(archive.read("head.json"))
        names = {name.partition("/")[2] for name in archive.namelist()}
    assert set(head["sequences"][0]) == {"name", "frames", "ground_truth"}
    parts = ("success", "precision", "norm_precision", "overlap", "attributes", "")
    assert {name.partition(".")[0].removesuffix("_weight") for name in names} <= set(parts)


def test_the_same_results_are_the_same_bytes(bench: Bench, written: Published) -> None:
    dataset = bench.dataset()
    raw = read_results(bench.results, dataset)
    again = bench.folder / "again.npz"
    write_published(again, dataset, scores_to_publish(raw, dataset, CONVENTIONS), written.head.trackers)
    assert again.read_bytes() == written.archive


def test_another_definition_is_refused(written: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "DEFINITION", record.DEFINITION + 1)
    with pytest.raises(InputError, match=r"of siamfc-eval .* defines pysot otherwise.*written again from the raw"):
        written.scores("pysot")


def test_a_convention_that_is_not_there_is_refused(written: Published) -> None:
    with pytest.raises(InputError, match="has no statistics under lasot; it has otb-matlab, got10k, pysot, plain"):
        written.scores("lasot")


def rewritten(written: Published, change: Any = None, members: Any = None) -> Path:
    """The file with another head or other members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(written.path) as archive, zipfile.ZipFile(buffer, "w") as out:
        for name in archive.namelist():
            data = archive.read(name)
            if name == "head.json" and change is not None:
                head = json.loads(data)
                change(head)
                data = json.dumps(head).encode()
            out.writestr(name, data if members is None else members(name, data))
    path = written.path.with_name("other.npz")
    path.write_bytes(buffer.getvalue())
    return path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda head: head.update(version=9), "is of layout 9, and this siamfc-eval reads layout 1"),
        (lambda head: head.update(format="other"), "format"),
        (lambda head: head["tables"][0]["trackers"].append("nobody"), "nobody of table 0 is not among"),
        (lambda head: head["tables"][0]["columns"][0].update(shape=[3, 3, 10**9]), "has the shape"),
        (lambda head: head["tables"][0]["columns"][0].update(shape=[3, 3, 22]), "is cut short or missing"),
        (lambda head: head["tables"][1].update(like=1), "is like a later one"),
        (lambda head: head["sequences"].append(head["sequences"][0]), "named twice"),
    ],
)
def test_a_head_that_does_not_hold_together_is_refused(written: Published, change: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_published(rewritten(written, change))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a zip", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_such_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"x\.npz: expected a file of published statistics"):
        read_published(tmp_path / "x.npz")


def test_every_byte_that_changes_is_refused_or_changes_nothing(written: Published) -> None:
    before = {name: dict(one.values) for name, one in written.scores("otb-matlab").trackers.items()}
    path = written.path.with_name("damaged.npz")
    generator = np.random.default_rng(0)
    for place in generator.integers(0, len(written.archive), 60).tolist():
        data = bytearray(written.archive)
        data[place] ^= 0x55
        path.write_bytes(data)
        try:
            after = read_published(path).scores("otb-matlab")
        except InputError:
            continue
        np.testing.assert_equal({name: dict(one.values) for name, one in after.trackers.items()}, before)


def supervised() -> tuple[Dataset, Measure, np.ndarray]:
    """Three sequences of VOT2018's kind, and rows of three trackers with failures."""
    generator = np.random.default_rng(1)
    sequences = []
    for name, frames in (("a", 420), ("b", 150), ("c", 90)):
        sequences.append(Sequence(name, np.tile([10.0, 10.0, 30.0, 20.0], (frames, 1)), image_size=(200, 100)))
    dataset = Dataset("vot2018", tuple(sequences))
    measure = build_measure("vot-official", dataset)
    rows = np.full((3, 3, len(measure.statistics(dataset.sequences[0], [still(dataset.sequences[0])]))), np.nan)
    for tracker in range(3):
        for place, sequence in enumerate(sequences):
            runs = [failing(sequence, generator) for _ in range(3)]
            rows[tracker, place] = measure.statistics(sequence, runs)
    rows[1, 0] = np.nan
    return dataset, measure, rows


def still(sequence: Sequence) -> Trajectory:
    return Trajectory((Code(1), *sequence.boxes[1:]))


def failing(sequence: Sequence, generator: np.random.Generator) -> Trajectory:
    entries: list[Any] = [Code(1), *(sequence.boxes[1:] + generator.normal(0, 3, (len(sequence) - 1, 4)))]
    for failure in generator.integers(20, 80, 2).tolist():
        entries[failure : failure + 6] = [Code(2), Code(0), Code(0), Code(0), Code(0), Code(1)]
    return Trajectory(tuple(entries[: len(sequence)]))


def test_running_means_keep_their_totals_exactly_and_each_sequence_to_a_step() -> None:
    dataset, measure, rows = supervised()
    lengths = [len(sequence) for sequence in dataset]
    parts = parts_of(measure, rows.shape[2])
    missing = np.asarray(np.isnan(rows).any(axis=-1))
    found = unpack(pack(rows, parts, lengths), parts, missing)
    low, high = parts[0].exact
    assert (low, high) == (99, 356)
    for tracker, there in zip(range(3), ~missing, strict=True):
        np.testing.assert_array_equal(
            found[tracker, there, low:high].sum(axis=0), rows[tracker, there, low:high].sum(axis=0)
        )
        exact, kept = (
            measure.finish(rows[tracker, there].sum(axis=0)),
            measure.finish(found[tracker, there].sum(axis=0)),
        )
        assert kept == exact
        assert np.isfinite(kept["eao"])
    np.testing.assert_allclose(found[..., low:high], rows[..., low:high], atol=3 * STEP)
    length = parts[0].width
    np.testing.assert_array_equal(found[..., length:], rows[..., length:])
    np.testing.assert_allclose(found, rows, atol=2.0**-8)


def test_scores_of_single_sequences_are_exact_where_running_means_are_not(tmp_path: Path) -> None:
    dataset, measure, rows = supervised()
    trackers = {
        name: summed(name, measure, dataset.names, rows[place]) for place, name in enumerate(("one", "two", "three"))
    }
    line = "vot2018|conv:vot-official|gt:0|v:0.1.0"
    scores = Scores("vot2018", "vot-official", line, measure, dataset.names, trackers)
    origins = {name: Origin(source="a paper", version="1", digest="") for name in trackers}
    write_published(tmp_path / "s.npz", dataset, [scores], origins)
    file = read_published(tmp_path / "s.npz")
    assert file.head.tables[0].single == ("eao",)
    kept = file.scores("vot-official")
    rough = 0
    for name, tracker in trackers.items():
        np.testing.assert_equal(dict(kept.trackers[name].sequences), dict(tracker.sequences))
        of_rows = measure.finish(np.asarray(kept.trackers[name].statistics))["eao"]
        exact = np.array([tracker.sequences[one]["eao"] for one in dataset.names])
        rough += int(np.sum(np.isfinite(exact) & (of_rows != exact)))
    assert rough  # else there would be nothing to keep
    own = dataclasses.replace(scores, trackers={"mine": trackers["one"]})
    joint = joined(own, dataset, [Chosen(file, ("two", "three"), named=True)], common=True)
    np.testing.assert_equal(
        dict(joint.trackers["three"].sequences), {name: trackers["three"].sequences[name] for name in joint.sequences}
    )


def test_a_measure_that_says_nothing_of_its_rows_has_them_kept_as_they_are() -> None:
    dataset, _, _ = supervised()
    measure = build_measure("vot-official-ao", dataset)
    rows = np.random.default_rng(2).random((2, 3, 102))
    rows[0, 2] = np.nan
    parts = parts_of(measure, 102)
    np.testing.assert_array_equal(
        unpack(pack(rows, parts, [1, 1, 1]), parts, np.asarray(np.isnan(rows).any(axis=-1))), rows
    )


def test_nothing_to_publish_is_said(bench: Bench) -> None:
    with pytest.raises(InputError, match="no tracker was scored under any convention"):
        write_published(bench.folder / "none.npz", bench.dataset(), [], {})


@pytest.mark.shared
@pytest.mark.parametrize("convention", ["otb-matlab", "pysot"])
def test_the_catalogue_is_what_its_raw_results_say_today(shared: Path, convention: str) -> None:
    """Fails where the metrics have changed since: run `python -m siamfc_eval.published.rebuild`."""
    from siamfc_eval.datasets.load import load_dataset
    from siamfc_eval.published.catalogue import published_on

    dataset = load_dataset(shared / "data/otb2015/annotations.json", "otb2015")
    raw = read_results(shared / "data/otb2015/results", dataset, ("SiamRPN++", "TLD"))
    today = score(raw, dataset, convention)
    kept = published_on("otb2015").scores(convention, tuple(raw))
    assert kept.signature == today.signature
    for name, tracker in today.trackers.items():
        np.testing.assert_array_equal(kept.trackers[name].statistics, tracker.statistics)
        np.testing.assert_equal(dict(kept.trackers[name].values), dict(tracker.values))
        np.testing.assert_equal(dict(kept.trackers[name].attributes), dict(tracker.attributes))


@pytest.mark.shared
def test_the_catalogue_of_supervised_runs_is_what_its_raw_results_say_today(shared: Path) -> None:
    from siamfc_eval.datasets.load import load_dataset
    from siamfc_eval.published.catalogue import published_on

    for benchmark, tracker in (("vot2018", "SiamTPN"), ("vot2019", "NanoTrack")):
        dataset = load_dataset(shared / f"data/{benchmark}/annotations.json", benchmark)
        raw = read_results(shared / f"data/{benchmark}/results", dataset, (tracker,), "baseline")
        today = score(raw, dataset, "vot-official")
        kept = published_on(benchmark).scores("vot-official", (tracker,)).trackers[tracker]
        assert dict(kept.values) == dict(today.trackers[tracker].values)
        assert dict(kept.attributes) == dict(today.trackers[tracker].attributes)
        curve = np.nan_to_num(today.trackers[tracker].curves["eao"])
        np.testing.assert_allclose(np.nan_to_num(kept.curves["eao"]), curve, atol=2e-3)
        for sequence, values in today.trackers[tracker].sequences.items():
            np.testing.assert_equal(dict(kept.sequences[sequence]), dict(values))


def test_a_rule_that_comes_later_leaves_what_was_published_as_it_is_where_it_changes_nothing(bench: Bench) -> None:
    measure: Any = build_measure("pysot", bench.dataset())
    later = dataclasses.make_dataclass(
        "Later", [("blur", str, dataclasses.field(default="none"))], bases=(type(measure.rules),), frozen=True
    )
    rules = {field.name: getattr(measure.rules, field.name) for field in dataclasses.fields(measure.rules)}
    same = dataclasses.replace(measure, rules=later(**rules))
    other = dataclasses.replace(measure, rules=later(**rules, blur="some"))
    assert record.definition_of(same) == record.definition_of(measure)
    assert record.definition_of(other) != record.definition_of(measure)
    assert record.definition_of(build_measure("plain", bench.dataset())) != record.definition_of(measure)
