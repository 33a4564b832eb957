"""Files that are no one-pass results are refused by name; files that are no results at all cost only themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from click.testing import CliRunner

from siamfc_eval.cli.main import cli
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.errors import InputError, SiamfcEvalError
from siamfc_eval.metrics.scoring import score
from siamfc_eval.results.check import check_results
from siamfc_eval.results.read import read_results


def save(path: Path, *runs: tuple[int, np.ndarray]) -> None:
    """OTB's `.mat` of runs, each with its first frame, counted from 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = np.empty((1, len(runs)), dtype=object)
    for index, (start, boxes) in enumerate(runs):
        cells[0, index] = {"res": boxes, "type": "rect", "startFrame": start, "len": len(boxes)}
    scipy.io.savemat(path, {"results": cells})


def temporal(bench: Any) -> Path:
    """TRE results of a tracker that is right from every start."""
    folder = bench.folder / "results_TRE"
    for number, name in enumerate(("Car4", "Dog", "Fish")):
        truth = bench.truth(10.0 + number)
        save(folder / f"{name}_Mine.mat", *((start + 1, truth[start:]) for start in (0, 3, 6)))
    return folder


def invoke(*arguments: object) -> tuple[int, str]:
    """Exit code and what was printed, standard error and errors among it."""
    try:
        found = CliRunner().invoke(
            cli, [str(argument) for argument in arguments], standalone_mode=False, catch_exceptions=False
        )
    except SiamfcEvalError as error:
        return error.exit_code, str(error)
    return found.return_value or 0, found.output


def test_several_segments_in_a_file_are_no_one_pass_run(bench: Any) -> None:
    dataset = bench.dataset()
    raw = read_results(temporal(bench), dataset)
    assert score(raw, dataset, "otb-tre").trackers["Mine"].values["success_auc"] == pytest.approx(20 / 21)
    for convention in ("otb-matlab", "got10k", "pysot"):
        with pytest.raises(InputError) as caught:
            score(raw, dataset, convention)
        text = str(caught.value)
        assert "Car4_Mine.mat: holds 3 runs of Car4" in text
        assert text.count("(TRE)") == 3  # once for each file, whatever it holds
        assert text.count("--segment 1") == 1


def test_the_first_segment_is_the_one_pass_when_asked_for(bench: Any) -> None:
    dataset, folder = bench.dataset(), temporal(bench)
    found = score(read_results(folder, dataset, segment=1), dataset, "otb-matlab").trackers["Mine"]
    assert found.values["success_auc"] == pytest.approx(20 / 21)
    assert any("run 1 is scored" in note for note in found.notes)
    with pytest.raises(InputError, match="starts at frame 4 of Car4"):
        score(read_results(folder, dataset, segment=2), dataset, "otb-matlab")
    with pytest.raises(InputError, match=r"expected a segment 4, found 3 runs.*--segment 1"):
        read_results(folder, dataset, segment=4)


