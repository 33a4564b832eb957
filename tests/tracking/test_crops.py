"""Crops show the square that they are asked for, to a fraction of a pixel, inside the frame and beyond it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from siamfc_eval.errors import InputError
from siamfc_eval.tracking.families.siamese.crops import context_side, crop_rounded, crop_square, mean_colour

GREY = np.full(3, 99.0)


def ramp(height: int = 200, width: int = 260) -> np.ndarray:
    """Red tells the column and green the row, at pixel centres."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([columns % 256, rows % 256, np.zeros_like(rows)], axis=2).astype(np.uint8)


def test_context_of_half_doubles_a_square_target() -> None:
    assert context_side(np.array([40.0, 40.0])) == pytest.approx(80.0)
    assert context_side(np.array([10.0, 40.0])) == pytest.approx(np.sqrt(35 * 65))


def test_crop_at_natural_size_copies_pixels() -> None:
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    crop = crop_square(image, np.array([35.0, 30.0]), 20.0, 20, GREY)
    np.testing.assert_array_equal(crop, image[20:40, 25:45])


@pytest.mark.parametrize(("side", "size"), [(100.0, 127), (63.5, 127), (120.3, 50)])
def test_every_crop_pixel_shows_the_place_that_the_half_pixel_rule_says(side: float, size: int) -> None:
    centre = np.array([110.25, 95.5])
    crop = crop_square(ramp(), centre, side, size, GREY).astype(float)
    places = centre[:, None] + (np.arange(size) + 0.5 - size / 2) * side / size
    # The ramp's value at edge coordinate x is x - 1/2; bytes round to half a level, OpenCV to 1/32 of a pixel.
    np.testing.assert_allclose(crop[size // 2, :, 0], places[0] - 0.5, atol=0.54)
    np.testing.assert_allclose(crop[:, size // 2, 1], places[1] - 0.5, atol=0.54)
    assert abs((crop[size // 2, :, 0] - places[0] + 0.5).mean()) < 0.05


def test_beyond_the_border_is_the_fill_colour() -> None:
    crop = crop_square(ramp(), np.array([0.0, 0.0]), 100.0, 100, np.array([7.0, 8.0, 9.0]))
    assert (crop[:49, :49] == [7, 8, 9]).all()
    np.testing.assert_array_equal(crop[50:, 50:], ramp()[:50, :50])


def test_a_crop_that_misses_the_frame_is_flat() -> None:
    crop = crop_square(ramp(), np.array([-900.0, 5000.0]), 80.0, 127, GREY)
    assert (crop == 99).all()


@pytest.mark.parametrize("side", [0.5, 1e5])
def test_tiny_and_huge_sides_give_whole_crops(side: float) -> None:
    crop = crop_square(ramp(), np.array([100.0, 100.0]), side, 127, GREY)
    assert crop.shape == (127, 127, 3)


def test_mean_colour_is_per_channel() -> None:
    image = np.zeros((2, 2, 3), dtype=np.uint8)
    image[0, :, 0] = 100
    np.testing.assert_allclose(mean_colour(image), [50.0, 0.0, 0.0])


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((9, 9), np.uint8),
        np.zeros((9, 9, 4), np.uint8),
        np.zeros((3, 9, 9), np.uint8),
        np.zeros((9, 9, 3), np.uint16),
    ],
    ids=["grey", "alpha", "channels-first", "16-bit"],
)
def test_images_of_another_kind_are_refused_by_name(image: np.ndarray) -> None:
    for crop in (crop_square, crop_rounded):
        with pytest.raises(InputError, match="RGB uint8"):
            crop(image, np.array([4.0, 4.0]), 5.0, 5, GREY)


def padded_crop(image: np.ndarray, centre: np.ndarray, side: float, size: int, fill: np.ndarray) -> np.ndarray:
    """What siamfc-pytorch describes, by its own route: pad the whole frame, cut, resize. Centre in pixel indices."""
    side = round(side)
    corner = np.round(centre - (side - 1) / 2).astype(int)
    border = 3 * max(*image.shape, side, *np.abs(corner))
    padded = cv2.copyMakeBorder(image, border, border, border, border, cv2.BORDER_CONSTANT, value=fill.tolist())
    x, y = corner + border
    return cv2.resize(padded[y : y + side, x : x + side], (size, size), interpolation=cv2.INTER_LINEAR)


def test_rounded_crops_are_those_of_siamfc_pytorch_to_the_byte() -> None:
    rng = np.random.default_rng(5)
    image = rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)
    fill = mean_colour(image)
    for _ in range(200):
        centre, side = rng.uniform([-30, -30], [110, 90]), rng.uniform(2, 150)
        expected = padded_crop(image, centre - 0.5, side, 63, fill)
        np.testing.assert_array_equal(crop_rounded(image, centre, side, 63, fill), expected)


def test_rounded_crops_show_whole_pixels() -> None:
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    for centre in ([35.0, 30.0], [35.3, 29.6]):
        np.testing.assert_array_equal(crop_rounded(image, np.array(centre), 20.3, 20, GREY), image[20:40, 25:45])


@pytest.mark.parametrize("side", [0.2, 4096.0, 4097.0, 1e6])
def test_tiny_and_huge_rounded_crops_are_whole_and_alike_on_both_sides_of_the_limit(side: float) -> None:
    # Beyond the limit the patch is never made: a million pixels squared would not fit in memory.
    crop = crop_rounded(ramp(), np.array([130.0, 100.0]), side, 127, GREY)
    if side < 1:
        assert (crop == ramp()[100, 130]).all()
    else:
        assert (crop[:30] == 99).all()
        assert (crop[97:] == 99).all()
