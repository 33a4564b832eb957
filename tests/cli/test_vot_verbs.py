"""What `run` did on a VOT challenge, the other verbs understand without being told again."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from siamfc_eval.cli.main import cli
from siamfc_eval.datasets.render_folder import render_to_folder
from siamfc_eval.errors import IncompleteError, InputError
from siamfc_eval.synthetic.benchmark import embedded_benchmark

NAMES = ("ball-dashes", "jelly-drifts")


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set in VOT's layout, in a folder whose name says nothing."""
    return render_to_folder(embedded_benchmark(length=12, names=NAMES), tmp_path_factory.mktemp("d") / "videos", "vot")


def invoke(*words: str | Path) -> str:
    outcome = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


@pytest.mark.parametrize(("experiment", "folder"), [("vot2018", "vot2018"), ("vot-supervised", "videos")])
def test_the_next_command_that_run_names_works(tmp_path: Path, videos: Path, experiment: str, folder: str) -> None:
    said = invoke("run", experiment, "--data", videos, "--tracker", "static", "--out", tmp_path)
    results = tmp_path / folder
    assert f"siamfc-eval report {results}" in said
    invoke("report", results, "--format", "png", "--resamples", "50")
    assert f"{folder}|conv:vot-official" in (results / "report" / "report.json").read_text()
    assert {file.name for file in (results / "report" / "figures").iterdir()} >= {"accuracy_reliability.png"}
    assert f"{folder}|conv:vot-official" in invoke("score", results)


def test_the_realtime_runs_are_reported_too(tmp_path: Path, videos: Path) -> None:
    invoke("run", "vot2018", "--data", videos, "--tracker", "static", "--out", tmp_path, "--no-score")
    results = tmp_path / "vot2018"
    for run in (results / "static" / "realtime").rglob("*_001.txt"):
        run.unlink()  # what is reported then lacks them
    outcome = CliRunner().invoke(cli, ["report", str(results), "--experiment", "realtime"])
    assert isinstance(outcome.exception, InputError)
    assert "realtime" in str(outcome.exception)
    invoke("compare", results, "--resamples", "50")


def test_where_no_tracker_could_be_scored_it_is_said_why(tmp_path: Path, videos: Path) -> None:
    for tracker in ("one", "two"):
        for name in NAMES:
            file = tmp_path / tracker / "baseline" / name / f"{name}_001.txt"
            file.parent.mkdir(parents=True)
            file.write_text("1\n1,2,3\n")
    words = ["compare", str(tmp_path), "--annotations", str(videos), "--convention", "vot-official"]
    outcome = CliRunner().invoke(cli, words)
    assert isinstance(outcome.exception, IncompleteError)
    assert "one is not scored" in str(outcome.exception)
