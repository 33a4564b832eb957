"""Without anybody's data: on boxes made up by this project, every convention gives the numbers of its own toolkit.

`golden.json` holds what the toolkits' code gave on the boxes of `material.py`; `regenerate.py` says how, and does it.
Where a toolkit stops with an error, so does its convention, except where that is said below.
"""

from __future__ import annotations

import importlib.util
import json
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

import siamfc_eval as se
from siamfc_eval.cli.main import cli
from siamfc_eval.errors import InputError

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "golden.json").read_text(encoding="utf-8"))
TRUTH = {"otb": "Traps.json", "uav": "UAV123.json", "lasot": "", "got10k": "data", "vot": "VOT2018.json"}
"""Benchmark -> its annotations, in its folder."""
CASES = [
    (peer, case, tracker)
    for peer, entry in GOLDEN["peers"].items()
    for case, trackers in entry["numbers"].items()
    for tracker in trackers
]

TOLERATED = {
    ("otb otb-matlab", "short"),
    ("otb otb-matlab", "long"),
    ("uav uav123", "long"),
}
"""Files of another length, at which the MATLAB program stops with an index that is out of bounds. These conventions
score what is there, and say so."""
OTHERWISE = {
    # MATLAB's `if isnan(r) | ...` holds only where all four values are NaN, and its min and max skip a NaN, so that a
    # box without a y overlaps more than with any. We take the previous box, as for any other bad one and as LaSOT does.
    ("otb otb-matlab", "partly-nan"),
    ("uav uav123", "partly-nan"),
}
"""What we do not follow, and why."""


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The boxes, on disk, each benchmark in the layout of its toolkit."""
    folder = tmp_path_factory.mktemp("golden") / "material"
    made = _module("material")
    made.write_material(folder)
    assert made.digest(folder) == GOLDEN["material"], "these are not the boxes of golden.json: run regenerate.py"
    return folder


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"golden_{name}", HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _score(material: Path, case: str, tracker: str) -> Any:
    place, convention = case.split()
    folder = material / place
    return se.score(folder / "results", convention, data=folder / TRUTH[place], trackers=[tracker], keep=False)


def test_every_toolkit_has_been_run() -> None:
    assert {peer for peer, entry in GOLDEN["peers"].items() if not entry["numbers"]} == set()
    assert len(CASES) > 150


@pytest.mark.parametrize(("peer", "case", "tracker"), CASES)
def test_scores_are_those_of_the_toolkit(peer: str, case: str, tracker: str, material: Path) -> None:
    entry = GOLDEN["peers"][peer]
    expected, precision = entry["numbers"][case][tracker], entry["precision"]
    if (case, tracker) in OTHERWISE:
        pytest.skip("what this toolkit does here is not followed, and the reason is given above")
    if "refused" in expected and (case, tracker) not in TOLERATED:
        with pytest.raises(InputError):
            _score(material, case, tracker)
        return
    scores = _score(material, case, tracker)
    found = scores.trackers[tracker]
    if "refused" in expected:
        assert any("not scored" in note for note in found.notes)
        return
    _compare(found.values, expected["values"], precision, "all")
    for name, values in expected["sequences"].items():
        _compare(found.sequences[name], values, precision, name)
    for tag, values in expected.get("tags", {}).items():
        _compare(found.attributes[tag], values, precision, tag)


def _compare(found: Any, expected: dict[str, float | None], precision: float, where: str) -> None:
    for metric, value in expected.items():
        if value is None:  # The toolkit's own number is NaN.
            assert not math.isnan(found[metric]) or metric == "accuracy", (where, metric)
        elif value == 0.0 and math.isnan(found[metric]):
            assert where != "all"  # A sequence that leaves the mean, as its curve is zero everywhere.
        else:
            assert found[metric] == pytest.approx(value, abs=precision), (where, metric)


def test_the_command_line_gives_the_same_numbers(material: Path) -> None:
    folder = material / "lasot"
    arguments = ["score", folder / "results", "--data", folder, "--convention", "lasot", "--json", "--no-cache"]
    arguments += [word for name in ("near", "nan") for word in ("--tracker", name)]
    done = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    trackers = json.loads(done.stdout)["trackers"]
    for name in ("near", "nan"):
        expected = GOLDEN["peers"]["lasot"]["numbers"]["lasot lasot"][name]
        _compare(trackers[name], expected["values"], 1e-9, "all")
