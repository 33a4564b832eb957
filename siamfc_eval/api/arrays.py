"""Scores of arrays, for a loop of one's own: the same rules as for files, without files.

Every function takes one sequence, or several as a mapping from names. Boxes are x, y, w, h in 0-based pixels.
"""

from __future__ import annotations

import collections.abc
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.geometry.regions import Region, bounding_box
from siamfc_eval.metrics.conventions import build_measure
from siamfc_eval.metrics.scores import Measure, Strict
from siamfc_eval.protocols.trajectory import Code, Entry, Trajectory

Arrays = ArrayLike | Mapping[str, ArrayLike]
"""Boxes of one sequence, shape (n, 4), or of several by name."""

Coded = collections.abc.Sequence[ArrayLike | int]
"""A supervised run: for each frame a region, or a code (1 initialised, 2 failed, 0 skipped)."""

_ALONE = "sequence"


def success_auc(boxes: Arrays, truth: Arrays, *, convention: str = "otb-matlab", origin: float = 0.0) -> float:
    """Area under the success curve (Wu, Lim and Yang, PAMI 2015): the mean of its values at overlaps of 0, .05, ... 1.

    Args:
        boxes: what a tracker answered, from the first frame on; of one sequence, shape (n, 4), or of several by name.
        truth: ground truth in the same form; rows of NaN are frames without annotation.
        convention: whose rules (`siamfc-eval list conventions`).
        origin: what the data set's own files add to 0-based coordinates, 1 for OTB: some rules look at the sign of a
            coordinate.

    Returns:
        The score, averaged over the sequences (or frames) as the convention says.

    Raises:
        InputError: shapes do not fit, or the convention refuses the boxes.
        UnknownNameError: no such convention, or it has no such metric.
    """
    return _one_pass(boxes, truth, convention, origin, "success_auc")


def precision(boxes: Arrays, truth: Arrays, *, convention: str = "otb-matlab", origin: float = 0.0) -> float:
    """Share of frames whose centres are at most 20 pixels apart; arguments and errors as for `success_auc`."""
    return _one_pass(boxes, truth, convention, origin, "precision_20")


def normalised_precision(boxes: Arrays, truth: Arrays, *, convention: str = "pysot", origin: float = 0.0) -> float:
    """Share of frames whose centres are at most 0.2 target sizes apart (Müller et al., TrackingNet, ECCV 2018, section
    5); arguments and errors as for `success_auc`."""
    return _one_pass(boxes, truth, convention, origin, "norm_precision_20")


def one_pass_scores(
    boxes: Arrays, truth: Arrays, *, convention: str = "otb-matlab", origin: float = 0.0
) -> dict[str, float]:
    """All that a convention says of one-pass results, metric -> score; arguments and errors as for `success_auc`."""
    answers, references = _named(boxes), _named(truth)
    _same_names(answers, references)
    sequences = tuple(
        Sequence(name, _boxes(reference, f"truth of '{name}'"), origin=origin) for name, reference in references.items()
    )
    measure = build_measure(convention, Dataset("arrays", sequences))
    if measure.protocol not in {"ope", "unsupervised"}:
        raise InputError(f"{convention} scores {measure.protocol} runs; these functions take one-pass runs.")
    runs = [Trajectory(tuple(_boxes(answers[each.name], f"boxes of '{each.name}'"))) for each in sequences]
    return _scores(measure, sequences, [(run,) for run in runs])


def eao(
    runs: Mapping[str, Coded | collections.abc.Sequence[Coded]],
    truth: Mapping[str, collections.abc.Sequence[ArrayLike]],
    *,
    image_sizes: Mapping[str, tuple[int, int]] | tuple[int, int],
    benchmark: str = "vot2018",
    convention: str = "vot-official",
) -> float:
    """Expected average overlap of supervised runs (Kristan et al., "The Visual Object Tracking VOT2015 Challenge
    Results", section 3.1).

    Args:
        runs: sequence -> one run, or several repetitions: for each frame a region (x, y, w, h or a polygon's points, in
            0-based pixels) or a code: 1 where the tracker was initialised, 2 where it failed, 0 where it was not asked.
        truth: sequence -> region of each frame.
        image_sizes: (width, height) of all images, or of each sequence's.
        benchmark: whose interval of sequence lengths, e.g. "vot2019".
        convention: whose rules.

    Raises:
        InputError: shapes do not fit, or the convention refuses the runs.
        UnknownNameError: no such convention.
    """
    return supervised_scores(runs, truth, image_sizes=image_sizes, benchmark=benchmark, convention=convention)["eao"]


