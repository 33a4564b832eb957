"""The command line answers quickly, knows its verbs and says errors without a traceback."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from siamfc_eval.cli.main import VERBS, cli
from siamfc_eval.version import __version__


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "siamfc_eval", *arguments], capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_has_a_module_with_help_and_an_example(verb: str) -> None:
    module = importlib.import_module(f"siamfc_eval.cli.verbs.{verb.replace('-', '_')}_verb")
    command: click.Command = module.command
    shown = CliRunner().invoke(command, ["--help"])
    assert shown.exit_code == 0
    assert "Example" in shown.output or isinstance(command, click.Group)


def test_help_loads_nothing_heavy() -> None:
    """What makes the first word slow is imports; their absence is a fact, a time in a test is not."""
    script = (
        "import sys; from siamfc_eval.cli.main import cli; cli.main(['--help'], standalone_mode=False); "
        "heavy = {'torch', 'numpy', 'cv2', 'matplotlib', 'pandas', 'scipy', 'pydantic'} & set(sys.modules); "
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Evaluate Siamese" in done.stdout


def test_version_and_unknown_verbs() -> None:
    assert __version__ in call("--version").stdout
    unknown = call("scroe")
    assert unknown.returncode == 1
    assert "Did you mean score" in unknown.stderr
    assert "Traceback" not in unknown.stderr


def test_errors_for_people_come_without_a_traceback(tmp_path: os.PathLike[str]) -> None:
    done = call("score", str(tmp_path), "--dataset", "otb2015")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "--data" in done.stderr


def test_doctor_reports_for_people_and_programs() -> None:
    told = call("doctor", "--json")
    assert told.returncode == 0, told.stderr
    findings = json.loads(told.stdout)
    assert findings["siamfc_eval"] == __version__
    assert findings["packages"]["numpy"]["version"]
    assert findings["trackers"]["static"] == "none needed"
    assert "embedded" in findings["experiments"]


def test_doctor_recommends_what_scores_best_on_real_sequences() -> None:
    told = json.loads(call("doctor", "--json").stdout)
    reference = Path(__file__).parents[2] / "results/reference/backbones_real_sequences.json"
    scores = {name: found["success_auc"] for name, found in json.loads(reference.read_text())["trackers"].items()}
    assert told["first_choice"]["tracker"] == max(scores, key=lambda name: scores[name])
    assert told["trackers"][told["first_choice"]["tracker"]] == "present"


def test_doctor_and_list_agree_on_what_a_tracker_lacks() -> None:
    findings = json.loads(call("doctor", "--json").stdout)["trackers"]
    listed = {row["name"]: row["ready"] for row in json.loads(call("list", "trackers", "--json").stdout)}
    assert {
        name: state if state not in {"present", "none needed"} else "yes" for name, state in findings.items()
    } == listed


@pytest.mark.parametrize(
    ("got10k", "numpy", "count"), [("0.1.3", "2.4.6", 1), ("0.1.3", "1.26.4", 0), (None, "2.4.6", 0)]
)
def test_doctor_names_faults_of_others_where_they_bite(got10k: str | None, numpy: str, count: int) -> None:
    from siamfc_eval.cli.verbs.doctor_verb import _known_faults

    faults = _known_faults({"got10k": {"version": got10k}, "numpy": {"version": numpy}})
    assert len(faults) == count
    assert all("siamfc-eval run vot2018" in fault for fault in faults)


def test_unknown_options_name_the_option() -> None:
    done = CliRunner().invoke(cli, ["doctor", "--jsn"])
    assert done.exit_code != 0
