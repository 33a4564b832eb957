"""Boxes made up by this project, with every trap in them that has made two toolkits disagree.

All numbers come from `random.Random(seed).random()`, which Python promises to be the same for ever, and are rounded to
two decimals before anything is computed from them, so every machine writes the same bytes. No file here is anybody's
data: `write_material` makes them where they are needed, and `digest` says whether they are those of `golden.json`.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

Row = list[float]
Rows = list[Row]

WIDTH, HEIGHT = 320, 240
NAN = float("nan")
CODES = {"start": 1.0, "skipped": 0.0, "failed": 2.0}


@dataclass
class Benchmark:
    """One data set in the layout of a benchmark, with what trackers left on it."""

    name: str
    truth: dict[str, Rows]
    """Sequence -> a row for each frame, in the coordinates of the benchmark's own files."""
    results: dict[str, dict[str, list[Rows]]]
    """Tracker -> sequence -> its runs."""
    absent: dict[str, list[int]] = field(default_factory=dict)
    """Sequence -> 1 for each frame without the target."""
    as_float: tuple[str, ...] = ()
    """Trackers whose codes are written `1.0` instead of `1`."""


# --- one-pass evaluation ---------------------------------------------------------------------------------------------


def _walk(dice: random.Random, frames: int, start: Row, step: Row) -> Rows:
    """A target that walks on, with a little noise."""
    rows, row = [], list(start)
    for _ in range(frames):
        rows.append([round(value, 2) for value in row])
        row = [value + move + 2 * dice.random() - 1 for value, move in zip(row, step, strict=True)]
        row[2:] = [max(value, 4.0) for value in row[2:]]
    return rows


def _otb_truth(dice: random.Random) -> dict[str, Rows]:
    truth = {
        "Approach": _walk(dice, 40, [60.0, 50.0, 30.0, 40.0], [1.0, 0.5, 0.6, 0.8]),
        # Starts outside the image (its first row is not valid where all four values must be positive) and goes out
        # again: x, y and at last the centre are negative, and x is exactly 0 once.
        "Edge": _walk(dice, 36, [-2.5, 40.0, 24.0, 20.0], [0.0, -2.2, 0.0, 0.0]),
        "Tiny": _walk(dice, 30, [100.0, 80.0, 4.0, 4.0], [0.7, 0.2, 0.0, 0.0]),
        # Rows without a size, in the manner of OTB's Board and Crowds.
        "Blank": _walk(dice, 32, [150.0, 90.0, 40.0, 30.0], [-1.0, 0.3, 0.1, 0.0]),
        "Whole": [[20.0 + 2 * t, 30.0 + t, 20.0, 10.0] for t in range(25)],
    }
    truth["Edge"][9][0] = 0.0
    truth["Edge"][30] = [-30.0, -12.5, 24.0, 20.0]
    truth["Blank"][11] = [0.0, 0.0, 0.0, 0.0]
    truth["Blank"][12] = [140.25, 93.0, 0.0, 30.0]
    truth["Blank"][13] = [140.25, 93.0, 41.0, 0.0]
    truth["Blank"][31] = [0.0, 0.0, 0.0, 0.0]
    return truth


def _follow(dice: random.Random, truth: Rows, size: float) -> Rows:
    """Boxes that drift about the truth by about `size` of its size."""
    rows = []
    for x, y, *size_of in truth:
        w, h = (max(value, 4.0) for value in size_of)
        shift = [(2 * dice.random() - 1) * size for _ in range(4)]
        rows.append([round(v, 2) for v in (x + shift[0] * w, y + shift[1] * h, w * (1 + shift[2]), h * (1 + shift[3]))])
    return rows


def _every(rows: Rows, frames: Iterable[int], change: Callable[[Row], Row]) -> Rows:
    """A copy in which these frames (those that there are) are changed."""
    copy = [list(row) for row in rows]
    for frame in frames:
        if frame < len(copy):
            copy[frame] = change(copy[frame])
    return copy


