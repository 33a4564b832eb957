"""Recorded response maps are laid over what they cover, on the page, in films and on the pictures of a report."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import siamfc_eval as se
from siamfc_eval.errors import InputError
from siamfc_eval.results.content import content_digest
from siamfc_eval.results.read import read_results
from siamfc_eval.results.response_maps import Recorder, maps_path, write_maps
from siamfc_eval.viewing.drawing import coloured, lay_over
from siamfc_eval.viewing.strips import worst_moments

if TYPE_CHECKING:
    from playwright.sync_api import Page

LEFT_LOW = np.array([[0.0, 3.0], [0.0, 3.0]])
PLACE, AROUND = np.array([40.0, 60.0, 80.0, 40.0]), np.array([20.0, 40.0, 120.0, 80.0])


@pytest.fixture(scope="module")
def recorded(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the tracker a on ball-dashes a map for each frame but the first and the fifth: low on the left."""
    folder = tmp_path_factory.mktemp("recorded") / "runs"
    shutil.copytree(results, folder)
    result = folder / "a" / "ball-dashes.txt"
    recorder = Recorder()
    for frame in sorted({*range(1, 30)} - {4}):
        recorder.add(frame, LEFT_LOW * (2.0 if frame == 7 else 1.0), PLACE, AROUND)
    write_maps(maps_path(result, in_folder=False), recorder.maps(), content_digest(result.read_bytes()))
    return folder


def content_of(page: Path) -> Any:
    found = re.search(r'<script type="application/json" id="content">(.*?)</script>', page.read_text())
    assert found is not None
    return json.loads(found[1])


def test_a_page_has_the_maps_of_its_stretch(recorded: Path, data: Path, tmp_path: Path) -> None:
    page = se.view(recorded, "ball-dashes", tmp_path / "p.html", data=data, stretch=(4, 9))
    first, second = content_of(page)["trackers"]
    assert second["maps"] is None
    assert first["maps"]["frames"] == [0, 2, 3, 4, 5]
    assert first["maps"]["highs"] == [3.0, 3.0, 3.0, 6.0, 3.0]
    assert first["maps"]["covered"][0] == PLACE.tolist()
    assert not content_of(page)["responses"]


def test_maps_that_are_not_there_or_not_of_the_result_are_named(
    results: Path, recorded: Path, data: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"no response maps of ball-dashes are there.*--responses"):
        se.view(results, "ball-dashes", tmp_path / "p.html", data=data, responses=True)
    changed = shutil.copytree(recorded, tmp_path / "changed")
    with (changed / "a" / "ball-dashes.txt").open("a") as file:
        file.write("\n")
    page = se.view(changed, "ball-dashes", tmp_path / "p.html", data=data)
    assert "ball-dashes_response.npz: these response maps are of another result" in page.read_text()
    assert content_of(page)["trackers"][0]["maps"] is None


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_a_map_is_laid_over_what_it_covers_and_over_nothing_else(scale: float) -> None:
    canvas = np.full((120, 160, 3), 100, np.uint8)
    steps = np.array([[0, 255], [0, 255]], np.uint8)
    lay_over(canvas, steps, (PLACE / scale).astype(np.float32), scale)
    mixed = np.rint(0.45 * 100 + 0.55 * coloured(np.array([[0, 255]], np.uint8))[0])
    np.testing.assert_allclose(canvas[62:98, 42], np.tile(mixed[0], (36, 1)), atol=1)
    np.testing.assert_allclose(canvas[62:98, 117], np.tile(mixed[1], (36, 1)), atol=1)
    canvas[60:100, 40:120] = 100
    assert (canvas == 100).all()


