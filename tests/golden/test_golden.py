"""Without anybody's data: on boxes made up by this project, every convention gives the numbers of its own toolkit.

`golden.json` holds what the toolkits' code gave on the boxes of `material.py`; `regenerate.py` says how, and does it.
Where a toolkit stops with an error, so does its convention, except where that is said below.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import siamfc_eval as se
from siamfc_eval.cli.main import cli
from siamfc_eval.errors import InputError
from siamfc_eval.metrics.conventions import CONVENTIONS
from tests.golden.material import digests, write_material

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "golden.json").read_text(encoding="utf-8"))
TRUTH = {
    "otb": "Traps.json",
    "uav": "UAV123.json",
    "lasot": "",
    "got10k": "data",
    "tre": "Traps.json",
    "sre": "Traps.json",
    "vot": "VOT2018.json",
    "free": "VOT2018.json",
    "anchored": "VOT2020",
    "long-term": "VOT2018-LT",
}
"""Benchmark -> its annotations, in its folder."""
CASES = [(peer, case) for peer, entry in GOLDEN["peers"].items() for case in entry["numbers"]]

TOLERATED = {
    ("otb otb-matlab", "short"),
    ("otb otb-matlab", "long"),
    ("uav uav123", "long"),
    ("tre otb-tre", "long"),
    ("sre otb-sre", "long"),
}
"""Files of another length, at which the toolkit stops with an index that is out of bounds. These conventions score what
is there, and say so."""
OTHERWISE = {
    # MATLAB's `if isnan(r) | ...` holds only where all four values are NaN, and its min and max skip a NaN, so that a
    # box without a y overlaps more than with any. We take the previous box, as for any other bad one and as LaSOT does.
    ("otb otb-matlab", "partly-nan"),
    ("uav uav123", "partly-nan"),
}
"""What we do not follow, and why."""
ALL = "all sequences"
BY_HAND = {"vot-multistart", "vot-longterm", "plain"}
"""Conventions that no toolkit computes: definitions of papers, tested in `tests/metrics/test_vot_unsupervised.py` on
cases that are worked out by hand, and boxes as they are."""


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The boxes, on disk, each benchmark in the layout of its toolkit."""
    folder = tmp_path_factory.mktemp("golden") / "material"
    write_material(folder)
    assert digests(folder) == GOLDEN["material"], "these are not the boxes of golden.json: run regenerate.py"
    return folder


def _score(material: Path, case: str, trackers: list[str]) -> Any:
    place, convention = case.split()
    folder = material / place
    return se.score(folder / "results", convention, data=folder / TRUTH[place], trackers=trackers, keep=False)


def test_every_convention_is_held_to_a_toolkit_or_is_named() -> None:
    assert {case.split()[1] for _, case in CASES} == set(CONVENTIONS.own) - BY_HAND


def test_every_toolkit_has_been_run() -> None:
    assert [peer for peer, entry in GOLDEN["peers"].items() if not entry["numbers"]] == []


@pytest.mark.parametrize(("peer", "case"), CASES)
def test_scores_are_those_of_the_toolkit(peer: str, case: str, material: Path) -> None:
    precision = GOLDEN["peers"][peer]["precision"]
    given = {name: found for name, found in GOLDEN["peers"][peer]["numbers"][case].items() if "refused" not in found}
    scores = _score(material, case, list(given))
    for tracker, expected in given.items():
        if (case, tracker) in OTHERWISE:
            continue
        found = scores.trackers[tracker]
        _compare(found.values, expected["values"], precision, f"{tracker}, {ALL}")
        for name, values in expected["sequences"].items():
            _compare(found.sequences[name], values, precision, f"{tracker}, {name}")
        for tag, values in expected.get("tags", {}).items():
            _compare(found.attributes[tag], values, precision, f"{tracker}, {tag}")


@pytest.mark.parametrize(("peer", "case"), CASES)
def test_what_the_toolkit_refuses_is_refused_or_said(peer: str, case: str, material: Path) -> None:
    for tracker, expected in GOLDEN["peers"][peer]["numbers"][case].items():
        if "refused" not in expected:
            continue
        if (case, tracker) in TOLERATED:
            assert any("not scored" in note for note in _score(material, case, [tracker]).trackers[tracker].notes)
        else:
            with pytest.raises(InputError):
                _score(material, case, [tracker])


@pytest.mark.parametrize(("case", "tracker"), sorted(OTHERWISE))
def test_a_box_with_any_nan_is_one_of_nothing_but_nan(case: str, tracker: str, material: Path, tmp_path: Path) -> None:
    place, convention = case.split()
    whole = tmp_path / "results" / tracker
    whole.mkdir(parents=True)
    for file in (material / place / "results" / tracker).iterdir():
        lines = ["NaN,NaN,NaN,NaN" if "NaN" in line else line for line in file.read_text().splitlines()]
        (whole / file.name).write_text("\n".join(lines) + "\n")
    found = se.score(tmp_path / "results", convention, data=material / place / TRUTH[place], keep=False)
    assert found.trackers[tracker].values == _score(material, case, [tracker]).trackers[tracker].values


def _compare(found: Any, expected: dict[str, float | None], precision: float, where: str) -> None:
    for metric, value in expected.items():
        if value is None:  # The toolkit's own number is NaN.
            assert not math.isnan(found[metric]) or metric == "accuracy", (where, metric)
        elif value == 0.0 and math.isnan(found[metric]):
            assert not where.endswith(ALL)  # A sequence that leaves the mean, as its curve is zero everywhere.
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
        _compare(trackers[name], expected["values"], 1e-9, f"{name}, {ALL}")
