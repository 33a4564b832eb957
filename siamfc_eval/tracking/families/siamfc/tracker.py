"""The SiamFC family's tracker: correlate an exemplar with a search region at a few scales.

Bertinetto et al., "Fully-Convolutional Siamese Networks for Object Tracking" (ECCVW 2016), section 3.1 and 4; the order
of the steps is that of siamfc-pytorch.
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
from siamfc_eval.models.siamese import FullyConvolutional, SiameseNetwork, Template, join_templates
from siamfc_eval.tracking.families.siamese.crops import context_side
from siamfc_eval.tracking.families.siamese.inference import correlation_responses
from siamfc_eval.tracking.families.siamese.on_device import Targets, fetch, on_device, usable
from siamfc_eval.tracking.families.siamese.tracker import SiameseTracker
from siamfc_eval.tracking.families.siamfc.memory import Memory
from siamfc_eval.tracking.families.siamfc.on_device import locate, scale_exponents, search_squares
from siamfc_eval.tracking.families.siamfc.parameters import SiamFCParameters
from siamfc_eval.tracking.families.siamfc.responses import blend_window, cosine_window, find_peak, upsample
from siamfc_eval.tracking.targets import Target, around
from siamfc_eval.tracking.tracker import Output


@dataclass(frozen=True, eq=False)
class SiamFCState:
    """All that changes from frame to frame."""

    target: Target
    """Where the target was last."""
    first_size: NDArray[np.float64]
    """Shape (2,): width and height on the first frame; limits the size."""
    memory: Memory
    """The exemplar's features, and those of later frames where they are asked for."""
    fill: NDArray[np.float64]
    """Shape (3,): the first frame's mean colour, which fills crops beyond the border."""


