"""What EAO and AR of VOT2018 cost, side by side with `vot analyze` of vot-toolkit 0.7.4: six trackers, the same files.

    make peers
    python benchmarks/vot_scoring.py --shared ../shared --peers .peers

Each side is a process of its own and reads raw results from disk; nothing is kept from an earlier run, except what
the toolkit compiles; ours compiles nothing. Times are CPU seconds of all threads, the least of five runs of each side,
of whole processes: the interpreter and imports are in them.

Without the toolkit's environment the other side is a plain numpy computation of the overlaps on bitmaps, which stands
for no toolkit.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

OURS = """
from siamfc_eval.cli.main import cli

cli.get_command(None, "score")
import siamfc_eval.datasets.load, siamfc_eval.metrics.scoring, siamfc_eval.metrics.vot.supervised
import siamfc_eval.results.read
import siamfc_eval.geometry.raster
"""
THEIRS = """
import vot.analysis.supervised, vot.utilities.cli, vot.workspace
from vot.region.raster import calculate_overlap
from vot.region.shapes import Rectangle

calculate_overlap(Rectangle(1, 1, 5, 5), Rectangle(1, 1, 5, 5), (9, 9))
"""
STACK = """title: VOT2018 baseline
experiments:
  baseline:
    type: supervised
    repetitions: 15
    skip_initialize: 5
    analyses:
      - type: supervised_average_ar
        sensitivity: 30
      - type: supervised_eao_score
        low: 100
        high: 356
      - type: supervised_eao_curve
"""


class Cost(NamedTuple):
    """What one process took."""

    seconds: float
    """CPU, user and system, of all threads."""
    peak_mib: float
    output: str


def measure(command: list[str], folder: Path) -> Cost:
    """Run a command to its end.

    Raises:
        SystemExit: it failed; its output is in the message.
    """
    environment = {**os.environ, "SIAMFC_EVAL_CACHE": "off", "PYTHONHASHSEED": "0"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # Installed programs have their byte code.
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed with {process.returncode}:\n{text[-2000:]}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text)


def least(*sides: Callable[[], Cost]) -> list[Cost]:
    """The cheapest of five runs of each side: what disturbs a measurement only ever adds to it.

    Sides take turns, so that what else the machine does weighs on all of them.
    """
    turns = [[run() for run in sides] for _ in range(5)]
    return [min(costs, key=lambda cost: cost.seconds) for costs in zip(*turns, strict=True)]


def make_workspace(folder: Path, published: Path) -> list[str]:
    """A vot-toolkit workspace with the published results; returns its trackers' identifiers by name."""
    annotations: dict[str, Any] = json.loads((published / "annotations.json").read_text())
    for name, entry in annotations.items():
        place = folder / "sequences" / name
        place.mkdir(parents=True)
        keys = {"channels.color": "color/%08d.jpg", "fps": 30, "format": "default", "name": name}
        keys |= {"width": entry["width"], "height": entry["height"], "length": len(entry["gt_rect"])}
        (place / "sequence").write_text("".join(f"{key}={value}\n" for key, value in keys.items()))
        rows = (",".join(map(str, region)) for region in entry["gt_rect"])
        (place / "groundtruth.txt").write_text("\n".join(rows) + "\n")
    (folder / "sequences" / "list.txt").write_text("\n".join(annotations) + "\n")
    (folder / "baseline.yaml").write_text(STACK)
    (folder / "config.yaml").write_text("registry:\n- ./trackers.ini\nstack: baseline.yaml\n")
    trackers = sorted(path.name for path in (published / "results").iterdir())
    sections = []
    for tracker in trackers:
        identifier = tracker.replace("-", "_")
        sections.append(f"[{identifier}]\nlabel = {tracker}\nprotocol = trax\ncommand = none\n")
        for name in annotations:
            place = folder / "results" / identifier / "baseline" / name
            place.mkdir(parents=True)
            shutil.copy(published / "results" / tracker / "baseline" / name / f"{name}_001.txt", place)
    (folder / "trackers.ini").write_text("\n".join(sections))
    return trackers


def run_toolkit(vot: Path, folder: Path, trackers: list[str]) -> Cost:
    """`vot analyze`, without what it keeps between runs."""
    for kept in ("cache", "analysis"):
        shutil.rmtree(folder / kept, ignore_errors=True)
    identifiers = [tracker.replace("-", "_") for tracker in trackers]
    command = [str(vot), "analyze", "--workspace", str(folder), "--format", "json", "--name", "scores", *identifiers]
    return measure(command, folder)


