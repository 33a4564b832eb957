"""`import siamfc_eval as se`: from a tracker to scores, a comparison, a report, in a few lines."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

import siamfc_eval as se
from siamfc_eval.api.running import Run
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.tracking.tracker import Output

SEQUENCES = ("disc-spins", "kite-dives", "twins-meet")


class Drifting:
    """A tracker of this project's own kind, which moves a little each frame; worse than standing still."""

    name = "drifting"
    is_deterministic = True

    def init(self, frame: object, region: Any) -> Any:
        """The box."""
        return np.asarray(region, dtype=float)[:4]

    def update(self, state: Any, frame: object) -> tuple[Any, Output]:
        """The box, moved."""
        moved = state + np.array([2.0, 1.0, 0.0, 0.0])
        return moved, Output(region=moved)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("runs")
    return se.run("embedded", ["static", Drifting()], out=out, sequences=SEQUENCES, device="cpu")


def test_a_run_is_shown_framed_and_scored(made: Run) -> None:
    assert "6 results" in repr(made)
    assert list(made.to_frame()["tracker"]) == ["static", "drifting"]
    assert set(made.score().to_frame().index) == {"static", "drifting"}


def test_a_folder_is_scored_as_the_command_line_does(made: Run) -> None:
    scores = se.score(made.out, data=made.selected)
    command = [sys.executable, "-m", "siamfc_eval", "score", str(made.out), "--json"]
    printed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    assert f'"success_auc": {scores.trackers["static"].values["success_auc"]}' in printed
    assert repr(scores).startswith("<Success AUC on synthetic by otb-matlab: ")
    assert len(scores.to_frame("sequence")) == 6
    assert scores.to_frame().attrs["signature"] == scores.signature
    assert "<table" in scores._repr_html_()
    assert scores.signature in scores._repr_html_()


def test_scores_are_plotted_into_axes(made: Run) -> None:
    scores = made.score()
    assert len(scores.plot("precision").lines) == 2
    ours = mpl.figure.Figure().add_subplot()
    assert scores.plot(ax=ours) is ours
    with pytest.raises(UnknownNameError, match="success"):
        scores.plot("succes")


def test_trackers_are_compared(made: Run) -> None:
    scores = made.score()
    comparison = se.compare(scores, resamples=500)
    assert comparison.to_frame()["rank"].iloc[0] == 1
    assert len(comparison.pairs_frame()) == 1
    assert "2 trackers" in repr(comparison)
    assert comparison.plot().get_xlabel()
    again = se.compare(made.out, data=made.selected, resamples=500)
    assert again.to_json() == comparison.to_json()
    with pytest.raises(TypeError, match="no convention"):
        se.compare(scores, "got10k")


def test_two_conventions_are_explained(made: Run) -> None:
    explained = se.explain(made.out, "otb-matlab", "got10k", tracker="drifting", data=made.selected)
    assert "drifting on synthetic" in repr(explained)
    assert set(explained.to_frame().columns) >= {"effect", "difference"}
    with pytest.raises(InputError, match="which tracker"):
        se.explain(made.out, "otb-matlab", "got10k", data=made.selected)


def test_a_report_is_written(made: Run, tmp_path: Path) -> None:
    written = se.report(made.out, tmp_path / "page", data=made.selected, formats=("svg",), resamples=200)
    assert written.page.is_file()
    assert len(written.scored[0].trackers) == 2


def test_results_are_read(made: Run) -> None:
    results = se.load_results(made.out, data=made.selected, trackers=["static"])
    assert list(results) == ["static"]
    assert len(results.to_frame()) == len(SEQUENCES)
    assert results.boxes("static", "kite-dives").shape[1] == 4


def test_wrong_options_are_named(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="lane"):
        se.run("embedded", "static", out=tmp_path, lane=3)
    with pytest.raises(UnknownNameError, match="embedded"):
        se.run("embeded", "static", out=tmp_path)
    with pytest.raises(InputError, match=r"no such folder|ground truth"):
        se.score(tmp_path / "nothing", dataset="otb2015")
    with pytest.raises(AttributeError, match="skore"):
        _ = se.skore


def test_importing_costs_nothing_and_everything_is_listed() -> None:
    heavy = "{'numpy', 'torch', 'cv2', 'matplotlib', 'pandas', 'numba', 'scipy'}"
    code = f"import sys, siamfc_eval as se; assert set(se.__all__) <= set(dir(se)); print({heavy} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "set()"
    for name in se.__all__:
        assert getattr(se, name) is not None


@pytest.mark.parametrize(
    "ask",
    [
        se.score,
        se.report,
        lambda folder: se.explain(folder, "otb-matlab", "got10k"),
        lambda folder: se.view(folder, "Couple"),
    ],
)
def test_a_folder_that_is_not_there_is_named_before_its_ground_truth_is_asked_for(
    tmp_path: Path, ask: Callable[[Path], object]
) -> None:
    (tmp_path / "otb2015").mkdir()
    with pytest.raises(InputError) as caught:
        ask(tmp_path / "otb2O15")
    missing, there = tmp_path / "otb2O15", tmp_path / "otb2015"
    assert str(caught.value) == f"{missing}: no such folder of results. Did you mean {there}?"
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"is a file\. Expected a folder of results"):
        ask(tmp_path / "file")
