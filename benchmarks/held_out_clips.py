"""Mean overlap of trackers on the clips that a training holds out for validation, with hyper-parameters of choice.

python benchmarks/held_out_clips.py ../shared/data/train siamrpn-slim siamrpn-stretched-slim
python benchmarks/held_out_clips.py ../shared/data/train siamrpn-stretched-slim --set shape_share=1 --set size_rate=0.1

Clips are those of the training's `[validation]`: parts of held-out tracks, and held-out stills set in motion. The mean
that is quoted is that of both kinds, each of which has the mean over its clips.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, cast

import numpy as np

from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.catalogue import find_definition
from siamfc_eval.tracking.tracker import BatchTracker
from siamfc_eval.training.building import build_clips
from siamfc_eval.training.configuration import CATALOGUE, read_configuration
from siamfc_eval.training.validation import track_clips


def main() -> None:
    """Print one line per tracker."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of training material")
    parser.add_argument("trackers", nargs="+", metavar="TRACKER")
    parser.add_argument("--training", default="train_siamrpn_bank", help="name or file; its clips are taken")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a hyper-parameter")
    arguments = parser.parse_args()
    given = {name: json.loads(value) for name, _, value in (word.partition("=") for word in arguments.set)}
    configuration = read_configuration(find_definition(CATALOGUE, arguments.training))
    clips = build_clips(configuration, arguments.data)
    for name in arguments.trackers:
        tracker: Any = load_tracker(name, device="cpu")
        found = track_clips(cast(BatchTracker, tracker.with_parameters(**given)), clips)
        stills = [value for clip, value in found.items() if clip.startswith("stills-")]
        tracks = [value for clip, value in found.items() if not clip.startswith("stills-")]
        means = float(np.mean(tracks)), float(np.mean(stills))
        print(f"{name:32} {np.mean(means):.4f}   tracks {means[0]:.4f}, stills {means[1]:.4f}", flush=True)


if __name__ == "__main__":
    main()
