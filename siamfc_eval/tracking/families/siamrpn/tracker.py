"""The SiamRPN family's tracker: score anchors in a search region and shape the best one.

Li et al., "High Performance Visual Tracking with Siamese Region Proposal Network" (CVPR 2018), section 4.3; Zhu et al.,
"Distractor-aware Siamese Networks" (ECCV 2018), section 3.4, for the growing search after a failure; the order of the
steps is that of DaSiamRPN and pysot.
"""

from __future__ import annotations

import collections.abc
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from siamfc_eval.datasets.frames import Frame
from siamfc_eval.errors import InputError
from siamfc_eval.models.engines.engine import Computing
from siamfc_eval.models.siamese import RegionProposal, SiameseNetwork, Template, join_templates
from siamfc_eval.tracking.families.siamese.crops import context_side
from siamfc_eval.tracking.families.siamese.inference import proposal_scores
from siamfc_eval.tracking.families.siamese.on_device import Targets, fetch, on_device, usable
from siamfc_eval.tracking.families.siamese.tracker import SiameseTracker
from siamfc_eval.tracking.families.siamrpn.anchors import anchor_grid, decode, hold_shape, size_change, vote
from siamfc_eval.tracking.families.siamrpn.on_device import locate, search_squares
from siamfc_eval.tracking.families.siamrpn.parameters import SiamRPNParameters
from siamfc_eval.tracking.targets import Target, around
from siamfc_eval.tracking.tracker import Output


@dataclass(frozen=True, eq=False)
class SiamRPNState:
    """All that changes from frame to frame."""

    target: Target
    """Where the target was last."""
    template: Template
    """The exemplar's correlation kernels."""
    fill: NDArray[np.float64]
    """Shape (3,): the first frame's mean colour, which fills crops beyond the border."""
    search_size: int
    """Side of the next search crop in pixels; larger than usual while the target is lost."""
    usual_search_size: int
    """Side of the search crop while the target is not lost."""
    shape: float
    """Log of the target's width / height on its first frame."""


