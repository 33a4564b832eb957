"""Files of another length than their sequence: one rule for each convention, which `--on-mismatch` replaces."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.metrics.conventions import build_measure
from siamfc_eval.metrics.explain import explain
from siamfc_eval.metrics.scores import Strict
from siamfc_eval.protocols.trajectory import Code, Trajectory
from siamfc_eval.results.read import read_results

DOCS = Path(__file__).resolve().parents[2] / "docs/conventions.md"
BOX = np.array([10.0, 10.0, 20.0, 20.0])
REFUSED, CUT, FAIL, NOTHING = "refused", "not scored", "taken as failed", "overlap nothing"
SHORT = {
    "got10k": REFUSED,
    "pysot": REFUSED,
    "pysot-toolkit": REFUSED,
    "lasot": REFUSED,
    "uav123": REFUSED,
    "vot-toolkit": REFUSED,
    "otb-matlab": CUT,
    "plain": CUT,
    "vot-official": CUT,
    "pysot-vot": CUT,
    "pytracking": FAIL,
    "vot-official-ao": NOTHING,
    "vot-toolkit-ao": REFUSED,
}
"""What each convention does by itself with a file that is too short."""
_STRICT = {"got10k", "pysot", "pysot-toolkit", "vot-toolkit", "vot-toolkit-ao"}
LONG = {name: REFUSED if name in _STRICT else CUT for name in SHORT}


def outcome(convention: str, rows: int, policy: Any) -> str:
    """What becomes of a file of so many rows for a sequence of 30 frames."""
    video = Sequence(name="one", boxes=np.tile(BOX, (30, 1)), image_size=(100, 100))
    measure = build_measure(convention, Dataset("made-up", (video,)))
    first: Any = Code.INITIALIZED if measure.protocol == "supervised" else BOX
    assert isinstance(measure, Strict)
    relaxed = measure.relaxed(policy)
    assert isinstance(relaxed, Strict)
    run, refusal = Trajectory((first, *[BOX] * (rows - 1))), ""
    try:
        said = relaxed.check(video, run)
    except InputError as error:
        refusal = str(error)
    if refusal:
        assert f"{rows} lines for the 30 frames of one" in refusal
        assert "--on-mismatch=pad" in refusal
        assert ("--on-mismatch=convention" in refusal) == (policy == "strict")
        return REFUSED
    assert f"{rows} lines for 30 frames, so the last" in said
    assert (f"as {convention} does it" in said) == (policy == "convention")
    return next(what for what in (CUT, FAIL, NOTHING) if what in said)


@pytest.mark.parametrize("convention", SHORT)
def test_each_convention_has_its_rule_and_strict_means_strict(convention: str) -> None:
    assert outcome(convention, 28, "convention") == SHORT[convention]
    assert outcome(convention, 33, "convention") == LONG[convention]
    for rows in (28, 33):
        assert outcome(convention, rows, "strict") == REFUSED
        assert outcome(convention, rows, "truncate") == CUT
    assert outcome(convention, 28, "pad") in {FAIL, NOTHING}
    assert outcome(convention, 33, "pad") == CUT


def test_the_documentation_says_the_same() -> None:
    row = next(line for line in DOCS.read_text().splitlines() if line.startswith("| `convention` (default) |"))
    _, _, short, long, _ = row.split("|")
    words = {"refused": REFUSED, "not scored": CUT, "they fail": FAIL, "overlap nothing": NOTHING}
    for cell, rules in ((short, SHORT), (long, LONG)):
        said: dict[str, str] = {}
        for part in cell.split(";"):
            names = [name.replace("*", "[a-z-]+") for name in re.findall(r"`([^`]+)`", part)] or ["[a-z0-9-]+"]
            plain = re.sub(r"\(.*?\)", "", part)
            (meaning,) = (meaning for word, meaning in words.items() if word in plain)
            for name in rules:
                if name not in said and any(re.fullmatch(pattern, name) for pattern in names):
                    said[name] = meaning
        assert said == rules


def test_what_a_convention_tolerates_is_said_and_is_not_incomplete(bench: Any) -> None:
    bench.write("near", "Dog", bench.truth(11.0)[:-3])
    scores = bench.score("otb-matlab")
    (note,) = [note for note in scores.trackers["near"].notes if "9 lines for 12 frames" in note]
    assert "as otb-matlab does it" in note
    assert not scores.incomplete
    assert "len:" not in scores.signature
    with pytest.raises(InputError, match=r"9 lines for the 12 frames of Dog.*--on-mismatch=strict"):
        bench.score("otb-matlab", on_mismatch="strict")
    bench.write("near", "Dog", bench.truth(11.0))
    assert bench.score("otb-matlab", on_mismatch="strict").signature == bench.score("otb-matlab").signature


def test_explain_says_how_either_convention_takes_them(bench: Any) -> None:
    bench.write("near", "Dog", bench.truth(11.0)[:-3])
    dataset = bench.dataset()
    result = read_results(bench.results, dataset)["near"]
    explanation = explain(result, dataset, "otb-matlab", "pytracking")
    said = [note for note in explanation.notes if "9 lines for 12 frames" in note]
    assert [note.split(",")[0] for note in said] == ["otb-matlab", "pytracking"]
    assert "not scored" in said[0]
    assert "taken as failed" in said[1]
    assert any(step.rule == "short_file" for step in explanation.steps)


def test_the_lead_in_is_no_other_length_and_is_said() -> None:
    video = Sequence(name="one", boxes=np.tile(BOX, (30, 1)), lead_in=5)
    for policy in ("convention", "strict"):
        measure = build_measure("otb-matlab", Dataset("made-up", (video,)))
        assert isinstance(measure, Strict)
        relaxed = measure.relaxed(policy)
        assert isinstance(relaxed, Strict)
        assert relaxed.check(video, Trajectory((BOX,) * 30)) == ""
        assert "the first 5 frames are not scored" in relaxed.check(video, Trajectory((BOX,) * 25))
