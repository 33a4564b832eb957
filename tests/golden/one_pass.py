"""Benchmarks of one pass: OTB, UAV123, LaSOT and GOT-10k, and OTB's two tests of robustness."""

from __future__ import annotations

import random

from tests.golden.boxes import NAN, Benchmark, Rows, every, finite, follow, walk


def _otb_truth(dice: random.Random) -> dict[str, Rows]:
    truth = {
        "Approach": walk(dice, 40, [60.0, 50.0, 30.0, 40.0], [1.0, 0.5, 0.6, 0.8]),
        # Starts outside the image (its first row is not valid where all four values must be positive) and goes out
        # again: x, y and at last the centre are negative, and x is exactly 0 once.
        "Edge": walk(dice, 36, [-2.5, 40.0, 24.0, 20.0], [0.0, -2.2, 0.0, 0.0]),
        "Tiny": walk(dice, 30, [100.0, 80.0, 4.0, 4.0], [0.7, 0.2, 0.0, 0.0]),
        # Rows without a size, in the manner of OTB's Board and Crowds.
        "Blank": walk(dice, 32, [150.0, 90.0, 40.0, 30.0], [-1.0, 0.3, 0.1, 0.0]),
        "Whole": [[20.0 + 2 * t, 30.0 + t, 20.0, 10.0] for t in range(25)],
    }
    truth["Edge"][9][0] = 0.0
    truth["Edge"][30] = [-30.0, -12.5, 24.0, 20.0]
    truth["Blank"][11] = [0.0, 0.0, 0.0, 0.0]
    truth["Blank"][12] = [140.25, 93.0, 0.0, 30.0]
    truth["Blank"][13] = [140.25, 93.0, 41.0, 0.0]
    truth["Blank"][31] = [0.0, 0.0, 0.0, 0.0]
    return truth


def _ope_results(dice: random.Random, truth: dict[str, Rows]) -> dict[str, dict[str, list[Rows]]]:
    """The trackers of a one-pass benchmark, each of which has one kind of trap."""
    clean = {name: follow(dice, [finite(row) for row in rows], 0.25) for name, rows in truth.items()}
    first, last = next(iter(truth)), list(truth)[-1]
    found: dict[str, dict[str, Rows]] = {
        "near": clean,
        "far": {name: follow(dice, [finite(row) for row in rows], 0.9) for name, rows in truth.items()},
        # Integers: overlaps and centre errors that lie exactly on thresholds.
        "whole": {
            name: [
                [float(int(x) + t % 4), float(int(y)), float(int(w) + 1), float(int(h) + t % 3)]
                for t, (x, y, w, h) in enumerate(map(finite, rows))
            ]
            for name, rows in truth.items()
        },
        # One side shortened to k / 20 of the truth: overlaps that are a threshold, or the number next to it.
        "exact": {
            name: [[x, y, round(w * (1 + t % 20) / 20, 10), h] for t, (x, y, w, h) in enumerate(map(finite, rows))]
            for name, rows in truth.items()
        },
        "first": {name: every(rows, [0], lambda row: [1.0, 1.0, 7.0, 7.0]) for name, rows in clean.items()},
        "nan": {
            name: every(rows, [1, 5, 6, 7, 20, len(rows) - 1], lambda row: [NAN] * 4) for name, rows in clean.items()
        },
        "partly-nan": {name: every(rows, [4, 9], lambda row: [row[0], NAN, *row[2:]]) for name, rows in clean.items()},
        "empty": {
            name: every(every(rows, [3, 4, 17], lambda row: [*row[:2], 0.0, 0.0]), [8, 21], lambda row: [*row[:3], 0.0])
            for name, rows in clean.items()
        },
        "negative": {
            name: every(rows, [6, 18], lambda row: [*row[:2], -row[2], row[3]]) for name, rows in clean.items()
        },
        # Succeeds nowhere but in the frames that a toolkit gives it for nothing.
        "lost": {name: [[900.0, 900.0, 5.0, 5.0] for _ in rows] for name, rows in truth.items()},
        "short": {**clean, first: clean[first][:-3]},
        "long": {**clean, last: [*clean[last], *clean[last][-4:]]},
    }
    return {tracker: {name: [rows] for name, rows in runs.items()} for tracker, runs in found.items()}


def otb() -> Benchmark:
    """OTB: 1-based boxes, some rows of ground truth without a size or partly outside the image."""
    dice = random.Random(20150901)
    truth = _otb_truth(dice)
    return Benchmark("Traps", truth, _ope_results(dice, truth))