def _ope_results(dice: random.Random, truth: dict[str, Rows]) -> dict[str, dict[str, list[Rows]]]:
    """The trackers of a one-pass benchmark, each of which has one kind of trap."""
    clean = {name: _follow(dice, [_finite(row) for row in rows], 0.25) for name, rows in truth.items()}
    first, last = next(iter(truth)), list(truth)[-1]
    found: dict[str, dict[str, Rows]] = {
        "near": clean,
        "far": {name: _follow(dice, [_finite(row) for row in rows], 0.9) for name, rows in truth.items()},
        # Integers: overlaps and centre errors that lie exactly on thresholds.
        "whole": {
            name: [
                [float(int(x) + t % 4), float(int(y)), float(int(w) + 1), float(int(h) + t % 3)]
                for t, (x, y, w, h) in enumerate(map(_finite, rows))
            ]
            for name, rows in truth.items()
        },
        # One side shortened to k / 20 of the truth: overlaps that are a threshold, or the number next to it.
        "exact": {
            name: [[x, y, round(w * (1 + t % 20) / 20, 10), h] for t, (x, y, w, h) in enumerate(map(_finite, rows))]
            for name, rows in truth.items()
        },
        "first": {name: _every(rows, [0], lambda row: [1.0, 1.0, 7.0, 7.0]) for name, rows in clean.items()},
        "nan": {
            name: _every(rows, [1, 5, 6, 7, 20, len(rows) - 1], lambda row: [NAN] * 4) for name, rows in clean.items()
        },
        "partly-nan": {name: _every(rows, [4, 9], lambda row: [row[0], NAN, *row[2:]]) for name, rows in clean.items()},
        "empty": {
            name: _every(
                _every(rows, [3, 4, 17], lambda row: [*row[:2], 0.0, 0.0]), [8, 21], lambda row: [*row[:3], 0.0]
            )
            for name, rows in clean.items()
        },
        "negative": {
            name: _every(rows, [6, 18], lambda row: [*row[:2], -row[2], row[3]]) for name, rows in clean.items()
        },
        # Succeeds nowhere but in the frames that a toolkit gives it for nothing.
        "lost": {name: [[900.0, 900.0, 5.0, 5.0] for _ in rows] for name, rows in truth.items()},
        "short": {**clean, first: clean[first][:-3]},
        "long": {**clean, last: [*clean[last], *clean[last][-4:]]},
    }
    return {tracker: {name: [rows] for name, rows in runs.items()} for tracker, runs in found.items()}


def _finite(row: Row) -> Row:
    return [100.0, 100.0, 20.0, 20.0] if any(math.isnan(value) for value in row) else row


def otb() -> Benchmark:
    """OTB: 1-based boxes, some rows of ground truth without a size or partly outside the image."""
    dice = random.Random(20150901)
    truth = _otb_truth(dice)
    return Benchmark("Traps", truth, _ope_results(dice, truth))


def uav() -> Benchmark:
    """UAV123: rows of NaN where the target is out of view."""
    dice = random.Random(20160901)
    truth = {
        "bike7": _walk(dice, 34, [120.0, 70.0, 30.0, 24.0], [1.0, 0.3, 0.2, 0.1]),
        "wave9": _walk(dice, 28, [40.0, 150.0, 18.0, 26.0], [0.5, -1.0, 0.0, 0.1]),
        "roof4": _walk(dice, 31, [200.0, 100.0, 44.0, 30.0], [-1.0, 0.0, 0.0, 0.0]),
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
        "kite-77": _walk(dice, 38, [90.0, 60.0, 26.0, 30.0], [0.8, 0.5, 0.1, 0.1]),
        "lamp-78": _walk(dice, 33, [150.0, 120.0, 36.0, 20.0], [-1.0, -0.4, 0.0, 0.2]),
        "sled-79": _walk(dice, 29, [30.0, 30.0, 22.0, 22.0], [1.0, 1.0, 0.0, 0.0]),
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
        "GOT-10k_Val_000901": _walk(dice, 30, [250.0, 60.0, 60.0, 50.0], [2.0, 0.5, 0.1, 0.1]),
        "GOT-10k_Val_000902": _walk(dice, 26, [20.0, 190.0, 40.0, 40.0], [-1.5, 1.5, 0.0, 0.0]),
    }
    absent = {name: [0] * len(rows) for name, rows in truth.items()}
    for frame in (7, 8, 25):
        absent["GOT-10k_Val_000901"][frame] = 1
    results = _ope_results(dice, truth)
    # A second run that differs, as a tracker has it that is not deterministic.
    results["far"] = {name: [*runs, _follow(dice, truth[name], 0.5)] for name, runs in results["far"].items()}
    return Benchmark("GOT-10k", truth, results, absent)


# --- VOT with resets -------------------------------------------------------------------------------------------------

