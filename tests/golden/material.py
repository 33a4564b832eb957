"""The made-up benchmarks as files: with every trap in them that has made two toolkits disagree.

No file here is anybody's data: `write_material` makes them where they are needed, and `digests` says whether they are
those of `golden.json`.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path

from tests.golden.boxes import HEIGHT, WIDTH, Benchmark, Rows
from tests.golden.one_pass import got10k, lasot, otb, sre, tre, uav
from tests.golden.vot import anchored, free, long_term, order, vot

BENCHMARKS: dict[str, Callable[[], Benchmark]] = {
    "otb": otb,
    "uav": uav,
    "lasot": lasot,
    "got10k": got10k,
    "tre": tre,
    "sre": sre,
    "vot": vot,
    "free": free,
    "anchored": anchored,
    "long-term": long_term,
}
"""Folder -> what is in it."""


def text_of(rows: Rows, as_float: bool = True) -> str:
    """A line for each row; numbers in a row of one, which are codes, with a point only where `as_float`."""
    return "".join(",".join(_number(value, as_float or len(row) > 1) for value in row) + "\n" for row in rows)


def _number(value: float, as_float: bool) -> str:
    return "NaN" if math.isnan(value) else repr(value) if as_float else str(int(value))


def write_material(folder: Path) -> None:
    """Write every benchmark and the results on it, each in the layout of its own toolkit.

    `otb` is a compact JSON file, `uav`, `vot` and `free` are such files of pysot's kind; `lasot` is that and the
    annotations of LaSOT's evaluation toolkit; `got10k` is the data set's own layout, with empty files for images, as
    nothing opens them; `anchored` and `long-term` are folders of vot-toolkit. Results in `tre` and `sre` are files of
    the OTB toolkit in Python, which hold all runs of a sequence.
    """
    for place, make in BENCHMARKS.items():
        bench = make()
        _write_truth(folder / place, bench)
        for tracker, sequences in bench.results.items():
            for name, runs in sequences.items():
                if place in {"tre", "sre"}:
                    _write_segments(folder / place / "results" / tracker / f"{name}.json", place, bench, runs)
                else:
                    _write_runs(folder / place / "results" / tracker, place, bench, name)


PROTOCOLS = {"vot": "baseline", "free": "unsupervised", "anchored": "multi-start", "long-term": "longterm"}
"""Where the results of VOT's protocols are, in a tracker's folder."""


def _write_runs(tracker: Path, place: str, bench: Benchmark, name: str) -> None:
    """The runs of one sequence, a file for each."""
    runs = bench.results[tracker.name][name]
    as_float = tracker.name in bench.as_float or place not in PROTOCOLS
    for number, rows in enumerate(runs, start=1):
        if place in PROTOCOLS:
            stem = f"{name}_{bench.starts[name][number - 1]:08d}" if bench.starts else f"{name}_{number:03d}"
            target = tracker / PROTOCOLS[place] / name / f"{stem}.txt"
        else:
            target = tracker / name / f"{name}_{number:03d}.txt" if place == "got10k" else tracker / f"{name}.txt"
        _put(target, text_of(rows, as_float))
        if tracker.name in bench.confidences:
            sure = bench.confidences[tracker.name][name]
            lines = ("\n" if value is None else f"{value!r}\n" for value in sure)
            _put(target.with_name(f"{target.stem}_confidence.value"), "".join(lines))
    if place == "got10k":  # whose own report needs times
        times = ",".join(["0.04"] * len(runs)) + "\n"
        _put(target.with_name(f"{name}_time.txt"), times * len(bench.truth[name]))


def _write_segments(path: Path, place: str, bench: Benchmark, runs: list[Rows]) -> None:
    """All runs of one sequence, as the OTB toolkit in Python writes them."""
    records = [
        {
            "tracker": path.parent.name,
            "seqName": path.stem,
            "startFrame": bench.starts[path.stem][number] + 1,
            "endFrame": bench.starts[path.stem][number] + len(rows),
            "evalType": place.upper(),
            "fps": 25.0,
            "shiftType": bench.labels[number] if bench.labels else None,
            "resType": "rect",
            "tmplsize": None,
            "res": rows,
        }
        for number, rows in enumerate(runs)
    ]
    _put(path, json.dumps(records))


def _write_truth(folder: Path, bench: Benchmark) -> None:
    folder.mkdir(parents=True)
    if bench.name == "GOT-10k":
        _write_got10k(folder / "data" / "val", bench)
        return
    if bench.name in {"VOT2020", "VOT2018-LT"}:
        _write_vot_folder(folder / bench.name, bench)
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


def _write_vot_folder(folder: Path, bench: Benchmark) -> None:
    """As vot-toolkit has it; `anchor.value` says forward (1) or backward (-1) from an anchor, and 0 elsewhere."""
    _put(folder / "list.txt", "\n".join(bench.truth) + "\n")
    for name, rows in bench.truth.items():
        _put(folder / name / "groundtruth.txt", text_of(rows))
        _put(folder / name / "sequence", f"name={name}\nwidth={WIDTH}\nheight={HEIGHT}\nfps=25\n")
        if bench.starts:
            anchors = {
                frame: 1 if len(order(frame, len(rows))) > 1 and order(frame, len(rows))[1] > frame else -1
                for frame in bench.starts[name]
            }
            values = (str(anchors.get(frame, 0)) for frame in range(len(rows)))
            _put(folder / name / "anchor.value", "\n".join(values) + "\n")


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def digests(folder: Path) -> dict[str, str]:
    """Benchmark -> a hash of its files and their names."""
    return {place: _digest(folder / place) for place in BENCHMARKS}


def _digest(folder: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        found.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()
