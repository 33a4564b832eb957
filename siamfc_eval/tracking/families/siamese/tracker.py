"""What all Siamese trackers do alike: hold a network, start from an exemplar, change hyper-parameters, take batches."""

from __future__ import annotations

import abc
import collections.abc
import copy
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from siamfc_eval.datasets.frames import Frame
from siamfc_eval.geometry.regions import Region
from siamfc_eval.models.engines.engine import Computing
from siamfc_eval.models.siamese import SiameseNetwork, Template
from siamfc_eval.tracking.families.siamese.crops import CROPPERS, context_side, mean_colour
from siamfc_eval.tracking.families.siamese.inference import Crops, Inference
from siamfc_eval.tracking.families.siamese.on_device import Targets
from siamfc_eval.tracking.families.siamese.parameters import Parameters
from siamfc_eval.tracking.targets import Target, start_target
from siamfc_eval.tracking.tracker import Output

P = TypeVar("P", bound=Parameters)
N = TypeVar("N", bound=SiameseNetwork)
S = TypeVar("S")


class SiameseTracker(abc.ABC, Generic[P, N, S]):
    """A tracker that compares an exemplar with search regions; a family says how (`_start`, `update_batch`).

    Args:
        name: name in results and reports.
        network: the network with its weights and preprocessing.
        parameters: hyper-parameters.
        device: "auto", "cpu", "cuda" or "cuda:N".
        computing: engine and precision; None: torch in float32.

    Raises:
        InputError: the device or the engine cannot be used.
    """

    kind: ClassVar[type[Parameters]]
    """Hyper-parameters of the family."""
    is_deterministic = True
    facts: Mapping[str, Any] = {}
    """What decides the answers, as the catalogue filled it in."""
    notes: tuple[str, ...] = ()
    """What was assumed of the weights, for a person; filled in by the catalogue."""

    def __init__(self, name: str, network: N, parameters: P, device: str, computing: Computing | None = None) -> None:
        self.name = name
        self.parameters = parameters
        self._inference = Inference(network, device, computing)

    @property
    def device(self) -> str:
        """Where the network runs."""
        return str(self._inference.device)

    @property
    def engine(self) -> str:
        """What computes the network."""
        return self._inference.engine

    @property
    def precision(self) -> str:
        """In what the network's backbone is computed."""
        return self._inference.precision

    def with_parameters(self, **values: Any) -> Self:
        """The same tracker with other hyper-parameters; the network is shared.

        Raises:
            pydantic.ValidationError: an unknown parameter or a value out of range.
        """
        other = copy.copy(self)
        other.parameters = self.kind(**{**self.parameters.model_dump(), **values})  # type: ignore[assignment]
        unchanged = {key: value for key, value in self.facts.items() if key != "hash"}
        other.facts = {**unchanged, "parameters": other.parameters.model_dump(mode="json")}
        return other

    def synchronize(self) -> None:
        """Wait for the device, before a clock is read."""
        self._inference.synchronize()

    def upload(self, frame: Frame) -> None:
        """Send a decoded frame to the device ahead of its use, where there is one; any thread may."""
        if self._inference.takes_batches:
            self._inference.uploads.prepare(frame)

    def init(self, frame: Frame, region: Region) -> S:
        """Start on a frame.

        Raises:
            InputError: the region cannot be tracked (not finite, no area, outside the frame).
        """
        return self.init_batch([frame], [region])[0]

    def update(self, state: S, frame: Frame) -> tuple[S, Output]:
        """Find the target in the next frame.

        Raises:
            TrackerError: the network's answer is not finite.
        """
        return self.update_batch([state], [frame])[0]

    def init_batch(self, frames: collections.abc.Sequence[Frame], boxes: collections.abc.Sequence[Region]) -> list[S]:
        """`init` for each pair."""
        p = self.parameters
        targets = [start_target(frame, box, p.polygon_fit) for frame, box in zip(frames, boxes, strict=True)]
        fills = [mean_colour(frame.pixels) for frame in frames]
        templates = self._inference.templates(self._exemplar_crops(frames, targets, fills))
        return [self._start(*each) for each in zip(frames, targets, templates, fills, strict=True)]

    @abc.abstractmethod
    def update_batch(
        self, states: collections.abc.Sequence[S], frames: collections.abc.Sequence[Frame]
    ) -> list[tuple[S, Output]]:
        """`update` for each pair."""

    @abc.abstractmethod
    def _start(self, frame: Frame, target: Target, template: Template, fill: NDArray[np.float64]) -> S:
        """The state on the first frame.

        Args:
            frame: the first frame.
            target: where the target is on it.
            template: the exemplar's features.
            fill: shape (3,): the frame's mean colour, which fills crops beyond the border.
        """

    def _exemplar_crops(
        self,
        frames: collections.abc.Sequence[Frame],
        targets: collections.abc.Sequence[Target],
        fills: collections.abc.Sequence[NDArray[np.float64]],
    ) -> Crops | Tensor:
        """The exemplars that targets give, as `Inference.templates` takes them."""
        p, inference = self.parameters, self._inference
        if inference.takes_together(len(frames)):
            there, places = inference.uploads.together(frames)
            squares = Targets.of(places, targets, fills, inference.device).exemplars(p.context)
            return there.crops(squares, p.exemplar_size, p.crop)
        triples = zip(frames, targets, fills, strict=True)
        return np.stack(
            [self._crop(f, t, context_side(t.size, p.context), p.exemplar_size, fill) for f, t, fill in triples]
        )

    def _crop(
        self, frame: Frame, target: Target, side: float, size: int, fill: NDArray[np.float64]
    ) -> NDArray[np.uint8]:
        """A square of a frame around a target: its side in pixels of the frame, the size of the crop in its own."""
        return CROPPERS[self.parameters.crop](frame.pixels, target.centre, side, size, fill)
