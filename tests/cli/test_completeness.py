"""Data that are not the whole of their benchmark, and workspaces of vot-toolkit, are told from all verbs alike."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from siamfc_eval.cli.main import cli
from siamfc_eval.datasets.known import shortfall
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.render_folder import render_to_folder
from siamfc_eval.results.manifest import read_manifest
from siamfc_eval.synthetic.benchmark import embedded_benchmark

LACKING = "2 sequences, where the whole of vot2018 has 60"
EXPERIMENT = """
dataset = "vot2018"
conventions = ["vot-official"]

[[protocols]]
kind = "supervised"
repetitions = 1
"""


def invoke(*words: str | Path) -> Result:
    outcome = CliRunner().invoke(cli, [str(word) for word in words], standalone_mode=False)
    assert outcome.exception is None, outcome.exception
    return outcome


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = embedded_benchmark(length=12, names=("ball-dashes", "jelly-drifts"))
    return render_to_folder(made, tmp_path_factory.mktemp("d") / "videos", "vot")


@pytest.fixture(scope="module")
def ran(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """The folder of results of a run, and what the run said."""
    place = tmp_path_factory.mktemp("runs")
    (place / "short.toml").write_text(EXPERIMENT)
    said = invoke("run", place / "short.toml", "--data", videos, "--tracker", "static", "--out", place)
    return place / "vot2018", said


def test_every_verb_says_that_the_data_are_not_the_whole_benchmark(ran: tuple[Path, Result]) -> None:
    results, said = ran
    others = [
        invoke("score", results),
        invoke("report", results, "--format", "png", "--resamples", "50"),
        invoke("compare", results, "--resamples", "50"),
    ]
    for outcome in (said, *others):
        assert outcome.return_value == 2
        assert outcome.stderr.count(f"incomplete: {LACKING}") == 1


def test_a_whole_benchmark_or_data_of_ones_own_lack_nothing() -> None:
    assert shortfall("vot2018", 60) == shortfall("videos", 2) == ""
    assert shortfall("VOT2018", 1) == "1 sequence, where the whole of vot2018 has 60"


def test_a_run_and_its_scores_name_the_same_ground_truth(ran: tuple[Path, Result], videos: Path) -> None:
    results, _ = ran
    manifest = read_manifest(results / "static" / "baseline")
    assert manifest is not None
    assert f"|gt:{manifest.identity['ground_truth']}|" in invoke("score", results).stdout
    other = embedded_benchmark(length=12, names=("ball-dashes", "disc-spins"))
    moved = render_to_folder(other, results.parent / "others", "vot")
    said = invoke("score", results, "--annotations", moved).stdout
    truth = load_dataset(moved, "vot2018").ground_truth_hash
    assert f"run on the ground truth {manifest.identity['ground_truth']} and is scored on {truth}" in said


def test_statistics_are_kept_in_one_folder(
    ran: tuple[Path, Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIAMFC_EVAL_CACHE", str(tmp_path))
    for verb in ("score", "compare"):
        invoke(verb, ran[0])
    assert {str(path.parent.relative_to(tmp_path)) for path in tmp_path.rglob("*.statistics")} == {"statistics"}


@pytest.mark.parametrize("stack", ["vot2018/shortterm", "vot2019/shortterm"])
def test_results_in_an_exported_workspace_are_scored_as_its_stack(
    ran: tuple[Path, Result], videos: Path, tmp_path: Path, stack: str
) -> None:
    workspace = tmp_path / "workspace"
    invoke("export", "vot-workspace", workspace, "--data", videos, "--tracker", "static", "--stack", stack)
    invoke("export", "results", ran[0], "--format", "vot-toolkit", "--out", workspace)
    benchmark = stack.partition("/")[0]
    assert load_dataset(workspace).name == load_dataset(workspace, stack).name == benchmark
    for more in ((), ("--annotations", videos), ("--dataset", stack)):
        said = invoke("score", workspace / "results", "--convention", "vot-toolkit", "--json", *more)
        assert json.loads(said.stdout)["signature"].startswith(f"{benchmark}|conv:vot-toolkit|")


def test_names_that_vot_toolkit_does_not_allow_survive_export_and_import(
    ran: tuple[Path, Result], tmp_path: Path
) -> None:
    results, _ = ran
    (tmp_path / "own" / "SiamAPN++" / "baseline").parent.mkdir(parents=True)
    (tmp_path / "own" / "SiamAPN++" / "baseline").symlink_to(results / "static" / "baseline")
    data = json.loads((results / "static" / "baseline" / "manifest.json").read_text())["settings"]["data"]
    truth = ("--annotations", data, "--dataset", "vot2018")
    for layout in ("vot-toolkit", "got10k", "pysot", "plain"):
        there = tmp_path / layout
        invoke("export", "results", tmp_path / "own", "--format", layout, "--out", there, *truth)
        back = invoke("import", there, "--out", tmp_path / f"{layout}-again", "--json", *truth)
        assert [one["tracker"] for one in json.loads(back.stdout)["trackers"]] == ["SiamAPN++"]
    assert (tmp_path / "vot-toolkit" / "results" / "SiamAPN__").is_dir()