def supervised_scores(
    runs: Mapping[str, Coded | collections.abc.Sequence[Coded]],
    truth: Mapping[str, collections.abc.Sequence[ArrayLike]],
    *,
    image_sizes: Mapping[str, tuple[int, int]] | tuple[int, int],
    benchmark: str = "vot2018",
    convention: str = "vot-official",
) -> dict[str, float]:
    """All that a convention says of supervised runs, metric -> score; arguments and errors as for `eao`."""
    _same_names(runs, truth)
    sizes = dict.fromkeys(truth, image_sizes) if isinstance(image_sizes, tuple) else image_sizes
    sequences = []
    for name, regions in truth.items():
        if name not in sizes:
            raise InputError(f"image_sizes has no '{name}'; give (width, height) of its images.")
        shaped = tuple(_region(region, f"truth of '{name}', frame {i + 1}") for i, region in enumerate(regions))
        boxes = np.array([bounding_box(region) for region in shaped])
        sequences.append(Sequence(name, boxes, regions=shaped, image_size=sizes[name]))
    measure = build_measure(convention, Dataset(benchmark, tuple(sequences)))
    if measure.protocol != "supervised":
        raise InputError(f"{convention} scores {measure.protocol} runs; this function takes runs with resets.")
    return _scores(measure, sequences, [_repetitions(runs[each.name], each.name) for each in sequences])


def _one_pass(boxes: Arrays, truth: Arrays, convention: str, origin: float, metric: str) -> float:
    scores = one_pass_scores(boxes, truth, convention=convention, origin=origin)
    if metric not in scores:
        raise UnknownNameError(f"metric of {convention}", metric, scores)
    return scores[metric]


def _scores(
    measure: Measure, sequences: collections.abc.Sequence[Sequence], runs: list[tuple[Trajectory, ...]]
) -> dict[str, float]:
    rows = []
    for sequence, repetitions in zip(sequences, runs, strict=True):
        for run in repetitions:
            if isinstance(measure, Strict):
                measure.check(sequence, run)
        rows.append(measure.statistics(sequence, repetitions))
    return {key: float(value) for key, value in measure.finish(np.sum(rows, axis=0)).items()}


def _named(arrays: Arrays) -> dict[str, ArrayLike]:
    return dict(arrays) if isinstance(arrays, Mapping) else {_ALONE: arrays}


def _same_names(answers: Mapping[str, Any], references: Mapping[str, Any]) -> None:
    if not references:
        raise InputError("there is no ground truth to score against.")
    for name in references:
        if name not in answers:
            raise InputError(f"no boxes of the sequence '{name}', which the ground truth has.")
    for name in answers:
        if name not in references:
            raise InputError(f"no ground truth of the sequence '{name}', which the boxes have.")


def _boxes(values: ArrayLike, what: str) -> NDArray[np.float64]:
    try:
        boxes = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what}: {error}; expected numbers of shape (n, 4).") from error
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not len(boxes):
        raise InputError(f"{what} have shape {boxes.shape}; expected (n, 4): x, y, w, h of each frame.")
    return boxes


def _region(values: ArrayLike, what: str) -> Region:
    region = np.asarray(values, dtype=np.float64).ravel()
    if region.size < 4 or region.size % 2:
        raise InputError(f"{what} has {region.size} numbers; expected x, y, w, h or a polygon's points.")
    return region


def _repetitions(runs: Coded | collections.abc.Sequence[Coded], name: str) -> tuple[Trajectory, ...]:
    """One run, or several, as trajectories."""
    # A run begins with the code of its initialisation, a list of runs with a run.
    alone = len(runs) > 0 and isinstance(runs[0], int | np.integer)
    listed: Any = [runs] if alone else runs
    return tuple(
        Trajectory(tuple(_entry(entry, f"run {number + 1} of '{name}', frame {i + 1}") for i, entry in enumerate(run)))
        for number, run in enumerate(listed)
    )


def _entry(entry: ArrayLike | int, what: str) -> Entry:
    if np.ndim(entry) == 0:
        try:
            return Code(int(entry))  # type: ignore[arg-type]
        except (TypeError, ValueError) as error:
            raise InputError(f"{what} is {entry!r}; expected a region, or a code: 0, 1 or 2.") from error
    return _region(entry, what)
