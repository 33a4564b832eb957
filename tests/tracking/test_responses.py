"""Response maps are enlarged and read by one sub-pixel rule."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from siamfc_eval.tracking.families.siamfc.responses import Bicubic, blend_window, cosine_window, find_peak, upsample


def bump(x: float, y: float, size: int = 17, width: float = 2.5) -> np.ndarray:
    """A Gaussian at (x, y) samples from the centre."""
    line = np.arange(size) - (size - 1) / 2
    return np.exp(-((line[None, :] - x) ** 2 + (line[:, None] - y) ** 2) / (2 * width**2)).astype(np.float32)


def test_window_sums_to_one_and_is_highest_in_the_middle() -> None:
    window = cosine_window(272)
    assert window.sum() == pytest.approx(1.0, abs=1e-5)
    assert window[135, 135] == window.max()


def test_opencv_kernel_is_opencvs() -> None:
    response = np.random.default_rng(1).normal(size=(2, 17, 17)).astype(np.float32)
    for single, enlarged in zip(response, upsample(response, 272, "opencv"), strict=True):
        np.testing.assert_allclose(enlarged, cv2.resize(single, (272, 272), interpolation=cv2.INTER_CUBIC), atol=1e-5)


@pytest.mark.parametrize("kernel", ["spline", "opencv", "matlab"])
@pytest.mark.parametrize("size", [272, 273])
def test_enlarging_keeps_constants_and_symmetry(kernel: Bicubic, size: int) -> None:
    flat = np.full((1, 17, 17), 3.25, dtype=np.float32)
    np.testing.assert_allclose(upsample(flat, size, kernel), 3.25, rtol=1e-6)
    enlarged = upsample(bump(0, 0)[None], size, kernel)[0]
    np.testing.assert_allclose(enlarged, enlarged[::-1, ::-1], atol=1e-5)


@pytest.mark.parametrize(("kernel", "tolerance"), [("spline", 0.01), ("matlab", 0.03), ("opencv", 0.15)])
def test_peaks_come_back_between_samples(kernel: Bicubic, tolerance: float) -> None:
    errors = []
    for x, y in [(0, 0), (0.5, -0.25), (3.3, -2.7), (-5.9, 4.1), (6.0, 6.4)]:
        enlarged = upsample(bump(x, y)[None], 272, kernel)[0]
        errors.append(np.abs(find_peak(enlarged) * 17 / 272 - [x, y]).max())
    assert max(errors) < tolerance


def test_without_refinement_a_peak_lies_on_the_grid() -> None:
    peak = find_peak(upsample(bump(0, 0)[None], 272)[0], refine=False)
    assert set(np.abs(peak)) == {0.5}


def test_a_peak_on_the_border_stays_there() -> None:
    response = np.zeros((5, 5), dtype=np.float32)
    response[0, 4] = 1
    np.testing.assert_array_equal(find_peak(response), [2.0, -2.0])


def test_a_flat_response_leaves_the_decision_to_the_window() -> None:
    blended = blend_window(np.full((272, 272), -4.0, dtype=np.float32), cosine_window(272), 0.2)
    assert np.isfinite(blended).all()
    np.testing.assert_allclose(find_peak(blended), 0.0, atol=0.51)


def test_blending_ignores_scale_and_offset_of_the_response() -> None:
    response = upsample(bump(2, 1)[None], 272)[0]
    first = blend_window(response, cosine_window(272), 0.176)
    second = blend_window(response * 50 - 7, cosine_window(272), 0.176)
    np.testing.assert_allclose(first, second, rtol=1e-3, atol=1e-9)
