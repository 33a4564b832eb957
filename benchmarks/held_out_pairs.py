"""How well networks with anchors box targets in one look, on pairs of crops that a training holds out.

python benchmarks/held_out_pairs.py ../shared/data/train siamrpn-slim siamrpn-stretched-slim

Pairs are drawn from the tracks and stills of the training's `[validation]`, changed as the training changes its own.
The box is that of the anchor that scores best. Per kind of pair: mean overlap with the true box; share of pairs above
.2 (found) and above .75; and, over the pairs that are found, how the logarithm of the answered size follows that of the
true one (correlation and slope of its regression; a network that always answers one size has 0), and how that of
width / height does (slope).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import linregress

from siamfc_eval.catalogue import find_definition
from siamfc_eval.geometry.boxes import overlaps
from siamfc_eval.models.siamese import RegionProposal
from siamfc_eval.tracking.families.siamese.inference import Inference, proposal_scores
from siamfc_eval.tracking.families.siamrpn.anchors import anchor_grid, decode
from siamfc_eval.training.building import build_augmentation, held_out_stills, held_out_tracks
from siamfc_eval.training.configuration import CATALOGUE, LossSection, TrainingConfiguration, read_configuration
from siamfc_eval.training.data.pairs import Pair, PairComposer
from siamfc_eval.training.data.sampling import PairSampler, Source
from siamfc_eval.training.data.tracks import Material
from siamfc_eval.training.initial.starting import trained_network

FOUND = 0.2
"""Overlap below which a box is on something else, and says nothing about size."""
TIGHT = 0.75


def held_out(configuration: TrainingConfiguration, data: Path) -> dict[str, Source]:
    """What validates, as sources of pairs with the settings of those that train."""
    setting = configuration.validation
    like = {source.path: source for source in configuration.sources}
    tracks, stills = tuple(held_out_tracks(setting, data)), tuple(held_out_stills(setting, data))
    return {
        "tracks": Source(Material("held-out tracks", tracks=tracks), 1.0, like[setting.source].gap),
        "stills": Source(Material("held-out stills", stills=stills), 1.0, 0, aspect=like[setting.stills].aspect),
    }


def answers(network: RegionProposal, pairs: Sequence[Pair], loss: LossSection) -> NDArray[np.float64]:
    """Centre and size of the best anchor's box, pixels from the search crop's centre, shape (pairs, 4)."""
    inference = Inference(network, device="cpu")
    found = []
    for pair in pairs:
        templates = inference.templates(pair.exemplar[None])
        scores, offsets = proposal_scores(inference, templates, pair.search[None])
        grid = anchor_grid(scores.shape[-1], network.stride, loss.anchor_scales, loss.anchor_ratios)
        found.append(decode(grid, offsets[0].reshape(4, -1))[:, scores.argmax()])
    return np.array(found)


def main() -> None:
    """Print one line per network and kind of pair."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of training material")
    parser.add_argument(
        "networks", nargs="+", metavar="NETWORK", help="with anchors: a tracker's name, or a file of weights"
    )
    parser.add_argument("--training", default="train_siamrpn_bank", help="name or file; its settings are taken")
    parser.add_argument("--pairs", type=int, default=500, help="of each kind")
    arguments = parser.parse_args()
    configuration = read_configuration(find_definition(CATALOGUE, arguments.training))
    crops = configuration.crops
    reach = (crops.search - crops.exemplar) / 2.0
    composer = PairComposer(build_augmentation(configuration), crops.exemplar, crops.search, reach)
    pairs = {}
    for kind, source in held_out(configuration, arguments.data).items():
        sampler = PairSampler([source], composer, seed=1, cache_bytes=2**30)
        pairs[kind] = [sampler.pair(number) for number in range(arguments.pairs)]
    print(f"{'network':32} {'pairs':7} {'overlap':>7} {'found':>6} {'tight':>6} {'size':>12} {'shape':>6}")
    for name in arguments.networks:
        network = trained_network(name, "network")
        if not isinstance(network, RegionProposal):
            raise SystemExit(f"{name} has no anchors: it answers the size that it searched, nothing else.")
        for kind, same in pairs.items():
            ours = answers(network, same, configuration.loss)
            true = np.array([(*pair.centre, *pair.size) for pair in same])
            shared = overlaps(_corner(ours), _corner(true))
            found = shared > FOUND
            size, shape = (linregress(np.log(of(true[found])), np.log(of(ours[found]))) for of in (_side, _ratio))
            shares = f"{shared.mean():7.3f} {found.mean():6.2f} {(shared > TIGHT).mean():6.2f}"
            sizes = f"r {size.rvalue:.2f}, {size.slope:.2f}"
            print(f"{Path(name).stem:32} {kind:7} {shares} {sizes:>12} {shape.slope:6.2f}", flush=True)


def _side(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the squares of the boxes' areas."""
    return np.sqrt(boxes[:, 2] * boxes[:, 3])


def _ratio(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Width / height."""
    return boxes[:, 2] / boxes[:, 3]


def _corner(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """x, y, w, h of cx, cy, w, h."""
    return np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, 2:]], axis=1)


if __name__ == "__main__":
    main()
