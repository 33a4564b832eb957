"""Which images a pair is made of: a weighted mixture of sources, indexed by the number of the pair."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from siamfc_eval.datasets.frames import Image, read_image
from siamfc_eval.errors import InputError
from siamfc_eval.training.data.pairs import Pair, PairComposer, Sighting
from siamfc_eval.training.data.stills import salient_window
from siamfc_eval.training.data.tracks import Material, Track


@dataclass(frozen=True, eq=False)
class Source:
    """One source of the mixture."""

    material: Material
    weight: float
    """Relative share of pairs."""
    gap: int
    """Largest distance in frames between the two crops of a pair (tracks)."""
    negatives: float = 0.0
    """Share of pairs whose search crop shows another target."""
    window: tuple[float, float] = (20.0, 0.5)
    """Smallest window in pixels and largest as a share of the image's shorter side (stills)."""
    aspect: float = 0.45
    """Spread of the logarithm of a window's width over its height (stills)."""


class ImageCache:
    """Decoded images up to a number of bytes; beyond that, images are decoded at every use."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._images: dict[Path, Image] = {}
        self.seconds = 0.0
        """Spent on decoding so far."""

    def read(self, path: Path) -> Image:
        """The image, RGB uint8. Raises InputError as `read_image`."""
        image = self._images.get(path)
        if image is None:
            started = time.perf_counter()
            try:
                image = read_image(path)
            finally:
                self.seconds += time.perf_counter() - started
            if self._used + image.nbytes <= self._limit:
                self._images[path] = image
                self._used += image.nbytes
        return image


class PairSampler:
    """Pairs by number. The same number and seed give the same pair, in whatever process it is asked for."""

    def __init__(self, sources: Sequence[Source], composer: PairComposer, seed: int, cache_bytes: int = 0) -> None:
        """Raises:
        InputError: there is nothing to sample from.
        """
        self.sources = [source for source in sources if source.weight > 0.0]
        for source in self.sources:
            if not source.material.tracks and not source.material.stills:
                raise InputError(
                    f"training source '{source.material.name}' is empty: no track with two usable boxes and no still "
                    "was found. Check its path, or give it weight 0."
                )
        if not self.sources:
            raise InputError("no training source has a weight above 0: there is nothing to sample pairs from.")
        self.composer = composer
        self.seed = seed
        self.broken: dict[Path, str] = {}
        """Images that could not be read in this process, with the reason; they are not tried again."""
        self._cache = ImageCache(cache_bytes)
        weights = np.array([source.weight for source in self.sources])
        self._shares = weights / weights.sum()
        roots = [np.sqrt([float(len(track)) for track in source.material.tracks]) for source in self.sources]
        self._chances = [root / max(root.sum(), 1.0) for root in roots]

    @property
    def decoding_seconds(self) -> float:
        """Spent on decoding images in this process so far."""
        return self._cache.seconds

    def pair(self, index: int) -> Pair:
        """The pair of that number.

        Raises:
            InputError: no readable images were found in a hundred draws.
        """
        rng = np.random.default_rng((self.seed, index))
        for _ in range(100):
            try:
                return self._draw(rng)
            except InputError:
                continue
        raise InputError(
            f"training pair {index}: none of 100 draws found readable images; first unreadable: "
            f"{next(iter(self.broken), 'none')}. Repair or remove these files."
        )

    def _draw(self, rng: np.random.Generator) -> Pair:
        number = int(rng.choice(len(self.sources), p=self._shares))
        source = self.sources[number]
        others = [self._any_image(rng) for _ in range(2)]
        tracks, stills = len(source.material.tracks), len(source.material.stills)
        if rng.random() * (tracks + stills) < tracks:
            return self._draw_track(number, others, rng)
        path = source.material.stills[int(rng.integers(stills))]
        image = self._read(path)
        sighting = Sighting(image, salient_window(image, rng, *source.window, source.aspect))
        return self.composer.compose(sighting, sighting, others, str(path), rng)

    def _draw_track(self, number: int, others: list[Image], rng: np.random.Generator) -> Pair:
        source = self.sources[number]
        track = self._pick_track(number, rng)
        first = int(rng.integers(len(track)))
        times = np.asarray(track.times or range(len(track)))
        near = np.flatnonzero(np.abs(times - times[first]) <= source.gap)
        second = int(near[rng.integers(len(near))])
        one = Sighting(self._read(track.images[first]), track.boxes[first])
        if source.negatives > 0.0 and len(source.material.tracks) > 1 and rng.random() < source.negatives:
            stranger = track
            while stranger.name == track.name:
                stranger = source.material.tracks[int(rng.integers(len(source.material.tracks)))]
            second = int(rng.integers(len(stranger)))
            two = Sighting(self._read(stranger.images[second]), stranger.boxes[second])
            return replace(self.composer.compose(one, two, others, track.name, rng), shown=stranger.name)
        two = Sighting(self._read(track.images[second]), track.boxes[second])
        return self.composer.compose(one, two, others, track.name, rng)

    def _pick_track(self, number: int, rng: np.random.Generator) -> Track:
        """A track of a source, longer ones more often, though less than their length would have it."""
        tracks = self.sources[number].material.tracks
        return tracks[int(rng.choice(len(tracks), p=self._chances[number]))]

    def _any_image(self, rng: np.random.Generator) -> Image:
        source = self.sources[int(rng.choice(len(self.sources), p=self._shares))]
        if source.material.stills:
            return self._read(source.material.stills[int(rng.integers(len(source.material.stills)))])
        track = source.material.tracks[int(rng.integers(len(source.material.tracks)))]
        return self._read(track.images[int(rng.integers(len(track)))])

    def _read(self, path: Path) -> Image:
        if path in self.broken:
            raise InputError(self.broken[path])
        try:
            return self._cache.read(path)
        except InputError as error:
            self.broken[path] = str(error)
            raise
