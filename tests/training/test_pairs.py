"""Pairs are a function of their number, and come from where the mixture says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from siamfc_eval.datasets.frames import read_image
from siamfc_eval.errors import InputError
from siamfc_eval.training.data.compose import blob_mask
from siamfc_eval.training.data.material import read_curated_crops, read_stills
from siamfc_eval.training.data.pairs import Augmentation, PairComposer, shown_size
from siamfc_eval.training.data.photometric import Photometric
from siamfc_eval.training.data.sampling import PairSampler, Source
from siamfc_eval.training.data.stills import salient_window
from siamfc_eval.training.data.tracks import Material
from siamfc_eval.training.data.views import Jitter, view_matrix

NOTHING = Augmentation(
    shift=1.0, zoom=0, stretch=0, rotation=0, strong_motion=0, offset=0, flip=0, gray=0, invert_channels=0, bend=0,
    background=0, distractor=0, occlusion=0,
    photometric=Photometric(0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
)  # fmt: skip


def _sampler(folder: Path, augmentation: Augmentation, **options: float) -> PairSampler:
    crops = Source(read_curated_crops(folder / "crops"), 0.75, 6, negatives=options.get("negatives", 0.0))
    stills = Source(read_stills(folder / "stills"), options.get("stills", 0.25), 0)
    return PairSampler([crops, stills], PairComposer(augmentation, 127, 191, 32.0), seed=3)


def test_the_same_number_gives_the_same_pair_in_any_order(training_folder: Path) -> None:
    one, other = _sampler(training_folder, Augmentation()), _sampler(training_folder, Augmentation())
    other.pair(4)
    first, again = one.pair(11), other.pair(11)
    assert np.array_equal(first.exemplar, again.exemplar)
    assert np.array_equal(first.search, again.search)
    assert first.centre == again.centre
    assert not np.array_equal(first.search, one.pair(12).search)


def test_the_target_is_where_the_pair_says(training_folder: Path) -> None:
    sampler = _sampler(training_folder, NOTHING, stills=0.0)
    for number in range(6):
        pair = sampler.pair(number)
        target = np.ascontiguousarray(pair.exemplar[46:82, 46:82])
        likeness = cv2.matchTemplate(pair.search, target, cv2.TM_CCOEFF_NORMED)
        row, column = np.unravel_index(int(likeness.argmax()), likeness.shape)
        found = np.array([column, row]) + 18.0 - 95.5
        assert found == pytest.approx(np.array(pair.centre), abs=1.1)
        assert max(map(abs, pair.centre)) <= 32.0


@pytest.mark.parametrize("power", [2.0, 4.0, 8.0])
@pytest.mark.parametrize("degrees", [0.0, 12.0, -40.0])
def test_the_size_of_a_turned_target_is_that_of_the_box_around_its_outline(power: float, degrees: float) -> None:
    box = np.array([60.0, 40.0, 20.0, 70.0])
    view = view_matrix(box, 127, 255, Jitter(stretch=1.2, rotation=degrees))
    drawn = blob_mask(box, view, 255, power, 1.0) > 0.5
    found = drawn.any(axis=0).sum(), drawn.any(axis=1).sum()
    assert shown_size(box, view, power) == pytest.approx(found, abs=2.0)


def test_the_mixture_follows_the_weights(training_folder: Path) -> None:
    sampler = _sampler(training_folder, NOTHING)
    kinds = Counter(sampler.pair(number).identity in {"ball", "car", "dog"} for number in range(200))
    assert kinds[True] == pytest.approx(150, abs=25)


def test_negative_pairs_show_another_target(training_folder: Path) -> None:
    sampler = _sampler(training_folder, NOTHING, negatives=1.0, stills=0.0)
    pairs = [sampler.pair(number) for number in range(10)]
    assert all(not pair.is_positive and pair.shown != pair.identity for pair in pairs)


def test_frames_of_a_pair_are_within_the_gap(training_folder: Path) -> None:
    seen: list[Path] = []

    class Spy(PairSampler):
        def _read(self, path: Path) -> np.ndarray:
            seen.append(path)
            return super()._read(path)

    crops = Source(read_curated_crops(training_folder / "crops"), 1.0, 6)
    sampler = Spy([crops], PairComposer(NOTHING, 127, 191, 32.0), seed=0)
    for number in range(40):
        seen.clear()
        sampler.pair(number)
        first, second = seen[-2:]
        assert first.parent == second.parent
        assert abs(int(first.stem) - int(second.stem)) <= 6


def test_a_source_without_anything_is_refused(training_folder: Path) -> None:
    composer = PairComposer(NOTHING, 127, 191, 32.0)
    with pytest.raises(InputError, match="training source 'void' is empty"):
        PairSampler([Source(Material("void"), 1.0, 10)], composer, seed=0)
    with pytest.raises(InputError, match="no training source has a weight above 0"):
        PairSampler([Source(Material("void"), 0.0, 10)], composer, seed=0)


def test_windows_in_stills_avoid_what_is_plain(training_folder: Path) -> None:
    image = np.full((200, 240, 3), 128, np.uint8)
    image[100:180, 20:100] = read_image(training_folder / "stills" / "0.jpg")[:80, :80]
    rng = np.random.default_rng(0)
    windows = [salient_window(image, rng) for _ in range(60)]
    centres = np.array([window[:2] + window[2:] / 2 for window in windows])
    on_texture = ((centres > [20, 100]) & (centres < [100, 180])).all(axis=1).mean()
    assert on_texture > 2 * (80 * 80) / (200 * 240)
    assert all(
        (window[:2] >= 0).all() and window[0] + window[2] <= 240 and window[1] + window[3] <= 200 for window in windows
    )
