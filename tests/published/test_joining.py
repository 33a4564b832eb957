"""Published trackers stand beside one's own over the same sequences, or are refused with what differs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import siamfc_eval as se
from siamfc_eval.cli.main import cli
from siamfc_eval.errors import InputError, SiamfcEvalError, UnknownNameError
from siamfc_eval.published.catalogue import benchmarks, choose, published_on
from tests.metrics.conftest import Bench


@pytest.fixture
def file(bench: Bench) -> Path:
    """A file of statistics of `near` and `far`, and a tracker of one's own, `mine`, in results."""
    out = bench.folder / "theirs.npz"
    se.publish(bench.results, out, data=bench.annotations, source="a paper", version="2", groups=("group",))
    shutil.copytree(bench.results / "near", bench.folder / "own" / "mine")
    return out


def invoke(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words], standalone_mode=False)


def mine(bench: Bench, file: Path, **options: Any) -> Any:
    return se.score(bench.folder / "own", "otb-matlab", data=bench.annotations, published=[str(file)], **options)


def test_one_table_of_ones_own_and_published_trackers(bench: Bench, file: Path) -> None:
    scores = mine(bench, file)
    alone = bench.score()
    assert list(scores.trackers) == ["mine", "far", "near"]
    for name in ("far", "near"):
        assert dict(scores.trackers[name].values) == dict(alone.trackers[name].values)
        assert dict(scores.trackers[name].attributes) == dict(alone.trackers[name].attributes)
        assert scores.trackers[name].attribute_curves.keys() == alone.trackers[name].attribute_curves.keys()
    assert scores.metadata["published"]["near"]["source"] == "a paper"
    assert [gap for gap in scores.incomplete if "whole of" not in gap] == []
    pairs = se.compare(scores, resamples=200).pairs
    assert {(pair.better, pair.worse) for pair in pairs} == {("mine", "near"), ("mine", "far"), ("near", "far")}


def test_another_attribute_source_is_computed_for_published_trackers_too(bench: Bench, file: Path) -> None:
    scores = mine(bench, file, attribute_source="pytracking")
    assert set(scores.trackers["far"].attributes) == {"OCC"}


def test_a_name_that_both_have_stays_ones_own(bench: Bench, file: Path) -> None:
    scores = se.score(bench.results, "otb-matlab", data=bench.annotations, published=[str(file), str(file)])
    assert list(scores.trackers) == ["far", "near", "far (published)", "near (published)"]


def test_missing_results_are_named_and_refused_unless_asked_for(bench: Bench, file: Path) -> None:
    (bench.folder / "own/mine/Dog.txt").unlink()
    with pytest.raises(InputError, match=r"mine has no result of Dog\. .*--common-sequences .* on the 2 that all have"):
        mine(bench, file)
    scores = mine(bench, file, common_sequences=True)
    assert scores.sequences == ("Car4", "Fish")
    assert scores.incomplete[-1] == "everything is over the 2 of 3 sequences that all trackers have; left out: Dog."
    alone = bench.score().trackers["far"]
    over = np.asarray(alone.statistics)[[0, 2]].sum(axis=0)
    assert scores.trackers["far"].values == pytest.approx(
        {key: float(value) for key, value in scores.measure.finish(over).items()}
    )


def test_other_ground_truth_and_other_sequences_are_named(bench: Bench, file: Path) -> None:
    described = json.loads(bench.annotations.read_text())
    described["sequences"]["Dog"]["gt_rect"][3][0] += 1
    described["sequences"]["Bird1"] = described["sequences"].pop("Fish")
    shutil.move(bench.folder / "own/mine/Fish.txt", bench.folder / "own/mine/Bird1.txt")
    bench.annotations.write_text(json.dumps(described))
    with pytest.raises(InputError) as refused:
        mine(bench, file)
    said = str(refused.value)
    assert "the ground truth of Dog is not the one of theirs.npz" in said
    assert "otb2015 has no Fish here, as theirs.npz has" in said
    assert "theirs.npz has no Bird1" in said
    assert mine(bench, file, common_sequences=True).sequences == ("Car4",)


def test_no_sequence_in_common_is_refused_even_where_asked_for(bench: Bench, file: Path) -> None:
    described = json.loads(bench.annotations.read_text())
    for sequence in described["sequences"].values():
        sequence["gt_rect"][3][0] += 1
    bench.annotations.write_text(json.dumps(described))
    with pytest.raises(InputError, match="no sequence in common"):
        mine(bench, file, common_sequences=True)


def test_scores_of_another_definition_are_not_put_beside(bench: Bench, file: Path) -> None:
    with pytest.raises(InputError, match="len: pad here, none there"):
        mine(bench, file, on_mismatch="pad")


def test_only_what_is_published(file: Path) -> None:
    scores = se.score(published=[str(file)], convention="pysot")
    assert (scores.convention, set(scores.trackers)) == ("pysot", {"near", "far"})
    assert scores.trackers["near"].attributes


def test_the_catalogue_gives_a_benchmark_s_table_without_any_data() -> None:
    done = invoke("score", "--with", "published", "--dataset", "OTB100", "--json")
    scores = json.loads(done.stdout)
    assert done.return_value == 0
    assert len(scores["trackers"]) == 37
    assert scores["trackers"]["ECO"]["success_auc"] == pytest.approx(0.691, abs=0.0005)
    assert scores["trackers"]["ECO"]["attributes"]["OCC"]["success_auc"] == pytest.approx(0.681, abs=0.0005)
    ranked = invoke("compare", "--with", "SiamRPN++,classics", "--dataset", "otb2015", "--resamples", "50", "--json")
    assert set(json.loads(ranked.stdout)["trackers"]) == {"SiamRPN++", "TLD", "OAB", "MEEM", "Struck"}