class SiamFCTracker(SiameseTracker[SiamFCParameters, FullyConvolutional, SiamFCState]):
    """Tracks with any network of the family that answers with a response map.

    Args:
        name: name in results and reports.
        network: the network with its weights and preprocessing.
        parameters: hyper-parameters.
        device: "auto", "cpu", "cuda" or "cuda:N".
        computing: engine and precision; None: torch in float32.

    Raises:
        InputError: the network is no fully-convolutional one, or the device or engine cannot be used.
    """

    kind = SiamFCParameters

    def __init__(
        self,
        name: str,
        network: SiameseNetwork,
        parameters: SiamFCParameters | None = None,
        device: str = "auto",
        computing: Computing | None = None,
    ) -> None:
        if not isinstance(network, FullyConvolutional):
            raise InputError(
                f"tracker {name}: the network {network.name} answers with {network.kind}, not with a response map."
            )
        super().__init__(name, network, parameters or SiamFCParameters(), device, computing)

    @property
    def _exponents(self) -> NDArray[np.int_]:
        """-1, 0, 1 for three scales, -2 to 2 for five."""
        half = self.parameters.scales // 2
        return np.arange(-half, half + 1)

    @property
    def _factors(self) -> NDArray[np.float64]:
        """Shape (scales,): the searched sizes, relative to the present one."""
        factors: NDArray[np.float64] = self.parameters.scale_step ** self._exponents.astype(np.float64)
        return factors

    @property
    def _penalties(self) -> NDArray[np.float64]:
        """Shape (scales,): what peaks are multiplied with."""
        return np.where(self._exponents == 0, 1.0, self.parameters.scale_penalty)

    def _start(self, frame: Frame, target: Target, template: Template, fill: NDArray[np.float64]) -> SiamFCState:
        return SiamFCState(target, target.size, Memory.of_first(template), fill)

    def update_batch(
        self, states: collections.abc.Sequence[SiamFCState], frames: collections.abc.Sequence[Frame]
    ) -> list[tuple[SiamFCState, Output]]:
        """`update` for each pair."""
        templates = [state.memory.template(self.parameters) for state in states]
        if self._inference.takes_together(len(states)):
            found = self._located_on_device(states, frames, templates)
        else:
            crops = np.stack([self._search_crops(*pair) for pair in zip(states, frames, strict=True)])
            responses = correlation_responses(self._inference, templates, crops)
            found = [self._locate(*each) for each in zip(states, frames, responses, strict=True)]
        seen = self._exemplars([state for state, _ in found], frames)
        return [
            (replace(state, memory=state.memory.advanced(seen.get(index), self.parameters)), output)
            for index, (state, output) in enumerate(found)
        ]

    def _exemplars(
        self, states: collections.abc.Sequence[SiamFCState], frames: collections.abc.Sequence[Frame]
    ) -> dict[int, Template]:
        """Features of the targets where they were just found, by place, of those whose memory asks for them."""
        due = [index for index, state in enumerate(states) if state.memory.is_due(self.parameters)]
        if not due:
            return {}
        # A batch is filled up to the whole: what a target gets must not depend on how many others are due.
        padded = due + due[-1:] * (len(states) - len(due) if self._inference.takes_together(len(states)) else 0)
        crops = self._exemplar_crops(
            [frames[k] for k in padded], [states[k].target for k in padded], [states[k].fill for k in padded]
        )
        return dict(zip(due, self._inference.templates(crops), strict=False))

    def _located_on_device(
        self,
        states: collections.abc.Sequence[SiamFCState],
        frames: collections.abc.Sequence[Frame],
        templates: collections.abc.Sequence[Template],
    ) -> list[tuple[SiamFCState, Output]]:
        """What `_locate` gives for each pair: all cropped, computed and located together, where the network is."""
        p, inference, network = self.parameters, self._inference, self._inference.network
        with inference.exactly():
            there, places = inference.uploads.together(frames)
            targets = Targets.of(places, [s.target for s in states], [s.fill for s in states], inference.device)
            firsts = on_device(np.array([state.first_size for state in states]), inference.device)
            factors = p.scale_step ** scale_exponents(p.scales, inference.device)
            crops = there.crops(search_squares(targets, p, factors), p.search_size, p.crop)
            answers = network.detect(cast(Tensor, join_templates(templates)), crops).float()
            responses = answers.reshape(len(states), p.scales, *answers.shape[-2:])
            found = locate(responses, targets, firsts, there, p, stride=network.stride)
            columns = fetch(network.name, *found[:2], usable(found[2], responses), *found[3:])
        results = []
        for state, centre, size, peak, response, side in zip(states, *columns, strict=True):
            target = Target(centre, size)
            output = self._output(target, float(peak), response.astype(np.float32), state.target, float(side))
            results.append((replace(state, target=target), output))
        return results

    def _output(
        self, target: Target, peak: float, response: NDArray[np.float32], before: Target, side: float
    ) -> Output:
        """What is said of a frame.

        Args:
            target: where it was found.
            peak: height of the response there.
            response: the map of the winning scale.
            before: where the target was on the frame before, which the search is around.
            side: of the square that was searched at the winning scale, in pixels of the frame.
        """
        share = response.shape[-1] * self._inference.network.stride / self.parameters.search_size
        covered, searched = around(before.centre, side * share), around(before.centre, side)
        return Output(target.box, peak, response, covered, searched)

    def _search_side(self, state: SiamFCState) -> float:
        """Side of the search square at the present scale, in pixels of the frame."""
        p = self.parameters
        return context_side(state.target.size, p.context) * p.search_size / p.exemplar_size

    def _search_crops(self, state: SiamFCState, frame: Frame) -> NDArray[np.uint8]:
        """Shape (scales, side, side, 3)."""
        side, size = self._search_side(state), self.parameters.search_size
        return np.stack([self._crop(frame, state.target, side * factor, size, state.fill) for factor in self._factors])

    def _locate(self, state: SiamFCState, frame: Frame, responses: NDArray[np.float32]) -> tuple[SiamFCState, Output]:
        """The new state from the response maps, shape (scales, r, r)."""
        p = self.parameters
        raw_side = responses.shape[-1]
        side = p.upsampled_size or p.upsampling * raw_side
        enlarged = upsample(responses, side, p.upsampling_kernel)
        peaks = enlarged.max(axis=(1, 2))
        # A penalty below 1 makes a positive response smaller; a negative one must not grow by it.
        best = int(np.where(peaks > 0, peaks * self._penalties, peaks / np.maximum(self._penalties, 1e-6)).argmax())
        blended = blend_window(enlarged[best], cosine_window(side), p.window_influence)
        samples = find_peak(blended, p.refine_peak)

        crop_pixels = samples * (raw_side / side) * self._inference.network.stride
        searched = self._search_side(state) * self._factors[best]
        displacement = crop_pixels * self._search_side(state) * self._factors[best] / p.search_size
        growth = 1.0 - p.scale_rate + p.scale_rate * self._factors[best]
        size = np.clip(
            state.target.size * growth, state.first_size * p.min_size_ratio, state.first_size * p.max_size_ratio
        )
        height, width = frame.pixels.shape[:2]
        centre = np.clip(state.target.centre + displacement, 0.0, [width, height])
        target = Target(centre=centre, size=size)
        output = self._output(target, float(peaks[best]), responses[best], state.target, searched)
        return replace(state, target=target), output