def plain_eao(published: Path) -> None:
    """Overlaps on bitmaps with numpy alone, one frame after another: what stands in where the toolkit is absent."""
    import numpy as np

    annotations: dict[str, Any] = json.loads((published / "annotations.json").read_text())
    for tracker in sorted((published / "results").iterdir()):
        for name, entry in annotations.items():
            lines = (tracker / "baseline" / name / f"{name}_001.txt").read_text().splitlines()
            size = (entry["height"], entry["width"])
            for line, truth in zip(lines, entry["gt_rect"], strict=False):
                box = [float(value) for value in line.split(",")]
                if len(box) == 4:
                    one, other = np.zeros(size, bool), np.zeros(size, bool)
                    x, y, w, h = (max(round(value), 0) for value in box)
                    one[y : y + h, x : x + w] = True
                    points = np.round(np.array(truth[:8]).reshape(-1, 2))
                    if len(truth) == 4:
                        points = points[:1] + np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * points[1:]
                    low, high = points.min(axis=0).clip(0).astype(int), points.max(axis=0).astype(int) + 1
                    rows, columns = np.mgrid[low[1] : min(high[1], size[0]), low[0] : min(high[0], size[1])]
                    edge = np.roll(points, -1, axis=0) - points
                    turns = [e[0] * (rows - p[1]) - e[1] * (columns - p[0]) for e, p in zip(edge, points, strict=True)]
                    inside = np.all([t >= 0 for t in turns], axis=0) | np.all([t <= 0 for t in turns], axis=0)
                    other[rows[inside], columns[inside]] = True
                    (one & other).sum() / max((one | other).sum(), 1)


def compare(theirs: Path, ours: dict[str, Any]) -> float:
    """The greatest difference in EAO between `vot analyze` and us."""
    numbers: dict[str, Any] = json.loads(theirs.read_text())
    text = json.dumps(numbers["results"])
    worst = 0.0
    for name, scores in ours["trackers"].items():
        eao = float(scores["eao"])
        found = [value for value in _numbers(numbers["results"]) if abs(value - eao) < 1e-5]
        if not found:
            raise SystemExit(f"{name}: EAO {eao} is not among the toolkit's numbers: {text[:500]}")
        worst = max(worst, min(abs(value - eao) for value in found))
    return worst


def _numbers(tree: Any) -> list[float]:
    if isinstance(tree, dict):
        return [number for value in tree.values() for number in _numbers(value)]
    if isinstance(tree, list):
        return [number for value in tree for number in _numbers(value)]
    return [tree] if isinstance(tree, float) else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("SIAMFC_EVAL_SHARED", "../shared")))
    parser.add_argument("--peers", type=Path, default=Path(".peers"), help="environment with vot-toolkit 0.7.4")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plain", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    published = (options.shared / "data" / "vot2018").resolve()
    if options.plain:
        plain_eao(published)
        return
    program = [sys.executable, "-m", "siamfc_eval"]
    command = [*program, "score", str(published / "results"), "--dataset", "vot2018"]
    command += ["--annotations", str(published / "annotations.json"), "--convention", "vot-toolkit", "--json"]
    vot = (options.peers / "bin" / "vot").absolute()
    sides: dict[str, dict[str, float]] = {}

    def add(side: str, cost: Cost, start: Cost) -> None:
        sides[side] = {"process": cost.seconds, "work": cost.seconds - start.seconds, "peak_mib": cost.peak_mib}

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        measure(command, folder)  # Compiles once; later runs are the ones that count, on both sides.
        own = partial(measure, command, folder), partial(measure, [sys.executable, "-c", OURS], folder)
        if vot.is_file():
            trackers = make_workspace(folder, published)
            run_toolkit(vot, folder, trackers)
            python = str(options.peers.absolute() / "bin" / "python")
            toolkit = partial(run_toolkit, vot, folder, trackers), partial(measure, [python, "-c", THEIRS], folder)
            ours, our_start, theirs, their_start = least(*own, *toolkit)
            add("siamfc-eval", ours, our_start)
            add("vot analyze", theirs, their_start)
            difference = compare(folder / "analysis" / "scores.json", json.loads(ours.output))
        else:
            add("siamfc-eval", *least(*own))
            plain = measure([sys.executable, __file__, "--shared", str(options.shared.resolve()), "--plain"], folder)
            add("plain numpy", plain, measure([sys.executable, "-c", "import numpy"], folder))
            difference = float("nan")
    other = next(side for side in sides if side != "siamfc-eval")
    ratios = {key: sides[other][key] / sides["siamfc-eval"][key] for key in ("process", "work")}
    if options.json:
        print(json.dumps({"sides": sides, "ratios": ratios, "difference": difference}, indent=2))
        return
    print("VOT2018, 6 trackers, EAO and AR")
    print(f"{'':14}{'process [s]':>13}{'peak [MiB]':>12}")
    for side, cost in sides.items():
        print(f"{side:14}{cost['process']:13.2f}{cost['peak_mib']:12.0f}")
    print(f"{other} takes {ratios['process']:.1f}x the CPU time of the whole process")
    print(f"greatest difference in EAO: {difference:.1e}")


if __name__ == "__main__":
    main()
