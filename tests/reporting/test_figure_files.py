"""Figures as files are the same whoever draws them."""

from __future__ import annotations

from pathlib import Path

import pytest

from siamfc_eval.comparison.compare import compare
from siamfc_eval.reporting import plots
from siamfc_eval.reporting.figure_files import Picture, write_figures
from siamfc_eval.reporting.figures.figure import FigureSource
from siamfc_eval.reporting.figures.registry import draw_figures
from tests.reporting.toys import toy_scores


def pictures(folder: Path) -> list[Picture]:
    scores = toy_scores(("alpha", "beta", "gamma"))
    source = FigureSource(scores, compare(scores, resamples=200), plots.tracker_styles(tuple(scores.trackers)))
    return [Picture(folder / stem, drawn.figure, scores.signature) for stem, drawn in draw_figures(source).items()]


def test_several_processes_draw_the_same_bytes_as_one(tmp_path: Path) -> None:
    written = {}
    for cores in (1, 2):
        made = pictures(tmp_path / str(cores))
        assert len(made) * 3 >= 12  # so many that processes are started
        write_figures(made, ("png", "svg", "pdf"), cores)
        written[cores] = {path.name: path.read_bytes() for path in (tmp_path / str(cores)).iterdir()}
        assert len(written[cores]) == 3 * len(made)
    assert written[1] == written[2]


def test_a_figure_that_cannot_travel_is_drawn_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = pictures(tmp_path)
    made[0].figure.not_picklable = lambda: None  # type: ignore[attr-defined]
    monkeypatch.setattr("loky.ProcessPoolExecutor", None)
    write_figures(made, ("png", "svg", "pdf"), 2)
    assert len(list(tmp_path.iterdir())) == 3 * len(made)