class SiamRPNTracker(SiameseTracker[SiamRPNParameters, RegionProposal, SiamRPNState]):
    """Tracks with any network of the family that answers with anchor scores and box offsets.

    Args:
        name: name in results and reports.
        network: the network with its weights and preprocessing.
        parameters: hyper-parameters.
        device: "auto", "cpu", "cuda" or "cuda:N".
        computing: engine and precision; None: torch in float32.

    Raises:
        InputError: the network is no region-proposal one or has other anchors, or the device or engine cannot be used.
    """

    kind = SiamRPNParameters

    def __init__(
        self,
        name: str,
        network: SiameseNetwork,
        parameters: SiamRPNParameters | None = None,
        device: str = "auto",
        computing: Computing | None = None,
    ) -> None:
        if not isinstance(network, RegionProposal):
            raise InputError(
                f"tracker {name}: the network {network.name} answers with a response map, not with anchors."
            )
        chosen = parameters or SiamRPNParameters()
        expected = len(chosen.anchor_scales) * len(chosen.anchor_ratios)
        if network.anchor_count != expected:
            raise InputError(
                f"tracker {name}: the network {network.name} has {network.anchor_count} anchors per cell, the "
                f"parameters anchor_scales and anchor_ratios make {expected}."
            )
        super().__init__(name, network, chosen, device, computing)

    def _start(self, frame: Frame, target: Target, template: Template, fill: NDArray[np.float64]) -> SiamRPNState:
        size = self._usual_search_size(target, frame)
        return SiamRPNState(target, template, fill, size, size, float(np.log(target.size[0] / target.size[1])))

    def _usual_search_size(self, target: Target, frame: Frame) -> int:
        """Side of the search crop for a target, which depends on how much of its first frame it covers."""
        p = self.parameters
        height, width = frame.pixels.shape[:2]
        is_small = float(target.size.prod()) / (height * width) < p.small_target
        return p.small_search_size if p.small_search_size is not None and is_small else p.search_size

    def update_batch(
        self, states: collections.abc.Sequence[SiamRPNState], frames: collections.abc.Sequence[Frame]
    ) -> list[tuple[SiamRPNState, Output]]:
        """`update` for each pair; those that search regions of one size go through the network together."""
        if not self._inference.takes_together(len(states)):
            return [self._updated(*pair) for pair in zip(states, frames, strict=True)]
        results: dict[int, tuple[SiamRPNState, Output]] = {}
        for size in sorted({state.search_size for state in states}):
            group = [index for index, state in enumerate(states) if state.search_size == size]
            # A batch is filled up to the whole: what a target gets must not depend on how many others are lost.
            padded = group + group[-1:] * (len(states) - len(group))
            found = self._updated_on_device([states[index] for index in padded], [frames[index] for index in padded])
            results.update(zip(group, found, strict=False))
        return [results[index] for index in range(len(states))]

    def _updated(self, state: SiamRPNState, frame: Frame) -> tuple[SiamRPNState, Output]:
        scores, offsets = proposal_scores(self._inference, [state.template], self._search_crop(state, frame)[None])
        return self._locate(state, frame, scores[0], offsets[0])

    def _updated_on_device(
        self, states: collections.abc.Sequence[SiamRPNState], frames: collections.abc.Sequence[Frame]
    ) -> list[tuple[SiamRPNState, Output]]:
        """What `_locate` gives for each pair: all cropped, computed and located together, where the network is.

        Their search regions have one size.
        """
        p, inference, network = self.parameters, self._inference, self._inference.network
        size = states[0].search_size
        with inference.exactly():
            there, places = inference.uploads.together(frames)
            targets = Targets.of(places, [s.target for s in states], [s.fill for s in states], inference.device)
            influence = on_device(np.array([self._influence(state) for state in states]), inference.device)
            shapes = on_device(np.array([state.shape for state in states]), inference.device)
            crops = there.crops(search_squares(targets, p, size), size, p.crop)
            template = join_templates([state.template for state in states])
            cls, loc = network.detect(cast(tuple[Tensor, ...], template), crops)
            scores, offsets = network.objectness(cls.float()), network.offsets(loc.float())
            found = locate(
                scores, offsets, targets, there, p, stride=network.stride, influence=influence, shapes=shapes
            )
            sure = usable(found[2], scores, offsets)
            centres, sizes, confidences, maps = fetch(network.name, *found[:2], sure, found[3])
        results = []
        for state, centre, extent, confidence, response in zip(states, centres, sizes, confidences, maps, strict=True):
            target = Target(centre, extent)
            output = self._output(target, float(confidence), response.astype(np.float32), state)
            searched = self._next_search_size(state, float(confidence))
            results.append((replace(state, target=target, search_size=searched), output))
        return results

    def _influence(self, state: SiamRPNState) -> float:
        """Weight of the cosine window."""
        p = self.parameters
        if p.lost_window_influence is not None and state.search_size > state.usual_search_size:
            return p.lost_window_influence
        return p.window_influence

    def _search_crop(self, state: SiamRPNState, frame: Frame) -> NDArray[np.uint8]:
        p, size = self.parameters, state.search_size
        # The order of pysot's operations, for its rounding to whole pixels.
        side = context_side(state.target.size, p.context) * (size / p.exemplar_size)
        return self._crop(frame, state.target, side, size, state.fill)

    def _locate(
        self, state: SiamRPNState, frame: Frame, scores: NDArray[np.float32], offsets: NDArray[np.float32]
    ) -> tuple[SiamRPNState, Output]:
        """The new state from scores (a, r, r) and offsets (4, a, r, r)."""
        p = self.parameters
        target = state.target
        # Frame pixels per crop pixel; the network sees the target at the exemplar's scale.
        zoom = context_side(target.size, p.context) / p.exemplar_size
        anchors = anchor_grid(scores.shape[-1], self._inference.network.stride, p.anchor_scales, p.anchor_ratios)
        boxes = decode(anchors, offsets.astype(np.float64).reshape(4, -1))
        boxes[2:] = hold_shape(boxes[2:], state.shape, p.shape_share)
        flat = scores.astype(np.float64).ravel()
        penalised = np.exp(-p.penalty_k * (size_change(boxes[2:], target.size / zoom, p.context) - 1.0)) * flat
        line = np.hanning(scores.shape[-1])
        window = np.broadcast_to(np.outer(line, line), scores.shape).ravel()
        influence = self._influence(state)
        best = int((penalised * (1.0 - influence) + window * influence).argmax())
        chosen = vote(boxes, penalised, best, p.vote_overlap)

        height, width = frame.pixels.shape[:2]
        confidence = float(flat[best])
        is_lost = p.lost_search_size is not None and confidence < p.lost_below
        if not is_lost:
            rate = float(penalised[best]) * p.size_rate
            size = (1.0 - rate) * target.size + rate * chosen[2:] * zoom
            limits = np.array([width, height], dtype=np.float64)
            centre = np.clip(target.centre + chosen[:2] * zoom, 0.0, limits)
            target = Target(centre, np.clip(size, np.minimum(p.min_size, limits), limits))
        output = self._output(target, confidence, scores.max(axis=0), state)
        return replace(state, target=target, search_size=self._next_search_size(state, confidence)), output

    def _output(self, target: Target, confidence: float, response: NDArray[np.float32], before: SiamRPNState) -> Output:
        """What is said of a frame: the map has the best score of each cell's anchors.

        Args:
            target: where it was found.
            confidence: score of its anchor.
            response: shape (r, r).
            before: the state on the frame before, which the search was around.
        """
        zoom = context_side(before.target.size, self.parameters.context) / self.parameters.exemplar_size
        centre, cells = before.target.centre, response.shape[-1]
        covered = around(centre, zoom * cells * self._inference.network.stride)
        return Output(target.box, confidence, response, covered, around(centre, zoom * before.search_size))

    def _next_search_size(self, state: SiamRPNState, confidence: float) -> int:
        """Grows while the target is lost, shrinks back when it is surely found."""
        p = self.parameters
        if p.lost_search_size is None or confidence > p.found_above:
            return state.usual_search_size
        if confidence < p.lost_below:
            return min(p.lost_search_size, state.search_size + p.lost_search_step)
        return state.search_size
