"""The interval of lengths over which EAO is averaged: declared for each VOT year, estimated for any other data set."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from siamfc_eval.datasets.sequence import Dataset


class Interval(NamedTuple):
    """Lengths in frames, counted from 1, ends included."""

    low: int
    high: int
    source: str
    """Who says so."""


@cache
def _years() -> dict[str, dict[str, Any]]:
    return tomllib.loads(Path(__file__).with_name("years.toml").read_text(encoding="utf-8"))


def eao_interval(dataset: Dataset) -> Interval:
    """The interval of a data set: its year's if it is a VOT data set, else estimated from its lengths."""
    year = _years().get(dataset.name.lower())
    if year is not None:
        return Interval(int(year["low"]), int(year["high"]), str(year["source"]))
    low, high, _ = estimate_interval([len(sequence) for sequence in dataset])
    return Interval(low, high, f"estimated from the lengths of the {len(dataset)} sequences")


def image_sizes(dataset: Dataset) -> dict[str, tuple[int, int]]:
    """Sequence -> (width, height) in pixels: as the data set says, else as its year does; unknown ones are absent."""
    sizes: dict[str, tuple[int, int]] = {}
    for spelled, names in _years().get(dataset.name.lower(), {}).get("image_sizes", {}).items():
        width, height = spelled.split("x")
        sizes |= dict.fromkeys(names, (int(width), int(height)))
    own = {sequence.name: sequence.image_size for sequence in dataset if sequence.image_size is not None}
    names = set(dataset.names)
    return {name: size for name, size in (sizes | own).items() if name in names}


def estimate_interval(lengths: Sequence[int], mass: float = 0.5) -> tuple[int, int, int]:
    """The interval of typical lengths, as the MATLAB VOT toolkit finds it.

    A Gaussian kernel density of the lengths, tabulated at 1 .. longest; from its peak the interval grows to the side
    where density is higher until it holds `mass`. The bandwidth is Kristan's plug-in rule (Kristan, Leonardis, Skocaj:
    Multivariate online kernel density estimation, 2011): the one that is best for the curvature of the density under
    a normal-reference pilot. It yields the published 100 .. 356 of VOT2018 and 46 .. 291 of VOT2019.

    Args:
        lengths: frames of each sequence.
        mass: share of the density.

    Returns:
        low, high, peak.
    """
    values = np.asarray(lengths, dtype=np.float64)
    count, spread = len(values), float(values.std())
    if spread == 0.0:
        return int(values[0]), int(values[0]), int(values[0])
    scaled = (values - values.mean()) / spread
    pilot = (4.0 / (3.0 * count)) ** 0.4
    squares = (scaled[:, None] - scaled) ** 2 / pilot
    # The integral of the squared second derivative of the pilot density: its fourth derivative, averaged over pairs.
    kernel = np.exp(-squares / 2.0) / np.sqrt(2.0 * np.pi * pilot)
    roughness = float((kernel * (3.0 - 6.0 * squares + squares**2)).mean()) / pilot**2
    bandwidth = spread * (2.0 * np.sqrt(np.pi) * roughness * count) ** -0.2
    grid = np.arange(1.0, values.max() + 1.0)
    density = np.exp(-0.5 * ((grid[:, None] - values) / bandwidth) ** 2).sum(axis=1)
    density /= density.sum()
    low = high = peak = int(density.argmax())
    last = len(density) - 1
    while density[low : high + 1].sum() < mass and (low > 0 or high < last):
        if high == last or (low > 0 and density[low - 1] > density[high + 1]):
            low -= 1
        else:
            high += 1
    return low + 1, high + 1, peak + 1
