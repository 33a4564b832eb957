"""`compare` and `report` on raw results of three made-up trackers of the embedded benchmark."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from siamfc_eval.cli.verbs.compare_verb import command as compare
from siamfc_eval.cli.verbs.report_verb import command as report
from siamfc_eval.synthetic.benchmark import embedded_benchmark


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ground truth with a jitter that grows from tracker to tracker."""
    folder = tmp_path_factory.mktemp("results")
    generator = np.random.default_rng(4)
    for name, jitter in (("steady", 0.5), ("shaky", 4.0), ("wild", 12.0)):
        (folder / name).mkdir()
        for sequence in embedded_benchmark():
            boxes = sequence.boxes + generator.normal(0, jitter, sequence.boxes.shape) * [1, 1, 0.2, 0.2]
            np.savetxt(folder / name / f"{sequence.name}.txt", boxes, delimiter=",", fmt="%.17g")
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIAMFC_EVAL_CACHE", str(tmp_path / "cache"))


OPTIONS = ["--dataset", "synthetic", "--resamples", "400"]


def test_compare_tells_the_trackers_apart_as_json(results: Path) -> None:
    done = CliRunner().invoke(compare, [str(results), *OPTIONS, "--json"], standalone_mode=False)
    assert done.return_value == 0, done.output
    told = json.loads(done.output)
    assert list(told["trackers"]) == ["steady", "shaky", "wild"]
    assert all(pair["p_adjusted"] < 0.05 for pair in told["pairs"])
    assert told["trackers"]["steady"]["low"] < told["trackers"]["steady"]["value"] < told["trackers"]["steady"]["high"]


def test_compare_speaks_in_sentences_to_people(results: Path) -> None:
    done = CliRunner().invoke(compare, [str(results), *OPTIONS, "--metric", "success_rate_75"], standalone_mode=False)
    assert "steady has the best Success @0.75" in done.output


def test_compare_says_what_a_convention_tolerates(results: Path, tmp_path: Path) -> None:
    import shutil

    short = tmp_path / "short"
    shutil.copytree(results, short)
    cut = sorted((short / "wild").iterdir())[0]
    cut.write_text("".join(cut.read_text().splitlines(keepends=True)[:-3]))
    done = CliRunner().invoke(compare, [str(short), *OPTIONS], standalone_mode=False)
    assert f"wild: {cut.stem}:" in done.output
    assert "the last 3 frames are not scored" in done.output


def test_report_draws_curves_for_each_convention(results: Path, tmp_path: Path) -> None:
    arguments = [str(results), *OPTIONS, "--out", str(tmp_path / "r"), "--format", "svg"]
    arguments += ["--convention", "otb-matlab", "--convention", "got10k"]
    done = CliRunner().invoke(report, arguments, standalone_mode=False)
    assert done.return_value == 0, done.output
    page = (tmp_path / "r" / "report.html").read_text()
    assert "synthetic, otb-matlab" in page
    assert "synthetic, got10k" in page
    figures = {path.name for path in (tmp_path / "r" / "figures").iterdir()}
    assert {"01-synthetic-otb-matlab-success.svg", "02-synthetic-got10k-precision.svg"} <= figures


def test_a_missing_sequence_is_named_and_ends_with_code_2(results: Path, tmp_path: Path) -> None:
    partial = tmp_path / "partial"
    for source in results.rglob("*.txt"):
        target = partial / source.relative_to(results)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    lost = sorted((partial / "wild").iterdir())[0]
    lost.unlink()
    done = CliRunner().invoke(report, [str(partial), *OPTIONS, "--format", "svg"], standalone_mode=False)
    assert done.return_value == 2
    assert lost.stem in done.output
    assert lost.stem in (partial / "report" / "report.html").read_text()


def test_compare_shows_ranks_first_and_pairs_on_request(results: Path) -> None:
    plain = CliRunner().invoke(compare, [str(results), *OPTIONS], standalone_mode=False).output
    assert "ranks" in plain
    assert "Are the differences real?" not in plain
    assert "--pairs" in plain
    full = CliRunner().invoke(compare, [str(results), *OPTIONS, "--pairs"], standalone_mode=False).output
    assert full.index("Ranking") < full.index("Are the differences real?")
    assert max(map(len, full.splitlines())) <= 80


def test_a_broken_file_costs_import_export_and_explain_that_file_only(results: Path, tmp_path: Path) -> None:
    import shutil

    from siamfc_eval.cli.main import cli

    damaged = tmp_path / "damaged"
    shutil.copytree(results, damaged)
    broken = sorted((damaged / "wild").iterdir())[0]
    broken.write_text(broken.read_text() + "garbage\n")
    files = len(list(results.rglob("*.txt")))

    def invoke(*words: str | Path) -> tuple[int, str]:
        done = CliRunner().invoke(cli, [*map(str, words), "--dataset", "synthetic"], standalone_mode=False)
        assert done.exception is None, done.exception
        return int(done.return_value or 0), done.output

    code, said = invoke("import", damaged, "--out", tmp_path / "in")
    assert code == 1
    assert f"not imported: {broken}:" in said
    assert len([path for path in (tmp_path / "in").rglob("*.txt") if path.parent.name != "times"]) == files - 1
    code, said = invoke("export", "results", damaged, "--out", tmp_path / "out", "--format", "plain")
    assert code == 1
    assert f"not exported: {broken}:" in said
    assert len(list((tmp_path / "out").rglob("*.txt"))) == files - 1
    code, said = invoke("explain", "otb-matlab", "got10k", damaged, "--tracker", "wild")
    assert broken.stem in said
