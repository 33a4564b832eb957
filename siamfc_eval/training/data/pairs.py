"""Training pairs: an exemplar, a search crop and where the target is in it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from siamfc_eval.datasets.frames import Image
from siamfc_eval.geometry.regions import Box
from siamfc_eval.training.data.compose import bend, blend, blob_mask, patch_over
from siamfc_eval.training.data.photometric import Photometric, distort, grayscale
from siamfc_eval.training.data.views import Jitter, Matrix, view_matrix, warp

_USUAL_POWER = 4.0
"""Of the super-ellipse that stands for the outline of a target of which nothing is known but the box."""


def shown_size(box: Box, view: Matrix, power: float) -> tuple[float, float]:
    """Width and height in crop pixels of the box around a target that is shown turned and stretched.

    The box around a turned box would be too large for nearly everything: the more so, the thinner it is.

    Args:
        box: x, y, w, h of the target in the source.
        view: source to crop pixels.
        power: of the super-ellipse that the target fills; 2 is an ellipse, a large one a rectangle.
    """
    dual = power / (power - 1.0)
    reach = (np.abs(view[:, :2] * box[2:]) ** dual).sum(axis=1) ** (1.0 / dual)
    return float(reach[0]), float(reach[1])


@dataclass(frozen=True)
class Augmentation:
    """What happens to a pair. Probabilities are per pair, strengths are standard deviations unless it is said."""

    shift: float = 1.0
    """Largest displacement of the target, as a share of what the response map covers; uniform. 0 centres it."""
    zoom: float = 0.06
    """Of the logarithm of the target's size in the search crop."""
    stretch: float = 0.06
    """Of the logarithm of its aspect ratio."""
    rotation: float = 6.0
    """Degrees."""
    strong_motion: float = 0.15
    """Probability that zoom, stretch and rotation are three times as strong."""
    offset: float = 0.04
    """Of the shift of the exemplar's centre, as a share of the target's size: trackers start on imprecise boxes."""
    flip: float = 0.5
    """Probability that both crops are mirrored."""
    gray: float = 0.2
    """Probability that both crops lose their colour."""
    invert_channels: float = 0.1
    """Probability that both crops' channels are permuted, so that no colour is bound to a class of targets."""
    bend: float = 0.4
    """Probability of a smooth deformation of the search crop."""
    bend_amplitude: float = 3.0
    """Its strength in crop pixels."""
    background: float = 0.3
    """Probability that another image's background is put behind the target in the search crop."""
    background_margin: float = 0.35
    """How much larger than the target the part is that is kept, at most, as a share of its size; uniform. What learns
    boxes needs a small one, as it takes the border that it sees for the target's."""
    both_backgrounds: float = 0.5
    """Given that, probability that the exemplar gets a background of its own too."""
    distractor: float = 0.4
    """Probability that other objects are laid next to the target in the search crop."""
    occlusion: float = 0.15
    """Probability that something covers part of the target in the search crop."""
    photometric: Photometric = field(default_factory=Photometric)


@dataclass(frozen=True, eq=False)
class Pair:
    """One training example."""

    exemplar: Image
    """Shape (e, e, 3)."""
    search: Image
    """Shape (s, s, 3)."""
    centre: tuple[float, float]
    """x, y of the target from the search crop's centre, crop pixels."""
    size: tuple[float, float]
    """Width and height of the target in the search crop, pixels."""
    identity: str
    """Whose exemplar this is; it is never a negative in a search crop that shows the same target."""
    shown: str = ""
    """Whose search crop this is: the same, but for negative pairs."""

    @property
    def is_positive(self) -> bool:
        """Whether the exemplar's target is in the search crop."""
        return self.identity == self.shown


@dataclass(frozen=True, eq=False)
class Sighting:
    """A target in an image."""

    image: Image
    box: Box