def test_a_map_that_reaches_beyond_the_frame_or_whose_place_is_not_known_is_drawn_too() -> None:
    steps = np.array([[0, 255], [0, 255]], np.uint8)
    canvas = np.full((120, 160, 3), 100, np.uint8)
    lay_over(canvas, steps, np.array([-1e7, -1e7, 2e7, 2e7], np.float32), 1.0)
    assert (canvas != 100).any(axis=2).all()
    for place in ([900.0, 900.0, 50.0, 50.0], [5.0, 5.0, 0.0, 0.0]):
        outside = np.full((120, 160, 3), 100, np.uint8)
        lay_over(outside, steps, np.array(place, np.float32), 1.0)
        assert (outside == 100).all()
    corner = np.full((120, 160, 3), 100, np.uint8)
    lay_over(corner, steps, np.full(4, np.nan, np.float32), 1.0)
    assert (corner[-30:, -30:] != 100).any()
    assert (corner[:80] == 100).all()


def test_films_and_the_pictures_of_a_report_have_them(recorded: Path, data: Path, tmp_path: Path) -> None:
    from PIL import Image

    films = []
    for shown in (False, True):
        film = se.view(recorded, "ball-dashes", tmp_path / "f.gif", data=data, stretch=(9, 9), responses=shown)
        with Image.open(film) as picture:
            films.append(np.asarray(picture.convert("RGB")).astype(int))
    differing = (np.abs(films[0] - films[1]).max(axis=2) > 40).astype(float)
    assert differing[62:98, 42:118].mean() > 0.3
    assert differing[130:].mean() < 0.05
    strips = worst_moments(read_results(recorded, se.load_dataset(data)), ["a"])
    [with_maps] = [one.strip for one in strips if one.strip.maps]
    assert len(with_maps.maps) == len(with_maps.pictures)
    assert sum(one != other for one, other in zip(with_maps.maps, with_maps.pictures, strict=True)) >= 2


@pytest.mark.browser
def test_the_player_shows_and_hides_maps_by_key_and_button(
    browser_page: Page, page_errors: list[str], recorded: Path, data: Path, tmp_path: Path
) -> None:
    page = se.view(recorded, "ball-dashes", tmp_path / "seen.html", data=data)
    browser_page.goto(f"{page.as_uri()}#frame=7")

    def drawn(frame: int) -> np.ndarray:
        """Two pixels of the picture: in the map's right half, and beside the map."""
        browser_page.locator(f'canvas#view[data-drawn="{frame}"]').wait_for()
        look = """() => {
            const ink = document.getElementById("view").getContext("2d");
            return [[115, 90], [300, 200]].map(([x, y]) => [...ink.getImageData(x, y, 1, 1).data]);
        }"""
        return np.array(browser_page.evaluate(look))[:, :3]

    before = drawn(6)
    assert browser_page.locator("#choice").is_hidden()
    browser_page.keyboard.press("m")
    button = browser_page.get_by_role("button", name="Response map")
    button.and_(browser_page.locator('[aria-pressed="true"]')).wait_for()
    browser_page.wait_for_timeout(200)
    light = coloured(np.array([[255]], np.uint8))[0, 0, ::-1]
    np.testing.assert_allclose(drawn(6)[0], 0.45 * before[0] + 0.55 * light, atol=3)
    assert drawn(6)[1].tolist() == before[1].tolist()
    assert browser_page.get_by_role("img", name="Colours of the response from 0 (dark) to 3 (light)").is_visible()
    browser_page.get_by_label("same colours in all frames").check()
    assert browser_page.locator("#high").inner_text() == "6"
    browser_page.locator("#scrub").fill("4")
    assert browser_page.get_by_role("status").filter(has_text="no response map in this frame").is_visible()
    browser_page.locator("#scrub").fill("6")
    button.click()
    button.and_(browser_page.locator('[aria-pressed="false"]')).wait_for()
    browser_page.wait_for_timeout(200)
    assert drawn(6).tolist() == before.tolist()
    without = se.view(recorded, "jelly-drifts", tmp_path / "other.html", data=data)
    browser_page.goto(without.as_uri())
    browser_page.locator('canvas#view[data-drawn="0"]').wait_for()
    assert browser_page.locator("#responses").is_hidden()
    assert not page_errors
