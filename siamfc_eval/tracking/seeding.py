"""Random generators, set to a known state."""

from __future__ import annotations

import random
import sys

import numpy as np


def seed_generators(seed: int) -> None:
    """Seed the generators that a tracker may draw from: Python's, numpy's, OpenCV's and torch's (where loaded).

    Args:
        seed: 31 bits.
    """
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  a foreign tracker draws from the generator that it was written for
    if "cv2" in sys.modules:
        sys.modules["cv2"].setRNGSeed(seed)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)