def uav() -> Benchmark:
    """UAV123: rows of NaN where the target is out of view."""
    dice = random.Random(20160901)
    truth = {
        "bike7": walk(dice, 34, [120.0, 70.0, 30.0, 24.0], [1.0, 0.3, 0.2, 0.1]),
        "wave9": walk(dice, 28, [40.0, 150.0, 18.0, 26.0], [0.5, -1.0, 0.0, 0.1]),
        "roof4": walk(dice, 31, [200.0, 100.0, 44.0, 30.0], [-1.0, 0.0, 0.0, 0.0]),
    }
    for name, frames in {"bike7": [5, 6, 7, 8], "wave9": [20, 27]}.items():
        for frame in frames:
            truth[name][frame] = [NAN] * 4
    truth["roof4"][12] = [0.0, 0.0, 0.0, 0.0]
    return Benchmark("UAV123", truth, _ope_results(dice, truth))


def lasot() -> Benchmark:
    """LaSOT: flags of frames without the target, some with and some without a box."""
    dice = random.Random(20190601)
    truth = {
        "kite-77": walk(dice, 38, [90.0, 60.0, 26.0, 30.0], [0.8, 0.5, 0.1, 0.1]),
        "lamp-78": walk(dice, 33, [150.0, 120.0, 36.0, 20.0], [-1.0, -0.4, 0.0, 0.2]),
        "sled-79": walk(dice, 29, [30.0, 30.0, 22.0, 22.0], [1.0, 1.0, 0.0, 0.0]),
    }
    absent = {name: [0] * len(rows) for name, rows in truth.items()}
    for frame in (4, 5, 6, 30):
        absent["kite-77"][frame] = 1
    for frame in (10, 11, 32):
        absent["lamp-78"][frame] = 1
        truth["lamp-78"][frame] = [0.0, 0.0, 0.0, 0.0]
    truth["lamp-78"][20] = [0.0, 0.0, 0.0, 0.0]  # without a box, and not marked
    truth["sled-79"][14][0] = -3.25  # partly outside, and not marked
    return Benchmark("LaSOT", truth, _ope_results(dice, truth), absent)


def got10k() -> Benchmark:
    """GOT-10k's validation set: 0-based, cover labels, boxes that leave the image."""
    dice = random.Random(20181101)
    truth = {
        "GOT-10k_Val_000901": walk(dice, 30, [250.0, 60.0, 60.0, 50.0], [2.0, 0.5, 0.1, 0.1]),
        "GOT-10k_Val_000902": walk(dice, 26, [20.0, 190.0, 40.0, 40.0], [-1.5, 1.5, 0.0, 0.0]),
    }
    absent = {name: [0] * len(rows) for name, rows in truth.items()}
    for frame in (7, 8, 25):
        absent["GOT-10k_Val_000901"][frame] = 1
    results = _ope_results(dice, truth)
    # A second run that differs, as a tracker has it that is not deterministic.
    results["far"] = {name: [*runs, follow(dice, truth[name], 0.5)] for name, runs in results["far"].items()}
    return Benchmark("GOT-10k", truth, results, absent)


def _together(runs: list[dict[str, dict[str, list[Rows]]]]) -> dict[str, dict[str, list[Rows]]]:
    """The results of several runs of each sequence as those of one benchmark."""
    return {
        tracker: {name: [run for each in runs for run in each[tracker][name]] for name in sequences}
        for tracker, sequences in runs[0].items()
    }


def _robustness_truth(dice: random.Random) -> dict[str, Rows]:
    """As OTB's, with some valid frame in each part of each sequence: the toolkit divides by their number."""
    truth = _otb_truth(dice)
    for frame in (5, 20, 33):
        truth["Edge"][frame] = [3.25, 12.5, 24.0, 20.0]
    return truth


def _robustness_results(dice: random.Random, truth: dict[str, Rows]) -> dict[str, dict[str, list[Rows]]]:
    """As OTB's, but boxes follow with some size where the ground truth has none: the toolkit divides by both areas."""
    sized = {name: [[*row[:2], *(value or 9.0 for value in row[2:])] for row in rows] for name, rows in truth.items()}
    found = _ope_results(dice, sized)
    return {**found, "empty": {**found["empty"], "Blank": found["near"]["Blank"]}}


def tre() -> Benchmark:
    """OTB's temporal robustness: runs from three frames, on some of which the ground truth is not valid."""
    dice = random.Random(20130623)
    truth = _robustness_truth(dice)
    starts = {name: [0, len(rows) // 3, 2 * len(rows) // 3] for name, rows in truth.items()}
    starts["Blank"][1] = 9
    parts = [
        _robustness_results(dice, {name: rows[starts[name][part] :] for name, rows in truth.items()})
        for part in range(3)
    ]
    return Benchmark("Traps", truth, _together(parts), starts=starts)


def sre() -> Benchmark:
    """OTB's spatial robustness: runs from shifted and scaled boxes."""
    dice = random.Random(20130624)
    truth, labels = _robustness_truth(dice), ["left", "topLeft", "scale_8", "scale_12"]
    starts = {name: [0] * len(labels) for name in truth}
    runs = _together([_robustness_results(dice, truth) for _ in labels])
    return Benchmark("Traps", truth, runs, starts=starts, labels=labels)
