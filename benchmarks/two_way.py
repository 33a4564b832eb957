"""What width, backbone and head do, each over the levels of another: a two-way analysis of the project's networks.

siamfc-eval score runs/backbones/sequences --data ../shared/data/sequences --convention otb-matlab --json > scores.json
python benchmarks/two_way.py scores.json
python benchmarks/two_way.py results/reference/backbones_real_sequences.json

Trackers are crossed by their names: siamfc-res22-slim is SiamFC's head, res22, narrow; siamfc-slim is on AlexNet.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from siamfc_eval.comparison.two_way import two_way

WIDTH_AND_BACKBONE = ("siamfc", ("alexnet", "vgg", "res22", "incep22", "next22"))
WIDTHS = ("narrow", "wide")


def name_of(head: str, backbone: str, width: str) -> str:
    """The catalogue's name of a network."""
    if width == "wide":
        return f"{head}-{backbone}"
    return f"{head}-slim" if backbone == "alexnet" else f"{head}-{backbone}-slim"


def show(title: str, factors: tuple[str, str], cells: dict[tuple[str, str], str], trackers: dict[str, Any]) -> None:
    """Print one analysis, where all trackers that it crosses are there."""
    missing = [name for name in cells.values() if name not in trackers]
    if missing:
        print(f"{title}: left out, as there is no {', '.join(missing)}\n")
        return
    order = sorted(trackers[next(iter(cells.values()))]["sequences"])
    scores = {
        cell: np.array([trackers[name]["sequences"][sequence]["success_auc"] for sequence in order])
        for cell, name in cells.items()
    }
    print(f"{title}: success AUC on {len(order)} sequences")
    for effect in two_way(scores, factors):
        where = effect.within or "all"
        low, high = effect.difference.low, effect.difference.high
        bounds = f"[{low:+.3f}, {high:+.3f}]" if np.isfinite(low) else "[too few sequences]"
        print(
            f"  {effect.first:>17} - {effect.second:<17} {where:>17}  {effect.difference.value:+.3f} "
            f"{bounds}  p {effect.p:.3f}, Holm {effect.p_holm:.3f}"
        )
    print()


def main() -> None:
    """Print the analyses that the trackers of a file allow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scores", type=Path, help="JSON of `siamfc-eval score`")
    trackers = json.loads(parser.parse_args().scores.read_text(encoding="utf-8"))["trackers"]
    head, backbones = WIDTH_AND_BACKBONE
    cells = {(w, b): name_of(head, b, w) for w in reversed(WIDTHS) for b in backbones}
    show("width x backbone (SiamFC)", ("width", "backbone"), cells, trackers)
    cells = {(h, b): name_of(h, b, "narrow") for h in ("siamfc", "siamrpn-stretched") for b in backbones}
    show("head x backbone (narrow)", ("head", "backbone"), cells, trackers)
    cells = {(h, w): name_of(h, "alexnet", w) for h in ("siamfc", "siamrpn") for w in reversed(WIDTHS)}
    show("head x width (AlexNet)", ("head", "width"), cells, trackers)


if __name__ == "__main__":
    main()
