"""What scoring costs, side by side with got10k 0.1.3's report: the same trackers, sequences and curves, with plots.

    python benchmarks/scoring.py --shared ../shared

Published raw results on OTB are replicated, with half a pixel of jitter, to 20 trackers x 100 sequences. Each toolkit
runs in a process of its own: got10k, ours with an empty cache, ours again. Times are CPU seconds of all threads, the
least of several runs, of whole processes: the interpreter's start, imports and compiled code included. got10k needs the
folders of OTB (its images are empty files here); ours reads the annotations from one JSON file, as `siamfc-eval score
--annotations` does. Byte code and what got10k compiles are on disk beforehand, as they are from the second use on.
got10k draws PNG with matplotlib; ours writes SVG, which is its default, and in the rows "PNG" draws with
matplotlib as well.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

import click

TRACKERS = 20
_FOLDERS = {"Jogging-1": "Jogging", "Jogging-2": "Jogging", "Skating2-1": "Skating2", "Skating2-2": "Skating2"}
_FOLDERS["Human4-2"] = "Human4"


def make_otb(folder: Path, annotations: dict[str, Any]) -> None:
    """OTB as distributed, with empty images."""
    import numpy as np

    for name, entry in annotations.items():
        place = folder / _FOLDERS.get(name, name)
        (place / "img").mkdir(parents=True, exist_ok=True)
        number = f".{name[-1]}" if name in _FOLDERS else ""
        np.savetxt(place / f"groundtruth_rect{number}.txt", entry["gt_rect"], fmt="%d", delimiter=",")
        # David is annotated from frame 300 on.
        for index in range(entry["n_frames"] + (299 if name == "David" else 0)):
            (place / "img" / f"{index + 1:04d}.jpg").touch()


def make_results(folder: Path, published: Path, annotations: dict[str, Any]) -> None:
    """Published boxes under many names; those after the first round are jittered."""
    import numpy as np

    from siamfc_eval.datasets.load import load_dataset
    from siamfc_eval.results.read import read_results

    raw = read_results(published / "results", load_dataset(published / "annotations.json", "otb2015"))
    names = [name for name in sorted(raw) if name != "MDNet"]  # MDNet has short files, which got10k refuses.
    jitter = np.random.default_rng(0)
    for number in range(TRACKERS):
        tracker = names[number % len(names)]
        place = folder / f"{tracker}_{number:02d}"
        place.mkdir(parents=True)
        for name, entry in annotations.items():
            boxes = raw[tracker].runs[name][0].raw_boxes()
            lacking = entry["n_frames"] - len(boxes)  # Tiger1 without its first frames.
            boxes = np.concatenate([np.repeat(boxes[:1], lacking, axis=0), boxes])
            boxes = boxes + jitter.normal(0, 0.5, boxes.shape) * (number >= len(names))
            twin = {"Jogging": f"Jogging.{name[-1]}", "Skating2": f"Skating2.{name[-1]}"}
            file = twin.get(_FOLDERS.get(name, ""), _FOLDERS.get(name, name))
            np.savetxt(place / f"{file}.txt", boxes, fmt="%.3f", delimiter=",")


def run_got10k(work: Path) -> dict[str, float]:
    """got10k's report, as its users call it."""
    import got10k.datasets
    from got10k.experiments import ExperimentOTB

    got10k.datasets.OTB._download = lambda *_: None
    trackers = sorted(path.name for path in (work / "results" / "OTB2015").iterdir())

    def report() -> dict[str, float]:
        experiment = ExperimentOTB(
            str(work / "otb"), 2015, result_dir=str(work / "results"), report_dir=str(work / "got10k")
        )
        performance = experiment.report(trackers)
        return {name: float(entry["overall"]["success_score"]) for name, entry in performance.items()}

    return _measured(report)


