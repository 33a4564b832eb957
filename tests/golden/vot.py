"""Benchmarks of VOT: with resets, without, from anchors, and of long videos."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable

from tests.golden.boxes import CODES, HEIGHT, NAN, WIDTH, Benchmark, Row, Rows, follow, walk

SKIP = 5
ODD = [
    [400.0, 300.0, 30.0, 30.0],
    [-50.0, -50.0, 40.0, 40.0],
    [-10.5, 200.25, 500.0, 90.5],
    [70.0, 70.0, 0.0, 0.0],
    [70.0, 70.0, 1.0, 1.0],
    [0.0, 0.0, float(WIDTH), float(HEIGHT)],
    [60.0, 60.0, 50.0, 0.25],
]
"""Boxes outside the image, across its border, without a size, of one pixel, and the size of the image."""
AWAY = [280.0, 10.0, 20.0, 20.0]
"""Where no target ever is."""


def _turned(x: float, y: float, w: float, h: float, lean: float) -> Row:
    """A parallelogram."""
    corners = [x + lean, y, x + w, y + lean, x + w - lean, y + h, x, y + h - lean]
    return [round(value, 2) for value in corners]


def _vot_truth(dice: random.Random) -> dict[str, Rows]:
    truth = {}
    for name, frames, start, step in (
        ("glide", 130, [60.0, 60.0, 50.0, 30.0], [0.8, 0.4, 0.0, 0.0]),
        ("march", 360, [30.0, 90.0, 40.0, 40.0], [0.5, 0.1, 0.02, 0.0]),
        ("leave", 90, [200.0, 150.0, 60.0, 40.0], [1.2, 1.0, 0.0, 0.0]),
        ("brief", 40, [100.0, 100.0, 30.0, 50.0], [0.0, 0.5, 0.0, 0.0]),
    ):
        boxes = walk(dice, frames, start, step)
        truth[name] = [_turned(x, y, w, h, 0.3 * min(w, h) * dice.random()) for x, y, w, h in boxes]
    # Rectangles among polygons, as VOT2018's conduction1 has them; a polygon without area; one of a single pixel.
    for frame in range(50, 60):
        x, y = truth["glide"][frame][:2]
        truth["glide"][frame] = [x, y, 44.5, 31.25]
    x, y = truth["march"][200][:2]
    truth["march"][200] = [x, y, x + 40, y, x + 40, y, x, y]
    truth["march"][201] = [x, y, x + 1, y, x + 1, y + 1, x, y + 1]
    return truth


def _bounds(row: Row) -> Row:
    if len(row) == 4:
        return row
    left, top = min(row[0::2]), min(row[1::2])
    return [left, top, max(row[0::2]) - left, max(row[1::2]) - top]


def _supervised(dice: random.Random, truth: Rows, failures: Iterable[int], polygons: bool, size: float) -> Rows:
    """A run that fails at these frames, where it is not then waiting for its next start."""
    wanted, rows, start = set(failures), [], 0
    for frame in range(len(truth)):
        if frame < start:
            rows.append([CODES["skipped"]])
        elif frame == start:
            rows.append([CODES["start"]])
        elif frame in wanted:
            rows.append([CODES["failed"]])
            start = frame + SKIP
        elif polygons and len(truth[frame]) == 8:
            shift = [(2 * dice.random() - 1) * size * 30 for _ in range(2)]
            rows.append([round(value + shift[i % 2], 2) for i, value in enumerate(truth[frame])])
        else:
            rows.append(follow(dice, [_bounds(truth[frame])], size)[0])
    return rows


def _ends(frames: int) -> list[int]:
    """Failures in a row from the start, and one whose next start would be the last frame."""
    return [1, 2, 6, 7, 12, 30, frames - 1 - SKIP]


def vot() -> Benchmark:
    """VOT2018: polygons, codes, resets at every place that has been counted differently."""
    dice = random.Random(20180901)
    truth = _vot_truth(dice)

    def runs(
        failures: Callable[[int], Iterable[int]], count: int = 1, polygons: bool = False, size: float = 0.2
    ) -> dict[str, list[Rows]]:
        return {
            name: [_supervised(dice, rows, failures(len(rows)), polygons, size) for _ in range(count)]
            for name, rows in truth.items()
        }

    steady = runs(lambda frames: ())
    results = {
        "steady": steady,
        "in-a-row": runs(_ends),
        # The failure is exactly five frames before the end: there is no next start, but pysot opens one.
        "five-before": runs(lambda frames: (25, frames - SKIP)),
        "last-frame": runs(lambda frames: (15, frames - 1)),
        "near-the-end": runs(lambda frames: (frames - 3,)),
        "written-as-float": runs(lambda frames: (10, 33, frames - 20), polygons=True),
        "fifteen": runs(lambda frames: [int(dice.random() * frames) for _ in range(frames // 40)], count=15),
        "three": {name: [run, run, run] for name, [run] in steady.items()},
    }
    # Three equal runs of one sequence, which prove a tracker deterministic there, and fifteen of the others.
    results["uneven"] = results["fifteen"] | {"march": results["in-a-row"]["march"] * 3}
    results["odd-boxes"] = {
        name: [[ODD[t // 3 % len(ODD)] if t % 3 == 2 else row for t, row in enumerate(run)]]
        for name, [run] in steady.items()
    }
    return Benchmark("VOT2018", truth, results, as_float=("written-as-float",))


# --- VOT without resets ----------------------------------------------------------------------------------------------


def _free(dice: random.Random, truth: Rows, size: float = 0.2) -> Rows:
    """A run that is initialised once and follows."""
    return [[CODES["start"]], *(follow(dice, [_bounds(row)], size)[0] for row in truth[1:])]


def free() -> Benchmark:
    """VOT2018's unsupervised runs: frames without an answer, a code or NaN among regions, several runs."""
    dice = random.Random(20180902)
    truth = _vot_truth(dice)
    steady = {name: _free(dice, rows) for name, rows in truth.items()}
    found = {
        "steady": {name: [run] for name, run in steady.items()},
        "far": {name: [_free(dice, rows, 0.8)] for name, rows in truth.items()},
        "lost": {name: [[run[0], *([AWAY] * (len(run) - 1))]] for name, run in steady.items()},
        "within-burn-in": {name: [[*run[:8], *([AWAY] * (len(run) - 8))]] for name, run in steady.items()},
        "silent": {
            name: [[[CODES["skipped"]] if t % 7 == 3 else row for t, row in enumerate(run)]]
            for name, run in steady.items()
        },
        "nan": {
            name: [[[NAN] * 4 if t % 11 == 5 else row for t, row in enumerate(run)]] for name, run in steady.items()
        },
        "three": {name: [run, _free(dice, truth[name], 0.5), _free(dice, truth[name])] for name, run in steady.items()},
        "polygons": {
            name: [[run[0], *([v + 1.25 for v in row] if len(row) == 8 else row for row in truth[name][1:])]]
            for name, run in steady.items()
        },
        "odd-boxes": {
            name: [[ODD[t // 3 % len(ODD)] if t % 3 == 2 else row for t, row in enumerate(run)]]
            for name, run in steady.items()
        },
        "short": {name: [run[:-4] if name == "glide" else run] for name, run in steady.items()},
    }
    return Benchmark("VOT2018", truth, found)


# --- VOT from anchors ------------------------------------------------------------------------------------------------

EVERY = 50


def _anchors(frames: int) -> list[int]:
    return [*range(0, frames - 1, EVERY), frames - 1]


def order(frame: int, frames: int) -> range:
    """The frames of a run from an anchor: to the farther end."""
    return range(frame, frames) if frames - 1 - frame >= frame else range(frame, -1, -1)


def anchored() -> Benchmark:
    """VOT2020's runs from anchors: failures at once, late, nearly, and where there is no target."""
    dice = random.Random(20200901)
    truth = {
        "voyage": walk(dice, 800, [60.0, 60.0, 50.0, 30.0], [0.1, 0.1, 0.0, 0.0]),
        "detour": walk(dice, 230, [150.0, 100.0, 40.0, 40.0], [-0.3, 0.1, 0.02, 0.0]),
        "brief": walk(dice, 60, [100.0, 100.0, 30.0, 50.0], [0.0, 0.5, 0.0, 0.0]),
    }
    for frame in [*range(20, 34), 110, 111]:
        truth["detour"][frame] = [NAN] * 4
    starts = {name: _anchors(len(rows)) for name, rows in truth.items()}

    def runs(lost: Callable[[int], Iterable[int]], size: float = 0.2) -> dict[str, list[Rows]]:
        """From each anchor a run that is away at these frames, counted from the anchor."""
        found: dict[str, list[Rows]] = {}
        for name, rows in truth.items():
            for start in starts[name]:
                seen = [rows[frame] for frame in order(start, len(rows))]
                away = set(lost(len(seen)))
                boxes = [AWAY if math.isnan(row[0]) else follow(dice, [row], size)[0] for row in seen]
                run = [AWAY if t in away else box for t, box in enumerate(boxes)]
                found.setdefault(name, []).append([[CODES["start"]], *run[1:]])
        return found

    found = {
        "steady": runs(lambda frames: ()),
        "far": runs(lambda frames: (), 0.7),
        "nine-in-a-row": runs(lambda frames: [*range(12, 21), *range(40, 49)]),
        "ten-in-a-row": runs(lambda frames: range(12, 22)),
        "at-once": runs(lambda frames: range(2, frames)),
        "half-way": runs(lambda frames: range(frames // 2, frames)),
        "too-late-to-fail": runs(lambda frames: range(frames - 7, frames)),
    }
    found["silent"] = {
        name: [[[CODES["skipped"]] if row is AWAY else row for row in run] for run in several]
        for name, several in found["steady"].items()
    }
    return Benchmark("VOT2020", truth, found, starts=starts)


# --- VOT of long videos ----------------------------------------------------------------------------------------------


def long_term() -> Benchmark:
    """VOT2018-LT: the target leaves, and confidences are equal, tied, missing, NaN or all there is."""
    dice = random.Random(20180903)
    truth = {
        "parade": walk(dice, 300, [60.0, 60.0, 50.0, 30.0], [0.3, 0.1, 0.0, 0.0]),
        "market": walk(dice, 180, [150.0, 100.0, 40.0, 40.0], [-0.3, 0.1, 0.02, 0.0]),
        "corner": walk(dice, 120, [100.0, 100.0, 30.0, 50.0], [0.0, 0.5, 0.0, 0.0]),
    }
    for name, frames in {"parade": range(90, 160), "corner": range(100, 120)}.items():
        for frame in frames:
            truth[name][frame] = [NAN] * 4
    here = {
        name: [[150.0, 90.0, 30.0, 30.0] if math.isnan(row[0]) else row for row in rows] for name, rows in truth.items()
    }
    near = {name: _free(dice, rows) for name, rows in here.items()}
    far = {name: _free(dice, rows, 0.8) for name, rows in here.items()}

    def sure(of: Callable[[str, int], float | None]) -> dict[str, list[float | None]]:
        return {name: [None, *(of(name, frame) for frame in range(1, len(rows)))] for name, rows in truth.items()}

    def draw(name: str, frame: int) -> float:
        return round(dice.random() * 0.6 + 0.4 * (not math.isnan(truth[name][frame][0])), 4)

    silent = {
        name: [[CODES["skipped"]] if math.isnan(truth[name][t][0]) else row for t, row in enumerate(run)]
        for name, run in near.items()
    }
    results = {"near": near, "far": far, "equal": near, "tied": far, "negative": near, "silent": silent, "unsure": near}
    drawn = sure(draw)
    confidences = {
        "near": drawn,
        "far": sure(draw),
        "equal": sure(lambda name, frame: 0.5),
        "tied": sure(lambda name, frame: float(frame % 4)),
        "negative": sure(lambda name, frame: -draw(name, frame)),
        "silent": drawn,
    }
    runs = {tracker: {name: [run] for name, run in of.items()} for tracker, of in results.items()}
    return Benchmark("VOT2018-LT", truth, runs, confidences=confidences)
