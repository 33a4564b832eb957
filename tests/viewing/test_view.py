"""A sequence is looked at as a page, a film or a GIF, from the user's own images."""

from __future__ import annotations

import json
import re
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from PIL import Image

import siamfc_eval as se
from siamfc_eval.cli.verbs.view_verb import command
from siamfc_eval.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from playwright.sync_api import Page


def content_of(page: Path) -> Any:
    found = re.search(r'<script type="application/json" id="content">(.*?)</script>', page.read_text())
    return json.loads(found[1])


def test_a_page_holds_frames_boxes_overlaps_and_failures(results: Path, data: Path, tmp_path: Path) -> None:
    page = se.view(results, "ball-dashes", tmp_path / "seen.html", data=data)
    content = content_of(page)
    assert len(content["images"]) == len(content["truth"]) == 30
    assert all(image.startswith("data:image/jpeg;base64,") for image in content["images"])
    first, second = content["trackers"]
    assert (first["name"], first["failures"], second["failures"]) == ("a", [], [20])
    assert first["overlaps"][5] == pytest.approx(1.0, abs=1e-3)
    assert first["colour"] != second["colour"]
    assert not re.search(r'(src|href)="|https?://', page.read_text().replace("https://github.com/leeoniya/uPlot", ""))


def test_a_stretch_is_numbered_as_in_the_sequence_and_pictures_keep_to_the_side(
    results: Path, data: Path, tmp_path: Path
) -> None:
    page = se.view(results, "ball-dashes", tmp_path / "p.html", data=data, trackers=("a",), stretch=(11, 14), side=160)
    content = content_of(page)
    assert content["first"] == 10
    assert len(content["images"]) == 4
    assert content["scale"] == pytest.approx(0.5)
    assert [one["name"] for one in content["trackers"]] == ["a"]


def test_a_page_that_links_names_the_image_files(results: Path, data: Path, tmp_path: Path) -> None:
    page = se.view(results, "ball-dashes", tmp_path / "p.html", data=data, link=True)
    links = content_of(page)["images"]
    assert all((tmp_path / link).resolve().is_file() for link in links)
    assert page.stat().st_size < 120_000


def test_gif_and_video_have_every_frame(results: Path, data: Path, tmp_path: Path) -> None:
    import cv2

    done = CliRunner().invoke(
        command,
        [*(str(results), "ball-dashes", "--data", str(data)), "--stretch", "16:25", "--out", str(tmp_path / "v.gif")],
        catch_exceptions=False,
    )
    assert "v.gif" in done.output
    with Image.open(tmp_path / "v.gif") as gif:
        assert (gif.n_frames, gif.size) == (10, (320, 240))  # type: ignore[attr-defined]
    video = se.view(results, "ball-dashes", tmp_path / "v.avi", data=data, stretch=(16, 25))
    capture = cv2.VideoCapture(str(video))
    assert int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) == 10
    assert sorted(path.name for path in tmp_path.iterdir()) == ["v.avi", "v.gif"]


def test_what_cannot_be_shown_is_said(results: Path, data: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="jelly-drifts"):
        se.view(results, "jelly-drift", data=data)
    with pytest.raises(InputError, match="frames 1 to 30, and 20 to 40"):
        se.view(results, "ball-dashes", data=data, stretch=(20, 40))
    with pytest.raises(InputError, match=r"one of \.html"):
        se.view(results, "ball-dashes", tmp_path / "v.txt", data=data)
    with pytest.raises(InputError, match="has 1 run on"):
        se.view(results, "ball-dashes", data=data, run=2)
    with pytest.raises(InputError, match="no image files"):
        se.view(results, "ball-dashes", tmp_path / "v.html", data=without_files(data), link=True)
    lacking = shutil.copytree(data, tmp_path / "lacking")
    for picture in (lacking / "ball-dashes" / "color").glob("000000[12]*"):
        picture.unlink()
    with pytest.raises(InputError, match="ball-dashes"):
        se.view(results, "ball-dashes", tmp_path / "v.html", data=lacking)
    shutil.rmtree(lacking / "ball-dashes" / "color")
    with pytest.raises(InputError, match="images"):
        se.view(results, "ball-dashes", tmp_path / "v.html", data=lacking)
    assert not (tmp_path / "v.html").exists()


def without_files(data: Path) -> Any:
    """The same frames, of which no file is known."""
    import dataclasses

    from siamfc_eval.datasets.frames import Frame, read_image

    dataset = se.load_dataset(data)
    bare = [one.with_frames([Frame(None, partial(read_image, f.path)) for f in one.frames]) for one in dataset]
    return dataclasses.replace(dataset, sequences=tuple(bare))


@pytest.mark.browser
def test_the_player_goes_to_the_next_failure_and_runs_no_name(
    browser_page: Page, page_errors: list[str], results: Path, data: Path, tmp_path: Path
) -> None:
    page = se.view(results, "ball-dashes", tmp_path / "seen.html", data=data)
    browser_page.goto(f"{page.as_uri()}#frame=5")
    drawn = browser_page.locator("canvas#view")
    drawn.and_(browser_page.locator('[data-drawn="4"]')).wait_for()
    browser_page.keyboard.press("n")
    drawn.and_(browser_page.locator('[data-drawn="20"]')).wait_for()
    assert browser_page.locator("#where").inner_text() == "frame 21"
    assert browser_page.locator(".value.failed").all_inner_texts() == ["failed"]
    assert browser_page.url.endswith("#frame=21")
    browser_page.keyboard.press("ArrowRight")
    drawn.and_(browser_page.locator('[data-drawn="21"]')).wait_for()
    browser_page.locator("#trackers input").nth(1).uncheck()
    browser_page.locator("#scrub").fill("2")
    browser_page.locator("#play").click()
    drawn.and_(browser_page.locator('[data-drawn="29"]')).wait_for()  # it plays to the end and stays there
    browser_page.locator("#play", has_text="Play").wait_for()
    assert browser_page.locator("#plot canvas").count() == 1
    assert browser_page.title() == "ball-dashes"
    assert not page_errors