SKIP = 5


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
        boxes = _walk(dice, frames, start, step)
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
            rows.append(_follow(dice, [_bounds(truth[frame])], size)[0])
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
    # Boxes outside the image, across its border, without a size, of one pixel, and the size of the image.
    odd = [
        [400.0, 300.0, 30.0, 30.0],
        [-50.0, -50.0, 40.0, 40.0],
        [-10.5, 200.25, 500.0, 90.5],
        [70.0, 70.0, 0.0, 0.0],
        [70.0, 70.0, 1.0, 1.0],
        [0.0, 0.0, float(WIDTH), float(HEIGHT)],
        [60.0, 60.0, 50.0, 0.25],
    ]
    results["odd-boxes"] = {
        name: [[odd[t // 3 % len(odd)] if t % 3 == 2 else row for t, row in enumerate(run)]]
        for name, [run] in steady.items()
    }
    return Benchmark("VOT2018", truth, results, as_float=("written-as-float",))


BENCHMARKS: dict[str, Callable[[], Benchmark]] = {"otb": otb, "uav": uav, "lasot": lasot, "got10k": got10k, "vot": vot}
"""Folder -> what is in it."""

# --- on disk ---------------------------------------------------------------------------------------------------------


def text_of(rows: Rows, as_float: bool = True) -> str:
    """A line for each row; numbers in a row of one, which are codes, with a point only where `as_float`."""
    return "".join(",".join(_number(value, as_float or len(row) > 1) for value in row) + "\n" for row in rows)


def _number(value: float, as_float: bool) -> str:
    return "NaN" if math.isnan(value) else repr(value) if as_float else str(int(value))


def write_material(folder: Path) -> None:
    """Write every benchmark and the results on it, each in the layout of its own toolkit.

    `otb` is a compact JSON file, `uav` and `vot` are such files of pysot's kind; `lasot` is that and the annotations of
    LaSOT's evaluation toolkit; `got10k` is the data set's own layout, with empty files for images, as nothing opens
    them.
    """
    for place, make in BENCHMARKS.items():
        bench = make()
        _write_truth(folder / place, bench)
        for tracker, sequences in bench.results.items():
            for name, runs in sequences.items():
                for number, rows in enumerate(runs, start=1):
                    target = folder / place / "results" / _result(place, tracker, name, number)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_text(text_of(rows, tracker in bench.as_float or place != "vot"), encoding="utf-8")
                if place == "got10k":  # whose own report needs times
                    times = ",".join(["0.04"] * len(runs)) + "\n"
                    _put(target.with_name(f"{name}_time.txt"), times * len(bench.truth[name]))


def _result(place: str, tracker: str, name: str, number: int) -> str:
    if place == "vot":
        return f"{tracker}/baseline/{name}/{name}_{number:03d}.txt"
    return f"{tracker}/{name}/{name}_{number:03d}.txt" if place == "got10k" else f"{tracker}/{name}.txt"


def _write_truth(folder: Path, bench: Benchmark) -> None:
    folder.mkdir(parents=True)
    if bench.name == "GOT-10k":
        _write_got10k(folder / "data" / "val", bench)
        return
    if bench.name == "LaSOT":
        for name, rows in bench.truth.items():
            _put(folder / "annos" / f"{name}.txt", text_of(rows))
            _put(folder / "annos" / "absent" / f"{name}.txt", "\n".join(map(str, bench.absent[name])) + "\n")
    entries = {}
    for name, rows in bench.truth.items():
        images = [f"{name}/img/{frame:04d}.jpg" for frame in range(1, len(rows) + 1)]
        entry: dict[str, object] = {
            "video_dir": name,
            "init_rect": rows[0],
            "img_names": images,
            "gt_rect": rows,
            "attr": [],
        }
        if bench.absent:
            entry["absent"] = [1 - flag for flag in bench.absent[name]]  # in pysot's files 1 means present
        if bench.name == "VOT2018":
            tags = {tag: [int((frame // 20 + i) % 5 == 0) for frame in range(len(rows))] for i, tag in enumerate(TAGS)}
            entry |= {"width": WIDTH, "height": HEIGHT, **tags}
        entries[name] = entry
    content = {"dataset": "Traps", "box": "x,y,w,h; 1-based", "sequences": entries}
    _put(folder / f"{bench.name}.json", json.dumps(content if bench.name == "Traps" else entries))


TAGS = ("camera_motion", "illum_change", "motion_change", "size_change", "occlusion")


def _write_got10k(folder: Path, bench: Benchmark) -> None:
    _put(folder / "list.txt", "\n".join(bench.truth) + "\n")
    for name, rows in bench.truth.items():
        _put(folder / name / "groundtruth.txt", text_of(rows))
        _put(folder / name / "absence.label", "\n".join(map(str, bench.absent[name])) + "\n")
        _put(folder / name / "cover.label", "\n".join("0" if flag else "8" for flag in bench.absent[name]) + "\n")
        _put(folder / name / "cut_by_image.label", "0\n" * len(rows))
        _put(folder / name / "meta_info.ini", f"[METAINFO]\nresolution: ({WIDTH}, {HEIGHT})\nanno_fps: 10Hz\n")
        for frame in range(1, len(rows) + 1):
            _put(folder / name / f"{frame:08d}.jpg", "")


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def digest(folder: Path) -> str:
    """A hash of all files and their names."""
    found = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        found.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()