def test_words_that_mean_nothing_are_told() -> None:
    with pytest.raises(UnknownNameError, match=r"group of otb2015 'SiamRNP'\. Did you mean SiamRPN"):
        choose(["SiamRNP"], "otb2015")
    with pytest.raises(InputError, match="no published statistics of 'nfs30'"):
        choose(["published"], "nfs30")
    with pytest.raises(InputError, match="there is nothing to score"):
        se.score()


def test_a_tracker_that_was_named_and_has_no_scores_under_a_convention_is_refused() -> None:
    with pytest.raises(InputError, match=r"MDNet has no published scores under got10k: Board\.txt.*some under otb-mat"):
        se.score(published=["MDNet"], dataset="otb2015", convention="got10k")
    scores = se.score(published=["published"], dataset="otb2015", convention="got10k")
    assert "MDNet" not in scores.trackers
    assert any(note.startswith("MDNet has no published scores") for note in scores.metadata["notes"])


def test_every_table_of_the_catalogue_can_be_read_and_is_of_a_few_megabytes() -> None:
    total = 0
    for benchmark in benchmarks():
        file = published_on(benchmark)
        total += len(file.archive)
        for convention in file.conventions:
            scores = file.scores(convention, list(file.head.trackers)[:1])
            assert scores.signature.startswith(f"{benchmark}|conv:{convention}|")
        assert all(origin.source and origin.digest for origin in file.head.trackers.values())
    assert total < 8_000_000


def test_publish_and_list_on_the_command_line(bench: Bench) -> None:
    out = bench.folder / "mine.npz"
    bench.write("short", "Fish", bench.truth(10.0)[:-2])
    done = invoke("publish", bench.results, "--data", bench.annotations, "--out", out, "--convention", "pysot")
    assert done.return_value == 0
    assert done.stdout.splitlines()[0] == "pysot: far, near"
    assert "pysot has no scores of short: Fish.txt: 10 lines" in done.stderr
    listed = json.loads(invoke("list", "published", "--json").stdout)
    assert {"name": "SiamDW", "dataset": "lasot"}.items() <= listed[0].items()
    wrong = invoke("publish", bench.results, "--data", bench.annotations, "--out", bench.folder / "mine.json")
    assert isinstance(wrong.exception, SiamfcEvalError)
    assert "ends in .npz" in str(wrong.exception)


def test_runs_of_another_protocol_are_not_put_beside(bench: Bench, file: Path) -> None:
    shutil.copytree(bench.folder / "own/mine", bench.folder / "vot/mine/unsupervised")
    asked: dict[str, Any] = {"data": bench.annotations, "protocol": "unsupervised", "published": [str(file)]}
    with pytest.raises(InputError, match="are of runs of the protocol 'ope', and these are of 'unsupervised'"):
        se.score(bench.folder / "vot", "otb-matlab", **asked)


def test_a_report_of_ones_own_and_of_published_trackers(bench: Bench, file: Path) -> None:
    page = se.report(bench.folder / "own", data=bench.annotations, published=[str(file)], resamples=100).page
    assert "near" in page.read_text()
    only = se.report(dataset="otb2015", published=["classics"], out=bench.folder / "only", resamples=100)
    assert "Struck" in only.page.read_text()


def test_the_command_says_for_programs_what_it_wrote(bench: Bench, tmp_path: Path) -> None:
    (bench.results / "far" / "Dog.txt").unlink()
    out = tmp_path / "mine.npz"
    words = ["publish", bench.results, "--data", bench.annotations, "--out", out, "--reference", "a paper", "--json"]
    words += ["--convention", "plain"]
    done = CliRunner().invoke(cli, [str(word) for word in words], standalone_mode=False)
    [table] = json.loads(done.stdout)["tables"]
    assert (table["convention"], table["missing"]) == ("plain", {"far": ["Dog"]})
    assert done.return_value == 2
    assert out.is_file()


@pytest.mark.shared
def test_pysot_s_copy_of_otb_is_the_same_ground_truth(shared: Path) -> None:
    """It has Tiger1 without five frames that nearly no published result has."""
    from siamfc_eval.datasets.load import load_dataset
    from siamfc_eval.metrics.scoring import score
    from siamfc_eval.results.read import read_results

    dataset = load_dataset(shared / "data/annotations_pysot/OTB100.json")
    folder = shared / "data/otb2015/results"
    scores = se.score(folder, "pysot", data=dataset, trackers=("SiamFC",), published=["ECO", "SiamRPN"])
    assert len(scores.sequences) == 100
    raw = score(read_results(folder, dataset, ("SiamRPN",)), dataset, "pysot").trackers["SiamRPN"]
    np.testing.assert_array_equal(scores.trackers["SiamRPN"].statistics, raw.statistics)
    every = se.score(folder, "pysot", data=dataset, trackers=("SiamFC",), published=["published"])
    assert "ECO" in every.trackers
    assert "Staple-py" not in every.trackers
    assert any("Staple-py: left out" in note for note in every.metadata["notes"])
    with pytest.raises(InputError, match="Staple-py: published on more frames of Tiger1"):
        se.score(folder, "pysot", data=dataset, trackers=("SiamFC",), published=["Staple-py"])
