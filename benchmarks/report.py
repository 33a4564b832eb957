"""What a report costs: CPU time and memory of `siamfc-eval report`, the size of its page, when a browser has it.

    python benchmarks/report.py

Results are made up: 100 sequences of 590 frames, with attributes, and trackers that follow the target with errors and
sometimes lose it. Each report is a process of its own, so the interpreter's start and all imports count; "cold" has to
read every file, "warm" finds the statistics that the first one kept. With Chromium and Playwright (`pip install
'.[dev]'`) the page is opened, too: when it is complete, and how long the longest of some clicks takes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

SEQUENCES, FRAMES = 100, 590
ATTRIBUTES = ("BC", "DEF", "FM", "IPR", "IV", "LR", "MB", "OCC", "OPR", "OV", "SV")


def make_truth(path: Path) -> dict[str, np.ndarray]:
    """An annotation file of random walks; returns the boxes."""
    random = np.random.default_rng(0)
    boxes = {}
    content = {}
    for number in range(SEQUENCES):
        centre = 200 + np.cumsum(random.normal(0, 3, (FRAMES, 2)), axis=0)
        size = 50 * np.exp(np.cumsum(random.normal(0, 0.01, (FRAMES, 2)), axis=0))
        name = f"Sequence{number:03d}"
        boxes[name] = np.concatenate([centre - size / 2, size], axis=1).round(2)
        has = [attribute for attribute in ATTRIBUTES if random.random() < 0.4]
        content[name] = {"gt_rect": boxes[name].tolist(), "attributes": {"made": has}}
    path.write_text(json.dumps({"dataset": "made", "box": "xywh", "sequences": content}))
    return boxes


def make_results(folder: Path, truth: dict[str, np.ndarray], trackers: int) -> None:
    """Boxes beside the truth, further off the later the tracker comes."""
    for number in range(trackers):
        random = np.random.default_rng(number + 1)
        place = folder / f"Tracker{number:02d}"
        place.mkdir(parents=True)
        for name, boxes in truth.items():
            found = boxes + random.normal(0, 2 + 0.2 * number, boxes.shape)
            if random.random() < 0.1 + 0.01 * number:
                found[int(random.uniform(0.1, 0.9) * len(found)) :, :2] += 300
            found[:, 2:] = np.maximum(found[:, 2:], 1)
            np.savetxt(place / f"{name}.txt", found, fmt="%.2f", delimiter=",")


def write_report(work: Path, out: Path, *, more: tuple[str, ...] = ()) -> dict[str, float]:
    """CPU seconds and peak memory of one report."""
    command = [sys.executable, "-m", "siamfc_eval", "report", str(work / "results"), "--out", str(out)]
    command += ["--data", str(work / "made.json"), *more]
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env={**os.environ, "SIAMFC_EVAL_CACHE": str(work / "cache")}, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"the report failed: {' '.join(command)}")
    return {
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "wall_s": time.perf_counter() - started,
        "peak_mib": usage.ru_maxrss / 1024,
    }


def open_page(page: Path) -> dict[str, float]:
    """When a browser has the page complete, and the longest of some clicks, in seconds; nothing without a browser."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return {}
    if chromium is None:
        return {}
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page()
        tab.goto(page.as_uri())
        loaded = tab.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
        tab.locator(".explore").first.scroll_into_view_if_needed()
        tab.wait_for_selector(".drawing[data-drawn]", state="attached")
        click = """which => new Promise(done => {
            const begun = performance.now();
            document.querySelectorAll(".legend .buttons button")[which].click();
            requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)));
        })"""
        toggles = [tab.evaluate(click, which) for which in (1, 0)]
        typed = tab.evaluate(
            """() => new Promise(done => {
                const field = document.querySelector(".tools input");
                const begun = performance.now();
                field.value = "Tracker1";
                field.dispatchEvent(new Event("input"));
                requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)));
            })"""
        )
        browser.close()
    return {"open_s": loaded / 1000, "all_s": max(toggles) / 1000, "filter_s": typed / 1000}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trackers", type=int, nargs="+", default=[12, 50])
    parser.add_argument("--figures", action="store_true", help="measure the writing of all figures as files, too")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for trackers in options.trackers:
        with tempfile.TemporaryDirectory() as temporary:
            work = Path(temporary)
            truth = make_truth(work / "made.json")
            make_results(work / "results", truth, trackers)
            time.sleep(2.1)  # Files younger than two seconds are not taken as unchanged.
            sides: list[tuple[str, tuple[str, ...]]] = [("cold", ()), ("warm", ())]
            if options.figures:
                sides.append(("figures", ("--figures",)))
            for name, more in sides:
                measured = write_report(work, work / "out", more=more)
                rows.append({"trackers": trackers, "run": name, **measured})
            page = work / "out" / "report.html"
            rows[-1]["page_mb"] = page.stat().st_size / 1e6
            rows[-1] |= open_page(page)
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    shown = ("cpu_s", "wall_s", "peak_mib", "page_mb", "open_s", "all_s", "filter_s")
    print(f"{'trackers':>8} {'run':8}" + "".join(f"{key:>10}" for key in shown))
    for row in rows:
        values = "".join(f"{row[key]:10.2f}" if key in row else f"{'':10}" for key in shown)
        print(f"{row['trackers']:8} {row['run']:8}{values}")


if __name__ == "__main__":
    main()
