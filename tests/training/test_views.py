"""A crop shows the target where and as large as it was asked to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siamfc_eval.tracking.families.siamese.crops import context_side, crop_square
from siamfc_eval.training.data.views import Jitter, view_matrix, warp

BOX = np.array([40.0, 30.0, 20.0, 30.0])


def _corners(box: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Corners of a box in crop coordinates; boxes are in edge coordinates, matrices between pixel centres."""
    x, y, w, h = box
    points = np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]]) - 0.5
    return points @ matrix[:, :2].T + matrix[:, 2] + 0.5


def test_an_exemplar_view_centres_the_target_at_the_scale_of_its_context() -> None:
    corners = _corners(BOX, view_matrix(BOX, 127, 127))
    scale = 127.0 / context_side(BOX[2:])
    assert corners.mean(axis=0) == pytest.approx([63.5, 63.5])
    assert np.ptp(corners, axis=0) == pytest.approx([20.0 * scale, 30.0 * scale])


@given(st.floats(-40.0, 40.0), st.floats(-40.0, 40.0), st.floats(0.7, 1.4), st.floats(0.7, 1.4), st.floats(-60.0, 60.0))
def test_the_shift_is_where_the_target_lands_whatever_else_happens(
    across: float, down: float, zoom: float, stretch: float, rotation: float
) -> None:
    jitter = Jitter((across, down), zoom, stretch, rotation, flip=True)
    matrix = view_matrix(BOX, 127, 223, jitter)
    assert _corners(BOX, matrix).mean(axis=0) == pytest.approx([111.5 + across, 111.5 + down], abs=1e-6)
    scale = 127.0 / context_side(BOX[2:]) * zoom
    assert abs(np.linalg.det(matrix[:, :2])) == pytest.approx(scale**2)


def test_training_and_tracking_see_the_same_crop() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (120, 160, 3), dtype=np.uint8)
    side = context_side(BOX[2:]) * 255 / 127
    tracked = crop_square(image, BOX[:2] + BOX[2:] / 2, side, 255, np.array([10.0, 20.0, 30.0]))
    trained = warp(image, view_matrix(BOX, 127, 255), 255, (10.0, 20.0, 30.0))
    assert np.abs(tracked.astype(int) - trained.astype(int)).max() <= 2
