"""A tracker's own folder is one tracker with protocols, whichever verb looks at it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from siamfc_eval.cli.main import cli
from siamfc_eval.errors import InputError

EXPERIMENT = """
dataset = "embedded"
conventions = ["otb-matlab", "vot-official"]
trackers = ["static"]

[dataset_options]
length = 30
size = [160, 120]
names = ["disc-spins", "kite-dives"]
"""
KINDS = ("ope", "tre", "supervised", "unsupervised", "multi-start", "long-term")
REALTIME = '[[protocols]]\nkind = "realtime"\nof = "unsupervised"\nseconds = 0.01\n'


def invoke(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def json_of(result: Result) -> dict[str, Any]:
    assert result.exception is None, result.exception
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one tracker that was run under every protocol."""
    folder = tmp_path_factory.mktemp("runs")
    path = folder / "all.toml"
    path.write_text(EXPERIMENT + "".join(f'[[protocols]]\nkind = "{kind}"\n' for kind in KINDS) + REALTIME)
    said = invoke("run", path, "--out", folder, "--speed")
    assert said.exception is None, said.exception
    assert "realtime, by the rules of vot-official-ao" in said.stdout
    assert "not scored" not in said.stderr
    return folder / "synthetic" / "static"


def test_a_trackers_own_folder_is_that_tracker_and_its_protocols_are_listed(tracker: Path) -> None:
    scores = json_of(invoke("score", tracker, "--json"))
    assert list(scores["trackers"]) == ["static"]
    assert scores["convention"] == "otb-matlab"
    notes = " ".join(scores["trackers"]["static"]["notes"])
    for folder in ("baseline", "TRE", "long-term", "multi-start", "realtime", "unsupervised"):
        assert folder in notes


def test_without_files_of_its_own_its_protocols_are_still_no_trackers(tracker: Path, tmp_path: Path) -> None:
    for folder in ("baseline", "TRE", "long-term"):
        shutil.copytree(tracker / folder, tmp_path / "static" / folder)
    scores = json_of(invoke("score", tmp_path / "static", "--json"))
    assert list(scores["trackers"]) == ["static"]
    assert scores["convention"] == "vot-official"


@pytest.mark.parametrize(
    ("protocol", "convention"),
    [
        ("ope", "otb-matlab"),
        ("TRE", "otb-tre"),
        ("supervised", "vot-official"),
        ("baseline", "vot-official"),
        ("unsupervised", "vot-official-ao"),
        ("long-term", "vot-longterm"),
        ("multi-start", "vot-multistart"),
        ("realtime", "vot-official-ao"),
    ],
)
def test_a_protocol_is_scored_by_its_own_rules(tracker: Path, protocol: str, convention: str) -> None:
    for results in (tracker, tracker.parent):
        scores = json_of(invoke("score", results, "--protocol", protocol, "--json"))
        assert (list(scores["trackers"]), scores["convention"]) == (["static"], convention)


def test_rules_for_other_runs_are_refused(tracker: Path) -> None:
    refused = invoke("score", tracker, "--protocol", "realtime", "--convention", "vot-official")
    assert isinstance(refused.exception, InputError)
    assert "runs of the protocol 'unsupervised', which vot-official does not score" in str(refused.exception)
    assert "vot-official-ao" in str(refused.exception)


def test_a_tracker_without_such_runs_costs_only_itself(tracker: Path, tmp_path: Path) -> None:
    shutil.copytree(tracker, tmp_path / "static")
    for file in [*tracker.glob("*.txt"), tracker / "manifest.json"]:
        (tmp_path / "one pass only").mkdir(exist_ok=True)
        shutil.copy(file, tmp_path / "one pass only" / file.name)
    said = invoke("score", tmp_path, "--protocol", "TRE")
    assert said.exception is None
    assert "one pass only has only runs of 'ope', which otb-tre does not score." in said.stdout
    assert list(json_of(invoke("score", tmp_path, "--protocol", "TRE", "--json"))["trackers"]) == ["static"]


def test_declared_times_are_not_printed_as_speed(tracker: Path) -> None:
    one = json_of(invoke("score", tracker, "--protocol", "realtime", "--json"))["trackers"]["static"]
    assert one["speed"] == {}
    assert json_of(invoke("score", tracker, "--json"))["trackers"]["static"]["speed"]


def test_the_old_name_of_the_option_works_and_says_the_new_one(tracker: Path) -> None:
    old = invoke("score", tracker, "--experiment", "TRE", "--json")
    assert "--experiment is now called --protocol" in old.stderr
    new = invoke("score", tracker, "--protocol", "TRE", "--json")
    assert new.stderr == ""
    assert json.loads(old.stdout) == json.loads(new.stdout)


def test_explain_reads_the_manifest_as_score_does(tracker: Path) -> None:
    said = json_of(invoke("explain", "otb-matlab", "pysot", "--results", tracker, "--json"))
    assert said["tracker"] == "static"