def run_ours(work: Path, plot_format: Literal["svg", "png"]) -> dict[str, float]:
    """The same through this package."""
    import importlib

    from siamfc_eval.cli.main import cli

    cli.get_command(click.Context(cli), "score")  # As the command line does, before numpy is there.
    from siamfc_eval.cli.score_plots import write_plots
    from siamfc_eval.datasets.load import load_dataset
    from siamfc_eval.metrics.scoring import score
    from siamfc_eval.results.read import read_results

    # What is imported only when it is used; got10k has imported everything before it starts, too.
    used = ["siamfc_eval.metrics.ope.measure", "siamfc_eval.reporting.curve_svg"]
    used += ["matplotlib.backends.backend_agg", "matplotlib.figure"] if plot_format == "png" else []
    for module in used:
        importlib.import_module(module)

    def report() -> dict[str, float]:
        dataset = load_dataset(work / "annotations.json", "otb2015")
        raw = read_results(work / "results" / "OTB2015", dataset)
        scores = score(raw, dataset, "got10k", cache=work / "cache" / "statistics")
        write_plots(scores, work / "ours", plot_format, ("success", "precision"))
        (work / "ours" / "performance.json").write_text(json.dumps(scores.to_json()))
        return {name: tracker.values["success_auc"] for name, tracker in scores.trackers.items()}

    return _measured(report)


def _measured(report: Callable[[], dict[str, float]]) -> dict[str, Any]:
    start = time.process_time()
    scores = report()
    return {"work": time.process_time() - start, "scores": scores}


def least(sides: Mapping[str, Callable[[], dict[str, Any]]], runs: int) -> dict[str, dict[str, Any]]:
    """The cheapest of some runs of each side: what disturbs a measurement only ever adds to it.

    Sides take turns, so that what else the machine does weighs on all of them.
    """
    turns = [{name: run() for name, run in sides.items()} for _ in range(runs)]
    return {name: min((turn[name] for turn in turns), key=lambda run: float(run["process"])) for name in sides}


def in_process(mode: str, work: Path, *, cold: bool = False) -> dict[str, Any]:
    """Run one side in a process of its own; adds its whole CPU time and its peak memory.

    Args:
        mode: the side.
        work: where the files are.
        cold: without what was kept of an earlier run.
    """
    import shutil  # Both here, as what is measured begins with the imports at the top and needs neither.
    import subprocess

    if cold:
        shutil.rmtree(work / "cache", ignore_errors=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "MPLBACKEND": "Agg", "SIAMFC_EVAL_CACHE": str(work / "cache")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, __file__, "--side", mode, "--work", str(work)]
    output = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    found["process"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("SIAMFC_EVAL_SHARED", "../shared")))
    parser.add_argument("--keep", type=Path, help="make the files in this folder and keep them")
    parser.add_argument("--runs", type=int, default=5, help="of each side; the least counts")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--side", choices=["got10k", "svg", "png"], help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        side = run_got10k(options.work) if options.side == "got10k" else run_ours(options.work, options.side)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({**side, "peak_mib": peak}))
        return
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory() as temporary:
        work = options.keep or Path(temporary)
        published = options.shared / "data" / "otb2015"
        annotations = json.loads((published / "annotations.json").read_text())["sequences"]
        if not (work / "otb").exists():
            make_otb(work / "otb", annotations)
            make_results(work / "results" / "OTB2015", published, annotations)
            time.sleep(2.1)  # Files younger than two seconds are not taken as unchanged.
        shutil.copy(published / "annotations.json", work / "annotations.json")
        in_process("svg", work)  # Byte code and files in the system's cache, for both sides.
        in_process("png", work)
        modes = {"got10k": partial(in_process, "got10k", work)}
        for plots, name in (("svg", ""), ("png", " PNG")):
            modes[f"cold{name}"] = partial(in_process, plots, work, cold=True)
            modes[f"warm{name}"] = partial(in_process, plots, work)
        sides = least(modes, options.runs)
    theirs = sides["got10k"]["scores"]
    for mode in [mode for mode in sides if mode != "got10k"]:
        worst = max(abs(theirs[name] - value) for name, value in sides[mode].pop("scores").items())
        assert worst < 1e-9, f"{mode} scores differ from got10k's by {worst}"
    sides["got10k"].pop("scores")
    if options.json:
        print(json.dumps(sides, indent=2))
        return
    print(f"{TRACKERS} trackers x {len(annotations)} sequences, success and precision with plots")
    print(f"{'':10}{'process [s]':>13}{'peak [MiB]':>12}{'ratio':>9}")
    for mode, side in sides.items():
        ratio = sides["got10k"]["process"] / side["process"]
        print(f"{mode:10}{side['process']:13.3f}{side['peak_mib']:12.0f}{ratio:8.1f}x")


if __name__ == "__main__":
    main()
