"""The OTB toolkit's port to Python, whose published curves of TRE and SRE exist.

`calc_seq_err_robust` is run as it is. The rest of the port is Python 2 and wants the images, so what it does with the
errors (butil/eval_results.py: pool the frames of all runs of a sequence, count, divide, average over sequences) is done
here line by line as it has it, and so is its `ssd`, the root of a sum of squares.
"""

from __future__ import annotations

import importlib
import json
import math
import sys
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from reading import Found, annotations, attempt, main, summary, trackers

OVERLAPS = [x / float(20) for x in range(21)]
DISTANCES = range(0, 51)


def _of_tracker(calculate: Any, truth: dict[str, Any], folder: Path) -> Found:
    success, precision = {}, {}
    for name, entry in truth.items():
        coverage: list[float] = []
        errors: list[float] = []
        for record in json.loads((folder / f"{name}.json").read_text()):
            run = SimpleNamespace(**record)
            _, _, overlaps, distances = calculate(run, entry["gt_rect"][run.startFrame - 1 : run.endFrame])
            coverage += overlaps
            errors += distances
        success[name] = [sum(score > threshold for score in coverage) / float(len(coverage)) for threshold in OVERLAPS]
        precision[name] = [sum(error <= threshold for error in errors) / float(len(errors)) for threshold in DISTANCES]
    each = {
        name: {"success_auc": sum(success[name]) / len(OVERLAPS), "precision_20": precision[name][20]} for name in truth
    }
    mean = [sum(curve[i] for curve in success.values()) / float(len(success)) for i in range(len(OVERLAPS))]
    at_20 = sum(curve[20] for curve in precision.values()) / float(len(precision))
    return summary(each, {"success_auc": sum(mean) / float(len(mean)), "precision_20": at_20})


def score(material: Path, checkout: Path) -> Found:
    """TRE and SRE of every tracker."""
    package = ModuleType("scripts")
    package.__path__ = [str(checkout / "scripts")]
    inner = ModuleType("scripts.butil")
    inner.__path__ = [str(checkout / "scripts" / "butil")]
    inner.ssd = math.dist  # type: ignore[attr-defined]
    package.butil = inner  # type: ignore[attr-defined]
    sys.modules |= {"scripts": package, "scripts.butil": inner}
    calculate = importlib.import_module("scripts.butil.calc_seq_err_robust").calc_seq_err_robust
    found: Found = {}
    for place in ("tre", "sre"):
        truth, results = annotations(material, place), material / place / "results"
        of_tracker = partial(_of_tracker, calculate, truth)
        found[place] = {
            f"otb-{place}": {name: attempt(partial(of_tracker, results / name)) for name in trackers(material, place)}
        }
    return found


if __name__ == "__main__":
    main(score)