@pytest.mark.parametrize("verb", ["score", "compare"])
def test_the_verbs_take_a_segment(bench: Any, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIAMFC_EVAL_CACHE", str(bench.folder / "kept"))
    what = (verb, temporal(bench), "--annotations", bench.annotations, "--dataset", "otb2015")
    code, output = invoke(*what)
    assert code == 1
    assert "TRE" in output
    for _ in range(2):
        code, output = invoke(*what, "--segment", 1, "--json")
        assert code in {0, 2}  # 2 where three sequences are said not to be the whole of otb2015
        assert "0.952" in output
    code, output = invoke(*what)
    assert code == 1, "what was kept of the first segment is not taken for all of them"


def test_shifted_runs_are_no_one_pass_run_either(bench: Any) -> None:
    place = bench.folder / "results_SRE" / "Mine"
    place.mkdir(parents=True)
    truth = bench.truth(10.0)
    shifts = [
        {"res": truth.tolist(), "resType": "rect", "startFrame": 1, "shiftType": name} for name in ("left", "right")
    ]
    (place / "Car4.json").write_text(json.dumps(shifts))
    dataset = bench.dataset()
    with pytest.raises(InputError, match=r"holds 2 runs of Car4 from shifted boxes.*SRE.*otb-sre"):
        score(read_results(bench.folder / "results_SRE", dataset), dataset, "otb-matlab")


BROKEN = [
    ("Dog.txt", b"11,30,20,20\n12,30,twenty,20\n", "Dog.txt:2"),
    ("Dog.txt", b"", "Dog.txt: the file is empty"),
    ("Dog.json", b"{", "Dog.json: expected OTB results"),
]


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize(("name", "content", "said"), BROKEN)
def test_a_broken_file_costs_that_file_only(bench: Any, name: str, content: bytes, said: str, cached: bool) -> None:
    whole = bench.score().trackers["near"]
    (bench.results / "near" / "Dog.txt").unlink()
    (bench.results / "near" / name).write_bytes(content)
    for _ in range(2):
        scores = bench.score(cache=bench.folder / "kept" if cached else None, skip_unreadable=True)
        assert set(scores.trackers) == {"near", "far"}
        near = scores.trackers["near"]
        assert np.isnan(near.sequences["Dog"]["success_auc"])
        assert near.sequences["Car4"] == whole.sequences["Car4"]
        expected = np.mean([whole.sequences[name]["success_auc"] for name in ("Car4", "Fish")])
        assert near.values["success_auc"] == pytest.approx(expected)
        assert any(gap == "near: no result of Dog." for gap in scores.incomplete)
        (message,) = scores.metadata["refused"]
        assert message.startswith("near, not scored: ")
        assert said in message


def test_a_repetition_that_is_broken_leaves_the_others(bench: Any) -> None:
    for number in (1, 2):
        place = bench.results / "near" / "Dog"
        place.mkdir(exist_ok=True)
        np.savetxt(place / f"Dog_{number:03d}.txt", bench.truth(11.0), delimiter=",")
    (bench.results / "near" / "Dog.txt").unlink()
    (bench.results / "near" / "Dog" / "Dog_002.txt").write_text("no box\n")
    for _ in range(2):
        scores = bench.score(cache=bench.folder / "kept", skip_unreadable=True)
        assert scores.trackers["near"].sequences["Dog"]["success_auc"] == pytest.approx(20 / 21)
        assert len(scores.metadata["refused"]) == 1
    np.savetxt(bench.results / "near" / "Dog" / "Dog_002.txt", bench.truth(90.0), delimiter=",")
    assert bench.score(cache=bench.folder / "kept").trackers["near"].sequences["Dog"]["success_auc"] < 0.6


def test_a_foreign_matlab_file_costs_neither_the_others_nor_their_trackers(bench: Any) -> None:
    folder = bench.folder / "mat"
    for number, name in enumerate(("Car4", "Dog", "Fish")):
        save(folder / f"{name}_Mine.mat", (1, bench.truth(10.0 + number)))
    scipy.io.savemat(folder / "car4_Other.mat", {"seq_len": 3})  # the same sequence in another spelling
    code, output = invoke("score", folder, "--annotations", bench.annotations, "--dataset", "otb2015", "--no-cache")
    assert code == 1
    assert "car4_Other.mat: expected a variable 'results', found seq_len" in output
    assert ".952" in output
    (mine, other) = check_results(read_results(folder, bench.dataset()))
    assert mine.usable
    assert not other.usable


def test_where_nothing_can_be_read_the_files_are_named(bench: Any) -> None:
    for path in bench.results.rglob("*.txt"):
        path.write_text("no box\n")
    with pytest.raises(InputError, match=r"Car4.txt:1.*Dog.txt:1"):
        bench.score()


@pytest.mark.shared
def test_published_tre_results_are_refused_as_one_pass(shared: Path) -> None:
    folder = shared / "data/otb2015"
    subset = load_dataset(folder / "annotations.json", "otb50")
    raw = read_results(folder / "tre_sre" / "TRE", subset)
    with pytest.raises(InputError, match=r"20 runs of .*TRE"):
        score(raw, subset, "otb-matlab")
    first = score(read_results(folder / "tre_sre" / "TRE", subset, segment=1), subset, "otb-matlab").trackers["IVT"]
    assert first.values["success_auc"] > 0.2