class PairComposer:
    """Turns two sightings of a target into a pair."""

    def __init__(self, augmentation: Augmentation, exemplar_size: int, search_size: int, reach: float) -> None:
        """Args:
        augmentation: what is done.
        exemplar_size, search_size: sides of the crops.
        reach: displacement in crop pixels that the response map covers to each side.
        """
        self.augmentation = augmentation
        self.exemplar_size = exemplar_size
        self.search_size = search_size
        self.reach = reach

    def compose(
        self, first: Sighting, second: Sighting, others: list[Image], identity: str, rng: np.random.Generator
    ) -> Pair:
        """A pair of two sightings of one target (the same one twice for a still).

        Args:
            first: where the exemplar is cut from.
            second: where the search crop is cut from.
            others: other images, at least one: backgrounds, distractors and occluders are taken from them.
            identity: see `Pair.identity`.
            rng: the source of chance.
        """
        setting = self.augmentation
        flip = bool(rng.random() < setting.flip)
        exemplar_view = self._exemplar_view(first.box, flip, rng)
        exemplar = warp(first.image, exemplar_view, self.exemplar_size)
        jitter = self._search_jitter(flip, rng)
        search_view = view_matrix(second.box, self.exemplar_size, self.search_size, jitter)
        search = warp(second.image, search_view, self.search_size)

        power = _USUAL_POWER
        if rng.random() < setting.background:
            power, margin = float(rng.uniform(2.0, 8.0)), float(rng.uniform(1.0, 1.0 + setting.background_margin))
            mask = blob_mask(second.box, search_view, self.search_size, power, margin)
            search = blend(search, self._background(others, self.search_size, rng), mask)
            if rng.random() < setting.both_backgrounds:
                mask = blob_mask(first.box, exemplar_view, self.exemplar_size, power, margin)
                exemplar = blend(exemplar, self._background(others, self.exemplar_size, rng), mask)
        width, height = shown_size(second.box, search_view, power)
        if rng.random() < setting.distractor:
            search = self._lay_distractors(search, [second.image, *others], jitter.shift, (width, height), rng)
        if rng.random() < setting.occlusion:
            search = self._occlude(search, others, jitter.shift, (width, height), rng)
        if rng.random() < setting.bend:
            search = bend(search, setting.bend_amplitude, rng)
        exemplar, search = self._light(exemplar, search, rng)
        return Pair(exemplar, search, jitter.shift, (width, height), identity, identity)

    def _exemplar_view(self, box: Box, flip: bool, rng: np.random.Generator) -> Matrix:
        shift = rng.normal(0.0, self.augmentation.offset, 2) * 0.5 * self.exemplar_size
        zoom = float(np.exp(rng.normal(0.0, self.augmentation.offset)))
        jitter = Jitter(shift=(float(shift[0]), float(shift[1])), zoom=zoom, flip=flip)
        return view_matrix(box, self.exemplar_size, self.exemplar_size, jitter)

    def _search_jitter(self, flip: bool, rng: np.random.Generator) -> Jitter:
        setting = self.augmentation
        strength = 3.0 if rng.random() < setting.strong_motion else 1.0
        reach = setting.shift * self.reach
        shift = rng.uniform(-reach, reach, 2) if reach > 0.0 else np.zeros(2)
        return Jitter(
            shift=(float(shift[0]), float(shift[1])),
            zoom=float(np.exp(rng.normal(0.0, setting.zoom) * strength)),
            stretch=float(np.exp(rng.normal(0.0, setting.stretch) * strength)),
            rotation=float(rng.normal(0.0, setting.rotation) * strength),
            flip=flip,
        )

    def _background(self, others: list[Image], size: int, rng: np.random.Generator) -> Image:
        """A random window of another image, at a random scale, filled to the border."""
        other = others[int(rng.integers(len(others)))]
        height, width = other.shape[:2]
        side = float(min(height, width)) * rng.uniform(0.45, 1.0)
        left, top = rng.uniform(0.0, width - side), rng.uniform(0.0, height - side)
        scale = size / side
        return warp(other, np.array([[scale, 0.0, -left * scale], [0.0, scale, -top * scale]]), size)

    def _patch(self, source: Image, width: float, height: float, rng: np.random.Generator) -> Image:
        """A random window of an image, shown at the given size in crop pixels."""
        import cv2

        rows, columns = source.shape[:2]
        zoom = rng.uniform(0.8, 2.5)
        w = int(np.clip(width / zoom, 4, columns - 1))
        h = int(np.clip(height / zoom, 4, rows - 1))
        left, top = int(rng.integers(columns - w)), int(rng.integers(rows - h))
        window = source[top : top + h, left : left + w]
        return np.asarray(cv2.resize(window, (max(int(width), 4), max(int(height), 4))), dtype=np.uint8)

    def _lay_distractors(
        self,
        search: Image,
        images: list[Image],
        shift: tuple[float, float],
        shown: tuple[float, float],
        rng: np.random.Generator,
    ) -> Image:
        """Objects of the target's size where the target is not: windows of its own image (the first) or of another."""
        same, others = images[0], images[1:]
        middle = self.search_size / 2.0
        for _ in range(int(rng.integers(1, 4))):
            factor = np.exp(rng.normal(0.0, 0.25, 2))
            width, height = shown[0] * factor[0], shown[1] * factor[1]
            place = rng.uniform(-middle, middle, 2)
            apart = max(abs(place[0] - shift[0]) / (width + shown[0]), abs(place[1] - shift[1]) / (height + shown[1]))
            if apart < 0.5:
                continue
            source = same if rng.random() < 0.5 else others[int(rng.integers(len(others)))]
            patch = self._patch(source, width, height, rng)
            search = patch_over(search, patch, (middle + place[0], middle + place[1]), float(rng.uniform(2.0, 10.0)))
        return search

    def _occlude(
        self,
        search: Image,
        others: list[Image],
        shift: tuple[float, float],
        shown: tuple[float, float],
        rng: np.random.Generator,
    ) -> Image:
        """Something over a third of the target or so, from one side."""
        middle = self.search_size / 2.0
        patch = self._patch(others[int(rng.integers(len(others)))], shown[0] * 0.7, shown[1] * 0.7, rng)
        side = rng.uniform(0.0, 2.0 * np.pi)
        place = (
            middle + shift[0] + np.cos(side) * shown[0] * 0.55,
            middle + shift[1] + np.sin(side) * shown[1] * 0.55,
        )
        return patch_over(search, patch, place, float(rng.uniform(2.0, 10.0)))

    def _light(self, exemplar: Image, search: Image, rng: np.random.Generator) -> tuple[Image, Image]:
        setting = self.augmentation
        if rng.random() < setting.invert_channels:
            order = rng.permutation(3)
            exemplar, search = np.ascontiguousarray(exemplar[..., order]), np.ascontiguousarray(search[..., order])
        exemplar = distort(exemplar, setting.photometric, rng)
        search = distort(search, setting.photometric, rng)
        if rng.random() < setting.gray:
            exemplar, search = grayscale(exemplar), grayscale(search)
        return exemplar, search
