"""Repetitions of stochastic trackers are a second level of resampling; those of others change nothing."""

from __future__ import annotations

import dataclasses
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import siamfc_eval as se
from siamfc_eval.cli.main import cli
from siamfc_eval.comparison.compare import compare
from siamfc_eval.comparison.resampling import repetition_weights, resampling_weights
from siamfc_eval.datasets.render_folder import render_to_folder
from siamfc_eval.metrics.repetitions import values_of_repetitions
from siamfc_eval.metrics.scores import Scores
from siamfc_eval.synthetic.benchmark import embedded_benchmark
from tests.comparison.test_compare import rows_of, scores_of


def toy(between: float, within: float, repetitions: int = 5, sequences: int = 40, seed: int = 0) -> Scores:
    """A tracker whose sequences differ by `between` and whose repetitions by `within`, beside one that is 0."""
    generator = np.random.default_rng(seed)
    each = generator.normal(0, between, (sequences, 1)) + generator.normal(0, within, (sequences, repetitions))
    scores = scores_of(moody=each.mean(axis=1), steady=np.zeros(sequences))
    parts = tuple(rows_of(values) for values in each)
    moody = dataclasses.replace(scores.trackers["moody"], repetitions=parts)
    return dataclasses.replace(scores, trackers={**scores.trackers, "moody": moody})


def width(scores: Scores) -> float:
    interval = compare(scores, resamples=4000).intervals["moody"]
    return interval.high - interval.low


def without(scores: Scores) -> Scores:
    trackers = {name: dataclasses.replace(one, repetitions=()) for name, one in scores.trackers.items()}
    return dataclasses.replace(scores, trackers=trackers)


def test_weights_of_repetitions_add_up_to_those_of_their_sequence() -> None:
    weights = resampling_weights(4, 300, seed=1)
    drawn = repetition_weights(weights, [3, 1, 15, 2], seed=2)
    ends = np.cumsum([0, 3, 1, 15, 2])
    sums = [drawn[:, a:b].sum(axis=1) for a, b in itertools.pairwise(ends)]
    np.testing.assert_allclose(np.stack(sums, axis=1), weights, atol=1e-12)
    assert (drawn[:, :3] * 3 == np.rint(drawn[:, :3] * 3)).all()


def test_chance_in_the_tracker_makes_intervals_wider_by_as_much_as_it_is() -> None:
    scores = toy(between=0.1, within=0.5)
    # Variances of the mean: of sequences .1^2 + .5^2 / 5 is there already; a second level adds .5^2 / 5 again.
    expected = np.sqrt((0.01 + 2 * 0.05) / (0.01 + 0.05))
    assert width(scores) / width(without(scores)) == pytest.approx(expected, rel=0.12)
    assert compare(scores, resamples=50).repeated == ("moody",)
    assert "of moody over their repetitions too" in compare(scores, resamples=50).method()


def test_a_tracker_that_hardly_varies_keeps_its_interval() -> None:
    scores = toy(between=0.3, within=0.001)
    assert width(scores) == pytest.approx(width(without(scores)), rel=0.05)


def test_scores_of_each_repetition() -> None:
    scores = toy(between=0.0, within=1.0, repetitions=3, sequences=4)
    parts = scores.trackers["moody"].repetitions
    found = values_of_repetitions(scores.measure, (*parts[:3], parts[3][:1]))
    assert found["mean"].shape == (3,)
    second = [*(part[1, 0] for part in parts[:3]), parts[3][0, 0]]
    assert found["mean"][1] == pytest.approx(np.mean(second), abs=1e-12)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Supervised runs: three different ones of `moody`, three that are the same of `steady`."""
    dataset = embedded_benchmark(length=40, names=("ball-dashes", "jelly-drifts", "kite-dives"))
    videos = render_to_folder(dataset, tmp_path_factory.mktemp("data") / "videos", "vot")
    results = tmp_path_factory.mktemp("results")
    generator = np.random.default_rng(0)
    for name in ("moody", "steady"):
        for sequence in dataset:
            folder = results / name / "baseline" / sequence.name
            folder.mkdir(parents=True)
            for number in (1, 2, 3):
                shift = generator.normal(0, 4) if name == "moody" else 2.0
                lines = [
                    "1",
                    *[",".join(f"{x:.4f}" for x in box + np.array([shift, 0, 0, 0])) for box in sequence.boxes[1:]],
                ]
                (folder / f"{sequence.name}_{number:03d}.txt").write_text("\n".join(lines) + "\n")
    return results, videos


@pytest.mark.parametrize("convention", ["vot-official", "vot-toolkit"])
def test_repetitions_of_files_have_the_sequences_rows_as_their_mean(runs: tuple[Path, Path], convention: str) -> None:
    results, videos = runs
    scores = se.score(results, convention, data=videos, repetitions=True, keep=False)
    assert not scores.trackers["steady"].repetitions
    moody = scores.trackers["moody"]
    for part, row in zip(moody.repetitions, np.asarray(moody.statistics), strict=True):
        assert len(part) == 3
        np.testing.assert_allclose(part.mean(axis=0), row, atol=1e-9)
    values = values_of_repetitions(scores.measure, moody.repetitions)["accuracy"]
    assert values.min() < moody.values["accuracy"] < values.max()
    assert not se.score(results, convention, data=videos, keep=False).trackers["moody"].repetitions


def test_compare_says_whose_repetitions_count(runs: tuple[Path, Path]) -> None:
    words = [
        "compare",
        str(runs[0]),
        "--data",
        str(runs[1]),
        "--convention",
        "vot-official",
        "--resamples",
        "99",
        "--json",
    ]
    done = CliRunner().invoke(cli, [*words, "--repetitions"], standalone_mode=False)
    assert done.exception is None, done.exception
    found = json.loads(done.stdout)["trackers"]
    assert {name: one["repetitions_resampled"] for name, one in found.items()} == {"moody": True, "steady": False}
