"""The embedded benchmark: sequences made by this package, with exact ground truth, for demonstrations and tests.

A dozen scripts, each with difficulties of its own; attributes and per-frame tags are measured on what really happens in
the sequence, by OTB's and VOT's definitions, and are never just claimed. The same seed gives the same sequences
everywhere. Frames are drawn when asked for: nothing is stored, nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.geometry.regions import bounding_box
from siamfc_eval.synthetic.motion import stage
from siamfc_eval.synthetic.observations import absent_frames, attributes, frame_tags
from siamfc_eval.synthetic.render import SyntheticFrames
from siamfc_eval.synthetic.scene import Script

SCRIPTS: tuple[Script, ...] = (
    Script("van-approaches", "street", "vehicle", 90, 0.08, 0.6, (46, 34), growth=2.1, pan=2.0, speed=1.8),
    Script("disc-spins", "foliage", "disc", 80, 0.28, 0.95, (52, 52), spin=300, speed=2.6, pan=0.8),
    Script(
        "walker-behind-pillars",
        "indoor",
        "figure",
        90,
        0.1,
        0.62,
        (34, 72),
        speed=1.6,
        wobble=0.22,
        occluders=2,
        pan=1.0,
    ),
    Script("sign-in-the-flicker", "plaza", "vehicle", 80, 0.6, 0.12, (44, 50), speed=2.2, light=0.6, pan=1.0),
    Script(
        "ball-dashes",
        "field",
        "disc",
        80,
        0.3,
        0.02,
        (40, 40),
        speed=3.0,
        dashes=6,
        dash=34,
        exposure=0.7,
        spin=90,
        shake=1.2,
    ),
    Script("twins-meet", "plaza", "figure", 90, 0.1, 0.75, (34, 70), speed=2.0, wobble=0.18, distractors=3, pan=1.0),
    Script(
        "kite-dives",
        "sky",
        "leaf",
        80,
        0.3,
        0.05,
        (50, 44),
        speed=4.0,
        spin=160,
        growth=1.8,
        dashes=3,
        dash=26,
        pan=1.5,
    ),
    Script("drone-far-away", "street", "leaf", 90, 0.05, 0.3, (22, 15), speed=2.4, shake=1.6, pan=2.4, zoom=1.3),
    Script(
        "cart-leaves-and-returns", "field", "vehicle", 90, 0.25, 0.85, (52, 44), speed=2.0, leaves_view=True, pan=1.0
    ),
    Script("drum-turns", "indoor", "vehicle", 80, 0.5, 0.1, (50, 56), speed=2.0, turn=150, growth=1.35, pan=0.8),
    Script("jelly-drifts", "foliage", "disc", 80, 0.4, 0.55, (58, 54), speed=2.4, wobble=0.16, growth=1.5, pan=1.0),
    Script(
        "chase-at-night",
        "street",
        "vehicle",
        90,
        0.65,
        0.62,
        (48, 36),
        speed=3.4,
        dashes=3,
        dash=24,
        occluders=2,
        distractors=2,
        exposure=0.8,
        night=True,
        light=0.35,
        pan=2.6,
        shake=1.0,
    ),
)
"""The sequences of the embedded benchmark."""


def embedded_benchmark(
    seed: int = 2016,
    size: tuple[int, int] = (320, 240),
    length: int | None = None,
    names: tuple[str, ...] | None = None,
) -> Dataset:
    """The synthetic benchmark: 12 sequences of 80 to 90 frames.

    Args:
        seed: another seed gives other textures and paths under the same scripts.
        size: (width, height) of the frames, pixels; targets scale with the width.
        length: frames per sequence, for quick tests; None: as scripted.
        names: only these sequences.

    Returns:
        Sequences with polygons, boxes, attributes (source "synthetic"), tags, and frames that are drawn lazily.
    """
    chosen = [script for script in SCRIPTS if names is None or script.name in names]
    sequences = tuple(synthetic_sequence(script, seed, size, length) for script in chosen)
    note = f"drawn by this package from the seed {seed}; 0-based polygons of the exact silhouette"
    return Dataset("synthetic", sequences, "synthetic", (note,))


def benchmark_from(options: Mapping[str, Any]) -> Dataset:
    """The embedded benchmark with the arguments of `embedded_benchmark` as a file holds them, lists for tuples."""
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    return embedded_benchmark(**given)


def synthetic_sequence(
    script: Script, seed: int, size: tuple[int, int] = (320, 240), length: int | None = None
) -> Sequence:
    """One sequence from its script.

    Args:
        script: the directions.
        seed: of everything random.
        size: (width, height) of the frames, pixels.
        length: first frames only; None: all.

    Returns:
        The sequence. A region is the exact silhouette (24 corners), a box its bounding box; both go on beyond the image
        where the target does.
    """
    scene = stage(script, seed, size)
    stop = script.length if length is None else min(length, script.length)
    regions = tuple(np.asarray(outline.reshape(-1)) for outline in scene.outlines[:stop])
    return Sequence(
        name=script.name,
        boxes=np.stack([bounding_box(region) for region in regions]),
        frames=SyntheticFrames(scene)[:stop],
        regions=regions,
        attributes={"synthetic": attributes(scene, stop)},
        tags=frame_tags(scene, stop),
        absent=absent_frames(scene, stop),
        image_size=size,
        fps=30.0,
    )


def random_script(seed: int, length: int = 60) -> Script:
    """Directions drawn at random, for training material: any target in any place with any mixture of difficulties."""
    rng = np.random.default_rng([seed, 5])
    width = float(rng.uniform(24, 72))
    backgrounds = ("street", "foliage", "indoor", "sky", "field", "plaza")
    kinds = ("vehicle", "disc", "figure", "leaf")

    def sometimes(chance: float, low: float, high: float) -> float:
        value = float(rng.uniform(low, high))
        return value if rng.random() < chance else 0.0

    return Script(
        name=f"random-{seed}",
        background=backgrounds[int(rng.integers(len(backgrounds)))],
        target=kinds[int(rng.integers(len(kinds)))],
        length=length,
        hue=float(rng.random()),
        target_hue=float(rng.random()),
        size=(width, width * float(rng.uniform(0.6, 1.8))),
        speed=float(rng.uniform(0.5, 5)),
        growth=float(rng.uniform(0.6, 1.8)),
        spin=sometimes(0.5, -180, 180),
        turn=sometimes(0.3, 20, 120),
        wobble=sometimes(0.5, 0.03, 0.2),
        pan=float(rng.uniform(0, 3)),
        shake=sometimes(0.3, 0.3, 2.0),
        zoom=float(rng.uniform(1.0, 1.3)),
        occluders=int(rng.integers(0, 2)),
        distractors=int(rng.integers(0, 3)),
        light=sometimes(0.3, 0.1, 0.5),
        night=bool(rng.random() < 0.1),
        exposure=sometimes(0.4, 0.3, 0.9),
    )
